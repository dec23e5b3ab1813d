//! What could be drawn at worst, over all time to come, and the room that this leaves.

use chrono::{DateTime, Utc};
use headroom_domain::Interval;
use headroom_domain::schedule::{BatteryPlan, Schedule};

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
    /// What the site's batteries do: `batteries_w[battery][piece]`; beyond the plan, nothing.
    batteries_w: Vec<Vec<f64>>,
}

impl Envelope {
    /// Takes the envelope of all that could be in force.
    pub(crate) fn new(snapshot: &Snapshot, schedule: &Schedule) -> Self {
        let pieces = pieces(snapshot);
        let worst = |session: &crate::snapshot::SessionState| {
            if session.arrival > snapshot.now {
                return vec![0.0; pieces.len()];
            }
            pieces.iter().map(|piece| session.belief.worst_at(piece.start).as_w()).collect()
        };
        let worst_w = snapshot.sessions.iter().map(worst).collect();
        let planned = |plan: &BatteryPlan| {
            let power = |piece: &Interval| schedule.grid.index_of(piece.start).and_then(|step| plan.power_w.get(step));
            pieces.iter().map(|piece| power(piece).map_or(0.0, |power| power.as_w())).collect()
        };
        let batteries_w = schedule.batteries.iter().map(planned).collect();
        Self { pieces, worst_w, batteries_w }
    }

    /// Returns the room that powers leave under every limit; below zero where they break one.
    pub(crate) fn room(&self, rows: &Rows<'_>, powers_w: &[Vec<f64>]) -> Room {
        let free = |row: usize| {
            self.pieces.iter().map(move |piece| crate::problem::room(rows, row, *piece)).collect::<Vec<f64>>()
        };
        let mut room = Room::new((0..rows.all().len()).map(free).collect());
        for (battery, power_w) in self.batteries_w.iter().enumerate() {
            room.take_at(rows.of_battery(battery), power_w);
        }
        for (session, powers) in powers_w.iter().enumerate() {
            for (piece, power) in powers.iter().enumerate().filter(|(_, power)| **power != 0.0) {
                room.take(rows, session, piece, *power);
            }
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
