//! Sends decided profiles to partners and notes what becomes of them.
//!
//! Each partner has a line of its own: a slow one holds up nobody else, and one that is asked too often is left alone
//! for a while. What waits for a partner is not a queue: a newer decision for a session takes the place of the older.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::{PartnerId, SessionId};
use headroom_ocpi_adapter::Platform;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use self::send::{News, Sent};
use super::context::Context;
use super::pace::Pace;
use crate::store::{ProfileRequest, RequestState, StoreError};

mod send;

pub(crate) use send::wanted_pause;

/// How many requests are under way at one partner at once.
const CONCURRENT_REQUESTS: usize = 32;
/// Longer than a partner may take to answer a request.
const ANSWERED_WITHIN: TimeDelta = TimeDelta::minutes(10);
/// How often the outbox looks when nothing calls it.
const LOOK_EVERY: TimeDelta = TimeDelta::minutes(1);
/// The shortest pause between two looks that nothing calls for.
const PAUSE_MIN: TimeDelta = TimeDelta::milliseconds(20);

/// Sends until told to stop. What is under way then is believed to be possibly in force by the next process.
///
/// `chance` returns numbers in `[0, 1)`: pauses differ by it.
pub async fn run(
    context: Arc<Context>,
    platform: Platform,
    mut chance: impl FnMut() -> f64 + Send,
    stop: CancellationToken,
) {
    let mut outbox = Outbox::new(Arc::clone(&context), platform);
    loop {
        let next = outbox.work().await.unwrap_or_else(|error| {
            error!(%error, "the outbox could not be read");
            outbox.begin_anew();
            context.clock.now() + LOOK_EVERY
        });
        let wait = (next - context.clock.now()).clamp(PAUSE_MIN, LOOK_EVERY);
        tokio::select! {
            () = stop.cancelled() => return,
            () = context.outbox.notified() => outbox.unread = true,
            Some(sent) = outbox.sending.join_next() => {
                outbox.note(sent, chance());
                while let Some(sent) = outbox.sending.try_join_next() {
                    outbox.note(sent, chance());
                }
            },
            () = tokio::time::sleep(context.clock.real(wait)) => outbox.unread = true,
        }
    }
}

/// The way to one partner.
struct Line {
    pace: Pace,
    places: Arc<Semaphore>,
    waiting: VecDeque<ProfileRequest>,
}

/// A request whose turn it is.
struct Ready {
    partner: PartnerId,
    place: OwnedSemaphorePermit,
    request: ProfileRequest,
}

struct Outbox {
    context: Arc<Context>,
    platform: Platform,
    lines: BTreeMap<PartnerId, Line>,
    sending: JoinSet<Sent>,
    started: DateTime<Utc>,
    /// Whether there may be requests in the record that are not in a line.
    unread: bool,
    /// The last revision that is.
    read_to: i64,
    /// When to look whether stations are silent.
    look_at: DateTime<Utc>,
}

impl Outbox {
    fn new(context: Arc<Context>, platform: Platform) -> Self {
        let (lines, sending, started) = (BTreeMap::new(), JoinSet::new(), context.clock.now());
        Self { context, platform, lines, sending, started, unread: true, read_to: 0, look_at: started }
    }

    /// Sends what may go out and gives up on who is silent; returns when to do so again.
    async fn work(&mut self) -> Result<DateTime<Utc>, StoreError> {
        if std::mem::take(&mut self.unread) {
            self.read().await?;
        }
        let now = self.context.clock.now();
        if now >= self.look_at {
            self.time_out(now).await?;
            let deadline = self.context.store.next_deadline().await?;
            self.look_at = deadline.map_or(now + LOOK_EVERY, |deadline| deadline.min(now + LOOK_EVERY));
        }
        let paced = self.send_all(now).await?;
        Ok(paced.map_or(self.look_at, |paced| paced.min(self.look_at)))
    }

    /// Forgets what waits: the record knows it.
    fn begin_anew(&mut self) {
        self.lines.values_mut().for_each(|line| line.waiting.clear());
        (self.unread, self.read_to) = (true, 0);
    }

    fn line(&mut self, partner: &PartnerId) -> &mut Line {
        let (rate, now) = (self.context.settings.partner_requests_per_minute, self.context.clock.now());
        self.lines.entry(partner.clone()).or_insert_with(|| Line {
            pace: Pace::new(rate, now),
            places: Arc::new(Semaphore::new(CONCURRENT_REQUESTS)),
            waiting: VecDeque::new(),
        })
    }

