//! What server and client both speak of, in the words of the domain.

use chrono::{DateTime, Utc};
use headroom_domain::limit::{EffectiveInterval, GridLimit, LimitInterval, LimitKind};
use headroom_domain::{Interval, LimitId, NodeId};
use serde::{Deserialize, Serialize};

/// A limit as a utility states it, before it has a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitDraft {
    /// The connection point it limits.
    pub target: NodeId,
    /// The programme it belongs to, for example `doe`.
    pub programme: String,
    /// Why.
    pub kind: LimitKind,
    /// Higher than in every earlier limit of this utility, target and programme.
    pub revision: i64,
    /// Sorted and disjoint, `[start, end)`. **Units**: W. **Sign**: magnitudes.
    pub intervals: Vec<LimitInterval>,
    /// Free text for people.
    pub reason: String,
}

impl LimitDraft {
    /// Makes the limit that is kept once this is accepted.
    pub fn into_limit(self, id: LimitId, utility: String, accepted_at: DateTime<Utc>) -> GridLimit {
        let Self { target, programme, kind, revision, intervals, reason } = self;
        GridLimit { id, utility, target, programme, kind, revision, intervals, reason, accepted_at, cancelled_at: None }
    }
}

/// The answer to a submission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submitted {
    /// The limit as recorded. Of a submission that was only validated it has an empty id.
    pub limit: GridLimit,
    /// What holds at the target with it, from now (or its first start, if later) to its last end.
    pub effective: Vec<EffectiveInterval>,
    /// What is accepted but probably not meant.
    pub warnings: Vec<LimitWarning>,
}

/// Something that is accepted but probably not meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitWarning {
    /// A stable word in capitals.
    pub code: String,
    /// The interval it is about; absent when it is about the whole limit.
    pub interval_index: Option<usize>,
    /// A sentence for people.
    pub message: String,
}

/// Which limits of a utility are asked for; the default is all that are not cancelled.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LimitQuery {
    /// Only limits of this place.
    pub target: Option<NodeId>,
    /// Only limits with an interval that overlaps this one.
    pub overlaps: Option<Interval>,
    /// Cancelled limits too.
    pub include_cancelled: bool,
}

impl LimitQuery {
    /// Tells whether a limit is asked for.
    pub fn matches(&self, limit: &GridLimit) -> bool {
        let overlaps =
            |window: Interval| limit.intervals.iter().any(|item| item.interval.intersection(&window).is_some());
        self.target.as_ref().is_none_or(|target| *target == limit.target)
            && self.overlaps.is_none_or(overlaps)
            && (self.include_cancelled || limit.cancelled_at.is_none())
    }
}
