//! A session as a partner reports it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::fmt;

use crate::ids::{PartnerId, PartyId, SessionId};
use crate::units::{Energy, Power, Ratio};

/// What names a session: the id alone is not unique across CPOs (OCPI 2.2.1 §9.6).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SessionKey {
    /// The platform that told us.
    pub partner: PartnerId,
    /// The CPO that owns the session.
    pub party: PartyId,
    /// Its id, in the owner's spelling.
    pub id: String,
}

impl SessionKey {
    /// Returns the one name by which plans know the session.
    pub fn session_id(&self) -> SessionId {
        SessionId::new(self.to_string())
    }
}

impl fmt::Display for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.partner, self.party, self.id)
    }
}

/// How a vehicle takes what it is allowed, seen from what it took before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Appetite {
    /// As much as before, as far as is known.
    #[default]
    Usual,
    /// Clearly less: its battery is nearly full.
    Tapering,
    /// Nothing: it is full, or waits for a time of its own.
    Stopped,
}

/// How far a session is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionStatus {
    /// Authorised, not yet active.
    Pending,
    /// Reserved, no vehicle yet.
    Reserved,
    /// A vehicle is connected; energy may or may not flow.
    Active,
    /// Finished.
    Completed,
    /// Declared invalid by its owner.
    Invalid,
}

impl SessionStatus {
    /// Tells whether the session is over.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Completed | Self::Invalid)
    }
}

/// A session, as last reported.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// Its name.
    pub key: SessionKey,
    /// How far it is.
    pub status: SessionStatus,
    /// Where: the location's id in the owner's platform.
    pub location_id: String,
    /// Where: the EVSE, absent for a reservation without one.
    pub evse_uid: Option<String>,
    /// Where: the connector.
    pub connector_id: Option<String>,
    /// When it became active.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// Energy delivered so far.
    pub energy_wh: Energy,
    /// Power at the last report, where the partner reports it.
    pub power_w: Option<Power>,
    /// State of charge, where the vehicle says it.
    pub state_of_charge: Option<Ratio>,
    /// When the owner last changed it.
    pub last_updated: DateTime<Utc>,
}
