//! Calls to a partner.

use std::marker::PhantomData;

use chrono::{DateTime, Utc};
use headroom_domain::PartnerId;
use headroom_domain::location::{Connector, Location};
use headroom_domain::preference::{ChargingPreference, PreferenceAnswer};
use headroom_domain::profile::ChargingProfile;
use headroom_domain::session::{Session, SessionKey};
use headroom_domain::tariff::Tariff;
use url::Url;

use crate::platform::Platform;
use crate::received::{Received, Rejected};
use crate::station::{ProfileResult, Receipt, StationProfile};

/// Why a call to a partner failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// There is no link.
    #[error("partner {0} is not registered: make the link first")]
    NotRegistered(PartnerId),
    /// The partner does not offer what is needed.
    #[error("partner {partner} offers no {endpoint}")]
    NoEndpoint {
        /// The partner.
        partner: PartnerId,
        /// Module and side.
        endpoint: String,
    },
    /// No answer: not connected, or too late.
    #[error("{method} {url}: {problem}")]
    Unreachable {
        /// The method.
        method: String,
        /// The address.
        url: String,
        /// What went wrong.
        problem: String,
    },
    /// An answer with an HTTP error.
    #[error("{method} {url}: HTTP {status}: {message}")]
    Http {
        /// The method.
        method: String,
        /// The address.
        url: String,
        /// The HTTP status.
        status: u16,
        /// The OCPI status code of the body, when it has one.
        code: Option<u16>,
        /// The message of the body, cut.
        message: String,
    },
    /// An answer with an OCPI error.
    #[error("{method} {url}: OCPI {code}: {message}")]
    Refused {
        /// The method.
        method: String,
        /// The address.
        url: String,
        /// The OCPI status code.
        code: u16,
        /// The message of the partner, cut.
        message: String,
    },
    /// An answer that is no OCPI.
    #[error("{method} {url}: the answer cannot be read: {problem}")]
    Unreadable {
        /// The method.
        method: String,
        /// The address.
        url: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A request that would break a rule of OCPI, not sent.
    #[error("not sent: {0}")]
    Unsendable(String),
}

impl LinkError {
    /// Tells whether the same call may succeed later (OCPI 2.2.1 §9.6: 429, 4002, 4003, 5xx, connection).
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Unreadable { .. } => true,
            Self::Http { status, .. } => matches!(status, 408 | 425 | 429 | 500..),
            Self::Refused { code, .. } => matches!(code, 3000 | 3900..=3999 | 4000 | 4002 | 4003),
            Self::NotRegistered(_) | Self::NoEndpoint { .. } | Self::Unsendable(_) => false,
        }
    }
}

/// Calls to one partner. Each looks at the link anew; without one it fails with [`LinkError::NotRegistered`].
#[derive(Clone)]
#[expect(dead_code, reason = "follows")]
pub struct Client {
    platform: Platform,
    partner: PartnerId,
}

/// A page of a partner's list.
#[derive(Debug, Clone, PartialEq)]
pub struct PulledPage<T> {
    /// The good objects.
    pub objects: Vec<Received<T>>,
    /// The objects that could not be read.
    pub rejected: Vec<Rejected>,
}

/// The pages of a partner's list, one at a time.
pub struct Pages<T> {
    _kind: PhantomData<T>,
}

impl<T> Pages<T> {
    /// Fetches the next page; `None` after the last one. After an error the same page is asked for again.
    #[expect(clippy::unused_async, reason = "follows")]
    pub async fn next(&mut self) -> Option<Result<PulledPage<T>, LinkError>> {
        todo!()
    }

    /// Fetches all that is left, as one page. An error loses nothing but what this call has fetched.
    #[expect(clippy::unused_async, reason = "follows")]
    pub async fn all(self) -> Result<PulledPage<T>, LinkError> {
        todo!()
    }
}

#[expect(clippy::unused_async, reason = "follows")]
impl Client {
    /// Returns the locations of a CPO, changed since an instant.
    pub fn pull_locations(&self, _since: Option<DateTime<Utc>>) -> Pages<Location> {
        todo!()
    }

    /// Returns the tariffs of a CPO, changed since an instant.
    pub fn pull_tariffs(&self, _since: Option<DateTime<Utc>>) -> Pages<Tariff> {
        todo!()
    }

    /// Returns the sessions of a CPO, changed since an instant.
    pub fn pull_sessions(&self, _since: DateTime<Utc>) -> Pages<Session> {
        todo!()
    }

    /// Sets the profile of a session. Remember the request first: the result may come before the receipt.
    pub async fn put_charging_profile(
        &self,
        _session: &SessionKey,
        _profile: &ChargingProfile,
        _connector: &Connector,
        _response_url: &Url,
    ) -> Result<Receipt, LinkError> {
        todo!()
    }

    /// Asks for the active profile of a session over the coming seconds.
    pub async fn get_charging_profile(
        &self,
        _session: &SessionKey,
        _duration_s: u32,
        _response_url: &Url,
    ) -> Result<Receipt, LinkError> {
        todo!()
    }

    /// Clears our profile of a session.
    pub async fn clear_charging_profile(
        &self,
        _session: &SessionKey,
        _response_url: &Url,
    ) -> Result<Receipt, LinkError> {
        todo!()
    }

    /// Pushes a location, as its CPO.
    pub async fn put_location(&self, _location: &Location) -> Result<(), LinkError> {
        todo!()
    }

    /// Pushes a tariff, as its CPO.
    pub async fn put_tariff(&self, _tariff: &Tariff) -> Result<(), LinkError> {
        todo!()
    }

    /// Pushes a whole session, as its CPO. The receiver forgets the charging periods it had.
    pub async fn put_session(&self, _session: &Session) -> Result<(), LinkError> {
        todo!()
    }

    /// Pushes what may have changed of a session, as its CPO, with one more charging period.
    pub async fn patch_session(&self, _session: &Session) -> Result<(), LinkError> {
        todo!()
    }

    /// Posts a station's result of a PUT or DELETE, as the CPO that was asked.
    pub async fn post_profile_result(&self, _response_url: &str, _result: ProfileResult) -> Result<(), LinkError> {
        todo!()
    }

    /// Posts a station's result of a GET, as the CPO that was asked.
    pub async fn post_active_profile_result(
        &self,
        _response_url: &str,
        _result: ProfileResult,
        _profile: Option<&StationProfile>,
    ) -> Result<(), LinkError> {
        todo!()
    }

    /// Tells that the profile in force at a session's EVSE has changed, as its CPO.
    pub async fn put_active_profile(&self, _session_id: &str, _profile: &StationProfile) -> Result<(), LinkError> {
        todo!()
    }

    /// Sends what a driver said of a session, as its eMSP.
    pub async fn put_charging_preferences(
        &self,
        _session_id: &str,
        _preference: &ChargingPreference,
    ) -> Result<PreferenceAnswer, LinkError> {
        todo!()
    }
}
