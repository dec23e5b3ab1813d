//! One request to a partner: from the profile to the partner's answer.

use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::PartnerId;
use headroom_domain::location::{Connector, Location};
use headroom_domain::session::Session;
use headroom_ocpi_adapter::{LinkError, Platform, ProfileAnswer, Receipt};
use tracing::{debug, error, warn};

use super::super::context::{Context, SiteContext};
use crate::store::{Kind, ObjectKey, ProfileRequest, RequestState, StoreError};

/// The shortest and longest time that a station is given, whatever its partner says.
const TIMEOUT_MIN: TimeDelta = TimeDelta::seconds(30);
const TIMEOUT_MAX: TimeDelta = TimeDelta::minutes(10);
/// How far ahead a silent station is asked what it will do. **Units**: s.
const QUERY_S: u32 = 3600;

/// What a request that ended tells.
#[derive(Debug)]
pub(super) struct Sent {
    /// Whom it was sent to.
    pub partner: PartnerId,
    /// What it tells of them.
    pub news: News,
    /// Until when the station's word is awaited, if it is.
    pub deadline: Option<DateTime<Utc>>,
}

/// What a request tells of its partner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    /// It answers and takes requests.
    Well,
    /// It was asked too often, or cannot answer; and how long it wants to be left alone, where it says so.
    TurnedAway(Option<TimeDelta>),
    /// Nothing.
    Nothing,
}

/// Sends a profile, and notes what the partner answers.
pub(super) async fn send(
    context: &Context,
    platform: &Platform,
    partner: PartnerId,
    request: &ProfileRequest,
    session: Option<Session>,
) -> Sent {
    let (news, deadline) = try_send(context, platform, request, session).await.unwrap_or_else(|error| {
        error!(%error, request = request.id, "the fate of a profile could not be kept");
        (News::Nothing, None)
    });
    Sent { partner, news, deadline }
}

/// Asks what a station does. The answer comes to the response URL, like an unsolicited one.
pub(super) async fn query(context: &Context, platform: &Platform, session: &Session) -> Sent {
    let news = try_query(context, platform, session).await.unwrap_or_else(|error| {
        error!(%error, session = %session.key, "a question to a station could not be kept");
        News::Nothing
    });
    Sent { partner: session.key.partner.clone(), news, deadline: None }
}

async fn try_query(context: &Context, platform: &Platform, session: &Session) -> Result<News, StoreError> {
    let id = uuid::Uuid::new_v4().simple().to_string();
    context.store.save_query(&id, &session.key.session_id(), context.clock.now()).await?;
    let client = platform.client(&session.key.partner);
    let asked = client.get_charging_profile(&session.key, QUERY_S, &platform.response_url(&id)).await;
    if let Err(error) = &asked {
        debug!(session = %session.key, %error, "a silent station's profile cannot be asked for");
    }
    Ok(news(&asked))
}

/// Returns how long a partner wants to be left alone (`Retry-After`), where it says so.
pub(crate) fn wanted_pause(error: &LinkError) -> Option<TimeDelta> {
    error.retry_after().and_then(|pause| TimeDelta::from_std(pause).ok())
}

fn news(answer: &Result<Receipt, LinkError>) -> News {
    match answer {
        Ok(Receipt { answer: ProfileAnswer::TooOften, .. }) => News::TurnedAway(None),
        Ok(_) => News::Well,
        Err(error) if error.is_retryable() => News::TurnedAway(wanted_pause(error)),
        Err(_) => News::Nothing,
    }
}

async fn try_send(
    context: &Context,
    platform: &Platform,
    request: &ProfileRequest,
    session: Option<Session>,
) -> Result<(News, Option<DateTime<Utc>>), StoreError> {
    let now = || context.clock.now();
    let settle =
        async |state, detail: &str| context.store.settle_request(&request.id, None, state, now(), detail).await;
    let (session, connector) = match target(context, request, session) {
        Ok(target) => target,
        Err(problem) => {
            settle(RequestState::Refused, &problem).await?;
            return Ok((News::Nothing, None));
        }
    };
    let client = platform.client(&session.key.partner);
    let response_url = platform.response_url(&request.id);
    let answer = client.put_charging_profile(&session.key, &request.profile, &connector, &response_url).await;
    let mut deadline = None;
    match &answer {
        Ok(Receipt { answer: ProfileAnswer::Accepted, timeout_s }) => {
            let timeout = TimeDelta::seconds(i64::from(*timeout_s)).clamp(TIMEOUT_MIN, TIMEOUT_MAX);
            let until = *deadline.insert(now() + timeout);
            context.store.request_waiting(&request.id, until).await?;
        }
        Ok(receipt) => {
            let detail = refusal(receipt.answer);
            warn!(session = %request.session, detail, "the partner did not take a profile; others give way");
            settle(RequestState::Refused, detail).await?;
            act_on(context, receipt.answer, &session).await?;
            context.wake.replan();
        }
        Err(error) => {
            warn!(session = %request.session, %error, "a profile did not get through; others give way");
            settle(fate(error), &error.to_string()).await?;
            context.wake.replan();
        }
    }
    if answer.is_ok() {
        context.heard(&session.key.partner).await?;
    }
    context.changed();
    Ok((news(&answer), deadline))
}

/// When the line broke after sending, the profile may be in force; one that came too often was not looked at.
fn fate(error: &LinkError) -> RequestState {
    match error {
        LinkError::Http { status: 429, .. } => RequestState::Refused,
        error if error.is_retryable() => RequestState::Unknown,
        _ => RequestState::Refused,
    }
}

fn refusal(answer: ProfileAnswer) -> &'static str {
    match answer {
        ProfileAnswer::Accepted => "accepted",
        ProfileAnswer::NotSupported => "not supported",
        ProfileAnswer::Rejected => "rejected by the partner",
        ProfileAnswer::TooOften => "too often",
        ProfileAnswer::UnknownSession => "unknown session",
    }
}

/// Learns from a refusal: an unknown session means that we have missed something, an EVSE that takes no profiles is left
/// alone until it is published otherwise.
async fn act_on(context: &Context, answer: ProfileAnswer, session: &Session) -> Result<(), StoreError> {
    match answer {
        ProfileAnswer::UnknownSession => context.resync.ask(session.key.partner.clone()),
        ProfileAnswer::NotSupported => {
            let (partner, location_id) = (&session.key.partner, &session.location_id);
            let key = ObjectKey { partner, kind: Kind::Location, party: &session.key.party, id: location_id };
            let location: Option<Location> = context.store.object(key).await?;
            let evse = location.as_ref().zip(session.evse_uid.as_deref()).and_then(|(place, uid)| place.evse(uid));
            if let Some(evse) = evse {
                warn!(%partner, location = location_id, evse = evse.uid, "it takes no profiles: it is not steered until it changes");
                context.store.save_unsteerable(partner, location_id, evse, context.clock.now()).await?;
            }
        }
        ProfileAnswer::Accepted | ProfileAnswer::Rejected | ProfileAnswer::TooOften => {}
    }
    Ok(())
}

/// Finds the connector that a profile is converted for; else says why there is none.
fn target(
    context: &Context,
    request: &ProfileRequest,
    session: Option<Session>,
) -> Result<(Session, Connector), String> {
    let session = session.ok_or_else(|| format!("session {} is gone", request.session))?;
    let evse = context.sites.iter().find(|site| site.hosts(&session)).and_then(|site| site.evse(&session));
    let evse = evse.ok_or("the session's EVSE is not in the site's description")?;
    let connector = SiteContext::connector(evse).map_err(|error| error.to_string())?;
    Ok((session, connector))
}
