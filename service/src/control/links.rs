//! The links to utilities: who was heard when, and which connection points have fallen back.
//!
//! Kept in memory, written to the record when a mode changes and every few seconds while something is heard. After a
//! restart the record is a little behind, so that safe mode comes rather too early than too late.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::NodeId;
use headroom_domain::limit::failsafe::{Link, Mode, SafeMode};
use headroom_grid_api::SafeModeState;
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::context::Context;
use crate::store::{KeptLink, Store, StoreError};

#[cfg(test)]
mod tests;

/// How far the record may be behind what was heard.
const WRITE_EVERY: TimeDelta = TimeDelta::seconds(5);

/// The link of a utility to a connection point, and what it falls back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// What it falls back to.
    pub safe_mode: SafeMode,
    /// When that was set.
    pub updated_at: DateTime<Utc>,
    /// How the link stands.
    pub link: Link,
}

impl Held {
    /// Returns whether the connection point has fallen back.
    pub fn mode(&self) -> Mode {
        self.link.mode()
    }

    /// Tells how a connection point stands, as its utility sees it.
    pub fn state(target: &NodeId, held: Option<Self>) -> SafeModeState {
        SafeModeState {
            target: target.clone(),
            safe_mode: held.map(|held| held.safe_mode),
            mode: held.map_or(Mode::Normal, |held| held.mode()),
            since: held.and_then(|held| held.link.safe_since()),
            updated_at: held.map(|held| held.updated_at),
        }
    }
}

/// By utility and connection point.
type Key = (String, NodeId);

#[derive(Debug, Default)]
struct State {
    held: BTreeMap<Key, Held>,
    /// What the record says.
    written: BTreeMap<Key, Link>,
    /// The latest heartbeat of each utility, by its own count.
    sequences: BTreeMap<String, i64>,
}

impl State {
    fn once_set(&self, key: &Key, safe_mode: Option<SafeMode>, at: DateTime<Utc>) -> Option<Held> {
        let safe_mode = safe_mode?;
        let before = self.held.get(key).filter(|held| held.safe_mode.heartbeat_timeout_s.is_some());
        let mut link = before.map_or_else(|| Link::begun(at), |held| held.link);
        link.heartbeat(&safe_mode, at);
        Some(Held { safe_mode, updated_at: at, link })
    }
}

/// All links.
#[derive(Debug, Default)]
pub struct Links {
    state: Mutex<State>,
    heard: Notify,
}

/// What a utility's links are together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Together {
    /// When the next heartbeat is due; absent: none is waited for.
    pub next_due_at: Option<DateTime<Utc>>,
    /// How many connection points have fallen back.
    pub in_safe_mode: u32,
}

impl Links {
    /// Reads the links from the record.
    pub async fn load(store: &Store) -> Result<Self, StoreError> {
        let mut state = State::default();
        let written = store.links().await?.into_iter().map(|kept| ((kept.utility, kept.node), kept.link));
        let mut written: BTreeMap<Key, Link> = written.collect();
        for (key, (safe_mode, updated_at)) in store.safe_modes().await? {
            let Some(safe_mode) = safe_mode else { continue };
            let kept = written.remove(&key);
            state.written.extend(kept.map(|link| (key.clone(), link)));
            let link = kept.unwrap_or_else(|| Link::begun(updated_at));
            state.held.insert(key, Held { safe_mode, updated_at, link });
        }
        for (utility, seen) in store.utilities_seen().await? {
            state.sequences.extend(seen.sequence.map(|sequence| (utility, sequence)));
        }
        Ok(Self { state: Mutex::new(state), heard: Notify::new() })
    }

    /// Returns how a connection point will stand once its safe mode is set.
    pub fn once_set(
        &self,
        utility: &str,
        target: &NodeId,
        safe_mode: Option<SafeMode>,
        at: DateTime<Utc>,
    ) -> SafeModeState {
        let held = self.state.lock().once_set(&(utility.to_owned(), target.clone()), safe_mode, at);
        SafeModeState { updated_at: Some(at), ..Held::state(target, held) }
    }

    /// Sets what a connection point falls back to; a link that is there goes on.
    pub fn set(&self, utility: &str, target: &NodeId, safe_mode: Option<SafeMode>, at: DateTime<Utc>) {
        let key = (utility.to_owned(), target.clone());
        let mut state = self.state.lock();
        if let Some(held) = state.once_set(&key, safe_mode, at) {
            state.held.insert(key, held);
        } else {
            state.held.remove(&key);
            state.written.remove(&key);
        }
        drop(state);
        self.heard.notify_one();
    }

    /// Notes a heartbeat. One that was overtaken by a later one says nothing of now. With `nodes`, it is for them alone.
    pub fn heartbeat(&self, utility: &str, nodes: Option<&BTreeSet<NodeId>>, sequence: i64, at: DateTime<Utc>) {
        let mut state = self.state.lock();
        let latest = state.sequences.get(utility).copied();
        if latest.is_some_and(|latest| sequence <= latest) {
            return;
        }
        state.sequences.insert(utility.to_owned(), sequence);
        drop(state);
        self.heard(utility, nodes, at);
    }

