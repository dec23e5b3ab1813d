//! What one look at all sites reads from the record once.

use std::collections::BTreeMap;

use headroom_domain::location::Location;
use headroom_domain::preference::ChargingPreference;
use headroom_domain::session::{Session, SessionStatus};
use headroom_domain::tariff::Tariff;
use headroom_domain::{PartnerId, SessionId};
use headroom_forecasting::Uptake;

use super::context::SiteContext;
use crate::store::{Kind, ProfileRequest, StationReport, Store, StoreError};

/// A partner's location, in lower case: OCPI compares ids without case.
type Place = (PartnerId, String);

/// What is known of all sites at one time.
pub struct Known {
    pub(super) tariffs: Vec<Tariff>,
    pub(super) preferences: BTreeMap<SessionId, ChargingPreference>,
    pub(super) uptakes: BTreeMap<SessionId, Uptake>,
    pub(super) reports: BTreeMap<SessionId, StationReport>,
    requests: BTreeMap<SessionId, Vec<ProfileRequest>>,
    locations: BTreeMap<Place, Vec<Location>>,
    sessions: BTreeMap<Place, Vec<Session>>,
}

impl Known {
    /// Reads it.
    pub async fn read(store: &Store) -> Result<Self, StoreError> {
        let mut known = Self {
            tariffs: store.open_objects(Kind::Tariff).await?,
            preferences: store.preferences().await?,
            uptakes: store.uptakes().await?,
            reports: store.station_reports().await?,
            requests: BTreeMap::new(),
            locations: BTreeMap::new(),
            sessions: BTreeMap::new(),
        };
        for request in store.requests_of_open_sessions().await? {
            known.requests.entry(request.session.clone()).or_default().push(request);
        }
        for location in store.open_objects::<Location>(Kind::Location).await? {
            let place = (location.partner.clone(), location.id.to_ascii_lowercase());
            known.locations.entry(place).or_default().push(location);
        }
        for session in store.open_objects::<Session>(Kind::Session).await? {
            if session.status == SessionStatus::Active {
                let place = (session.key.partner.clone(), session.location_id.to_ascii_lowercase());
                known.sessions.entry(place).or_default().push(session);
            }
        }
        Ok(known)
    }

    /// Returns the requests of a session, oldest first.
    pub(super) fn requests(&self, session: &SessionId) -> Vec<&ProfileRequest> {
        self.requests.get(session).into_iter().flatten().collect()
    }

    /// Returns what is published of a site.
    pub(super) fn locations(&self, site: &SiteContext) -> Vec<Location> {
        at(&self.locations, site).cloned().collect()
    }

    /// Returns the active sessions of a site.
    pub(super) fn sessions<'a>(&'a self, site: &SiteContext) -> impl Iterator<Item = &'a Session> {
        at(&self.sessions, site)
    }
}

fn at<'a, T>(by_place: &'a BTreeMap<Place, Vec<T>>, site: &SiteContext) -> impl Iterator<Item = &'a T> {
    let places: Vec<Place> =
        site.entry.locations.iter().map(|id| (site.partner.clone(), id.to_ascii_lowercase())).collect();
    places.into_iter().filter_map(|place| by_place.get(&place)).flatten()
}
