//! Clients of a hub.

use chrono::DateTime;
use headroom_domain::PartyId;
use serde_json::Value;

use super::{Origin, read};
use crate::platform::lower_role;
use crate::received::{Received, Rejected};
use crate::roaming::{ClientInfo, ConnectionStatus};
use crate::wire::base::Timestamp;
use crate::wire::clients as wire;

/// Reads who is connected to a hub.
pub(crate) fn client_info(origin: Origin<'_>, raw: Value) -> Result<Received<ClientInfo>, Rejected> {
    let (read, mut notes) = read::read::<wire::ClientInfo>(&raw, &wire::ClientInfo::CLASS, origin, &[])?;
    let status = match &read.status {
        wire::ConnectionStatus::Connected => ConnectionStatus::Connected,
        wire::ConnectionStatus::Offline => ConnectionStatus::Offline,
        wire::ConnectionStatus::Planned => ConnectionStatus::Planned,
        wire::ConnectionStatus::Suspended => ConnectionStatus::Suspended,
        wire::ConnectionStatus::Unlisted(_) => {
            return Err(notes.rejected(raw, "status", "no status that OCPI knows"));
        }
    };
    let at = notes.or_else(read.last_updated, "last_updated", "long ago", || Timestamp(DateTime::UNIX_EPOCH));
    let party = PartyId::new(&read.country_code, &read.party_id);
    let value = ClientInfo { party, role: lower_role(&read.role), status, last_updated: at.0 };
    Ok(notes.received(value, raw))
}
