//! Limits that replace each other, in the order in which they do, as they bear on one place.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::shares::Share;
use super::{EXPORT, IMPORT, LimitBook};
use crate::ids::{LimitId, NodeId};
use crate::limit::programme::ProgrammeRules;
use crate::limit::{GridLimit, LimitInterval, LimitKind, Target};
use crate::time::Interval;
use crate::units::Power;

/// The limits of one utility, target and programme, either its emergencies or its others, the winner first.
#[derive(Debug)]
pub(super) struct Lane<'a> {
    pub(super) utility: &'a str,
    pub(super) emergency: bool,
    pub(super) sources: Vec<Source<'a>>,
}

/// A limit as it bears on a place.
#[derive(Debug)]
pub(super) struct Source<'a> {
    pub(super) id: &'a LimitId,
    /// In order.
    pub(super) pieces: Vec<Piece>,
}

/// What a limit states over a stretch of time, per direction.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    pub(super) interval: Interval,
    pub(super) bounds: [Option<Bound>; 2],
}

/// A power, and whether it was raised to a guaranteed minimum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bound {
    pub(super) power: Power,
    pub(super) raised: bool,
}

/// Tells whether a limit may go below the guaranteed minimum.
pub(super) fn may_go_below_minimum(programme: &str, kind: LimitKind) -> bool {
    kind == LimitKind::Emergency && ProgrammeRules::of(programme).emergency_below_minimum
}

/// Tells whether a limit is ever obeyed.
pub(super) fn applies(limit: &GridLimit) -> bool {
    limit.kind != LimitKind::Test && limit.cancelled_at.is_none()
}

/// What the limits of one lane have in common.
pub(super) fn lane_of(limit: &GridLimit) -> (&str, &Target, &str, bool) {
    (&limit.utility, &limit.target, &limit.programme, limit.kind == LimitKind::Emergency)
}

/// Sorts the winner first.
pub(super) fn rank(limit: &GridLimit) -> impl Ord + use<'_> {
    let priority = if limit.kind == LimitKind::Emergency { Some(0) } else { limit.terms.priority };
    (priority.is_none(), priority, Reverse(limit.revision), Reverse(&limit.id))
}

/// What a limit becomes at a place: a part of it, and not below what is guaranteed there.
pub(super) struct Portion {
    share: Option<[Share; 2]>,
    /// What each is left whatever is stated, with its share of the limit.
    least: Vec<(Option<Share>, Power)>,
}

impl Portion {
    fn bounds(&self, item: &LimitInterval) -> [Option<Bound>; 2] {
        let part = |power: Power, direction: usize| self.share.map_or(power, |shares| shares[direction].of(power));
        let import = item.maximum_import_w.map(|power| self.raised(part(power, IMPORT)));
        let export = item.maximum_export_w.map(|power| Bound { power: part(power, EXPORT), raised: false });
        [import, export]
    }

    /// What those that are left a minimum draw together, if it is more than what is stated.
    fn raised(&self, stated: Power) -> Bound {
        let left = |(share, least): &(Option<Share>, Power)| share.map_or(stated, |share| share.of(stated)).max(*least);
        let power = self.least.iter().map(left).sum::<Power>().max(stated);
        Bound { power, raised: power > stated }
    }
}

impl LimitBook {
    /// The limits that bear on a place in a window: its own and those of its areas.
    pub(super) fn lanes<'a>(&'a self, place: &Target, window: Interval) -> Vec<Lane<'a>> {
        let mut lanes = BTreeMap::<_, Vec<&GridLimit>>::new();
        for target in self.bearing_on(place) {
            for limit in self.limits_of(&target).filter(|limit| applies(limit)) {
                lanes.entry(lane_of(limit)).or_default().push(limit);
            }
        }
        let lane = |((utility, _, _, emergency), mut limits): ((&'a str, _, _, bool), Vec<&'a GridLimit>)| {
            limits.sort_by(|first, second| rank(first).cmp(&rank(second)));
            let source = |limit: &&'a GridLimit| Source { id: &limit.id, pieces: self.pieces(limit, place, window) };
            Lane { utility, emergency, sources: limits.iter().map(source).collect() }
        };
        lanes.into_iter().map(lane).collect()
    }

    fn bearing_on(&self, place: &Target) -> Vec<Target> {
        let areas =
            place.connection_point().map(|node| self.areas.iter().filter(|(_, members)| members.contains(node)));
        let areas = areas.into_iter().flatten().map(|(area, _)| Target::from(area.clone()));
        std::iter::once(place.clone()).chain(areas).collect()
    }

    fn pieces(&self, limit: &GridLimit, place: &Target, window: Interval) -> Vec<Piece> {
        let portion = self.portion(limit, place);
        let delay = self.delay(limit, place);
        let mut pieces = Vec::new();
        let mut before = None;
        for item in &limit.intervals {
            let Interval { start, end } = item.interval;
            let start = if before == Some(start) { start } else { later(start, delay) };
            before = Some(end);
            if start < end && start < window.end && window.start < end {
                pieces.push(Piece { interval: Interval { start, end }, bounds: portion.bounds(item) });
            }
        }
        pieces.sort_by_key(|piece| piece.interval.start);
        pieces
    }

    fn portion(&self, limit: &GridLimit, place: &Target) -> Portion {
        let exempt = may_go_below_minimum(&limit.programme, limit.kind);
        match (place, &limit.target) {
            (Target::ConnectionPoint(node), target) => Portion {
                share: target.area().and_then(|area| self.shares(area, node)),
                least: if exempt { Vec::new() } else { vec![(None, self.minimum(node))] },
            },
            (Target::Area(area), _) => {
                let members = self.member_shares(area).map(|(shares, least)| (Some(shares[IMPORT]), least));
                Portion { share: None, least: if exempt { Vec::new() } else { members.collect() } }
            }
        }
    }

    /// How much later a limit begins at a place; at an area, when the last of its members begins.
    fn delay(&self, limit: &GridLimit, place: &Target) -> TimeDelta {
        if limit.kind == LimitKind::Emergency || limit.terms.randomize_start_s == 0 {
            return TimeDelta::zero();
        }
        let members = place.area().and_then(|area| self.areas.get(area)).into_iter().flatten();
        let nodes = place.connection_point().into_iter().chain(members);
        let delay_s = nodes.map(|node| delay_s(&limit.id, node, limit.terms.randomize_start_s)).max();
        TimeDelta::seconds(i64::from(delay_s.unwrap_or(0)))
    }
}

/// The whole seconds, less than `most_s`, by which a limit begins later at a connection point: always the same for both.
pub(super) fn delay_s(limit: &LimitId, node: &NodeId, most_s: u32) -> u32 {
    // FNV-1a, 32 bits. A zero byte ends each name: it keeps them apart, and spreads names that differ in their last letter.
    let bytes = limit.as_str().bytes().chain([0]).chain(node.as_str().bytes()).chain([0]);
    let hash = bytes.fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let scaled = (u64::from(hash) * u64::from(most_s)) >> 32;
    u32::try_from(scaled).unwrap_or(most_s)
}

fn later(at: DateTime<Utc>, delay: TimeDelta) -> DateTime<Utc> {
    at.checked_add_signed(delay).unwrap_or(DateTime::<Utc>::MAX_UTC)
}
