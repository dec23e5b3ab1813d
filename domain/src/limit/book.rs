//! The one place that says which limit is in force, and whose it is.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

use super::failsafe::SafeMode;
use super::{GridLimit, LimitInterval, LimitKind, Target};
use crate::ids::{AreaId, LimitId, NodeId};
use crate::time::Interval;
use crate::units::{Power, Ratio};

mod lanes;
mod place;
mod shares;
mod superseding;
use place::Place;
use shares::Share;

/// What an effective limit rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// A utility's limit.
    Limit(LimitId),
    /// What the connection may carry by its contract or construction.
    ConnectionCapacity,
    /// The default of a utility that states nothing here, or is not heard.
    SafeMode {
        /// Whose.
        utility: String,
    },
    /// What the customer is always left: what was stated is lower and does not apply in full.
    GuaranteedMinimum,
}

/// The limit that holds over a stretch of time. Absent means nothing limits that direction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EffectiveInterval {
    /// When.
    pub interval: Interval,
    /// Most power towards the site, and whose word it is.
    pub maximum_import_w: Option<(Power, Basis)>,
    /// Most power towards the grid, and whose word it is.
    pub maximum_export_w: Option<(Power, Basis)>,
}

/// All limits, and the rule that turns them into one:
///
/// - within one utility, target and programme the lower priority number wins for the time it covers, for both directions
///   (absent: after every stated one), and among equals the higher revision; where it has a gap, the next one shows through;
/// - emergencies are apart from that: they replace only each other, and never loosen what is scheduled beside them;
/// - across programmes and utilities every stated limit applies and the tightest wins;
/// - a test limit and a withdrawn limit never apply;
/// - the capacity of the connection always applies;
/// - a limit of an area is divided among its members in proportion to their capacities, see [`LimitBook::share_of`];
/// - the safe-mode default of a utility holds where none of its scheduled limits states this direction here and, from when
///   the connection point has fallen back, everywhere; only while it is valid;
/// - nothing that is stated goes below the guaranteed minimum import, but for an emergency of a programme that allows it
///   (see [`super::programme::ProgrammeRules`]);
/// - a limit with a random start begins later at each connection point, by a share of its own that never changes: its first
///   interval does, and each that does not adjoin the one before it. Never later than that interval's end, and never an
///   emergency.
#[derive(Debug, Clone, Default)]
pub struct LimitBook {
    limits: BTreeMap<LimitId, GridLimit>,
    by_target: BTreeMap<Target, BTreeSet<LimitId>>,
    areas: BTreeMap<AreaId, BTreeSet<NodeId>>,
    capacities: BTreeMap<NodeId, Powers>,
    minima: BTreeMap<NodeId, Power>,
    safe_modes: BTreeMap<NodeId, BTreeMap<String, Fallback>>,
}

/// A power for each direction: import, export.
type Powers = [Option<Power>; 2];

/// Index of the import in [`Powers`].
const IMPORT: usize = 0;

/// Index of the export in [`Powers`].
const EXPORT: usize = 1;

/// What a utility's silence means for a connection point, and since when it is silent.
#[derive(Debug, Clone, Copy)]
struct Fallback {
    safe_mode: SafeMode,
    safe_since: Option<DateTime<Utc>>,
}

impl LimitBook {
    /// Makes a book without limits.
    pub fn new() -> Self {
        Self::default()
    }

    /// States the import and export capacity of a connection point.
    pub fn set_capacity(&mut self, target: NodeId, import: Option<Power>, export: Option<Power>) {
        self.capacities.insert(target, [import, export]);
    }

    /// States the import that the customer at a connection point is always left, for example
    /// [`super::minimum::section_14a`].
    pub fn set_guaranteed_minimum(&mut self, node: NodeId, minimum: Power) {
        self.minima.insert(node, minimum);
    }

    /// States the members of an area, instead of those it had. Their capacities are those of [`LimitBook::set_capacity`].
    pub fn set_area(&mut self, area: AreaId, members: Vec<NodeId>) {
        self.areas.insert(area, members.into_iter().collect());
    }

    /// States what a connection point falls back to for a utility, and since when it has fallen back
    /// ([`super::failsafe::Link::safe_since`]).
    pub fn set_safe_mode(
        &mut self,
        node: NodeId,
        utility: String,
        safe_mode: SafeMode,
        safe_since: Option<DateTime<Utc>>,
    ) {
        self.safe_modes.entry(node).or_default().insert(utility, Fallback { safe_mode, safe_since });
    }

