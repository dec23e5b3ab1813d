//! The one place that says which limit is in force, and whose it is.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use super::{GridLimit, LimitKind};
use crate::ids::{LimitId, NodeId};
use crate::time::Interval;
use crate::timeline::Timeline;
use crate::units::Power;

/// What an effective limit rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// A utility's limit.
    Limit(LimitId),
    /// What the connection may carry by its contract or construction.
    ConnectionCapacity,
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
/// - within one utility, target and programme the higher revision replaces the lower for the time it covers, for both
///   directions; where it has a gap, the lower one shows through;
/// - across programmes and utilities every stated limit applies and the tightest wins;
/// - a test limit and a withdrawn limit never apply;
/// - the capacity of the connection always applies.
#[derive(Debug, Clone, Default)]
pub struct LimitBook {
    limits: BTreeMap<LimitId, GridLimit>,
    capacities: BTreeMap<NodeId, (Option<Power>, Option<Power>)>,
}

type Bound = Option<(Power, Basis)>;

/// What each utility states in each of its programmes: most import, most export.
type Programmes<'a> = BTreeMap<(&'a str, &'a str), Timeline<(Bound, Bound)>>;

impl LimitBook {
    /// Makes a book without limits.
    pub fn new() -> Self {
        Self::default()
    }

    /// States the import and export capacity of a place.
    pub fn set_capacity(&mut self, target: NodeId, import: Option<Power>, export: Option<Power>) {
        self.capacities.insert(target, (import, export));
    }

    /// Enters a limit, or replaces the one of the same id.
    pub fn enter(&mut self, limit: GridLimit) {
        self.limits.insert(limit.id.clone(), limit);
    }

    /// Returns the limits of a place that are not withdrawn, by id.
    pub fn limits_of<'a, 'b>(&'a self, target: &'b NodeId) -> impl Iterator<Item = &'a GridLimit> + use<'a, 'b> {
        self.limits.values().filter(move |limit| limit.target == *target && limit.cancelled_at.is_none())
    }

    /// Returns the highest revision seen of a utility for a target and programme, of any kind, withdrawn or not.
    pub fn latest_revision(&self, utility: &str, target: &NodeId, programme: &str) -> Option<i64> {
        let same =
            |limit: &&GridLimit| limit.utility == utility && limit.target == *target && limit.programme == programme;
        self.limits.values().filter(same).map(|limit| limit.revision).max()
    }

    /// Returns the places that have limits or a capacity.
    pub fn targets(&self) -> impl Iterator<Item = &NodeId> {
        let mut targets: Vec<_> =
            self.limits.values().map(|limit| &limit.target).chain(self.capacities.keys()).collect();
        targets.sort();
        targets.dedup();
        targets.into_iter()
    }

    /// Returns what holds at a place over a window, without gaps: pieces in order that cover the whole window.
    ///
    /// A window that does not hold an instant has no pieces.
    pub fn effective(&self, target: &NodeId, window: Interval) -> Vec<EffectiveInterval> {
        if window.start >= window.end {
            return Vec::new();
        }
        let programmes = self.programmes(target);
        let mut edges = vec![window.start, window.end];
        for timeline in programmes.values() {
            for (piece, _) in timeline.pieces() {
                edges.extend([piece.start, piece.end].into_iter().filter(|edge| window.contains(*edge)));
            }
        }
        edges.sort_unstable();
        edges.dedup();
        let mut pieces: Vec<EffectiveInterval> = Vec::new();
        for pair in edges.windows(2) {
            let piece = self.effective_piece(target, &programmes, Interval { start: pair[0], end: pair[1] });
            match pieces.last_mut() {
                Some(last) if same_bounds(last, &piece) => last.interval.end = piece.interval.end,
                _ => pieces.push(piece),
            }
        }
        pieces
    }

    fn programmes<'a>(&'a self, target: &NodeId) -> Programmes<'a> {
        let mut limits: Vec<_> = self.limits_of(target).filter(|limit| limit.kind != LimitKind::Test).collect();
        limits.sort_by_key(|limit| limit.revision);
        let mut programmes = Programmes::new();
        for limit in limits {
            let timeline = programmes.entry((&limit.utility, &limit.programme)).or_default();
            for item in limit.intervals.iter().filter(|item| item.interval.start < item.interval.end) {
                let stated = |power: Option<Power>| power.map(|power| (power, Basis::Limit(limit.id.clone())));
                timeline.insert(item.interval, (stated(item.maximum_import_w), stated(item.maximum_export_w)));
            }
        }
        programmes
    }

    fn effective_piece(&self, target: &NodeId, programmes: &Programmes<'_>, interval: Interval) -> EffectiveInterval {
        let (import, export) = self.capacities.get(target).copied().unwrap_or_default();
        let capacity = |power: Option<Power>| power.map(|power| (power, Basis::ConnectionCapacity));
        let (mut import, mut export) = (capacity(import), capacity(export));
        for timeline in programmes.values() {
            if let Some((limit_import, limit_export)) = timeline.at(interval.start) {
                import = tighter(import, limit_import.clone());
                export = tighter(export, limit_export.clone());
            }
        }
        EffectiveInterval { interval, maximum_import_w: import, maximum_export_w: export }
    }
}

fn tighter(first: Bound, second: Bound) -> Bound {
    match (first, second) {
        (Some(first), Some(second)) => Some(if second.0 < first.0 { second } else { first }),
        (first, second) => first.or(second),
    }
}

fn same_bounds(first: &EffectiveInterval, second: &EffectiveInterval) -> bool {
    first.maximum_import_w == second.maximum_import_w && first.maximum_export_w == second.maximum_export_w
}

#[cfg(test)]
mod tests;
