//! Who is connected to a hub (OCPI 2.2.1 §15, `hubclientinfo`).

use std::fmt;

use chrono::{DateTime, Utc};
use headroom_domain::PartyId;
use serde::{Deserialize, Serialize};

use crate::partner::Role;

/// Whether a party behind a hub can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionStatus {
    /// Requests can be sent.
    Connected,
    /// Not now: nothing is sent and nothing kept for later; the party pulls when it is back.
    Offline,
    /// Not yet: it was never connected.
    Planned,
    /// No more.
    Suspended,
}

impl ConnectionStatus {
    /// Returns how the status is called on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connected => "CONNECTED",
            Self::Offline => "OFFLINE",
            Self::Planned => "PLANNED",
            Self::Suspended => "SUSPENDED",
        }
    }
}

impl fmt::Display for ConnectionStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A role of a party behind a hub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientInfo {
    /// Who it is.
    pub party: PartyId,
    /// What it does.
    pub role: Role,
    /// Whether it can be reached.
    pub status: ConnectionStatus,
    /// Since when.
    pub last_updated: DateTime<Utc>,
}
