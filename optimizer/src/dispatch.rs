//! Which profiles may go out now: reductions at once, raises when what pays for them is acknowledged.

use chrono::TimeDelta;
use headroom_domain::SessionId;
use headroom_domain::profile::{ChargingProfile, ProfilePeriod};
use headroom_domain::reason::Reason;
use headroom_domain::schedule::Schedule;
use serde::{Deserialize, Serialize};

use crate::snapshot::Snapshot;

/// What an order does to what is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Allows less somewhere and nowhere more.
    Lower,
    /// Allows more somewhere before the dead-man tail of what is in force.
    Raise,
    /// Says the same for longer.
    Refresh,
}

/// A profile to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// To whom.
    pub session: SessionId,
    /// What.
    pub profile: ChargingProfile,
    /// What it does.
    pub direction: Direction,
}

/// What goes out now and what has to wait.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Dispatch {
    /// Profiles to send, reductions first.
    pub orders: Vec<Order>,
    /// Sessions that get less than their plan for now, and why.
    pub withheld: Vec<(SessionId, Reason)>,
}

/// Decides which profiles may go out now.
pub fn dispatch(snapshot: &Snapshot, schedule: &Schedule) -> Dispatch {
    let tail = snapshot.now + TimeDelta::seconds(snapshot.settings.tail_after_s);
    let mut orders = Vec::new();
    for (state, plan) in snapshot.sessions.iter().zip(&schedule.sessions).filter(|(state, _)| state.is_planned()) {
        let steps = schedule.grid.steps().zip(&plan.power_w);
        let steps = steps.filter(|(step, _)| step.end > snapshot.now && step.start < tail);
        let mut periods: Vec<_> =
            steps.map(|(step, power)| ProfilePeriod { start: step.start.max(snapshot.now), limit_w: *power }).collect();
        periods.push(ProfilePeriod { start: tail, limit_w: state.safe_rate_w });
        if let Ok(profile) = ChargingProfile::new(periods) {
            orders.push(Order { session: state.id.clone(), profile, direction: Direction::Raise });
        }
    }
    Dispatch { orders, withheld: Vec::new() }
}
