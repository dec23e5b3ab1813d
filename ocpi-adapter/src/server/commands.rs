//! Commands (OCPI 2.2.1 §13): the CPO is asked, the eMSP hears what became of it.

use axum::http::Method;

use super::reply::Reply;
use super::{Asked, owned, profile_requests};
use crate::envelope::CLIENT_ERROR;
use crate::hosts::{CommandSender, CpoHost};
use crate::roaming::Command;
use crate::wire::commands::{
    CancelReservation, CommandResult, CommandType, ReserveNow, StartSession, StopSession, UnlockConnector,
};
use crate::{lift, lower};

/// Takes a command, as the CPO.
pub(super) async fn answer(host: &impl CpoHost, asked: &Asked, name: &str) -> Result<Reply, Reply> {
    if asked.incoming.method != Method::POST {
        return Err(owned::no_method(&asked.incoming.method));
    }
    let (command, response_url) = read(asked, name)?;
    profile_requests::check_url(&response_url)?;
    Ok(Reply::data(lift::command_receipt(&host.command(&asked.asker(), command, &response_url).await?)))
}

fn read(asked: &Asked, name: &str) -> Result<(Command, String), Reply> {
    let (incoming, partner) = (&asked.incoming, &asked.caller.id);
    Ok(match CommandType::from(name.to_ascii_uppercase()) {
        CommandType::CancelReservation => {
            let CancelReservation { response_url, reservation_id } = incoming.body()?;
            (Command::CancelReservation { reservation_id }, response_url)
        }
        CommandType::ReserveNow => {
            let mut body: ReserveNow = incoming.body()?;
            let response_url = std::mem::take(&mut body.response_url);
            (lower::command::reservation(body, partner), response_url)
        }
        CommandType::StartSession => {
            let mut body: StartSession = incoming.body()?;
            let response_url = std::mem::take(&mut body.response_url);
            (lower::command::start(body, partner).map_err(Reply::invalid)?, response_url)
        }
        CommandType::StopSession => {
            let StopSession { response_url, session_id } = incoming.body()?;
            (Command::StopSession { session_id }, response_url)
        }
        CommandType::UnlockConnector => {
            let UnlockConnector { response_url, location_id, evse_uid, connector_id } = incoming.body()?;
            (Command::UnlockConnector { location_id, evse_uid, connector_id }, response_url)
        }
        CommandType::Unlisted(name) => {
            return Err(Reply::not_found(CLIENT_ERROR, format!("no command is called {name:?}")));
        }
    })
}

/// Takes what became of a command, as the eMSP. It may come early, late or twice.
pub(super) async fn outcome(host: &impl CommandSender, asked: &Asked, request_id: &str) -> Result<Reply, Reply> {
    if asked.incoming.method != Method::POST {
        return Err(owned::no_method(&asked.incoming.method));
    }
    let body: CommandResult = asked.incoming.body()?;
    let outcome = lower::command::outcome(&body)
        .ok_or_else(|| Reply::invalid(format!("result {:?} is no CommandResultType", body.result.as_str())))?;
    if host.command_outcome(&asked.caller.id, request_id, outcome).await? {
        Ok(Reply::done())
    } else {
        Err(Reply::invalid(format!("no command {request_id:?} was sent to you")))
    }
}
