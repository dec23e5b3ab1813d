//! Limits that a utility submits.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::{LimitId, NodeId};
use crate::time::Interval;
use crate::units::Power;

mod book;
pub use book::{Basis, EffectiveInterval, LimitBook};

/// The most intervals a limit may have: a week of five-minute steps.
pub const INTERVALS_MAX: usize = 2016;

/// Why a limit was submitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitKind {
    /// Known ahead.
    Scheduled,
    /// At once; overrides looser limits of any programme.
    Emergency,
    /// Checked and kept, but never obeyed.
    Test,
}

/// A limit over one stretch of time. **Sign**: magnitudes, 0 or more; absent means not limited by this submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitInterval {
    /// When.
    pub interval: Interval,
    /// Most power towards the site.
    pub maximum_import_w: Option<Power>,
    /// Most power towards the grid.
    pub maximum_export_w: Option<Power>,
}

/// A schedule of limits for one target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GridLimit {
    /// Our name for it.
    pub id: LimitId,
    /// The utility that submitted it.
    pub utility: String,
    /// The place it limits.
    pub target: NodeId,
    /// The programme it belongs to; within one, a higher revision replaces a lower one.
    pub programme: String,
    /// Why.
    pub kind: LimitKind,
    /// Rises with each submission of one target and programme.
    pub revision: i64,
    /// Sorted and disjoint.
    pub intervals: Vec<LimitInterval>,
    /// Free text of the utility.
    pub reason: String,
    /// When it was accepted.
    pub accepted_at: DateTime<Utc>,
    /// When it was withdrawn.
    pub cancelled_at: Option<DateTime<Utc>>,
}

/// A rule that a limit breaks: the field, the rule and the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {rule}")]
pub struct LimitViolation {
    /// Path of the field, as the caller spells it, for example `intervals[3].start_time`.
    pub field: String,
    /// A stable word for machines.
    pub code: &'static str,
    /// What is wrong and how to mend it.
    pub rule: String,
}

/// Returns every rule that a schedule breaks at the time it arrives; empty when it is good.
///
/// An interval that has already ended is refused, one that has begun is taken from now on.
pub fn violations(intervals: &[LimitInterval], now: DateTime<Utc>, horizon_max: TimeDelta) -> Vec<LimitViolation> {
    let mut found = Vec::new();
    let mut add = |index: Option<usize>, field: &str, code, rule: String| {
        let field = index.map_or_else(|| field.to_owned(), |index| format!("intervals[{index}].{field}"));
        found.push(LimitViolation { field, code, rule });
    };
    if intervals.is_empty() {
        add(None, "intervals", "INTERVALS_MISSING", "a limit needs at least one interval".to_owned());
    }
    if intervals.len() > INTERVALS_MAX {
        let rule = format!("{} intervals are too many: send at most {INTERVALS_MAX}", intervals.len());
        add(None, "intervals", "TOO_MANY_INTERVALS", rule);
    }
    for (index, item) in intervals.iter().enumerate() {
        let at = Some(index);
        if item.interval.start >= item.interval.end {
            add(
                at,
                "end_time",
                "INTERVAL_EMPTY",
                "the end is not after the start: intervals are [start, end)".to_owned(),
            );
        }
        if item.interval.end <= now {
            add(
                at,
                "end_time",
                "INTERVAL_IN_PAST",
                format!("it ended before now ({}): send what is to come", now.to_rfc3339()),
            );
        }
        if item.interval.end > now + horizon_max {
            add(at, "end_time", "HORIZON_TOO_LONG", format!("it ends more than {} days ahead", horizon_max.num_days()));
        }
        if item.maximum_import_w.is_none() && item.maximum_export_w.is_none() {
            add(
                at,
                "import_limit_w",
                "LIMIT_MISSING",
                "neither an import nor an export limit is stated: state one, 0 means zero".to_owned(),
            );
        }
        for (power, field) in [(item.maximum_import_w, "import_limit_w"), (item.maximum_export_w, "export_limit_w")] {
            if power.is_some_and(|power| power < Power::ZERO) {
                add(
                    at,
                    field,
                    "LIMIT_NEGATIVE",
                    "limits are magnitudes: 0 or more, the direction is in the field".to_owned(),
                );
            }
        }
        if let Some(before) = index.checked_sub(1).map(|before| intervals[before].interval) {
            if item.interval.start < before.start {
                add(
                    at,
                    "start_time",
                    "INTERVALS_UNSORTED",
                    "it starts before the interval before it: sort by start".to_owned(),
                );
            } else if item.interval.start < before.end {
                add(
                    at,
                    "start_time",
                    "INTERVALS_OVERLAP",
                    "it overlaps the interval before it: make them disjoint".to_owned(),
                );
            }
        }
    }
    found
}
