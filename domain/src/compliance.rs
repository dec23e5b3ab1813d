//! Whether a limit was obeyed, by what the meters measured.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::ids::LimitId;
use crate::limit::Target;
use crate::time::Interval;
use crate::units::{Energy, Power, Ratio};

mod samples;
use samples::{Readings, steps};
pub use samples::{Step, resample};

/// The rule by which reports are made; it changes when a report of the same data would.
pub const METHOD_VERSION: &str = "2";

/// Means this close to each other may differ by rounding alone. **Units**: W.
const ROUNDING_W: f64 = 1e-3;

/// How a value is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Quality {
    /// A meter said so, for all of the interval.
    Measured,
    /// A meter said so for enough of the interval to reckon the rest.
    Estimated,
    /// Nobody said enough.
    Missing,
}

/// Whether a limit was obeyed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Verdict {
    /// It was.
    Compliant,
    /// It was not, in at least one interval.
    Breach,
    /// The meter was silent for some of it, and what it said shows no breach.
    Unknown,
}

/// What a meter said of one stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// When.
    pub interval: Interval,
    /// Mean import over it. **Units**: W.
    pub import_w: Power,
}

/// A limit as it was in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct InForce {
    /// When.
    pub interval: Interval,
    /// Most import; absent: not limited. **Units**: W.
    pub maximum_import_w: Option<Power>,
}

/// One step of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportInterval {
    /// When: the step, cut to the time that is limited.
    pub interval: Interval,
    /// The limit, time-weighted where it changed within the step; absent: not limited.
    pub limit_import_w: Option<Power>,
    /// Mean import, as far as measured.
    pub mean_import_w: Option<Power>,
    /// The highest reading within it.
    pub max_import_w: Option<Power>,
    /// What it would have been without the limit, where that was foretold.
    pub baseline_import_w: Option<Power>,
    /// Energy above the limit in the time that readings cover; 0 unless the verdict is `Breach`.
    pub breach_energy_wh: Energy,
    /// How the mean is known.
    pub quality: Quality,
    /// Share of the step that readings cover.
    pub coverage: Ratio,
    /// Whether the limit was obeyed here.
    pub verdict: Verdict,
}

/// What was measured against what was allowed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Of what.
    pub target: Target,
    /// Of one limit; absent: of everything that held.
    pub limit: Option<LimitId>,
    /// Over which time.
    pub window: Interval,
    /// `Breach` when any step is one, else `Unknown` when any is, else `Compliant`.
    pub verdict: Verdict,
    /// In order.
    pub intervals: Vec<ReportInterval>,
    /// From the limit's start, or its acceptance if that was later, to when every session was known to obey. **Units**: s.
    pub time_to_in_force_s: Option<f64>,
    /// [`METHOD_VERSION`] of the one who made it.
    pub method_version: String,
}

/// What a report is to answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Question<'a> {
    /// Of what.
    pub target: Target,
    /// Of one limit; absent: of everything that held.
    pub limit: Option<LimitId>,
    /// Over which time.
    pub window: Interval,
    /// How long a step is; steps are its multiples since 1970, cut to the window.
    pub step: TimeDelta,
    /// What held. Where it overlaps, the later in the list counts.
    pub in_force: &'a [InForce],
    /// What the meters said.
    pub samples: &'a [Sample],
    /// What was foretold without the limit.
    pub baseline: &'a [(Interval, Power)],
    /// How far above a limit a mean is still the meter's error: the class of the meter, as a share of the limit of each line.
    pub tolerance: Ratio,
    /// Handed on to the report. **Units**: s.
    pub time_to_in_force_s: Option<f64>,
}

/// Makes a report: a line for every step in which something is limited.
///
/// A line is a breach when its mean import is more than the limit and the tolerance. Where too little is measured to know
/// the mean, it is one all the same when the energy measured alone is more than the limit and the tolerance allow for all of
/// its time; else nobody knows. Without a line nobody knows either.
pub fn report(question: &Question<'_>) -> Report {
    let stated = |held: &InForce| Some((held.interval, held.maximum_import_w?));
    let limits = Readings::laid(question.in_force.iter().filter_map(stated));
    let readings = Readings::of(question.samples);
    let baseline = Readings::laid(question.baseline.iter().copied());
    let mut intervals = Vec::new();
    for limited in limits.stretches().iter().filter_map(|limited| limited.intersection(&question.window)) {
        for interval in steps(limited, question.step) {
            let Some(limit_w) = limits.over(interval).mean_w else { continue };
            let baseline_w = baseline.over(interval).mean_w;
            intervals.push(line(&readings.over(interval), limit_w, question.tolerance, baseline_w));
        }
    }
    Report {
        target: question.target.clone(),
        limit: question.limit.clone(),
        window: question.window,
        verdict: overall(&intervals),
        intervals,
        time_to_in_force_s: question.time_to_in_force_s,
        method_version: METHOD_VERSION.to_owned(),
    }
}

fn line(measured: &Step, limit_w: Power, tolerance: Ratio, baseline_w: Option<Power>) -> ReportInterval {
    let allowed_w = limit_w + limit_w * tolerance.as_ratio() + Power::from_w(ROUNDING_W);
    let allowed = allowed_w * measured.interval.duration();
    let verdict = match (measured.quality, measured.mean_w) {
        (Quality::Missing, _) | (_, None) if measured.energy() > allowed => Verdict::Breach,
        (Quality::Missing, _) | (_, None) => Verdict::Unknown,
        (_, Some(mean_w)) if mean_w > allowed_w => Verdict::Breach,
        _ => Verdict::Compliant,
    };
    let over_wh = (measured.mean_w.unwrap_or_default() - limit_w).or_zero().as_w() * measured.covered_h();
    ReportInterval {
        interval: measured.interval,
        limit_import_w: Some(limit_w),
        mean_import_w: measured.mean_w,
        max_import_w: measured.max_w,
        baseline_import_w: baseline_w,
        breach_energy_wh: Energy::from_wh(if verdict == Verdict::Breach { over_wh } else { 0.0 }),
        quality: measured.quality,
        coverage: measured.coverage,
        verdict,
    }
}

fn overall(lines: &[ReportInterval]) -> Verdict {
    let any = |verdict| lines.iter().any(|line| line.verdict == verdict);
    if any(Verdict::Breach) {
        Verdict::Breach
    } else if any(Verdict::Unknown) || lines.is_empty() {
        Verdict::Unknown
    } else {
        Verdict::Compliant
    }
}

#[cfg(test)]
mod tests;
