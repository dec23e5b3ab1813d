//! A report as a table in text (RFC 4180). No value of it needs quoting.

use std::fmt::Write as _;

use chrono::{DateTime, SecondsFormat, Utc};
use headroom_domain::Power;
use headroom_domain::compliance::{Quality, Report, ReportInterval, Verdict};

use super::{nearest_watts, watt_hours, watts};

const COLUMNS: &str = "start_time,end_time,limit_import_w,mean_import_w,max_import_w,baseline_import_w,breach_energy_wh,\
                       quality,coverage_ratio,verdict\r\n";

pub(crate) fn report_to_csv(report: &Report) -> String {
    let mut text = COLUMNS.to_owned();
    for step in &report.intervals {
        // Writing to a string cannot fail.
        write!(text, "{}\r\n", line(step)).unwrap_or_default();
    }
    text
}

fn line(step: &ReportInterval) -> String {
    let measured = |power: Option<Power>| told(power.map(|power| nearest_watts(power.or_zero())));
    [
        instant(step.interval.start),
        instant(step.interval.end),
        told(step.limit_import_w.map(watts)),
        measured(step.mean_import_w),
        measured(step.max_import_w),
        measured(step.baseline_import_w),
        watt_hours(step.breach_energy_wh).to_string(),
        quality(step.quality).to_owned(),
        step.coverage.as_ratio().to_string(),
        verdict(step.verdict).to_owned(),
    ]
    .join(",")
}

fn told(watts: Option<i64>) -> String {
    watts.map(|watts| watts.to_string()).unwrap_or_default()
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

fn quality(quality: Quality) -> &'static str {
    match quality {
        Quality::Measured => "MEASURED",
        Quality::Estimated => "ESTIMATED",
        Quality::Missing => "MISSING",
    }
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Compliant => "COMPLIANT",
        Verdict::Breach => "BREACH",
        Verdict::Unknown => "UNKNOWN",
    }
}
