//! What goes wrong, by plan: silence, lost answers, dead meters, limits out of the blue.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use headroom_domain::limit::{Basis, EffectiveInterval};
use headroom_domain::{Interval, Power};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::world::SitePlan;

/// What goes wrong over a run. The same plan gives the same run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FaultPlan {
    /// Seed of what is left to chance.
    pub seed: u64,
    /// When the partner is silent: nothing reaches its stations, nothing is answered, and nobody says what
    /// vehicles draw, or who comes and goes.
    pub partner_silent: Vec<Interval>,
    /// The share of answers that are lost, though the station took the profile. From 0 to 1.
    pub callbacks_lost: f64,
    /// When no meter is read, neither the site's nor the stations'.
    pub meter_dead: Vec<Interval>,
    /// Limits that nobody knows before they are in force.
    pub sudden_limits: Vec<SuddenLimit>,
}

/// A limit of the connection point that nobody knows before it is in force.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuddenLimit {
    /// From when until when.
    pub interval: Interval,
    /// Most power. **Units**: kW.
    pub import_limit_kw: f64,
}

impl FaultPlan {
    /// Returns what is to happen at a site with the sudden limits in force.
    pub fn applied_to(&self, plan: &Arc<SitePlan>) -> Arc<SitePlan> {
        if self.sudden_limits.is_empty() {
            return plan.clone();
        }
        let mut plan = SitePlan::clone(plan);
        for limit in &self.sudden_limits {
            plan.limits = limit.tighten(&plan.limits);
        }
        Arc::new(plan)
    }

    /// Returns the instants at which something begins or ends to be wrong.
    pub(super) fn edges(&self) -> impl Iterator<Item = DateTime<Utc>> + '_ {
        let silent = self.partner_silent.iter().chain(&self.meter_dead).flat_map(|one| [one.start, one.end]);
        silent.chain(self.sudden_limits.iter().map(|limit| limit.interval.start))
    }

    /// Tells whether the partner is silent at an instant.
    pub(super) fn is_silent(&self, at: DateTime<Utc>) -> bool {
        self.partner_silent.iter().any(|one| one.contains(at))
    }

    /// Tells whether no meter is read at an instant.
    pub(super) fn is_meter_dead(&self, at: DateTime<Utc>) -> bool {
        self.meter_dead.iter().any(|one| one.contains(at))
    }

    /// Returns the chance that answers are lost by.
    pub(super) fn chance(&self) -> Chance {
        Chance { share: self.callbacks_lost.clamp(0.0, 1.0), generator: ChaCha8Rng::seed_from_u64(self.seed) }
    }
}

impl SuddenLimit {
    /// Returns limits with this one among them: at every instant the lower.
    pub(super) fn tighten(&self, limits: &[EffectiveInterval]) -> Vec<EffectiveInterval> {
        let own = (Power::from_kw(self.import_limit_kw.max(0.0)), Basis::ConnectionCapacity);
        let mut edges: Vec<_> = limits.iter().flat_map(|piece| [piece.interval.start, piece.interval.end]).collect();
        edges.extend([self.interval.start, self.interval.end]);
        edges.sort_unstable();
        edges.dedup();
        let piece = |pair: &[DateTime<Utc>]| {
            let interval = Interval { start: pair[0], end: pair[1] };
            let stated = limits.iter().find(|piece| piece.interval.contains(interval.start));
            let import = stated.and_then(|piece| piece.maximum_import_w.clone());
            let holds = self.interval.contains(interval.start);
            let import = match import {
                Some(import) if !holds || import.0 <= own.0 => Some(import),
                import => {
                    if holds {
                        Some(own.clone())
                    } else {
                        import
                    }
                }
            };
            let maximum_export_w = stated.and_then(|piece| piece.maximum_export_w.clone());
            (stated.is_some() || holds).then_some(EffectiveInterval {
                interval,
                maximum_import_w: import,
                maximum_export_w,
            })
        };
        edges.windows(2).filter_map(piece).collect()
    }
}

/// Seeded chance.
pub(super) struct Chance {
    share: f64,
    generator: ChaCha8Rng,
}

impl Chance {
    /// Tells whether the next answer is lost.
    pub(super) fn strikes(&mut self) -> bool {
        self.share > 0.0 && self.generator.random_bool(self.share)
    }
}
