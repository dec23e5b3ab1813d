//! Commands (OCPI 2.2.1 §13).

use crate::version::Version::V221;
use crate::wire::base::{Number, Timestamp};
use crate::wire::class::{INT, URL, ci, class, since};
use crate::wire::text_enum::text_enum;
use crate::wire::tokens::Token;
use crate::wire::types::DisplayText;

class! {
    CancelReservation = "CancelReservation" {
        one response_url: String = URL;
        one reservation_id: String = ci(36);
    }
}

class! {
    ReserveNow = "ReserveNow" {
        one response_url: String = URL;
        one token: Token;
        one expiry_date: Timestamp;
        one reservation_id: String = ci(36);
        one location_id: String = ci(36);
        may evse_uid: String = ci(36);
        may authorization_reference: String = ci(36);
    }
}

class! {
    StartSession = "StartSession" {
        one response_url: String = URL;
        one token: Token;
        one location_id: String = ci(36);
        may evse_uid: String = ci(36);
        may connector_id: String = ci(36), since(V221);
        may authorization_reference: String = ci(36);
    }
}

class! {
    StopSession = "StopSession" {
        one response_url: String = URL;
        one session_id: String = ci(36);
    }
}

class! {
    UnlockConnector = "UnlockConnector" {
        one response_url: String = URL;
        one location_id: String = ci(36);
        one evse_uid: String = ci(36);
        one connector_id: String = ci(36);
    }
}

class! {
    CommandResponse = "CommandResponse" {
        one result: CommandResponseType;
        due timeout: Number = INT;
        any message: DisplayText;
    }
}

class! {
    CommandResult = "CommandResult" {
        one result: CommandResultType;
        any message: DisplayText;
    }
}

text_enum!(CommandType: "CommandType" open {
    CancelReservation = "CANCEL_RESERVATION",
    ReserveNow = "RESERVE_NOW",
    StartSession = "START_SESSION",
    StopSession = "STOP_SESSION",
    UnlockConnector = "UNLOCK_CONNECTOR",
});

text_enum!(CommandResponseType: "CommandResponseType" {
    NotSupported = "NOT_SUPPORTED",
    Rejected = "REJECTED",
    Accepted = "ACCEPTED",
    UnknownSession = "UNKNOWN_SESSION",
});

text_enum!(CommandResultType: "CommandResultType" {
    Accepted = "ACCEPTED",
    CanceledReservation = "CANCELED_RESERVATION",
    EvseOccupied = "EVSE_OCCUPIED",
    EvseInoperative = "EVSE_INOPERATIVE",
    Failed = "FAILED",
    NotSupported = "NOT_SUPPORTED",
    Rejected = "REJECTED",
    Timeout = "TIMEOUT",
    UnknownReservation = "UNKNOWN_RESERVATION",
});
