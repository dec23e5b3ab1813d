//! Sends decided profiles to partners and notes what becomes of them.
//!
//! Each partner has a line of its own: a slow one holds up nobody else, and one that is asked too often is left alone
//! for a while. What waits for a partner is not a queue: a newer decision for a session takes the place of the older.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::location::{Connector, Location};
use headroom_domain::session::Session;
use headroom_domain::{PartnerId, SessionId};
use headroom_ocpi_adapter::{LinkError, Platform, ProfileAnswer, Receipt};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use super::context::{Context, SiteContext};
use super::pace::Pace;
use crate::store::{Kind, ObjectKey, ProfileRequest, RequestState, StoreError};

/// How many requests are under way at one partner at once.
const CONCURRENT_REQUESTS: usize = 8;
/// The shortest and longest time that a station is given, whatever its partner says.
const TIMEOUT_MIN: TimeDelta = TimeDelta::seconds(30);
const TIMEOUT_MAX: TimeDelta = TimeDelta::minutes(10);
/// How far ahead a silent station is asked what it will do. **Units**: s.
const QUERY_S: u32 = 3600;
/// How often the outbox looks when nothing calls it.
const LOOK_EVERY: TimeDelta = TimeDelta::minutes(1);

/// Sends until told to stop. What is under way then is believed to be possibly in force by the next process.
///
/// `chance` returns numbers in `[0, 1)`: pauses differ by it.
pub async fn run(
    context: Arc<Context>,
    platform: Platform,
    mut chance: impl FnMut() -> f64 + Send,
    stop: CancellationToken,
) {
    let started = context.clock.now();
    let mut outbox = Outbox {
        context: Arc::clone(&context),
        platform,
        lines: BTreeMap::new(),
        sending: JoinSet::new(),
        unsent: Vec::new(),
    };
    let mut look = true;
    loop {
        let worked = outbox.work(look, started).await;
        let failed = worked.is_err();
        let next = worked.unwrap_or_else(|error| {
            error!(%error, "the outbox could not be read");
            None
        });
        look = true;
        let now = context.clock.now();
        let wait = next.map_or(LOOK_EVERY, |next| (next - now).clamp(TimeDelta::milliseconds(20), LOOK_EVERY));
        tokio::select! {
            () = stop.cancelled() => return,
            () = context.outbox.notified() => {}
            Some(done) = outbox.sending.join_next() => {
                // A place is free: what waits for one is known.
                look = failed;
                match done {
                    Ok((partner, news)) => outbox.note(&partner, news, chance()),
                    Err(error) => error!(%error, "sending a profile was cut off"),
                }
            },
            () = tokio::time::sleep(context.clock.real(wait)) => {}
        }
    }
}

/// What a request tells of its partner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum News {
    /// It answers and takes requests.
    Well,
    /// It was asked too often, or cannot answer; and how long it wants to be left alone, where it says so.
    TurnedAway(Option<TimeDelta>),
    /// Nothing.
    Nothing,
}

/// The way to one partner.
struct Line {
    pace: Pace,
    places: Arc<Semaphore>,
}

struct Outbox {
    context: Arc<Context>,
    platform: Platform,
    lines: BTreeMap<PartnerId, Line>,
    sending: JoinSet<(PartnerId, News)>,
    /// What waits to be sent, as of the last look into the record. What has been decided anew since is claimed in vain.
    unsent: Vec<(Option<PartnerId>, ProfileRequest)>,
}

