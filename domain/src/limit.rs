//! Limits that a utility submits.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::LimitId;
use crate::time::Interval;
use crate::units::Power;

mod book;
pub mod failsafe;
pub mod minimum;
pub mod programme;
mod status;
mod target;
mod terms;
pub use book::{Basis, EffectiveInterval, LimitBook};
pub use status::{Amiss, LimitState, LimitStatus};
pub use target::Target;
pub use terms::{Terms, term_violations};

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
    /// What it limits.
    pub target: Target,
    /// The programme it belongs to; within one, limits replace each other as [`LimitBook`] says.
    pub programme: String,
    /// Why.
    pub kind: LimitKind,
    /// Rises with each submission of one utility, target and programme.
    pub revision: i64,
    /// Sorted and disjoint.
    pub intervals: Vec<LimitInterval>,
    /// Free text of the utility.
    pub reason: String,
    /// What else the utility states.
    #[serde(default)]
    pub terms: Terms,
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

/// The shortest interval.
pub const INTERVAL_MIN: TimeDelta = TimeDelta::seconds(60);

/// The highest limit. **Units**: W.
pub const LIMIT_MAX_W: f64 = 1e12;

/// Returns every rule that a schedule breaks at the time it arrives; empty when it is good.
///
/// An interval that has already ended is refused, one that has begun is taken from now on.
pub fn violations(intervals: &[LimitInterval], now: DateTime<Utc>, horizon_max: TimeDelta) -> Vec<LimitViolation> {
    let mut found = Vec::new();
    let count = intervals.len();
    if count == 0 {
        let rule = "a limit needs at least one interval".to_owned();
        found.push(LimitViolation { field: "intervals".to_owned(), code: "INTERVALS_MISSING", rule });
    }
    if count > INTERVALS_MAX {
        let rule = format!("{count} intervals are too many: send at most {INTERVALS_MAX}");
        found.push(LimitViolation { field: "intervals".to_owned(), code: "TOO_MANY_INTERVALS", rule });
    }
    for (index, item) in intervals.iter().enumerate() {
        let before = index.checked_sub(1).map(|before| &intervals[before].interval);
        let broken = own_time(&item.interval, now, horizon_max)
            .into_iter()
            .chain(order(&item.interval, before))
            .chain(power(item));
        found.extend(broken.map(|(field, code, rule)| {
            let field = format!("intervals[{index}].{field}");
            LimitViolation { field, code, rule }
        }));
    }
    found
}

/// The field of an interval, the stable word, the sentence.
type Broken = (&'static str, &'static str, String);

fn own_time(interval: &Interval, now: DateTime<Utc>, horizon_max: TimeDelta) -> Vec<Broken> {
    let mut broken = Vec::new();
    if interval.start >= interval.end {
        let rule = "the end is not after the start: intervals are [start, end)".to_owned();
        broken.push(("end_time", "INTERVAL_EMPTY", rule));
    } else if interval.duration() < INTERVAL_MIN {
        let rule = format!("it is shorter than {} s: join it with a neighbour", INTERVAL_MIN.num_seconds());
        broken.push(("end_time", "INTERVAL_TOO_SHORT", rule));
    }
    if interval.end <= now {
        let rule = format!("it ended before now ({}): send what is to come", now.to_rfc3339());
        broken.push(("end_time", "INTERVAL_IN_PAST", rule));
    }
    // Compared as a difference, because a sum with a far horizon could leave the range of dates.
    if interval.end - now > horizon_max {
        let rule = format!("it ends more than {} h ahead: send the rest later", horizon_max.num_hours());
        broken.push(("end_time", "HORIZON_TOO_LONG", rule));
    }
    broken
}

fn order(interval: &Interval, before: Option<&Interval>) -> Option<Broken> {
    let before = before?;
    if interval.start < before.start {
        let rule = "it starts before the interval before it: sort by start".to_owned();
        return Some(("start_time", "INTERVALS_UNSORTED", rule));
    }
    let rule = || "it overlaps the interval before it: make them disjoint".to_owned();
    (interval.start < before.end).then(|| ("start_time", "INTERVALS_OVERLAP", rule()))
}

fn power(item: &LimitInterval) -> Vec<Broken> {
    let mut broken = Vec::new();
    if item.maximum_import_w.is_none() && item.maximum_export_w.is_none() {
        let rule = "neither an import nor an export limit is stated: state one, 0 means zero".to_owned();
        broken.push(("import_limit_w", "LIMIT_MISSING", rule));
    }
    for (power, field) in [(item.maximum_import_w, "import_limit_w"), (item.maximum_export_w, "export_limit_w")] {
        broken.extend(power.and_then(|power| magnitude(power, field)));
    }
    broken
}

fn magnitude(power: Power, field: &'static str) -> Option<Broken> {
    if power < Power::ZERO {
        let rule = "limits are magnitudes: 0 or more, the direction is in the field".to_owned();
        return Some((field, "LIMIT_NEGATIVE", rule));
    }
    let rule = || format!("it is more than {LIMIT_MAX_W} W: leave the field out when nothing is limited");
    (power.as_w() > LIMIT_MAX_W).then(|| (field, "LIMIT_TOO_LARGE", rule()))
}

#[cfg(test)]
mod tests;
