//! Getting in step with partners. Pushes may be lost while either side is away, and OCPI leaves it to the receiver to
//! fetch what it missed (OCPI 2.2.1 §2.9): all of it when a link is made and from time to time, what has changed in
//! between. Pages are kept as they come, so that a pull goes on where it stopped.
//!
//! Each partner has a task of its own: a slow one holds up nobody else.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::PartnerId;
use headroom_domain::location::Location;
use headroom_domain::session::Session;
use headroom_domain::tariff::Tariff;
use headroom_ocpi_adapter::roaming::{Cdr, Token};
use headroom_ocpi_adapter::{HostError, Interface, LinkError, PageCursor, Platform, PulledPage};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use super::partners::PartnerEdge;
use super::rhythm::{Rhythm, Scope};
use crate::control::Context;
use crate::control::outbox::wanted_pause;
use crate::store::{Kind, PullProgress, PullUnderWay, StoreError};

mod pulled;

pub(super) use pulled::Pulled;

/// How many pages are fetched at once, of all partners together.
const PAGES_AT_ONCE: usize = 8;
/// How many calls may wait for a partner's task; more of them ask for nothing new.
const CALLS: usize = 4;
/// How far back sessions are asked for at most, for the sake of one that never ends.
const SESSIONS_SINCE_MAX: TimeDelta = TimeDelta::days(31);
/// A session that was told of so lately may be missing in a list without being gone.
const SESSION_LAG: TimeDelta = TimeDelta::minutes(15);
/// The longest pause that a partner is given because it wants one.
const WANTED_MAX: TimeDelta = TimeDelta::days(1);
/// After so many failures in a row a list is begun anew: the page that was left off at may be gone.
const FAILURES_MAX: u32 = 5;

/// What a partner's task is called for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    /// The link was made or renewed.
    Everything,
    /// It does not know a session.
    Sessions,
}

/// Pulls from partners until told to stop; `due` names those whose link was made or renewed.
pub async fn run(
    context: Arc<Context>,
    platform: Platform,
    edge: Arc<PartnerEdge>,
    mut due: mpsc::Receiver<PartnerId>,
    stop: CancellationToken,
) {
    let puller = Arc::new(Puller { context, platform, edge, places: Semaphore::new(PAGES_AT_ONCE) });
    let mut tasks = JoinSet::new();
    let mut lines: BTreeMap<PartnerId, mpsc::Sender<Call>> = BTreeMap::new();
    let mut call = |tasks: &mut JoinSet<()>, partner: PartnerId, call: Call| {
        let line = lines.entry(partner).or_insert_with_key(|partner| {
            let (line, calls) = mpsc::channel(CALLS);
            tasks.spawn(Arc::clone(&puller).look_after(partner.clone(), calls));
            line
        });
        if line.try_send(call).is_err() {
            debug!("the partner's line is full: it is about to pull anyway");
        }
    };
    for partner in puller.platform.partners() {
        call(&mut tasks, partner.id, Call::Everything);
    }
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            Some(partner) = due.recv() => call(&mut tasks, partner, Call::Everything),
            partners = puller.context.resync.called() => {
                for partner in partners {
                    call(&mut tasks, partner, Call::Sessions);
                }
            }
        }
    }
}

