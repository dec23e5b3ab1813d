//! An area beside others: what its plan draws, and its snapshot under a cap or under prices.

use headroom_domain::limit::{Basis, EffectiveInterval};
use headroom_domain::schedule::Schedule;
use headroom_domain::{EnergyPrice, Interval, Power};

use crate::problem::Problem;
use crate::rolling::Memory;
use crate::snapshot::{NodeLimits, SessionState, Snapshot};
use crate::{fallback, rolling};

use super::AreaPlan;

/// The name that an allotment has as a limit.
const ALLOTMENT: &str = "allotment";

/// A plan of an area, as those above see it. **Shape**: a value in W per step.
#[derive(Debug, Clone)]
pub(super) struct Planned {
    pub(super) schedule: Schedule,
    /// What the planned sessions may draw, and batteries will.
    pub(super) drawn_w: Vec<f64>,
    /// What is kept free under every limit whatever is planned: base load, margin, sessions that nobody steers.
    pub(super) fixed_w: Vec<f64>,
    /// What the planned sessions present could draw, if only their own powers bound them.
    most_w: Vec<f64>,
    /// Where the last plan under a cap ended: from one cap to the next it is not far, from none it is.
    memory: Memory,
}

impl Planned {
    /// Plans an area alone.
    pub(super) fn new(snapshot: &Snapshot) -> Self {
        let schedule = rolling::step(snapshot);
        let steps = snapshot.grid.len();
        let mut fixed_w = vec![snapshot.margin_w.as_w(); steps];
        for base in &snapshot.base_load {
            add(&mut fixed_w, base.guard_w.iter().map(|power| power.as_w()));
        }
        for generation in &snapshot.generation {
            add(&mut fixed_w, generation.sure_w.iter().map(|power| -power.as_w()));
        }
        if !snapshot.sessions.iter().all(SessionState::is_planned) {
            let problem = Problem::new(snapshot);
            for (session, carried) in snapshot.sessions.iter().zip(&problem.carried_w) {
                add(&mut fixed_w, carried.iter().map(|power| power * session.load_share.as_ratio()));
            }
        }
        let mut most_w = vec![0.0; steps];
        for session in snapshot.sessions.iter().filter(|session| session.is_planned()) {
            let most = session.load(session.maximum_w).as_w();
            let edges = snapshot.grid.edges();
            let first = edges.partition_point(|edge| *edge <= session.arrival).saturating_sub(1).min(steps);
            let end = edges.partition_point(|edge| *edge < session.departure).min(steps).max(first);
            most_w[first..end].iter_mut().for_each(|sum| *sum += most);
        }
        let drawn_w = drawn(snapshot, &schedule);
        Self { schedule, drawn_w, fixed_w, most_w, memory: Memory::default() }
    }

    /// Plans it again under a cap on what the planned sessions draw.
    pub(super) fn replan(&mut self, snapshot: &Snapshot, caps_w: &[f64]) {
        let capped = under(snapshot, &self.allotment_w(caps_w));
        self.schedule = rolling::step_with(&mut self.memory, &capped);
        self.drawn_w = drawn(snapshot, &self.schedule);
    }

    /// Returns how much more the sessions present could draw.
    pub(super) fn appetite_w(&self, step: usize) -> f64 {
        (self.most_w[step] - self.drawn_w[step]).max(0.0)
    }

    /// Returns the energy needed that is missed. **Units**: Wh.
    pub(super) fn short_wh(&self) -> f64 {
        self.schedule.sessions.iter().map(|plan| plan.shortfall_wh.as_wh()).sum()
    }

    /// Returns the energy needed. **Units**: Wh.
    pub(super) fn needed_wh(&self) -> f64 {
        self.schedule.sessions.iter().map(|plan| plan.needed_wh.as_wh()).sum()
    }

    /// Makes the answer, with a cap on what the planned sessions draw turned into one on all.
    pub(super) fn into_plan(self, allotted_w: &[f64]) -> AreaPlan {
        let allotment_w = self.allotment_w(allotted_w);
        AreaPlan { schedule: self.schedule, allotment_w }
    }

    /// Turns a cap on what the planned sessions draw into one on all that the root draws.
    pub(super) fn allotment_w(&self, allotted_w: &[f64]) -> Vec<Option<Power>> {
        let all =
            |(allotted, fixed): (&f64, &f64)| allotted.is_finite().then(|| Power::from_w((allotted + fixed).max(0.0)));
        allotted_w.iter().zip(&self.fixed_w).map(all).collect()
    }
}

/// Returns what the planned sessions load the root with in each step.
fn drawn(snapshot: &Snapshot, schedule: &Schedule) -> Vec<f64> {
    let mut drawn = vec![0.0; snapshot.grid.len()];
    for (session, plan) in snapshot.sessions.iter().zip(&schedule.sessions).filter(|(session, _)| session.is_planned())
    {
        add(&mut drawn, plan.power_w.iter().map(|power| session.load(*power).as_w().max(0.0)));
    }
    for plan in &schedule.batteries {
        add(&mut drawn, plan.power_w.iter().map(|power| power.as_w()));
    }
    drawn
}

fn add(sums: &mut [f64], values: impl Iterator<Item = f64>) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += value;
    }
}

/// Returns a snapshot whose root has a further limit; where two hold, the lower does.
pub(super) fn under(snapshot: &Snapshot, allotment_w: &[Option<Power>]) -> Snapshot {
    let root = snapshot.tree.root().id.clone();
    let piece = |(interval, cap): (Interval, &Option<Power>)| {
        let maximum_import_w = Some(((*cap)?, Basis::Limit(ALLOTMENT.into())));
        Some(EffectiveInterval { interval, maximum_import_w, maximum_export_w: None })
    };
    let effective = snapshot.grid.steps().zip(allotment_w).filter_map(piece).collect();
    let allotment = NodeLimits { node: root.clone(), effective };
    let mut capped = snapshot.clone();
    let own = capped.limits.iter().position(|limits| limits.node == root).map(|at| capped.limits.remove(at));
    capped.limits.push(own.map_or_else(|| allotment.clone(), |own| allotment.tightened(&own)));
    capped
}

/// Returns what a snapshot would draw at its root, under prices per kWh added to its own. No word on why, no mending for
/// minimum currents: it is only asked for.
pub(super) fn asked(snapshot: &Snapshot, added: &[f64]) -> Vec<f64> {
    let priced = priced(snapshot, added);
    let problem = Problem::new(&priced);
    let greedy = fallback::greedy(&problem);
    let powers =
        rolling::staged(&problem, &greedy, &mut Memory::default()).map(|staged| staged.powers).unwrap_or(greedy);
    let mut asked = vec![0.0; problem.steps()];
    for &session in &problem.order {
        let share = snapshot.sessions[session].load_share.as_ratio();
        add(&mut asked, powers[session].iter().map(|power| share * power));
    }
    asked
}

/// Returns a snapshot with prices per kWh added to its own.
fn priced(snapshot: &Snapshot, added: &[f64]) -> Snapshot {
    let mut priced = snapshot.clone();
    for (price, added) in priced.prices.iter_mut().zip(added) {
        *price = EnergyPrice::from_per_kwh(price.as_per_kwh() + added);
    }
    priced
}
