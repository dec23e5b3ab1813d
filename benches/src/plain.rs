//! A problem as plain numbers: what any modelling tool can be given, and the one judge of every answer.

use headroom_domain::schedule::Schedule;
use headroom_domain::units::hours;
use headroom_domain::{Interval, Power};
use headroom_optimizer::snapshot::{SessionState, Snapshot};
use serde::Serialize;

/// What has to be planned. **Units**: kW, kWh, h, money per kWh or kW.
#[derive(Debug, Clone, Serialize)]
pub struct Plain {
    /// How long each step is.
    pub hours: Vec<f64>,
    /// Price of energy per step.
    pub prices: Vec<f64>,
    /// What every node leaves for vehicles: `rooms_kw[node][step]`; parents before children, single EVSEs left out.
    pub rooms_kw: Vec<Vec<f64>>,
    /// Who charges.
    pub sessions: Vec<PlainSession>,
    /// Charge on the highest power of the root.
    pub demand_charge: Option<PlainCharge>,
}

/// Who charges. It wants what it needs, and nothing beyond.
#[derive(Debug, Clone, Serialize)]
pub struct PlainSession {
    /// The nodes with a limit that it counts in, upwards.
    pub nodes: Vec<usize>,
    /// First step of its stay.
    pub first: usize,
    /// How much of each step, from the first on, belongs to the stay.
    pub hours: Vec<f64>,
    /// Most power, of vehicle and EVSE.
    pub maximum_kw: f64,
    /// Energy needed by departure.
    pub needed_kwh: f64,
}

/// A charge on the highest power of the root.
#[derive(Debug, Clone, Serialize)]
pub struct PlainCharge {
    /// Per kW above what is paid for already.
    pub price_per_kw: f64,
    /// What is paid for whatever is planned: the period's highest so far, or the base load's.
    pub paid_kw: f64,
    /// What the root draws beside the sessions.
    pub expected_kw: Vec<f64>,
}

/// What an answer is worth.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Score {
    /// Energy and new peak.
    pub cost: f64,
    /// Energy needed and not given.
    pub short_kwh: f64,
    /// The furthest that any limit is passed.
    pub over_kw: f64,
}

impl Plain {
    /// Reads the numbers of a snapshot that has been checked.
    ///
    /// Left out is what the synthetic areas do not have: phases, uptake, wishes beyond the need, sessions that are carried.
    pub fn of(snapshot: &Snapshot) -> Self {
        let (tree, steps) = (&snapshot.tree, snapshot.grid.len());
        let mut rooms_kw = vec![vec![f64::INFINITY; steps]; tree.nodes().len()];
        for (room, node) in rooms_kw.iter_mut().zip(tree.nodes()) {
            room.fill(node.rating.maximum_import_w.map_or(f64::INFINITY, Power::as_kw));
        }
        for limits in &snapshot.limits {
            let Some(node) = tree.position(&limits.node) else { continue };
            for piece in &limits.effective {
                let Some((power, _)) = &piece.maximum_import_w else { continue };
                for (room, step) in rooms_kw[node].iter_mut().zip(snapshot.grid.steps()) {
                    if step.intersection(&piece.interval).is_some() {
                        *room = room.min(power.as_kw());
                    }
                }
            }
        }
        let mut expected_kw = vec![0.0; steps];
        for base in &snapshot.base_load {
            for node in tree.position(&base.node).into_iter().flat_map(|at| tree.path_to_root(at)) {
                for (room, guard) in rooms_kw[node].iter_mut().zip(&base.guard_w) {
                    *room = (*room - guard.as_kw()).max(0.0);
                }
            }
            for (sum, power) in expected_kw.iter_mut().zip(&base.expected_w) {
                *sum += power.as_kw();
            }
        }
        // A limit of a single vehicle is a bound on its power.
        let limits = |node: &usize| tree.nodes()[*node].wiring.is_none() && rooms_kw[*node][0].is_finite();
        let kept: Vec<usize> = (0..tree.nodes().len()).filter(limits).collect();
        let sessions = snapshot.sessions.iter().map(|state| session(snapshot, state, &kept)).collect();
        Self {
            hours: snapshot.grid.steps().map(|step| hours(step.duration())).collect(),
            prices: snapshot.prices.iter().map(|price| price.as_per_kwh()).collect(),
            rooms_kw: kept.iter().map(|node| rooms_kw[*node].clone()).collect(),
            sessions,
            demand_charge: snapshot.demand_charge.map(|charge| PlainCharge {
                price_per_kw: charge.price_per_kw.as_amount(),
                paid_kw: expected_kw.iter().copied().fold(charge.peak_so_far_w.as_kw(), f64::max),
                expected_kw,
            }),
        }
    }

    /// Judges powers. **Shape**: a list per session, a value in kW per step of its stay.
    pub fn score(&self, powers: &[Vec<f64>]) -> Score {
        let mut score = Score::default();
        let mut loads = vec![vec![0.0; self.hours.len()]; self.rooms_kw.len()];
        let mut total = vec![0.0; self.hours.len()];
        for (session, powers) in self.sessions.iter().zip(powers) {
            let mut energy = 0.0;
            for (at, (power, hours)) in powers.iter().zip(&session.hours).enumerate() {
                let step = session.first + at;
                energy += power * hours;
                score.cost += power * hours * self.prices[step];
                total[step] += power;
                for node in &session.nodes {
                    loads[*node][step] += power;
                }
            }
            score.short_kwh += (session.needed_kwh - energy).max(0.0);
        }
        for (load, room) in loads.iter().flatten().zip(self.rooms_kw.iter().flatten()) {
            score.over_kw = score.over_kw.max(load - room);
        }
        if let Some(charge) = &self.demand_charge {
            let drawn = total.iter().zip(&charge.expected_kw).map(|(planned, other)| planned + other);
            let peak = drawn.fold(charge.paid_kw, f64::max);
            score.cost += (peak - charge.paid_kw) * charge.price_per_kw;
        }
        score
    }

    /// Judges a schedule of the same snapshot.
    pub fn score_of(&self, schedule: &Schedule) -> Score {
        let of = |(session, plan): (&PlainSession, &headroom_domain::schedule::SessionPlan)| {
            let stay = &plan.power_w[session.first..session.first + session.hours.len()];
            stay.iter().map(|power| power.as_kw()).collect()
        };
        let powers: Vec<Vec<f64>> = self.sessions.iter().zip(&schedule.sessions).map(of).collect();
        self.score(&powers)
    }
}

fn session(snapshot: &Snapshot, state: &SessionState, kept: &[usize]) -> PlainSession {
    let tree = &snapshot.tree;
    let within = Interval::new(state.arrival.max(snapshot.now), state.departure);
    let part = |step: Interval| within.and_then(|within| within.intersection(&step));
    let parts: Vec<f64> =
        snapshot.grid.steps().map(|step| part(step).map_or(0.0, |part| hours(part.duration()))).collect();
    let first = parts.iter().position(|part| *part > 0.0).unwrap_or(0);
    let end = parts.iter().rposition(|part| *part > 0.0).map_or(first, |last| last + 1);
    let above = tree.position(&state.node).into_iter().flat_map(|at| tree.path_to_root(at));
    PlainSession {
        nodes: above.filter_map(|node| kept.binary_search(&node).ok()).collect(),
        first,
        hours: parts[first..end].to_vec(),
        maximum_kw: state.maximum_w.as_kw(),
        needed_kwh: state.needed_wh.as_kwh(),
    }
}
