//! A schedule laid over a problem: what it gives each of the problem's sessions and batteries in each of its steps.

use headroom_domain::schedule::{Schedule, SessionPlan};
use headroom_domain::{Power, SessionId};
use std::collections::BTreeMap;
use std::ops::Range;

use crate::problem::{Powers, Problem};
use crate::storage::StoragePlan;

/// What a schedule says, be it of another grid or of other sessions. Where steps differ, the least that it says counts.
pub(crate) struct InForce {
    /// `power_w[session][step]`; `None` where the schedule does not speak of it.
    pub(crate) power_w: Vec<Vec<Option<f64>>>,
    /// What it says of the rest; beyond its end batteries do nothing and generation is not held back.
    pub(crate) storage: StoragePlan,
}

impl InForce {
    /// Lays a schedule over a problem.
    pub(crate) fn new(problem: &Problem<'_>, schedule: &Schedule) -> Self {
        let spans = spans(problem, schedule);
        let least = |power_w: &[Power], span: &Option<Range<usize>>| -> Option<f64> {
            power_w.get(span.clone()?)?.iter().min().map(|power| power.as_w())
        };
        let over = |power_w: &[Power]| spans.iter().map(|span| least(power_w, span)).collect::<Vec<_>>();
        let snapshot = problem.snapshot;
        let by_id: BTreeMap<&SessionId, &SessionPlan> =
            schedule.sessions.iter().map(|plan| (&plan.session, plan)).collect();
        let unknown = || vec![None; spans.len()];
        let said = snapshot.sessions.iter().map(|state| by_id.get(&state.id));
        let power_w: Vec<_> = said.map(|plan| plan.map_or_else(unknown, |plan| over(&plan.power_w))).collect();
        let batteries = snapshot.batteries.iter().enumerate().map(|(at, battery)| {
            let plan = schedule.batteries.get(at).filter(|plan| plan.node == battery.node);
            let power_w = plan.map_or_else(unknown, |plan| over(&plan.power_w));
            power_w.into_iter().map(Option::unwrap_or_default).collect()
        });
        let mut may = schedule.generation.iter();
        let held_back = snapshot.generation.iter().map(|own| {
            let plan = if own.curtailable { may.next().filter(|plan| plan.node == own.node) } else { None };
            let may_w = plan.map_or_else(unknown, |plan| over(&plan.power_w));
            let most_w = own.most_w.iter().map(|most| most.as_w());
            most_w.zip(may_w).map(|(most, may)| (most - may.unwrap_or(most)).max(0.0)).collect()
        });
        let storage = StoragePlan {
            discharge_w: power_w.iter().map(|power_w| given_back(power_w)).collect(),
            batteries_w: batteries.collect(),
            held_back_w: held_back.collect(),
        };
        Self { power_w, storage }
    }

    /// Returns what the planned sessions may draw, nothing where that is not known.
    pub(crate) fn powers(&self, problem: &Problem<'_>) -> Powers {
        let mut powers = problem.nothing();
        for &session in &problem.order {
            for step in problem.stays[session].steps.clone() {
                powers[session][step] = self.power_w[session][step].unwrap_or_default().max(0.0);
            }
        }
        powers
    }
}

/// Returns for each step the steps of the schedule that it meets; `None` where it is past or not within the schedule.
fn spans(problem: &Problem<'_>, schedule: &Schedule) -> Vec<Option<Range<usize>>> {
    let edges = schedule.grid.edges();
    let span = |window: &Option<headroom_domain::Interval>| {
        let window =
            window.filter(|window| schedule.grid.start() <= window.start && window.end <= schedule.grid.end())?;
        let first = edges.partition_point(|edge| *edge <= window.start) - 1;
        Some(first..edges.partition_point(|edge| *edge < window.end))
    };
    problem.windows.iter().map(span).collect()
}

/// Returns what a session gives back in each step as a magnitude; empty for one that never does.
fn given_back(power_w: &[Option<f64>]) -> Vec<f64> {
    let given = power_w.iter().map(|power| (-power.unwrap_or_default()).max(0.0));
    if power_w.iter().flatten().any(|power| *power < 0.0) { given.collect() } else { Vec::new() }
}
