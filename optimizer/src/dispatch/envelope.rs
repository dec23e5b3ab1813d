//! What could be drawn at worst, over all time to come, and the room that this leaves.

use chrono::{DateTime, Utc};
use headroom_domain::Interval;
use headroom_domain::schedule::Schedule;

use crate::room::Room;
use crate::rows::Rows;
use crate::snapshot::Snapshot;

/// The worst case of every session, piece by piece.
#[derive(Debug)]
pub(crate) struct Envelope {
    /// From now on without gaps; the last piece has no end. Within a piece nothing known changes.
    pub(crate) pieces: Vec<Interval>,
    /// `worst_w[session][piece]`; zero for a session that is still to come.
    pub(crate) worst_w: Vec<Vec<f64>>,
    /// What limits leave beside the base load and what the site's batteries do; those do nothing beyond the plan.
    free: Room,
}

impl Envelope {
    /// Takes the envelope of all that could be in force.
    pub(crate) fn new(snapshot: &Snapshot, schedule: &Schedule, rows: &Rows<'_>) -> Self {
        let pieces = pieces(snapshot);
        let worst = |session: &crate::snapshot::SessionState| {
            if session.arrival > snapshot.now {
                return vec![0.0; pieces.len()];
            }
            pieces.iter().map(|piece| session.belief.worst_at(piece.start).as_w()).collect()
        };
        let worst_w = snapshot.sessions.iter().map(worst).collect();
        let free = |row: usize| pieces.iter().map(|piece| crate::problem::room(rows, row, *piece)).collect();
        let mut free = Room::new((0..rows.all().len()).map(free).collect());
        for (battery, plan) in schedule.batteries.iter().enumerate() {
            let planned = |step: usize| plan.power_w.get(step).map_or(0.0, |power| power.as_w());
            let power = |piece: &Interval| schedule.grid.index_of(piece.start).map_or(0.0, planned);
            free.take_at(rows.of_battery(battery), &pieces.iter().map(power).collect::<Vec<f64>>());
        }
        Self { pieces, worst_w, free }
    }

    /// Returns the room that powers leave under every limit; below zero where they break one.
    pub(crate) fn room(&self, rows: &Rows<'_>, powers_w: &[Vec<f64>]) -> Room {
        let mut room = self.free.clone();
        for (session, power_w) in powers_w.iter().enumerate() {
            room.take_at(rows.of(session), power_w);
        }
        room
    }
}

fn pieces(snapshot: &Snapshot) -> Vec<Interval> {
    let limits = snapshot.limits.iter().flat_map(|limits| &limits.effective);
    let limits = limits.flat_map(|piece| [piece.interval.start, piece.interval.end]);
    let beliefs = snapshot.sessions.iter().flat_map(|session| session.belief.edges());
    let edges = snapshot.grid.edges().iter().copied().chain(limits).chain(beliefs);
    let mut edges: Vec<DateTime<Utc>> = edges.filter(|edge| *edge > snapshot.now).collect();
    edges.extend([snapshot.now, DateTime::<Utc>::MAX_UTC]);
    edges.sort_unstable();
    edges.dedup();
    edges.windows(2).map(|pair| Interval { start: pair[0], end: pair[1] }).collect()
}