    /// Notes a sign of life. With `nodes`, of who may limit them alone.
    pub fn heard(&self, utility: &str, nodes: Option<&BTreeSet<NodeId>>, at: DateTime<Utc>) {
        let mut state = self.state.lock();
        let mut any = false;
        for ((of, node), held) in &mut state.held {
            if of == utility && nodes.is_none_or(|nodes| nodes.contains(node)) {
                held.link.heartbeat(&held.safe_mode, at);
                any = true;
            }
        }
        drop(state);
        if any {
            self.heard.notify_one();
        }
    }

    /// Notes that a utility has stated a limit for connection points.
    pub fn limit_stated(&self, utility: &str, targets: &[NodeId], at: DateTime<Utc>) {
        let mut state = self.state.lock();
        for target in targets {
            if let Some(held) = state.held.get_mut(&(utility.to_owned(), target.clone())) {
                held.link.limit_stated(&held.safe_mode, at);
            }
        }
        drop(state);
        self.heard.notify_one();
    }

    /// Returns a utility's link to a connection point.
    pub fn get(&self, utility: &str, target: &NodeId) -> Option<Held> {
        self.state.lock().held.get(&(utility.to_owned(), target.clone())).copied()
    }

    /// Returns all links.
    pub fn all(&self) -> Vec<(String, NodeId, Held)> {
        let state = self.state.lock();
        state.held.iter().map(|((utility, target), held)| (utility.clone(), target.clone(), *held)).collect()
    }

    /// Returns what a utility's links are together.
    pub fn together(&self, utility: &str) -> Together {
        let state = self.state.lock();
        let own: Vec<_> = state.held.iter().filter(|((of, _), _)| of == utility).map(|(_, held)| held).collect();
        let in_safe_mode = own.iter().filter(|held| held.mode() == Mode::Safe).count();
        Together {
            next_due_at: own.iter().filter_map(|held| held.link.heartbeat_due(&held.safe_mode)).min(),
            in_safe_mode: u32::try_from(in_safe_mode).unwrap_or(u32::MAX),
        }
    }

    /// Lets time pass; returns the connection points whose mode is another now than the record says.
    fn advance(&self, now: DateTime<Utc>) -> Vec<(Key, Mode)> {
        let mut changed = Vec::new();
        let State { held, written, .. } = &mut *self.state.lock();
        for (key, held) in held {
            held.link.advance(&held.safe_mode, now);
            if written.get(key).map(Link::mode) != Some(held.mode()) {
                changed.push((key.clone(), held.mode()));
            }
        }
        changed
    }

    /// Returns when time alone will next change a mode.
    fn next_change(&self) -> Option<DateTime<Utc>> {
        self.state.lock().held.values().filter_map(|held| held.link.next_change(&held.safe_mode)).min()
    }

    fn unwritten(&self) -> Vec<(Key, Link)> {
        let state = self.state.lock();
        let other =
            |(key, held): (&Key, &Held)| (state.written.get(key) != Some(&held.link)).then(|| (key.clone(), held.link));
        state.held.iter().filter_map(other).collect()
    }

    async fn write(&self, store: &Store, at: DateTime<Utc>) -> Result<(), StoreError> {
        let links = self.unwritten();
        let kept = |((utility, node), link): &(Key, Link)| KeptLink {
            utility: utility.clone(),
            node: node.clone(),
            at,
            link: *link,
        };
        store.save_links(&links.iter().map(kept).collect::<Vec<_>>()).await?;
        let sequences = self.state.lock().sequences.clone();
        for (utility, sequence) in sequences {
            store.note_heard(&utility, at, Some(sequence)).await?;
        }
        let mut state = self.state.lock();
        for (key, link) in links {
            if state.held.contains_key(&key) {
                state.written.insert(key, link);
            }
        }
        Ok(())
    }
}

/// Lets connection points fall back and return, until told to stop.
pub async fn run(context: Arc<Context>, stop: CancellationToken) {
    let mut written_at = context.clock.now();
    loop {
        let now = context.clock.now();
        let changed = context.links.advance(now);
        for ((utility, target), mode) in &changed {
            match mode {
                Mode::Safe => warn!(utility, %target, "in safe mode: the utility is silent, or has not begun"),
                Mode::Normal => info!(utility, %target, "out of safe mode"),
            }
        }
        if !changed.is_empty() || now - written_at >= WRITE_EVERY {
            if let Err(error) = context.links.write(&context.store, context.clock.now()).await {
                error!(%error, "what is known of utilities' links could not be kept");
            }
            written_at = now;
        }
        if !changed.is_empty() {
            context.wake.replan();
            context.tell_utilities();
        }
        let is_behind = !context.links.unwritten().is_empty();
        let next = context.links.next_change().into_iter().chain(is_behind.then(|| written_at + WRITE_EVERY)).min();
        tokio::select! {
            () = stop.cancelled() => break,
            () = context.links.heard.notified() => {}
            () = sleep_until(&context, next) => {}
        }
    }
    if let Err(error) = context.links.write(&context.store, context.clock.now()).await {
        error!(%error, "what is known of utilities' links could not be kept");
    }
}

async fn sleep_until(context: &Context, at: Option<DateTime<Utc>>) {
    match at {
        // A little later than the instant, so that it is past when it is looked at.
        Some(at) => {
            let wait = (at - context.clock.now()).max(TimeDelta::zero()) + TimeDelta::milliseconds(10);
            tokio::time::sleep(context.clock.real(wait)).await;
        }
        None => std::future::pending().await,
    }
}
