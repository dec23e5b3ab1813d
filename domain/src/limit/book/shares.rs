//! How a limit of an area is divided among its members.

use super::{EXPORT, IMPORT, LimitBook, Powers};
use crate::ids::{AreaId, NodeId};
use crate::units::{Power, Ratio};

/// A part of a whole that is more than zero.
#[derive(Debug, Clone, Copy)]
pub(super) struct Share {
    part: f64,
    whole: f64,
}

impl Share {
    /// Returns the share of a limit in whole watts.
    ///
    /// The limit is rounded down first: sums of whole watts are exact, so shares never exceed it by rounding.
    pub(super) fn of(self, limit: Power) -> Power {
        Power::from_w((limit.as_w().floor() * self.part / self.whole).floor())
    }

    pub(super) fn ratio(self) -> Ratio {
        Ratio::from_ratio(self.part / self.whole)
    }
}

impl LimitBook {
    /// The shares of a member in its area's imports and exports.
    pub(super) fn shares(&self, area: &AreaId, node: &NodeId) -> Option<[Share; 2]> {
        self.areas.get(area)?.contains(node).then(|| self.shares_by(node, self.area_capacities(area)))
    }

    /// The shares of all members of an area, each with its guaranteed minimum.
    pub(super) fn member_shares(&self, area: &AreaId) -> impl Iterator<Item = ([Share; 2], Power)> {
        let together = self.area_capacities(area);
        let members = self.areas.get(area).into_iter().flatten();
        members.map(move |node| (self.shares_by(node, together), self.minimum(node)))
    }

    /// What the members of an area may carry together; absent where one states nothing.
    pub(super) fn area_capacity(&self, area: &AreaId) -> Powers {
        self.area_capacities(area).0
    }

    pub(super) fn capacity(&self, node: &NodeId) -> Powers {
        self.capacities.get(node).copied().unwrap_or_default()
    }

    /// The capacities of all members together, and their number.
    fn area_capacities(&self, area: &AreaId) -> (Powers, usize) {
        let members = || self.areas.get(area).into_iter().flatten();
        let sum = |direction: usize| members().map(|node| self.capacity(node)[direction]).sum::<Option<Power>>();
        let count = members().count();
        (if count == 0 { Powers::default() } else { [sum(IMPORT), sum(EXPORT)] }, count)
    }

    fn shares_by(&self, node: &NodeId, (together, count): (Powers, usize)) -> [Share; 2] {
        let own = self.capacity(node);
        let share = |direction: usize| match (own[direction], together[direction]) {
            (Some(own), Some(whole)) if whole > Power::ZERO => Share { part: own.as_w(), whole: whole.as_w() },
            _ => Share { part: 1.0, whole: count as f64 },
        };
        [share(IMPORT), share(EXPORT)]
    }
}
