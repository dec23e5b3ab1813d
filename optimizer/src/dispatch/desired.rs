//! What each session should be told, if nothing were in flight: its schedule, then its dead-man tail.

use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::schedule::Schedule;

use crate::dispatch::envelope::Envelope;
use crate::room::Room;
use crate::rows::Rows;
use crate::snapshot::{SessionState, Snapshot};

/// Desired powers over the pieces of an envelope.
#[derive(Debug)]
pub(crate) struct Desired {
    /// The first piece of the dead-man tails.
    pub(crate) tail: usize,
    /// `power_w[session][piece]`; for sessions that are not planned, their worst case.
    pub(crate) power_w: Vec<Vec<f64>>,
}

impl Desired {
    /// Lays the schedule over the pieces; each profile ends in a tail that fits everything known to come.
    pub(crate) fn new(snapshot: &Snapshot, schedule: &Schedule, rows: &Rows<'_>, envelope: &Envelope) -> Self {
        let tail_start = tail_start(snapshot);
        let tail = envelope.pieces.partition_point(|piece| piece.start < tail_start);
        let tails = tails(snapshot, rows, envelope, tail);
        let power = |(session, state): (usize, &SessionState)| {
            if !state.is_planned() || state.arrival > snapshot.now {
                return envelope.worst_w[session].clone();
            }
            let plan = schedule.sessions.get(session).filter(|plan| plan.session == state.id);
            let plan = plan.or_else(|| schedule.session(&state.id));
            let at = |(piece, window): (usize, &headroom_domain::Interval)| {
                if piece >= tail {
                    return tails[session];
                }
                let step = schedule.grid.index_of(window.start);
                let power = plan.zip(step).and_then(|(plan, step)| plan.power_w.get(step));
                power.map_or(0.0, |power| whole(state, power.as_w()))
            };
            envelope.pieces.iter().enumerate().map(at).collect()
        };
        Self { tail, power_w: snapshot.sessions.iter().enumerate().map(power).collect() }
    }
}

/// Returns a power as it is sent: in whole W or a level of the station, rounded down; nothing below the minimum.
pub(crate) fn whole(state: &SessionState, power_w: f64) -> f64 {
    if !state.power_levels_w.is_empty() {
        let level = state.level_at_most(power_w.min(state.maximum_w.as_w()));
        return if level < state.minimum_w.as_w() { 0.0 } else { level };
    }
    let (power_w, minimum_w) = (power_w.min(state.maximum_w.as_w()), state.minimum_w.as_w());
    // Summing leaves a hair below whole numbers.
    let floor = (power_w + 1e-6).floor();
    if power_w + 1e-6 < minimum_w { 0.0 } else { floor.max(minimum_w) }
}

/// Returns when tails begin: at the first edge of the grid that is far enough from now.
fn tail_start(snapshot: &Snapshot) -> DateTime<Utc> {
    let after = snapshot.now + TimeDelta::seconds(snapshot.settings.tail_after_s);
    let edges = snapshot.grid.edges();
    edges.get(edges.partition_point(|edge| *edge < after)).copied().unwrap_or(snapshot.grid.end())
}

/// Allots the tails: each its safe rate, or nothing where all together would pass a limit known for any later time.
///
/// Who came first is served first, so that a newcomer takes no tail away.
fn tails(snapshot: &Snapshot, rows: &Rows<'_>, envelope: &Envelope, tail: usize) -> Vec<f64> {
    let carried = |(session, state): (usize, &SessionState)| {
        if state.is_planned() { Vec::new() } else { envelope.worst_w[session].clone() }
    };
    let carried: Vec<_> = snapshot.sessions.iter().enumerate().map(carried).collect();
    let free = envelope.room(rows, &carried);
    let lowest = |row: usize| {
        vec![(tail..envelope.pieces.len()).map(|piece| free.of_row(row, piece)).fold(f64::INFINITY, f64::min)]
    };
    let mut room = Room::new((0..rows.all().len()).map(lowest).collect());
    let mut order: Vec<usize> = (0..snapshot.sessions.len()).collect();
    order.sort_by_key(|session| (snapshot.sessions[*session].arrival, &snapshot.sessions[*session].id));
    let mut tails = vec![0.0; snapshot.sessions.len()];
    for session in order {
        let state = &snapshot.sessions[session];
        let rate = whole(state, state.safe_rate_w.as_w());
        if state.is_planned() && state.arrival <= snapshot.now && rate > 0.0 && room.left(rows, session, 0) >= rate {
            room.take(rows, session, 0, rate);
            tails[session] = rate;
        }
    }
    tails
}
