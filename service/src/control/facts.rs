//! From the record to what a plan rests on.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike, Months, NaiveTime, TimeDelta, Utc};
use headroom_domain::forecast::Forecast;
use headroom_domain::limit::{EffectiveInterval, LimitBook};
use headroom_domain::location::{Evse, Location};
use headroom_domain::preference::ProfileType;
use headroom_domain::session::Session;
use headroom_domain::site::SiteEvse;
use headroom_domain::tariff::{Tariff, TariffType, choose};
use headroom_domain::{Interval, Power, SessionId};
use headroom_forecasting::{DayTypeProfile, Model, Reading, Uptake};
use headroom_optimizer::assemble::{ObservedSession, planning_grid};
use parking_lot::Mutex;
use tracing::warn;

use super::belief::{StationState, station_state};
use super::context::{Context, SiteContext};
use super::known::Known;
use crate::store::{Store, StoreError};

/// How far ahead limits are looked up, beyond the plan, so that dead-man tails fit them.
pub const LIMITS_AHEAD: TimeDelta = TimeDelta::days(7);
/// How much history a base load is learnt from.
const HISTORY: TimeDelta = TimeDelta::days(35);
/// How long a learnt base load is used.
const REFIT_AFTER: TimeDelta = TimeDelta::hours(6);
/// How much of the latest readings corrects a forecast.
const RECENT: TimeDelta = TimeDelta::hours(3);

/// What is known of a site at one time.
pub struct Facts {
    /// When.
    pub now: DateTime<Utc>,
    /// The limits that hold, from the start of the plan on.
    pub effective: Vec<EffectiveInterval>,
    /// What the site draws beside the vehicles.
    pub base_load: Forecast,
    /// The drivers' tariff, for sites without a price of their own.
    pub tariff: Option<Tariff>,
    /// The highest quarter hour of the billing month.
    pub peak_so_far: Power,
    /// The sessions, as the optimizer takes them.
    pub sessions: Vec<ObservedSession>,
    /// The sessions, as partners report them.
    pub reported: BTreeMap<SessionId, Session>,
    /// The way to each session's station.
    pub stations: BTreeMap<SessionId, StationState>,
}

/// Base loads as learnt; only a cache, refilled from the record.
#[derive(Debug, Default)]
pub struct Forecasts(Mutex<BTreeMap<String, (DateTime<Utc>, Model)>>);

impl Forecasts {
    async fn predict(&self, site: &SiteContext, store: &Store, now: DateTime<Utc>) -> Result<Forecast, StoreError> {
        let cached = self
            .0
            .lock()
            .get(&site.site.id)
            .filter(|(made, _)| now - *made < REFIT_AFTER)
            .map(|(_, model)| model.clone());
        let model = match cached {
            Some(model) => model,
            None => self.refit(site, store, now).await?,
        };
        let recent = base_load_readings(site, store, now - RECENT).await?;
        Ok(model.predict(site.site.node(), &recent, &planning_grid(now), now))
    }

    async fn refit(&self, site: &SiteContext, store: &Store, now: DateTime<Utc>) -> Result<Model, StoreError> {
        let history = base_load_readings(site, store, now - HISTORY).await?;
        let model = DayTypeProfile::new(Power::from_kw(site.site.base_load_kw)).fit(&history, site.site.time_zone);
        // A model of little history is replaced as soon as there is more.
        if history.len() > 96 {
            self.0.lock().insert(site.site.id.clone(), (now, model.clone()));
        }
        Ok(model)
    }
}

async fn base_load_readings(
    site: &SiteContext,
    store: &Store,
    since: DateTime<Utc>,
) -> Result<Vec<(Interval, Power)>, StoreError> {
    let readings = store.readings_since(&site.site.id, since).await?;
    Ok(readings.into_iter().filter_map(|reading| Some((reading.interval(), reading.base_load_w?))).collect())
}

impl Facts {
    /// Reads what is known of a site now.
    pub async fn gather(
        context: &Context,
        site: &SiteContext,
        forecasts: &Forecasts,
        book: &LimitBook,
        known: &Known,
    ) -> Result<Self, StoreError> {
        let store = &context.store;
        let now = context.clock.now();
        let grid = planning_grid(now);
        let window = Interval { start: grid.start(), end: grid.end() + LIMITS_AHEAD };
        let locations = known.locations(site);
        let mut facts = Self {
            now,
            effective: book.effective(&site.site.node(), window),
            base_load: forecasts.predict(site, store, now).await?,
            tariff: tariff(&known.tariffs, &locations, now),
            peak_so_far: match site.site.demand_charge_per_kw {
                Some(_) => store.peak_since(&site.site.id, month_start(site, now)).await?,
                None => Power::ZERO,
            },
            sessions: Vec::new(),
            reported: BTreeMap::new(),
            stations: BTreeMap::new(),
        };
        facts.gather_sessions(store, site, known, &locations).await?;
        Ok(facts)
    }

