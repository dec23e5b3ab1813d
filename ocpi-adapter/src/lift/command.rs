//! Commands, as an eMSP sends them, and what a CPO says to them.

use serde_json::Value;

use super::token::token;
use crate::roaming::{Command, CommandAnswer, CommandOutcome, CommandReceipt, CommandResult, Message};
use crate::version::Version;
use crate::wire::base::Timestamp;
use crate::wire::commands as wire;
use crate::wire::types::DisplayText;

pub(crate) fn message(message: &Message) -> DisplayText {
    DisplayText { language: Some(message.language.clone()), text: message.text.clone() }
}

/// Lifts a command to the name in its URL and its body.
///
/// **Errors**: it cannot be written.
pub(crate) fn command(
    command: &Command,
    response_url: String,
    version: Version,
) -> (wire::CommandType, serde_json::Result<Value>) {
    use wire::CommandType;
    match command {
        Command::CancelReservation { reservation_id } => {
            let body = wire::CancelReservation { response_url, reservation_id: reservation_id.clone() };
            (CommandType::CancelReservation, serde_json::to_value(body))
        }
        Command::ReserveNow(reservation) => {
            let body = wire::ReserveNow {
                response_url,
                token: token(&reservation.token),
                expiry_date: Timestamp(reservation.expires_at),
                reservation_id: reservation.reservation_id.clone(),
                location_id: reservation.place.location_id.clone(),
                evse_uid: reservation.place.evse_uid.clone(),
                authorization_reference: reservation.authorization_reference.clone(),
            };
            (CommandType::ReserveNow, serde_json::to_value(body))
        }
        Command::StartSession(start) => {
            let body = wire::StartSession {
                response_url,
                token: token(&start.token),
                location_id: start.place.location_id.clone(),
                evse_uid: start.place.evse_uid.clone(),
                connector_id: start.connector_id.clone().filter(|_| version >= Version::V221),
                authorization_reference: start.authorization_reference.clone(),
            };
            (CommandType::StartSession, serde_json::to_value(body))
        }
        Command::StopSession { session_id } => {
            let body = wire::StopSession { response_url, session_id: session_id.clone() };
            (CommandType::StopSession, serde_json::to_value(body))
        }
        Command::UnlockConnector { location_id, evse_uid, connector_id } => {
            let body = wire::UnlockConnector {
                response_url,
                location_id: location_id.clone(),
                evse_uid: evse_uid.clone(),
                connector_id: connector_id.clone(),
            };
            (CommandType::UnlockConnector, serde_json::to_value(body))
        }
    }
}

pub(crate) fn receipt(receipt: &CommandReceipt) -> wire::CommandResponse {
    wire::CommandResponse {
        result: match receipt.answer {
            CommandAnswer::Accepted => wire::CommandResponseType::Accepted,
            CommandAnswer::NotSupported => wire::CommandResponseType::NotSupported,
            CommandAnswer::Rejected => wire::CommandResponseType::Rejected,
            CommandAnswer::UnknownSession => wire::CommandResponseType::UnknownSession,
        },
        timeout: Some(receipt.timeout_s.into()),
        message: receipt.messages.iter().map(message).collect(),
    }
}

pub(crate) fn outcome(outcome: &CommandOutcome) -> wire::CommandResult {
    use wire::CommandResultType as Result;
    wire::CommandResult {
        result: match outcome.result {
            CommandResult::Accepted => Result::Accepted,
            CommandResult::CanceledReservation => Result::CanceledReservation,
            CommandResult::EvseOccupied => Result::EvseOccupied,
            CommandResult::EvseInoperative => Result::EvseInoperative,
            CommandResult::Failed => Result::Failed,
            CommandResult::NotSupported => Result::NotSupported,
            CommandResult::Rejected => Result::Rejected,
            CommandResult::Timeout => Result::Timeout,
            CommandResult::UnknownReservation => Result::UnknownReservation,
        },
        message: outcome.messages.iter().map(message).collect(),
    }
}
