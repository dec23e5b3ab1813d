//! Telemetry, reports and the audit.

use headroom_domain::Ratio;
use headroom_domain::compliance::{Quality, Report, ReportInterval, Verdict};
use headroom_domain::limit::{LimitViolation, Target};

pub(crate) use super::csv::report_to_csv;
use super::{
    energy, first, instant, interval, limit_name, nearest_watts, power, target, timestamp, unknown_word, violation,
    watt_hours, watts,
};
use crate::audit::Entry;
use crate::model::TelemetrySample;
use crate::proto;

fn quality_to_proto(quality: Quality) -> i32 {
    let quality = match quality {
        Quality::Measured => proto::DataQuality::Measured,
        Quality::Estimated => proto::DataQuality::Estimated,
        Quality::Missing => proto::DataQuality::Missing,
    };
    quality.into()
}

fn quality(number: i32, field: &str) -> Result<Quality, LimitViolation> {
    match proto::DataQuality::try_from(number) {
        Ok(proto::DataQuality::Measured) => Ok(Quality::Measured),
        Ok(proto::DataQuality::Estimated) => Ok(Quality::Estimated),
        Ok(proto::DataQuality::Missing) => Ok(Quality::Missing),
        Ok(proto::DataQuality::Unspecified) | Err(_) => Err(unknown_word(field, number)),
    }
}

fn verdict_to_proto(verdict: Verdict) -> i32 {
    let verdict = match verdict {
        Verdict::Compliant => proto::Verdict::Compliant,
        Verdict::Breach => proto::Verdict::Breach,
        Verdict::Unknown => proto::Verdict::Unknown,
    };
    verdict.into()
}

fn verdict(number: i32, field: &str) -> Result<Verdict, LimitViolation> {
    match proto::Verdict::try_from(number) {
        Ok(proto::Verdict::Compliant) => Ok(Verdict::Compliant),
        Ok(proto::Verdict::Breach) => Ok(Verdict::Breach),
        Ok(proto::Verdict::Unknown) => Ok(Verdict::Unknown),
        Ok(proto::Verdict::Unspecified) | Err(_) => Err(unknown_word(field, number)),
    }
}

fn ratio(value: f64, field: &str) -> Result<Ratio, LimitViolation> {
    Ratio::try_new(value).map_err(|error| violation(field, "RATIO_MALFORMED", error.to_string()))
}

pub(crate) fn sample_to_proto(sample: &TelemetrySample, target: &Target) -> proto::TelemetrySample {
    proto::TelemetrySample {
        target: target.to_string(),
        start_time: Some(timestamp(sample.interval.start)),
        end_time: Some(timestamp(sample.interval.end)),
        import_energy_wh: sample.import_energy_wh.map(|energy| watt_hours(energy.or_zero())),
        export_energy_wh: sample.export_energy_wh.map(|energy| watt_hours(energy.or_zero())),
        mean_import_w: sample.mean_import_w.map(|power| nearest_watts(power.or_zero())),
        max_import_w: sample.max_import_w.map(|power| nearest_watts(power.or_zero())),
        quality: quality_to_proto(sample.quality),
        coverage_ratio: sample.coverage.as_ratio(),
    }
}

pub(crate) fn sample(sample: &proto::TelemetrySample) -> Result<(Target, TelemetrySample), LimitViolation> {
    let read = TelemetrySample {
        interval: interval(sample.start_time, sample.end_time, "sample").map_err(first)?,
        import_energy_wh: sample.import_energy_wh.map(energy),
        export_energy_wh: sample.export_energy_wh.map(energy),
        mean_import_w: sample.mean_import_w.map(power),
        max_import_w: sample.max_import_w.map(power),
        quality: quality(sample.quality, "sample.quality")?,
        coverage: ratio(sample.coverage_ratio, "sample.coverage_ratio")?,
    };
    Ok((target(&sample.target, "sample.target")?, read))
}