/// Why a pull failed.
#[derive(Debug, thiserror::Error)]
enum PullError {
    #[error(transparent)]
    Link(#[from] LinkError),
    #[error("what was pulled could not be kept: {0}")]
    Host(HostError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl PullError {
    /// Returns how long the partner wants to be left alone, where it says so.
    fn wanted_pause(&self) -> Option<TimeDelta> {
        match self {
            Self::Link(error) => wanted_pause(error),
            Self::Host(_) | Self::Store(_) => None,
        }
    }
}

struct Puller {
    context: Arc<Context>,
    platform: Platform,
    edge: Arc<PartnerEdge>,
    places: Semaphore,
}

impl Puller {
    /// Keeps in step with one partner.
    async fn look_after(self: Arc<Self>, partner: PartnerId, mut calls: mpsc::Receiver<Call>) {
        let rhythm = Rhythm::of(&partner, &self.context.settings);
        let mut called = calls.recv().await;
        loop {
            self.ask_who_is_connected(&partner).await;
            // Tariffs and locations first: sessions refer to them, and records to all three.
            let next = [
                self.turn::<Location>(&partner, &rhythm, called).await,
                self.turn::<Tariff>(&partner, &rhythm, called).await,
                self.turn::<Session>(&partner, &rhythm, called).await,
                self.turn::<Cdr>(&partner, &rhythm, called).await,
                self.turn::<Token>(&partner, &rhythm, called).await,
            ];
            let now = self.context.clock.now();
            let next = next.into_iter().flatten().min().unwrap_or(now + rhythm.every).max(now + TimeDelta::seconds(1));
            called = tokio::select! {
                call = calls.recv() => match call {
                    Some(call) => Some(call),
                    None => return,
                },
                () = tokio::time::sleep(self.context.clock.real(next - now)) => None,
            };
        }
    }

    /// A hub tells whom it cannot reach; those are not called.
    async fn ask_who_is_connected(&self, partner: &PartnerId) {
        let is_hub =
            self.platform.partner(partner).is_some_and(|known| known.link().is_some_and(|link| link.hub().is_some()));
        if is_hub && let Err(error) = self.platform.client(partner).pull_clients(None).await {
            warn!(%partner, %error, "the hub did not tell who is connected");
        }
    }

    /// Pulls a module when it is due or called for; returns when it is due next, `None` when it is not on offer.
    async fn turn<T: Pulled>(
        &self,
        partner: &PartnerId,
        rhythm: &Rhythm,
        called: Option<Call>,
    ) -> Option<DateTime<Utc>> {
        let known = self.platform.partner(partner)?;
        known.link()?.endpoint(&T::MODULE, Interface::Sender)?;
        let called = match called {
            Some(Call::Everything) => true,
            Some(Call::Sessions) => T::KIND == Kind::Session,
            None => false,
        };
        let store = &self.context.store;
        let mut progress = match store.pull_progress(partner, T::KIND).await {
            Ok(progress) => progress,
            Err(error) => {
                warn!(%partner, module = T::KIND.module(), %error, "how far the pulls are could not be read");
                return Some(self.context.clock.now() + rhythm.retry(1));
            }
        };
        let now = self.context.clock.now();
        // A failed pull is due again by itself.
        let called = called && progress.not_before.is_none_or(|not_before| not_before <= now);
        if called || rhythm.next(&progress) <= now {
            self.pull_and_note::<T>(partner, rhythm, &mut progress).await;
        }
        Some(rhythm.next(&progress))
    }

    async fn pull_and_note<T: Pulled>(&self, partner: &PartnerId, rhythm: &Rhythm, progress: &mut PullProgress) {
        let module = T::KIND.module();
        if let Err(error) = self.pull::<T>(partner, rhythm, progress).await {
            if matches!(error, PullError::Link(LinkError::NotRegistered(_))) {
                // The link was ended meanwhile, and with it what was known of its pulls.
                return;
            }
            progress.failures += 1;
            let now = self.context.clock.now();
            progress.failed_at = Some(now);
            progress.not_before = error.wanted_pause().map(|pause| now + pause.min(WANTED_MAX));
            progress.error = Some(error.to_string());
            if progress.failures.is_multiple_of(FAILURES_MAX) {
                progress.under_way = None;
            }
            warn!(%partner, module, %error, "the pull stopped; it goes on there later");
        }
        if let Err(error) = self.context.store.save_pull_progress(partner, T::KIND, progress).await {
            warn!(%partner, module, %error, "how far the pulls are could not be kept");
        }
        self.context.changed();
    }

    /// Pulls a list from where it was left to its end, or for as many pages as it has at a turn.
    async fn pull<T: Pulled>(
        &self,
        partner: &PartnerId,
        rhythm: &Rhythm,
        progress: &mut PullProgress,
    ) -> Result<(), PullError> {
        let store = &self.context.store;
        let begun = match progress.under_way.clone() {
            Some(begun) => begun,
            None => self.begin::<T>(partner, rhythm, progress).await?,
        };
        let mut pages = T::pages(&self.platform.client(partner), begun.since).resume(begun.cursor.clone());
        let under_way = progress.under_way.insert(begun);
        let mut pages_left = T::PAGES_AT_A_TURN;
        loop {
            let page = {
                // Never closed.
                let _place = self.places.acquire().await.ok();
                pages.next().await
            };
            let Some(page) = page else { break };
            under_way.objects += self.keep(partner, page?).await.map_err(PullError::Host)?;
            under_way.cursor = pages.cursor();
            let kept = PullProgress { under_way: Some(under_way.clone()), ..PullProgress::default() };
            let kept = PullProgress {
                good_until: progress.good_until,
                full_at: progress.full_at,
                done_at: progress.done_at,
                ..kept
            };
            store.save_pull_progress(partner, T::KIND, &kept).await?;
            pages_left -= 1;
            if pages_left == 0 {
                *progress = kept;
                return Ok(());
            }
        }
        let ended = under_way.clone();
        self.end::<T>(partner, &ended).await?;
        *progress = PullProgress {
            good_until: Some(ended.began_at),
            full_at: if ended.full { Some(ended.began_at) } else { progress.full_at },
            done_at: Some(self.context.clock.now()),
            ..PullProgress::default()
        };
        info!(%partner, module = T::KIND.module(), objects = ended.objects, full = ended.full, "pulled");
        Ok(())
    }

    async fn begin<T: Pulled>(
        &self,
        partner: &PartnerId,
        rhythm: &Rhythm,
        progress: &PullProgress,
    ) -> Result<PullUnderWay, PullError> {
        let began_at = self.context.clock.now();
        let (since, full) = match rhythm.scope(progress, began_at) {
            Scope::Since(since) => (Some(since), false),
            Scope::Full => {
                let usual = T::horizon(&self.context.settings).map(|horizon| began_at - horizon);
                let oldest = match T::KIND {
                    Kind::Session => self.context.store.oldest_open(partner, T::KIND).await?,
                    _ => None,
                };
                let earliest = oldest.map(|oldest| oldest.max(began_at - SESSIONS_SINCE_MAX));
                (usual.map(|usual| earliest.map_or(usual, |earliest| earliest.min(usual))), true)
            }
        };
        Ok(PullUnderWay { began_at, since, full, cursor: PageCursor::default(), objects: 0 })
    }

    /// Keeps a page; returns how many objects it had.
    async fn keep<T: Pulled>(&self, partner: &PartnerId, page: PulledPage<T>) -> Result<u64, HostError> {
        self.context.heard(partner).await?;
        let objects = page.objects.len() + page.rejected.len();
        for rejected in &page.rejected {
            self.edge.keep_rejected(partner, T::KIND, rejected).await?;
        }
        for object in page.objects {
            T::keep(&self.edge, object).await?;
        }
        Ok(objects as u64)
    }

    /// Ends what a full pull did not tell of any more (OCPI 2.2.1 §8.2.1, §9.2.1, §11.2.1).
    async fn end<T: Pulled>(&self, partner: &PartnerId, ended: &PullUnderWay) -> Result<(), PullError> {
        if !ended.full || !T::VANISHES {
            return Ok(());
        }
        let (store, module) = (&self.context.store, T::KIND.module());
        if ended.objects == 0 {
            if store.oldest_open(partner, T::KIND).await?.is_some() {
                warn!(%partner, module, "the list is empty: that is taken for a fault, and nothing is forgotten");
            }
            return Ok(());
        }
        let lag = if T::KIND == Kind::Session { SESSION_LAG } else { TimeDelta::zero() };
        let gone = store.close_unseen(partner, T::KIND, ended.began_at - lag, ended.since).await?;
        if gone > 0 {
            info!(%partner, module, gone, "no longer there");
            self.context.wake.replan();
        }
        Ok(())
    }
}
