//! One step of the controller that looks ahead anew each time.

use headroom_domain::schedule::Schedule;

use crate::snapshot::Snapshot;
use crate::strategies;

/// Plans a snapshot. There is always an answer; how it came about stands in its status.
pub fn step(snapshot: &Snapshot) -> Schedule {
    strategies::greedy(snapshot)
}
