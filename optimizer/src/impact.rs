//! What a change of limits would do, before it is made.

use headroom_domain::schedule::{PlanStatus, Schedule};
use headroom_domain::{Energy, Money, Power, SessionId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::in_force::InForce;
use crate::problem::Problem;
use crate::rolling;
use crate::snapshot::{NodeLimits, Snapshot, SnapshotError};

/// Less than this more missing is the rounding of minimum currents. **Units**: Wh.
const SHORT_WH: f64 = 100.0;

/// What changes between two plans of the same steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Impact {
    /// What the root will probably draw without the change, base load included. **Shape**: a mean per step of the plans'
    /// grid, of what is left of it. **Sign**: import; zero where it feeds in.
    pub before_w: Vec<Power>,
    /// The same with it.
    pub after_w: Vec<Power>,
    /// Energy that would be drawn in other steps: half of what differs, without what is not drawn at all.
    pub shifted_wh: Energy,
    /// Energy that would not be drawn at all within the plan, wanted energy included.
    pub shed_wh: Energy,
    /// Needed energy that vehicles would leave without, beyond what they leave without anyway.
    pub not_delivered_wh: Energy,
    /// Sessions that would miss more than 100 Wh more than they do anyway.
    pub short: Vec<SessionId>,
    /// By how much the cost would grow, the demand charge included; less than zero where less energy is bought.
    pub cost: Money,
    /// Whether both plans are proven to be the best.
    pub is_optimal: bool,
    /// The plan without the change.
    pub before: Schedule,
    /// The plan with it.
    pub after: Schedule,
}

/// Plans a snapshot without and with a change, of limits most of all.
///
/// **Errors**: the first field of either that breaks a rule, or two snapshots of other steps.
pub fn impact(before: &Snapshot, after: &Snapshot) -> Result<Impact, SnapshotError> {
    before.check()?;
    after.check()?;
    if (before.now, &before.grid) != (after.now, &after.grid) {
        let rule = "differs before and after: take both snapshots at the same `now` over the same steps";
        return Err(SnapshotError::Order { field: "grid".to_owned(), rule });
    }
    let (first, second) = (rolling::step(before), rolling::step(after));
    let (first_wh, second_wh) = (drawn_wh(before, &first), drawn_wh(after, &second));
    let more = |(first, second): (&f64, &f64)| (second - first).max(0.0);
    let more_wh: f64 = first_wh.iter().zip(&second_wh).map(more).sum();
    let less_wh: f64 = second_wh.iter().zip(&first_wh).map(more).sum();
    let (short, not_delivered_wh) = missed(&first, &second);
    Ok(Impact {
        before_w: means(before, &first_wh),
        after_w: means(after, &second_wh),
        shifted_wh: Energy::from_wh(more_wh.min(less_wh)),
        shed_wh: Energy::from_wh(less_wh - more_wh).or_zero(),
        not_delivered_wh,
        short,
        cost: second.cost - first.cost,
        is_optimal: [first.status, second.status] == [PlanStatus::Optimal; 2],
        before: first,
        after: second,
    })
}

/// Tells what further limits would do. They hold beside those that are there: the tighter counts.
///
/// **Errors**: the first field of the snapshot, or of the limits, that breaks a rule.
pub fn what_if(snapshot: &Snapshot, limits: &[NodeLimits]) -> Result<Impact, SnapshotError> {
    let mut limited = snapshot.clone();
    for more in limits {
        more.check("limits", &snapshot.tree)?;
        match limited.limits.iter_mut().find(|own| own.node == more.node) {
            Some(own) => *own = own.tightened(more),
            None => limited.limits.push(more.clone()),
        }
    }
    impact(snapshot, &limited)
}

/// Returns who would miss more of its need because of a change, and how much more all of them together would miss.
fn missed(before: &Schedule, after: &Schedule) -> (Vec<SessionId>, Energy) {
    let anyway: BTreeMap<&SessionId, Energy> =
        before.sessions.iter().map(|plan| (&plan.session, plan.shortfall_wh)).collect();
    let mut short = Vec::new();
    let mut more_wh = Energy::ZERO;
    for plan in &after.sessions {
        let more = plan.shortfall_wh - anyway.get(&plan.session).copied().unwrap_or_default();
        more_wh += more;
        if more.as_wh() > SHORT_WH {
            short.push(plan.session.clone());
        }
    }
    (short, more_wh.or_zero())
}

/// Returns what the root will probably draw under a plan of a snapshot, in Wh per step.
fn drawn_wh(snapshot: &Snapshot, schedule: &Schedule) -> Vec<f64> {
    let mut problem = Problem::new(snapshot);
    let in_force = InForce::new(&problem, schedule);
    let powers = in_force.powers(&problem);
    problem.settle(in_force.storage);
    problem.drawn_wh(&powers)
}

fn means(snapshot: &Snapshot, drawn_wh: &[f64]) -> Vec<Power> {
    let mean = |(step, drawn_wh): (headroom_domain::Interval, &f64)| {
        let hours = headroom_domain::units::hours(step.end - step.start.max(snapshot.now));
        if hours > 0.0 { Power::from_w(drawn_wh / hours).or_zero() } else { Power::ZERO }
    };
    snapshot.grid.steps().zip(drawn_wh).map(mean).collect()
}
