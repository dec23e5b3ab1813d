use chrono::{DateTime, Utc};
use proptest::prelude::*;

use super::*;
use crate::ids::NodeId;
use crate::units::hours;

/// A full hour.
const ORIGIN: i64 = 1_700_000_100 - 1_700_000_100 % 3600;

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(ORIGIN + 60 * minute, 0).unwrap()
}

fn window(start: i64, end: i64) -> Interval {
    Interval { start: at(start), end: at(end) }
}

fn samples(readings: &[(i64, i64, f64)]) -> Vec<Sample> {
    let sample = |&(start, end, watts)| Sample { interval: window(start, end), import_w: Power::from_w(watts) };
    readings.iter().map(sample).collect()
}

/// A report over an hour of quarters, of what held and what was measured, with a twentieth of the limit as tolerance.
fn told(in_force: &[(i64, i64, Option<f64>)], readings: &[(i64, i64, f64)]) -> Report {
    let held = |&(start, end, watts): &(i64, i64, Option<f64>)| InForce {
        interval: window(start, end),
        maximum_import_w: watts.map(Power::from_w),
    };
    report(&Question {
        target: Target::from(NodeId::from("site-a")),
        limit: None,
        window: window(0, 60),
        step: TimeDelta::minutes(15),
        in_force: &in_force.iter().map(held).collect::<Vec<_>>(),
        samples: &samples(readings),
        baseline: &[(window(0, 30), Power::from_w(9000.0))],
        tolerance: Ratio::from_ratio(0.05),
        time_to_in_force_s: Some(1.5),
    })
}

/// `start..end limit mean verdict` of each line, rounded to watts.
fn lines(report: &Report) -> Vec<String> {
    let minute = |instant: DateTime<Utc>| (instant - at(0)).num_minutes();
    let watts = |power: Option<Power>| power.map_or("-".to_owned(), |power| format!("{:.0}", power.as_w()));
    let line = |line: &ReportInterval| {
        let when = format!("{}..{}", minute(line.interval.start), minute(line.interval.end));
        format!("{when} {} {} {:?}", watts(line.limit_import_w), watts(line.mean_import_w), line.verdict)
    };
    report.intervals.iter().map(line).collect()
}

#[test]
fn a_mean_up_to_the_limit_and_the_tolerance_is_compliant() {
    let report = told(&[(0, 60, Some(1000.0))], &[(0, 15, 0.0), (15, 30, 1000.0), (30, 60, 1050.0)]);
    let expected = ["0..15 1000 0", "15..30 1000 1000", "30..45 1000 1050", "45..60 1000 1050"];
    assert_eq!(lines(&report), expected.map(|line| format!("{line} Compliant")));
    assert_eq!(report.verdict, Verdict::Compliant);
    assert!(report.intervals.iter().all(|line| line.breach_energy_wh == Energy::ZERO));
    assert_eq!((report.time_to_in_force_s, report.method_version.as_str()), (Some(1.5), METHOD_VERSION));
}

#[test]
fn a_mean_above_the_limit_and_the_tolerance_is_a_breach_of_all_that_is_above_the_limit() {
    let report = told(&[(0, 60, Some(1000.0))], &[(0, 15, 1060.0), (15, 60, 10.0)]);
    assert_eq!(lines(&report)[0], "0..15 1000 1060 Breach");
    assert!((report.intervals[0].breach_energy_wh.as_wh() - 15.0).abs() < 1e-9);
    assert_eq!(report.verdict, Verdict::Breach);
}

#[test]
fn each_line_tolerates_its_share_of_its_own_limit() {
    let held = [(0, 15, Some(100_000.0)), (15, 30, Some(1000.0)), (30, 45, Some(0.0))];
    let report = told(&held, &[(0, 15, 104_999.0), (15, 30, 1051.0), (30, 45, 1.0)]);
    let expected = ["0..15 100000 104999 Compliant", "15..30 1000 1051 Breach", "30..45 0 1 Breach"];
    assert_eq!(lines(&report), expected);
}

#[test]
fn a_short_peak_is_no_breach_and_is_shown() {
    let report = told(&[(0, 15, Some(1000.0))], &[(0, 1, 5000.0), (1, 15, 0.0)]);
    assert_eq!(lines(&report), ["0..15 1000 333 Compliant"]);
    assert_eq!(report.intervals[0].max_import_w, Some(Power::from_w(5000.0)));
}

#[test]
fn a_limit_that_changes_within_a_step_is_weighted_by_time() {
    let report = told(&[(0, 5, Some(0.0)), (5, 15, Some(3000.0))], &[(0, 15, 2000.0)]);
    assert_eq!(lines(&report), ["0..15 2000 2000 Compliant"]);
}

#[test]
fn where_nothing_is_limited_nothing_is_judged() {
    let held = [(0, 10, None), (10, 20, Some(1000.0)), (40, 45, Some(1000.0))];
    let report = told(&held, &[(0, 10, 9999.0), (10, 20, 900.0), (20, 40, 9999.0), (40, 60, 900.0)]);
    let expected = ["10..15 1000 900", "15..20 1000 900", "40..45 1000 900"];
    assert_eq!(lines(&report), expected.map(|line| format!("{line} Compliant")));
}

#[test]
fn without_a_line_nobody_knows() {
    assert_eq!(told(&[], &[(0, 60, 1.0)]).verdict, Verdict::Unknown);
    assert_eq!(told(&[(70, 80, Some(1.0))], &[(0, 60, 1.0)]).verdict, Verdict::Unknown);
}

