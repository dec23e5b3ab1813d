//! Where vehicles charge, as an OCPI partner publishes it.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::ids::{PartnerId, PartyId};
use crate::units::{Current, Power, Voltage};

/// A place with EVSEs, published by a CPO.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Location {
    /// The partner it came from.
    pub partner: PartnerId,
    /// The CPO that owns it.
    pub party: PartyId,
    /// Its id in the CPO's platform.
    pub id: String,
    /// Its name, or its address where it has none.
    pub name: String,
    /// Where it is.
    pub place: Place,
    /// Its time zone, in which tariffs are written.
    pub time_zone: Tz,
    /// Its EVSEs, without removed ones.
    pub evses: Vec<Evse>,
    /// When the owner last changed it.
    pub last_updated: DateTime<Utc>,
}

/// Where a location is, as its owner spells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Street and number.
    pub address: String,
    /// City.
    pub city: String,
    /// ISO 3166-1 alpha-3.
    pub country: String,
    /// Degrees north, WGS 84, as decimal text.
    pub latitude: String,
    /// Degrees east, WGS 84, as decimal text.
    pub longitude: String,
}

/// One place to charge one vehicle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evse {
    /// Its id in the CPO's platform.
    pub uid: String,
    /// Whether it takes charging profiles (or the partner is configured as capable).
    pub takes_profiles: bool,
    /// Whether it takes charging preferences.
    pub takes_preferences: bool,
    /// Whether it is out of use (broken, blocked, planned).
    pub out_of_use: bool,
    /// Its connectors; one is usable at a time.
    pub connectors: Vec<Connector>,
}

/// A plug or socket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Connector {
    /// Its id within the EVSE.
    pub id: String,
    /// What it gives.
    pub supply: Supply,
    /// Line to neutral on AC.
    pub voltage_v: Voltage,
    /// Per phase on AC.
    pub maximum_current_a: Current,
    /// The most it gives, all phases together.
    pub maximum_power_w: Power,
    /// Its tariffs.
    pub tariff_ids: Vec<String>,
}

/// What a connector gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Supply {
    /// Alternating current on this many phases (1 to 3).
    Ac {
        /// How many.
        phases: u8,
    },
    /// Direct current.
    Dc,
}

impl Location {
    /// Finds an EVSE, without regard to case (OCPI ids are `CiString`).
    pub fn evse(&self, uid: &str) -> Option<&Evse> {
        self.evses.iter().find(|evse| evse.uid.eq_ignore_ascii_case(uid))
    }
}

impl Evse {
    /// Finds a connector, or the first one when it is not named.
    pub fn connector(&self, id: Option<&str>) -> Option<&Connector> {
        id.and_then(|id| self.connectors.iter().find(|connector| connector.id.eq_ignore_ascii_case(id)))
            .or_else(|| self.connectors.first())
    }
}
