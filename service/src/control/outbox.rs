//! Sends decided profiles to partners and notes what becomes of them.

use std::sync::Arc;

use chrono::TimeDelta;
use headroom_ocpi_adapter::{LinkError, Platform, ProfileAnswer, Receipt};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use super::belief::NOT_SUPPORTED;
use super::context::{Context, SiteContext};
use crate::store::{ProfileRequest, RequestState, StoreError};

/// How many requests are under way at once.
const CONCURRENT_REQUESTS: usize = 16;
/// The shortest and longest time that a station is given, whatever its partner says.
const TIMEOUT_MIN: TimeDelta = TimeDelta::seconds(30);
const TIMEOUT_MAX: TimeDelta = TimeDelta::minutes(10);

/// Sends until told to stop. What is under way then is believed to be possibly in force by the next process.
pub async fn run(context: Arc<Context>, platform: Platform, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(CONCURRENT_REQUESTS));
    let mut sending = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = context.outbox.notified() => {}
        }
        let claimed = match context.store.claim_requests(context.clock.now()).await {
            Ok(claimed) => claimed,
            Err(error) => {
                error!(%error, "the outbox could not be read");
                continue;
            }
        };
        while sending.try_join_next().is_some() {}
        for request in claimed {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            let (context, platform) = (Arc::clone(&context), platform.clone());
            sending.spawn(async move {
                if let Err(error) = send(&context, &platform, &request).await {
                    error!(%error, request = request.id, "the fate of a profile could not be kept");
                }
                drop(place);
            });
        }
    }
}

async fn send(context: &Context, platform: &Platform, request: &ProfileRequest) -> Result<(), StoreError> {
    let now = || context.clock.now();
    match put(context, platform, request).await? {
        Ok(Receipt { answer: ProfileAnswer::Accepted, timeout_s }) => {
            let timeout = TimeDelta::seconds(i64::from(timeout_s)).clamp(TIMEOUT_MIN, TIMEOUT_MAX);
            context.store.request_waiting(&request.id, now() + timeout).await?;
        }
        Ok(receipt) => {
            let detail = refusal(receipt.answer);
            warn!(session = %request.session, detail, "the partner did not take a profile; others give way");
            context.store.settle_request(&request.id, RequestState::Refused, now(), detail).await?;
            context.wake.replan();
        }
        Err(error) => {
            // When the line broke after sending, the profile may be in force.
            let state = if error.is_retryable() { RequestState::Unknown } else { RequestState::Refused };
            warn!(session = %request.session, %error, "a profile did not get through; others give way");
            context.store.settle_request(&request.id, state, now(), &error.to_string()).await?;
            context.wake.replan();
        }
    }
    context.changed();
    Ok(())
}

fn refusal(answer: ProfileAnswer) -> &'static str {
    match answer {
        ProfileAnswer::Accepted => "accepted",
        ProfileAnswer::NotSupported => NOT_SUPPORTED,
        ProfileAnswer::Rejected => "rejected by the partner",
        ProfileAnswer::TooOften => "too often",
        ProfileAnswer::UnknownSession => "unknown session",
    }
}

async fn put(
    context: &Context,
    platform: &Platform,
    request: &ProfileRequest,
) -> Result<Result<Receipt, LinkError>, StoreError> {
    let Some(session) = context.store.session(&request.session).await? else {
        return Ok(Err(LinkError::Unsendable(format!("session {} is gone", request.session))));
    };
    let evse = context.sites.iter().find(|site| site.hosts(&session)).and_then(|site| site.evse(&session));
    let connector = match evse.map(SiteContext::connector) {
        Some(Ok(connector)) => connector,
        Some(Err(error)) => return Ok(Err(LinkError::Unsendable(error.to_string()))),
        None => {
            return Ok(Err(LinkError::Unsendable("the session's EVSE is not in the site's description".to_owned())));
        }
    };
    let client = platform.client(&session.key.partner);
    let response_url = platform.response_url(&request.id);
    Ok(client.put_charging_profile(&session.key, &request.profile, &connector, &response_url).await)
}
