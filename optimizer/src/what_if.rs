//! What a limit would do, before it is submitted.

use headroom_domain::schedule::Schedule;
use headroom_domain::{Energy, Money, SessionId};
use serde::{Deserialize, Serialize};

use crate::outcome::node_powers;
use crate::rolling;
use crate::snapshot::{NodeLimits, Snapshot, SnapshotError};

/// What changes with limits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WhatIf {
    /// Energy that would be drawn in other steps.
    pub shifted_wh: Energy,
    /// Energy that would not be drawn at all within the plan.
    pub shed_wh: Energy,
    /// Needed energy that would be missed because of it, all sessions together.
    pub missed_wh: Energy,
    /// Sessions that would miss more than they do now.
    pub short: Vec<SessionId>,
    /// By how much the cost would grow.
    pub cost: Money,
    /// The plan without and with it.
    pub before: Schedule,
    /// The plan with it.
    pub after: Schedule,
}

/// Plans a snapshot with and without further limits.
///
/// A further limit holds beside those that are there: the tighter counts. **Errors**: the first field of the snapshot, or
/// of the limits, that breaks a rule.
pub fn what_if(snapshot: &Snapshot, limits: &[NodeLimits]) -> Result<WhatIf, SnapshotError> {
    snapshot.check()?;
    let mut limited = snapshot.clone();
    for more in limits {
        more.check("limits", &snapshot.tree)?;
        match limited.limits.iter_mut().find(|own| own.node == more.node) {
            Some(own) => *own = own.tightened(more),
            None => limited.limits.push(more.clone()),
        }
    }
    limited.check()?;
    let (before, after) = (rolling::step(snapshot), rolling::step(&limited));
    let short_of = |schedule: &Schedule, at: usize| schedule.sessions[at].shortfall_wh;
    let more_missed = |at: usize| short_of(&after, at) - short_of(&before, at);
    // A hundredth of a kWh is the rounding of minimum currents.
    let short = (0..after.sessions.len()).filter(|at| more_missed(*at).as_wh() > 10.0);
    let short: Vec<SessionId> = short.map(|at| after.sessions[at].session.clone()).collect();
    let missed_wh = (0..after.sessions.len()).map(more_missed).sum::<Energy>().or_zero();
    let (more, less) = moved(snapshot, &before, &after);
    Ok(WhatIf {
        shifted_wh: more.min(less),
        shed_wh: (less - more).or_zero(),
        missed_wh,
        short,
        cost: after.cost - before.cost,
        before,
        after,
    })
}

/// Returns the energy that the second plan draws more, and less, than the first, step by step at the root.
fn moved(snapshot: &Snapshot, before: &Schedule, after: &Schedule) -> (Energy, Energy) {
    let (first, second) = (node_powers(snapshot, before), node_powers(snapshot, after));
    let (mut more, mut less) = (0.0, 0.0);
    for (step, window) in snapshot.grid.steps().enumerate() {
        let start = window.start.max(snapshot.now);
        let hours = headroom_domain::units::hours(window.end - start).max(0.0);
        let difference = (second[0][step] - first[0][step]) * hours;
        more += difference.max(0.0);
        less += (-difference).max(0.0);
    }
    (Energy::from_wh(more), Energy::from_wh(less))
}
