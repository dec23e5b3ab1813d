//! Clients of a hub (OCPI 2.2.1 §15).

use crate::wire::base::Timestamp;
use crate::wire::class::{ci, class};
use crate::wire::credentials::Role;
use crate::wire::text_enum::text_enum;

class! {
    ClientInfo = "ClientInfo" {
        one party_id: String = ci(3);
        one country_code: String = ci(2);
        one role: Role;
        one status: ConnectionStatus;
        due last_updated: Timestamp;
    }
}

text_enum!(ConnectionStatus: "ConnectionStatus" {
    Connected = "CONNECTED",
    Offline = "OFFLINE",
    Planned = "PLANNED",
    Suspended = "SUSPENDED",
});
