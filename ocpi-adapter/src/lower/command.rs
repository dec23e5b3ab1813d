//! Commands, as a CPO gets them, and what an eMSP hears of them.

use headroom_domain::PartnerId;

use super::token;
use crate::roaming::{
    Command, CommandAnswer, CommandOutcome, CommandReceipt, CommandResult, EvsePlace, Message, Reservation, Start,
};
use crate::wire::base::Number;
use crate::wire::commands as wire;
use crate::wire::types::DisplayText;

/// How long a result may take when a CPO does not say.
const TIMEOUT_DEFAULT_S: u32 = 30;

pub(crate) fn message(text: DisplayText) -> Message {
    Message { language: text.language.unwrap_or_else(|| "en".to_owned()), text: text.text }
}

pub(crate) fn reservation(body: wire::ReserveNow, partner: &PartnerId) -> Command {
    Command::ReserveNow(Box::new(Reservation {
        token: token::of_wire(body.token, partner),
        expires_at: body.expiry_date.0,
        reservation_id: body.reservation_id,
        place: EvsePlace { location_id: body.location_id, evse_uid: body.evse_uid },
        authorization_reference: body.authorization_reference,
    }))
}

/// Reads the start of a session.
///
/// **Errors**: the rule that it breaks.
pub(crate) fn start(body: wire::StartSession, partner: &PartnerId) -> Result<Command, String> {
    if body.connector_id.is_some() && body.evse_uid.is_none() {
        return Err("evse_uid: required with connector_id".to_owned());
    }
    Ok(Command::StartSession(Box::new(Start {
        token: token::of_wire(body.token, partner),
        place: EvsePlace { location_id: body.location_id, evse_uid: body.evse_uid },
        connector_id: body.connector_id,
        authorization_reference: body.authorization_reference,
    })))
}

/// Reads what a CPO answers at once; `None` for a word that OCPI does not know.
pub(crate) fn receipt(response: &wire::CommandResponse) -> Option<CommandReceipt> {
    let answer = match response.result {
        wire::CommandResponseType::Accepted => CommandAnswer::Accepted,
        wire::CommandResponseType::NotSupported => CommandAnswer::NotSupported,
        wire::CommandResponseType::Rejected => CommandAnswer::Rejected,
        wire::CommandResponseType::UnknownSession => CommandAnswer::UnknownSession,
        wire::CommandResponseType::Unlisted(_) => return None,
    };
    Some(CommandReceipt {
        answer,
        timeout_s: response.timeout.as_ref().map_or(TIMEOUT_DEFAULT_S, Number::count),
        messages: response.message.iter().cloned().map(message).collect(),
    })
}

/// Reads what became of a command; `None` for a word that OCPI does not know.
pub(crate) fn outcome(body: &wire::CommandResult) -> Option<CommandOutcome> {
    use wire::CommandResultType as Result;
    let result = match body.result {
        Result::Accepted => CommandResult::Accepted,
        Result::CanceledReservation => CommandResult::CanceledReservation,
        Result::EvseOccupied => CommandResult::EvseOccupied,
        Result::EvseInoperative => CommandResult::EvseInoperative,
        Result::Failed => CommandResult::Failed,
        Result::NotSupported => CommandResult::NotSupported,
        Result::Rejected => CommandResult::Rejected,
        Result::Timeout => CommandResult::Timeout,
        Result::UnknownReservation => CommandResult::UnknownReservation,
        Result::Unlisted(_) => return None,
    };
    Some(CommandOutcome { result, messages: body.message.iter().cloned().map(message).collect() })
}
