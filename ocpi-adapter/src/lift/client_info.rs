//! Clients of a hub.

use crate::platform::lift_role;
use crate::roaming::{ClientInfo, ConnectionStatus};
use crate::wire::base::Timestamp;
use crate::wire::clients as wire;

pub(crate) fn client_info(info: &ClientInfo) -> wire::ClientInfo {
    wire::ClientInfo {
        party_id: info.party.party_id().to_owned(),
        country_code: info.party.country_code().to_owned(),
        role: lift_role(&info.role),
        status: match info.status {
            ConnectionStatus::Connected => wire::ConnectionStatus::Connected,
            ConnectionStatus::Offline => wire::ConnectionStatus::Offline,
            ConnectionStatus::Planned => wire::ConnectionStatus::Planned,
            ConnectionStatus::Suspended => wire::ConnectionStatus::Suspended,
        },
        last_updated: Some(Timestamp(info.last_updated)),
    }
}
