//! The plan in force.

use chrono::{DateTime, Utc};
use headroom_domain::reason::Reason;
use headroom_domain::schedule::Schedule;
use headroom_domain::{Power, SessionId};
use headroom_optimizer::snapshot::Snapshot;

/// ISO 4217: no currency is involved.
pub(super) const NO_CURRENCY: &str = "XXX";

/// The plan in force for a site, and what it was made from.
#[derive(Debug, Clone)]
pub struct PlanState {
    /// What it rests on.
    pub snapshot: Snapshot,
    /// What is to happen.
    pub schedule: Schedule,
    /// Base load as expected, per step of the schedule.
    pub base_load_expected_w: Vec<Power>,
    /// Base load kept free, per step of the schedule.
    pub guard_w: Vec<Power>,
    /// Of its prices, ISO 4217; `XXX` where there are none.
    pub currency: String,
    /// Increases that wait, and for what.
    pub withheld: Vec<(SessionId, Reason)>,
    /// When it was made.
    pub made_at: DateTime<Utc>,
}