fn step_to_proto(step: &ReportInterval) -> proto::ComplianceInterval {
    proto::ComplianceInterval {
        start_time: Some(timestamp(step.interval.start)),
        end_time: Some(timestamp(step.interval.end)),
        limit_import_w: step.limit_import_w.map(watts),
        mean_import_w: step.mean_import_w.map(|power| nearest_watts(power.or_zero())),
        max_import_w: step.max_import_w.map(|power| nearest_watts(power.or_zero())),
        baseline_import_w: step.baseline_import_w.map(|power| nearest_watts(power.or_zero())),
        breach_energy_wh: watt_hours(step.breach_energy_wh),
        quality: quality_to_proto(step.quality),
        coverage_ratio: step.coverage.as_ratio(),
        verdict: verdict_to_proto(step.verdict),
    }
}

fn step(step: &proto::ComplianceInterval, path: &str) -> Result<ReportInterval, LimitViolation> {
    Ok(ReportInterval {
        interval: interval(step.start_time, step.end_time, path).map_err(first)?,
        limit_import_w: step.limit_import_w.map(power),
        mean_import_w: step.mean_import_w.map(power),
        max_import_w: step.max_import_w.map(power),
        baseline_import_w: step.baseline_import_w.map(power),
        breach_energy_wh: energy(step.breach_energy_wh),
        quality: quality(step.quality, &format!("{path}.quality"))?,
        coverage: ratio(step.coverage_ratio, &format!("{path}.coverage_ratio"))?,
        verdict: verdict(step.verdict, &format!("{path}.verdict"))?,
    })
}

/// Tells a report; without its intervals when they are told in another way.
pub(crate) fn report_to_proto(report: &Report, with_intervals: bool) -> proto::ComplianceReport {
    let steps = report.intervals.iter().filter(|_| with_intervals);
    proto::ComplianceReport {
        target: report.target.to_string(),
        limit: report.limit.as_ref().map(ToString::to_string).unwrap_or_default(),
        start_time: Some(timestamp(report.window.start)),
        end_time: Some(timestamp(report.window.end)),
        verdict: verdict_to_proto(report.verdict),
        intervals: steps.map(step_to_proto).collect(),
        time_to_in_force_s: report.time_to_in_force_s,
        method_version: report.method_version.clone(),
    }
}

pub(crate) fn report(report: proto::ComplianceReport) -> Result<Report, LimitViolation> {
    let steps = report.intervals.iter().enumerate();
    let limit = Some(report.limit).filter(|name| !name.is_empty());
    Ok(Report {
        target: target(&report.target, "report.target")?,
        limit: limit.map(|name| limit_name(&name, "report.limit")).transpose()?,
        window: interval(report.start_time, report.end_time, "report").map_err(first)?,
        verdict: verdict(report.verdict, "report.verdict")?,
        intervals: steps
            .map(|(index, item)| step(item, &format!("report.intervals[{index}]")))
            .collect::<Result<_, _>>()?,
        time_to_in_force_s: report.time_to_in_force_s,
        method_version: report.method_version,
    })
}

pub(crate) fn entry_to_proto(entry: &Entry) -> proto::AuditEntry {
    proto::AuditEntry {
        sequence: entry.sequence,
        time: Some(timestamp(entry.at)),
        principal: entry.principal.clone(),
        method: entry.method.clone(),
        request_id: entry.request_id.clone(),
        resource: entry.resource.clone(),
        request_sha256: entry.request_sha256.clone(),
        result: entry.result.clone(),
        previous_hash: entry.previous_hash.clone(),
        hash: entry.hash.clone(),
    }
}

pub(crate) fn entry(entry: proto::AuditEntry) -> Result<Entry, LimitViolation> {
    Ok(Entry {
        sequence: entry.sequence,
        at: instant(entry.time, "entry.time")?,
        principal: entry.principal,
        method: entry.method,
        request_id: entry.request_id,
        resource: entry.resource,
        request_sha256: entry.request_sha256,
        result: entry.result,
        previous_hash: entry.previous_hash,
        hash: entry.hash,
    })
}
