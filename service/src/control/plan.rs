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
    /// Base load that it falls short of with a probability of 10 %, and exceeds with one of 10 %, per step of the schedule.
    pub base_load_band_w: (Vec<Power>, Vec<Power>),
    /// Base load kept free, per step of the schedule.
    pub guard_w: Vec<Power>,
    /// Of its prices, ISO 4217; `XXX` where there are none.
    pub currency: String,
    /// Increases that wait, and for what.
    pub withheld: Vec<(SessionId, Reason)>,
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// When what would be drawn without limits was last written down.
    pub baseline_at: DateTime<Utc>,
}

impl PlanState {
    /// Returns the import that is planned, base load as expected. **Shape**: a value per step of the schedule. **Units**: W.
    pub fn import_w(&self) -> Vec<Power> {
        let drawn = |step: usize| -> Power {
            let sessions = self.snapshot.sessions.iter().zip(&self.schedule.sessions);
            sessions.map(|(state, session)| state.load(session.power_w[step])).sum()
        };
        self.base_load_expected_w.iter().enumerate().map(|(step, base)| *base + drawn(step)).collect()
    }
}