    fn note(&mut self, sent: Result<Sent, JoinError>, chance: f64) {
        let now = self.context.clock.now();
        match sent {
            Ok(Sent { partner, news, deadline }) => {
                self.look_at = deadline.map_or(self.look_at, |deadline| deadline.min(self.look_at));
                let pace = &mut self.line(&partner).pace;
                match news {
                    News::Well => pace.went_well(now),
                    News::TurnedAway(wanted) => pace.turned_away(now, chance, wanted),
                    News::Nothing => {}
                }
            }
            Err(error) => error!(%error, "sending a profile was cut off"),
        }
    }

    /// Puts what was decided since the last time into the lines.
    async fn read(&mut self) -> Result<(), StoreError> {
        let new = self.context.store.unsent_requests(self.read_to).await?;
        let renewed: BTreeSet<&SessionId> = new.iter().map(|(_, request)| &request.session).collect();
        for line in self.lines.values_mut() {
            line.waiting.retain(|older| !renewed.contains(&older.session));
        }
        for (partner, request) in new {
            self.read_to = request.revision;
            if let Some(partner) = partner {
                self.line(&partner).waiting.push_back(request);
            } else {
                let (state, at) = (RequestState::Refused, self.context.clock.now());
                self.context.store.settle_request(&request.id, None, state, at, "its session is gone").await?;
            }
        }
        Ok(())
    }

    /// Sends what may go out now; returns when the first of the rest may, where time alone decides.
    async fn send_all(&mut self, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, StoreError> {
        loop {
            let (ready, next) = self.take_ready(now);
            if ready.is_empty() {
                return Ok(next);
            }
            let sessions: Vec<&SessionId> = ready.iter().map(|ready| &ready.request.session).collect();
            let mut sessions = self.context.store.sessions_named(&sessions).await?;
            // The last thing that can fail: what is claimed is sent.
            let ids: Vec<&str> = ready.iter().map(|ready| ready.request.id.as_str()).collect();
            let claimed = self.context.store.claim_requests(&ids, now).await?;
            for Ready { partner, place, request } in ready {
                if !claimed.contains(&request.id) {
                    continue;
                }
                let session = sessions.remove(&request.session);
                let (context, platform) = (Arc::clone(&self.context), self.platform.clone());
                self.sending.spawn(async move {
                    let sent = send::send(&context, &platform, partner, &request, session).await;
                    drop(place);
                    sent
                });
            }
        }
    }

    /// Takes from the lines what may go out now; full lines are looked at again when one of their requests ends.
    fn take_ready(&mut self, now: DateTime<Utc>) -> (Vec<Ready>, Option<DateTime<Utc>>) {
        let (mut ready, mut next) = (Vec::new(), None);
        for (partner, line) in &mut self.lines {
            while !line.waiting.is_empty()
                && let Ok(place) = Arc::clone(&line.places).try_acquire_owned()
            {
                if let Err(at) = line.pace.take(now) {
                    next = next.into_iter().chain([at]).min();
                    break;
                }
                let request = line.waiting.pop_front();
                ready.extend(request.map(|request| Ready { partner: partner.clone(), place, request }));
            }
        }
        (ready, next)
    }

    /// Gives up waiting for stations whose time is over. Others give way; the silent ones are asked what they do.
    async fn time_out(&mut self, now: DateTime<Utc>) -> Result<(), StoreError> {
        // What was sent so long ago, and is not known to have been answered, is lost.
        let orphaned_before = self.started.max(now - ANSWERED_WITHIN);
        let silent = self.context.store.time_out_requests(now, orphaned_before).await?;
        if silent.is_empty() {
            return Ok(());
        }
        info!(silent = silent.len(), "stations did not answer in time; others give way and they are told again");
        self.context.wake.replan();
        let sessions: BTreeSet<&SessionId> = silent.iter().map(|request| &request.session).collect();
        let sessions = self.context.store.sessions_named(&Vec::from_iter(sessions)).await?;
        for session in sessions.into_values().filter(|session| !session.status.is_over()) {
            let line = self.line(&session.key.partner);
            let Ok(place) = Arc::clone(&line.places).try_acquire_owned() else { continue };
            if line.pace.take(now).is_err() {
                continue;
            }
            let (context, platform) = (Arc::clone(&self.context), self.platform.clone());
            self.sending.spawn(async move {
                let sent = send::query(&context, &platform, &session).await;
                drop(place);
                sent
            });
        }
        Ok(())
    }
}