    async fn gather_sessions(
        &mut self,
        store: &Store,
        site: &SiteContext,
        known: &Known,
        locations: &[Location],
    ) -> Result<(), StoreError> {
        let unsteerable = unsteerable(store, locations).await?;
        let mut learnt = BTreeMap::new();
        for session in known.sessions(site) {
            let id = session.key.session_id();
            let Some(evse) = site.evse(session) else {
                warn!(session = %id, evse = session.evse_uid, "its EVSE is not in the site's description: it is not steered");
                continue;
            };
            let default = site.site.station_default(evse).unwrap_or_default();
            let station = station_state(&known.requests(&id), known.reports.get(&id), default);
            let before = known.uptakes.get(&id);
            let mut uptake = before.cloned().unwrap_or_else(|| Uptake::new(evse.phases.len()));
            if let Some(reading) = reading(session, &station) {
                uptake.observe(reading);
            }
            if before != Some(&uptake) {
                learnt.insert(id.clone(), uptake.clone());
            }
            self.sessions.push(ObservedSession {
                id: id.clone(),
                evse_uid: evse.uid.clone(),
                takes_profiles: takes_profiles(locations, evse, &unsteerable),
                started_at: session.started_at,
                energy_wh: session.energy_wh,
                power_w: session.power_w,
                preference: known.preferences.get(&id).cloned(),
                belief: station.belief.clone(),
                responsive: station.may_be_told(self.now),
                uptake: uptake.cautious_share(),
                load_share: uptake.share(),
                useful_w: uptake.useful_allowance().into_iter().chain(station.cap(self.now)).reduce(Power::min),
                appetite: uptake.appetite(),
            });
            self.stations.insert(id.clone(), station);
            self.reported.insert(id, session.clone());
        }
        if learnt.is_empty() { Ok(()) } else { store.save_uptakes(&learnt).await }
    }

    /// Returns the names of the sessions.
    pub fn session_ids(&self) -> BTreeSet<&SessionId> {
        self.sessions.iter().map(|session| &session.id).collect()
    }
}

/// An EVSE that its partner said takes no profiles is not asked again until it is published otherwise.
fn takes_profiles(locations: &[Location], evse: &SiteEvse, unsteerable: &[Evse]) -> bool {
    let published = locations.iter().find_map(|location| location.evse(&evse.uid));
    published.is_some_and(|evse| evse.takes_profiles && !unsteerable.contains(evse))
}

async fn unsteerable(store: &Store, locations: &[Location]) -> Result<Vec<Evse>, StoreError> {
    let mut found = Vec::new();
    for location in locations {
        found.extend(store.unsteerable(&location.partner, &location.id).await?);
    }
    Ok(found)
}

/// A report says something of the vehicle only when one profile alone is in force.
fn reading(session: &Session, station: &StationState) -> Option<Reading> {
    let at = session.last_updated;
    let profile = station.belief.acknowledged.as_ref().filter(|_| at < station.certain_until)?;
    Reading::under(profile, station.in_force_since?, at, session.power_w?)
}

/// Takes the regular tariff of the first connector of the site that has one.
fn tariff(tariffs: &[Tariff], locations: &[Location], now: DateTime<Utc>) -> Option<Tariff> {
    let regular = TariffType::Profile(ProfileType::Regular);
    let mut connectors = locations.iter().flat_map(|location| {
        location.evses.iter().flat_map(|evse| &evse.connectors).map(move |connector| (location, connector))
    });
    connectors.find_map(|(location, connector)| choose(location, connector, tariffs, regular, now)).cloned()
}

fn month_start(site: &SiteContext, now: DateTime<Utc>) -> DateTime<Utc> {
    let today = now.with_timezone(&site.site.time_zone).date_naive();
    let first = today.with_day(1).unwrap_or(today).and_time(NaiveTime::MIN);
    let start = first.and_local_timezone(site.site.time_zone).earliest().map(|start| start.to_utc());
    start.or_else(|| now.checked_sub_months(Months::new(1))).unwrap_or(now)
}
