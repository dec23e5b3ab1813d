//! Wire to domain, with warnings that carry the JSON path.

pub(crate) mod cdr;
pub(crate) mod client_info;
pub(crate) mod command;
pub(crate) mod location;
pub(crate) mod message;
mod notes;
pub(crate) mod preference;
mod price;
pub(crate) mod profile;
mod read;
pub(crate) mod session;
pub(crate) mod tariff;
pub(crate) mod token;

use chrono::{DateTime, Utc};
use headroom_domain::{PartnerId, PartyId};
use serde_json::Value;

use crate::partner::{Dialect, Partner};
use crate::received::{Received, Rejected};
use crate::version::Version;
use notes::Notes;

/// From whom an object came, and how that partner speaks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin<'a> {
    pub partner: &'a PartnerId,
    pub dialect: &'a Dialect,
    pub version: Version,
    /// Whose an object is that does not say so, as those of 2.1.1 do not.
    pub owner: Option<&'a PartyId>,
    /// When it arrived.
    pub now: DateTime<Utc>,
}

impl<'a> Origin<'a> {
    /// Returns how objects of a partner are read, in the version of its link.
    pub(crate) fn of(partner: &'a Partner, now: DateTime<Utc>) -> Self {
        let link = partner.link();
        Self {
            partner: &partner.id,
            dialect: &partner.dialect,
            version: link.map(|link| link.version).unwrap_or_default(),
            owner: link.and_then(|link| link.parties.first()).map(|party| &party.party),
            now,
        }
    }
}

/// Reads an object of a partner.
pub(crate) type Lower<T> = fn(Origin<'_>, Value) -> Result<Received<T>, Rejected>;

#[cfg(test)]
mod tests;
