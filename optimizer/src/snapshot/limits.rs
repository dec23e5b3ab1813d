//! Limits of a node over time: what holds in a window, and two limits as one.

use chrono::{DateTime, Utc};
use headroom_domain::limit::{Basis, EffectiveInterval};
use headroom_domain::{Interval, Power};

use super::NodeLimits;

impl NodeLimits {
    /// Returns the pieces that meet a window.
    pub(crate) fn over(&self, window: Interval) -> impl Iterator<Item = &EffectiveInterval> {
        let first = self.effective.partition_point(|piece| piece.interval.end <= window.start);
        self.effective[first..].iter().take_while(move |piece| piece.interval.start < window.end)
    }

    /// Returns both limits as one: at every instant the tighter of each direction.
    pub(crate) fn tightened(&self, other: &Self) -> Self {
        let pieces = self.effective.iter().chain(&other.effective);
        let mut edges: Vec<_> = pieces.flat_map(|piece| [piece.interval.start, piece.interval.end]).collect();
        edges.sort_unstable();
        edges.dedup();
        let at = |limits: &Self, start| limits.effective.iter().find(|piece| piece.interval.contains(start)).cloned();
        let tighter = |one: Option<(Power, Basis)>, two: Option<(Power, Basis)>| match (one, two) {
            (Some(one), Some(two)) => Some(if two.0 < one.0 { two } else { one }),
            (one, two) => one.or(two),
        };
        let piece = |pair: &[DateTime<Utc>]| {
            let (one, two) = (at(self, pair[0]), at(other, pair[0]));
            let import =
                |piece: &Option<EffectiveInterval>| piece.as_ref().and_then(|own| own.maximum_import_w.clone());
            let export =
                |piece: &Option<EffectiveInterval>| piece.as_ref().and_then(|own| own.maximum_export_w.clone());
            (one.is_some() || two.is_some()).then(|| EffectiveInterval {
                interval: Interval { start: pair[0], end: pair[1] },
                maximum_import_w: tighter(import(&one), import(&two)),
                maximum_export_w: tighter(export(&one), export(&two)),
            })
        };
        Self { node: self.node.clone(), effective: edges.windows(2).filter_map(piece).collect() }
    }
}