#[test]
fn nine_tenths_of_a_step_tell_the_rest_of_it_and_less_does_not() {
    let enough = told(&[(0, 15, Some(1000.0))], &[(0, 14, 900.0)]);
    assert_eq!(lines(&enough), ["0..15 1000 900 Compliant"]);
    assert_eq!(enough.intervals[0].quality, Quality::Estimated);
    let estimated = told(&[(0, 15, Some(1000.0))], &[(0, 14, 1100.0)]);
    assert_eq!(lines(&estimated), ["0..15 1000 1100 Breach"]);
    assert!((estimated.intervals[0].breach_energy_wh.as_wh() - 100.0 * 14.0 / 60.0).abs() < 1e-6);
    let little = told(&[(0, 15, Some(1000.0))], &[(0, 13, 1100.0)]);
    assert_eq!(lines(&little), ["0..15 1000 1100 Unknown"]);
    assert_eq!((little.verdict, little.intervals[0].breach_energy_wh), (Verdict::Unknown, Energy::ZERO));
}

#[test]
fn a_silent_meter_is_unknown() {
    assert_eq!(lines(&told(&[(0, 15, Some(1000.0))], &[])), ["0..15 1000 - Unknown"]);
}

#[test]
fn what_was_measured_alone_may_prove_a_breach() {
    let report = told(&[(0, 15, Some(1000.0))], &[(0, 5, 4000.0)]);
    assert_eq!(lines(&report), ["0..15 1000 4000 Breach"]);
    assert_eq!(report.intervals[0].quality, Quality::Missing);
    assert!((report.intervals[0].breach_energy_wh.as_wh() - 250.0).abs() < 1e-6);
    assert_eq!(lines(&told(&[(0, 15, Some(1000.0))], &[(0, 5, 3000.0)])), ["0..15 1000 3000 Unknown"]);
}

#[test]
fn one_breach_makes_a_breach_of_all_and_one_unknown_leaves_the_rest_unknown() {
    let limit = [(0, 60, Some(1000.0))];
    assert_eq!(told(&limit, &[(0, 15, 2000.0), (15, 30, 0.0)]).verdict, Verdict::Breach);
    assert_eq!(told(&limit, &[(0, 45, 0.0)]).verdict, Verdict::Unknown);
}

#[test]
fn the_baseline_is_shown_where_it_was_foretold() {
    let report = told(&[(0, 60, Some(1000.0))], &[]);
    let baselines: Vec<_> = report.intervals.iter().map(|line| line.baseline_import_w).collect();
    let foretold = Some(Power::from_w(9000.0));
    assert_eq!(baselines, [foretold, foretold, None, None]);
}

#[test]
fn steps_are_multiples_since_1970_cut_to_the_window() {
    let made = resample(&[], window(7, 40), TimeDelta::minutes(15));
    let intervals: Vec<_> = made.iter().map(|step| step.interval).collect();
    assert_eq!(intervals, [window(7, 15), window(15, 30), window(30, 40)]);
    assert!(made.iter().all(|step| step.quality == Quality::Missing && step.mean_w.is_none()));
    assert_eq!(resample(&[], window(7, 7), TimeDelta::minutes(15)), []);
    assert_eq!(resample(&[], window(0, 1), TimeDelta::zero()).len(), 60, "a step is a second at least");
}

#[test]
fn of_overlapping_readings_the_one_that_starts_later_counts() {
    let overlapping = samples(&[(5, 10, 4000.0), (0, 15, 1000.0), (20, 10, 7.0)]);
    let made = resample(&overlapping, window(0, 15), TimeDelta::minutes(15));
    assert_eq!((made[0].mean_w, made[0].max_w), (Some(Power::from_w(2000.0)), Some(Power::from_w(4000.0))));
    assert_eq!((made[0].coverage.as_ratio(), made[0].quality), (1.0, Quality::Measured));
}

proptest! {
    #[test]
    fn coverage_is_a_share_and_the_mean_lies_among_the_readings(
        readings in proptest::collection::vec((-10_i64..70, 0_i64..30, 0.0..1e5), 0..12),
        start in 0_i64..30,
        length in 1_i64..40,
        step in 1_i64..40,
    ) {
        let readings: Vec<_> = readings.into_iter().map(|(from, long, watts)| (from, from + long, watts)).collect();
        for made in resample(&samples(&readings), window(start, start + length), TimeDelta::minutes(step)) {
            prop_assert!((0.0..=1.0).contains(&made.coverage.as_ratio()));
            prop_assert_eq!(made.mean_w.is_some(), made.coverage.as_ratio() > 0.0);
            let (Some(mean), Some(max)) = (made.mean_w, made.max_w) else { continue };
            prop_assert!(mean.as_w() >= 0.0 && mean.as_w() <= max.as_w() + 1e-6);
        }
    }

    #[test]
    fn readings_that_leave_no_gap_keep_their_energy(
        readings in proptest::collection::vec((1_i64..20, 0.0..1e5), 1..20),
        step in 1_i64..40,
    ) {
        let (mut minute, mut all, mut energy_wh) = (0, Vec::new(), 0.0);
        for (length, watts) in readings {
            all.push((minute, minute + length, watts));
            energy_wh += watts * hours(window(0, length).duration());
            minute += length;
        }
        let made = resample(&samples(&all), window(0, minute), TimeDelta::minutes(step));
        prop_assert!(made.iter().all(|step| step.quality == Quality::Measured));
        let kept: Energy = made.iter().map(Step::energy).sum();
        prop_assert!((kept.as_wh() - energy_wh).abs() < 1e-6 * (1.0 + energy_wh), "{} of {}", kept.as_wh(), energy_wh);
    }
}
