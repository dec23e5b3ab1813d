//! Commands of an eMSP to stations of a CPO (OCPI 2.2.1 §13).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Token;

/// A text for people to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// ISO 639-1.
    pub language: String,
    /// The text, without markup.
    pub text: String,
}

/// An EVSE, or any at a location.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvsePlace {
    /// The location.
    pub location_id: String,
    /// The EVSE, when it is not to be any.
    pub evse_uid: Option<String>,
}

/// Keeps an EVSE for a driver. The same id again changes the reservation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// Who comes.
    pub token: Token,
    /// Until when it is kept.
    pub expires_at: DateTime<Utc>,
    /// Unique for the eMSP.
    pub reservation_id: String,
    /// Where.
    pub place: EvsePlace,
    /// What the CPO is to repeat in the session and its CDR.
    pub authorization_reference: Option<String>,
}

/// Starts a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    /// Who pays. The CPO does not check it before the station is told.
    pub token: Token,
    /// Where.
    pub place: EvsePlace,
    /// At which connector; needs an EVSE.
    pub connector_id: Option<String>,
    /// What the CPO is to repeat in the session and its CDR.
    pub authorization_reference: Option<String>,
}

/// What a station is to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Gives up a reservation.
    CancelReservation {
        /// Which.
        reservation_id: String,
    },
    /// Keeps an EVSE.
    ReserveNow(Box<Reservation>),
    /// Starts a session.
    StartSession(Box<Start>),
    /// Ends a session.
    StopSession {
        /// Which, as the CPO calls it.
        session_id: String,
    },
    /// Unlocks a connector. For help desks, never for the driver.
    UnlockConnector {
        /// The location.
        location_id: String,
        /// The EVSE.
        evse_uid: String,
        /// The connector.
        connector_id: String,
    },
}

/// What a CPO answers at once (`CommandResponseType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommandAnswer {
    /// Will be sent to the station; a result follows.
    Accepted,
    /// Not supported by the CPO, the station or the EVSE.
    NotSupported,
    /// Refused by the CPO.
    Rejected,
    /// It does not know the session.
    UnknownSession,
}

/// What a CPO answers at once, with how long the station's result may take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandReceipt {
    /// The verdict of the CPO, not of the station.
    pub answer: CommandAnswer,
    /// After this many seconds no result is to be expected.
    pub timeout_s: u32,
    /// For the driver to read.
    pub messages: Vec<Message>,
}

/// What the station made of it (`CommandResultType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommandResult {
    /// Done.
    Accepted,
    /// The reservation was cancelled, by the CPO too.
    CanceledReservation,
    /// Another session is going on there.
    EvseOccupied,
    /// The EVSE is out of use.
    EvseInoperative,
    /// It did not work.
    Failed,
    /// The station cannot do it.
    NotSupported,
    /// Refused by the station.
    Rejected,
    /// The station did not answer.
    Timeout,
    /// No such reservation.
    UnknownReservation,
}

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandOutcome {
    /// What the station made of it.
    pub result: CommandResult,
    /// For the driver to read.
    pub messages: Vec<Message>,
}