    /// Enters a limit, or replaces the one of the same id.
    pub fn enter(&mut self, limit: GridLimit) {
        let (id, target) = (limit.id.clone(), limit.target.clone());
        let before = self.limits.insert(id.clone(), limit);
        if let Some(before) = before.filter(|before| before.target != target)
            && let Some(ids) = self.by_target.get_mut(&before.target)
        {
            ids.remove(&id);
        }
        self.by_target.entry(target).or_default().insert(id);
    }

    /// Returns the limits of a target itself that are not withdrawn, by id.
    pub fn limits_of<'a, 'b>(&'a self, target: &'b Target) -> impl Iterator<Item = &'a GridLimit> + use<'a, 'b> {
        self.entered_for(target).filter(|limit| limit.cancelled_at.is_none())
    }

    /// Returns the highest revision seen of a utility for a target and programme, of any kind, withdrawn or not.
    pub fn latest_revision(&self, utility: &str, target: &Target, programme: &str) -> Option<i64> {
        let same = |limit: &&GridLimit| limit.utility == utility && limit.programme == programme;
        self.entered_for(target).filter(same).map(|limit| limit.revision).max()
    }

    /// Returns everything that the book knows something of, in order: connection points, then areas.
    pub fn targets(&self) -> impl Iterator<Item = Target> {
        let nodes = self.capacities.keys().chain(self.minima.keys()).chain(self.safe_modes.keys());
        let named = nodes.cloned().map(Target::from).chain(self.areas.keys().cloned().map(Target::from));
        let limited = self.by_target.iter().filter(|(_, ids)| !ids.is_empty()).map(|(target, _)| target.clone());
        named.chain(limited).collect::<BTreeSet<_>>().into_iter()
    }

    /// Returns what holds at a connection point over a window, without gaps: pieces in order that cover the whole window.
    ///
    /// A window that does not hold an instant has no pieces.
    pub fn effective(&self, node: &NodeId, window: Interval) -> Vec<EffectiveInterval> {
        self.effective_of(&Target::from(node.clone()), window)
    }

    /// Returns what holds at a target over a window, as [`LimitBook::effective`] does.
    ///
    /// For an area these are its own limits and the capacity of all its members together (absent if one has none): what its
    /// members may draw together because of it, each of them left its guaranteed minimum. It begins when the last member has
    /// begun.
    pub fn effective_of(&self, target: &Target, window: Interval) -> Vec<EffectiveInterval> {
        if window.start >= window.end {
            return Vec::new();
        }
        Place::of(self, target, window).effective(window)
    }

    /// Returns the share of an area's import limits that a member may draw: its share of all members' import capacities, or
    /// an equal share where a member has none. Exports are divided by export capacities alike. Shares are rounded down to
    /// whole watts, so that the members hold the area's limit without knowing of each other.
    ///
    /// Nothing for an unknown area or one that it is no member of.
    pub fn share_of(&self, area: &AreaId, node: &NodeId) -> Option<Ratio> {
        self.shares(area, node).map(|shares| shares[IMPORT].ratio())
    }

    /// Returns the indices of the intervals whose import limit would be raised to a guaranteed minimum, of a connection
    /// point or of any member of an area: a utility is warned of them (`BELOW_GUARANTEED_MINIMUM`).
    pub fn below_guaranteed_minimum(
        &self,
        target: &Target,
        programme: &str,
        kind: LimitKind,
        intervals: &[LimitInterval],
    ) -> Vec<usize> {
        if lanes::may_go_below_minimum(programme, kind) {
            return Vec::new();
        }
        let shares: Vec<(Option<Share>, Power)> = match target {
            Target::ConnectionPoint(node) => vec![(None, self.minimum(node))],
            Target::Area(area) => {
                self.member_shares(area).map(|(shares, least)| (Some(shares[IMPORT]), least)).collect()
            }
        };
        let is_below =
            |import: Power| shares.iter().any(|(share, least)| share.map_or(import, |share| share.of(import)) < *least);
        let indexed = intervals.iter().enumerate();
        indexed.filter(|(_, item)| item.maximum_import_w.is_some_and(is_below)).map(|(index, _)| index).collect()
    }

    fn entered_for<'a, 'b>(&'a self, target: &'b Target) -> impl Iterator<Item = &'a GridLimit> + use<'a, 'b> {
        self.by_target.get(target).into_iter().flatten().filter_map(|id| self.limits.get(id))
    }

    fn minimum(&self, node: &NodeId) -> Power {
        self.minima.get(node).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
