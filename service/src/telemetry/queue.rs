//! Points that wait to be written: bounded, oldest dropped first, every one counted.

use parking_lot::Mutex;
use std::collections::VecDeque;
use tokio::sync::Notify;

use super::point::Point;

/// What became of the points. `recorded` less the other three is what still waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Handed over.
    pub recorded: u64,
    /// Taken by the server.
    pub written: u64,
    /// Lost because the server was away for too long or too slow.
    pub dropped: u64,
    /// Turned down by the server, which would turn them down again.
    pub refused: u64,
}

impl Counts {
    fn waiting(&self) -> u64 {
        self.recorded.saturating_sub(self.written + self.dropped + self.refused)
    }
}

#[derive(Debug, Default)]
struct State {
    points: VecDeque<Point>,
    counts: Counts,
    dropped_in_outage: u64,
}

/// The points that wait. Its lock is held for a move in memory only, so that nobody who records waits for a server.
#[derive(Debug)]
pub(super) struct Queue {
    capacity: usize,
    batch: usize,
    state: Mutex<State>,
    batch_ready: Notify,
}

impl Queue {
    /// Makes an empty queue for `capacity` points, which go out `batch` at a time.
    pub(super) fn new(capacity: usize, batch: usize) -> Self {
        let (capacity, batch) = (capacity.max(1), batch.max(1));
        Self { capacity, batch, state: Mutex::default(), batch_ready: Notify::new() }
    }

    /// Appends a point; drops the oldest when there is no room, and says so at the first of an outage.
    pub(super) fn push(&self, point: Point) {
        let mut state = self.state.lock();
        state.counts.recorded += 1;
        let full = state.points.len() >= self.capacity;
        if full {
            state.points.pop_front();
        }
        let first_dropped = state.count_dropped(usize::from(full));
        state.points.push_back(point);
        let ready = state.points.len() >= self.batch;
        drop(state);
        if ready {
            self.batch_ready.notify_one();
        }
        self.warn_of_first(first_dropped);
    }

    /// Waits until a whole batch is there.
    pub(super) async fn batch_ready(&self) {
        self.batch_ready.notified().await;
    }

    /// Takes the oldest points, at most a batch.
    pub(super) fn take(&self) -> Vec<Point> {
        let mut state = self.state.lock();
        let count = state.points.len().min(self.batch);
        state.points.drain(..count).collect()
    }

    /// Puts a batch that could not be written back to the front; what finds no room is dropped, oldest first.
    pub(super) fn put_back(&self, mut batch: Vec<Point>) {
        let mut state = self.state.lock();
        let room = self.capacity.saturating_sub(state.points.len());
        let excess = batch.len().saturating_sub(room);
        let first_dropped = state.count_dropped(excess);
        for point in batch.drain(excess..).rev() {
            state.points.push_front(point);
        }
        drop(state);
        self.warn_of_first(first_dropped);
    }

    /// Counts points that the server took.
    pub(super) fn written(&self, count: usize) {
        self.state.lock().counts.written += count as u64;
    }

    /// Counts points that the server turned down.
    pub(super) fn refused(&self, count: usize) {
        self.state.lock().counts.refused += count as u64;
    }

    /// Ends an outage. Returns how many points it cost.
    pub(super) fn caught_up(&self) -> u64 {
        std::mem::take(&mut self.state.lock().dropped_in_outage)
    }

    /// Gives up on all that waits and all that is under way. Returns how many points that cost.
    pub(super) fn abandon(&self) -> u64 {
        let mut state = self.state.lock();
        state.points.clear();
        let lost = state.counts.waiting();
        state.counts.dropped += lost;
        lost
    }

    /// Returns what became of the points so far.
    pub(super) fn counts(&self) -> Counts {
        self.state.lock().counts
    }

    fn warn_of_first(&self, first_dropped: bool) {
        if first_dropped {
            let capacity = self.capacity;
            tracing::warn!(capacity, "telemetry: InfluxDB is away or too slow: the oldest points are dropped");
        }
    }
}

impl State {
    /// Tells whether these are the first that an outage costs.
    fn count_dropped(&mut self, count: usize) -> bool {
        let first = self.dropped_in_outage == 0 && count > 0;
        self.counts.dropped += count as u64;
        self.dropped_in_outage += count as u64;
        first
    }
}