impl Outbox {
    /// Sends what may go out and gives up on who is silent; returns when to look again. With `look` the record is read
    /// anew.
    async fn work(&mut self, look: bool, started: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, StoreError> {
        if look {
            self.unsent = self.context.store.unsent_requests().await?;
            self.time_out(started).await?;
        }
        let paced = self.send_all().await?;
        let deadline = self.context.store.next_deadline().await?;
        Ok(paced.into_iter().chain(deadline).min())
    }

    fn line(&mut self, partner: &PartnerId) -> &mut Line {
        let (rate, now) = (self.context.settings.partner_requests_per_minute, self.context.clock.now());
        self.lines.entry(partner.clone()).or_insert_with(|| Line {
            pace: Pace::new(rate, now),
            places: Arc::new(Semaphore::new(CONCURRENT_REQUESTS)),
        })
    }

    fn note(&mut self, partner: &PartnerId, news: News, chance: f64) {
        let now = self.context.clock.now();
        let pace = &mut self.line(partner).pace;
        match news {
            News::Well => pace.went_well(now),
            News::TurnedAway(wanted) => pace.turned_away(now, chance, wanted),
            News::Nothing => {}
        }
    }

    /// Sends what may go out now; returns when the first of the rest may.
    async fn send_all(&mut self) -> Result<Option<DateTime<Utc>>, StoreError> {
        let now = self.context.clock.now();
        let mut next: Option<DateTime<Utc>> = None;
        let mut later = Vec::new();
        for (partner, request) in std::mem::take(&mut self.unsent) {
            let Some(partner) = partner else {
                self.context
                    .store
                    .settle_request(&request.id, RequestState::Refused, now, "its session is gone")
                    .await?;
                continue;
            };
            let line = self.line(&partner);
            // Full lines are looked at again when one of their requests ends.
            let Ok(place) = Arc::clone(&line.places).try_acquire_owned() else {
                later.push((Some(partner), request));
                continue;
            };
            if let Err(at) = line.pace.take(now) {
                next = Some(next.map_or(at, |next| next.min(at)));
                later.push((Some(partner), request));
                continue;
            }
            if !self.context.store.claim_request(&request.id, now).await? {
                continue;
            }
            let (context, platform) = (Arc::clone(&self.context), self.platform.clone());
            self.sending.spawn(async move {
                let news = send(&context, &platform, &request).await.unwrap_or_else(|error| {
                    error!(%error, request = request.id, "the fate of a profile could not be kept");
                    News::Nothing
                });
                drop(place);
                (partner, news)
            });
        }
        self.unsent = later;
        Ok(next)
    }

    /// Gives up waiting for stations whose time is over. Others give way; the silent ones are asked what they do.
    async fn time_out(&mut self, started: DateTime<Utc>) -> Result<(), StoreError> {
        let now = self.context.clock.now();
        let silent = self.context.store.time_out_requests(now, started).await?;
        if silent.is_empty() {
            return Ok(());
        }
        info!(silent = silent.len(), "stations did not answer in time; others give way and they are told again");
        self.context.wake.replan();
        let sessions: BTreeSet<SessionId> = silent.into_iter().map(|request| request.session).collect();
        for session in sessions {
            let Some(session) = self.context.store.session(&session).await? else { continue };
            let partner = session.key.partner.clone();
            let line = self.line(&partner);
            let Ok(place) = Arc::clone(&line.places).try_acquire_owned() else { continue };
            if session.status.is_over() || line.pace.take(now).is_err() {
                continue;
            }
            let (context, platform) = (Arc::clone(&self.context), self.platform.clone());
            self.sending.spawn(async move {
                let news = query(&context, &platform, &session).await.unwrap_or_else(|error| {
                    error!(%error, session = %session.key, "a question to a station could not be kept");
                    News::Nothing
                });
                drop(place);
                (partner, news)
            });
        }
        Ok(())
    }
}

/// Asks what a station does. The answer comes to the response URL, like an unsolicited one.
async fn query(context: &Context, platform: &Platform, session: &Session) -> Result<News, StoreError> {
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

async fn send(context: &Context, platform: &Platform, request: &ProfileRequest) -> Result<News, StoreError> {
    let now = || context.clock.now();
    let (session, connector) = match target(context, request).await? {
        Ok(target) => target,
        Err(problem) => {
            context.store.settle_request(&request.id, RequestState::Refused, now(), &problem).await?;
            return Ok(News::Nothing);
        }
    };
    let client = platform.client(&session.key.partner);
    let response_url = platform.response_url(&request.id);
    let answer = client.put_charging_profile(&session.key, &request.profile, &connector, &response_url).await;
    match &answer {
        Ok(Receipt { answer: ProfileAnswer::Accepted, timeout_s }) => {
            let timeout = TimeDelta::seconds(i64::from(*timeout_s)).clamp(TIMEOUT_MIN, TIMEOUT_MAX);
            context.store.request_waiting(&request.id, now() + timeout).await?;
        }
        Ok(receipt) => {
            let detail = refusal(receipt.answer);
            warn!(session = %request.session, detail, "the partner did not take a profile; others give way");
            context.store.settle_request(&request.id, RequestState::Refused, now(), detail).await?;
            act_on(context, receipt.answer, &session).await?;
            context.wake.replan();
        }
        Err(error) => {
            let state = fate(error);
            warn!(session = %request.session, %error, "a profile did not get through; others give way");
            context.store.settle_request(&request.id, state, now(), &error.to_string()).await?;
            context.wake.replan();
        }
    }
    if answer.is_ok() {
        context.store.partner_seen(&session.key.partner, now()).await?;
    }
    context.changed();
    Ok(news(&answer))
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

/// Finds the session of a request and the connector that its profile is converted for; else says why it has none.
async fn target(
    context: &Context,
    request: &ProfileRequest,
) -> Result<Result<(Session, Connector), String>, StoreError> {
    let Some(session) = context.store.session(&request.session).await? else {
        return Ok(Err(format!("session {} is gone", request.session)));
    };
    let evse = context.sites.iter().find(|site| site.hosts(&session)).and_then(|site| site.evse(&session));
    Ok(match evse.map(SiteContext::connector) {
        Some(Ok(connector)) => Ok((session, connector)),
        Some(Err(error)) => Err(error.to_string()),
        None => Err("the session's EVSE is not in the site's description".to_owned()),
    })
}
