use chrono::TimeDelta;
use headroom_domain::Ratio;
use headroom_domain::compliance::{Quality, Report, ReportInterval, Verdict};
use headroom_domain::limit::failsafe::{Mode, SafeMode};
use headroom_domain::limit::{Amiss, LimitStatus};

use super::*;
use crate::convert::status::{codes, event, event_to_proto, state, state_to_proto};
use crate::convert::{areas, compliance, flexibility, safe_mode};
use crate::model::{
    ConnectionPoint, EnrolmentChange, EnrolmentEvent, ExternalId, FlexibilityForecast, ForecastInterval, GridArea,
    LimitImpact, SafeModeState, StatusEvent, TelemetrySample,
};

const STATES: [LimitState; 10] = [
    LimitState::Received,
    LimitState::Accepted,
    LimitState::Scheduled,
    LimitState::Active,
    LimitState::Completed,
    LimitState::Rejected,
    LimitState::Cancelled,
    LimitState::Superseded,
    LimitState::Expired,
    LimitState::NotAchieved,
];

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000 + 60 * minute, 0).unwrap()
}

fn window(start: i64, end: i64) -> Interval {
    Interval { start: at(start), end: at(end) }
}

fn site() -> Target {
    Target::ConnectionPoint("site-a".into())
}

#[test]
fn every_state_is_read_as_it_was_told_and_has_its_words_in_other_standards() {
    let told: Vec<_> = STATES
        .iter()
        .map(|known| {
            assert_eq!(state(state_to_proto(*known), "").unwrap(), *known);
            let codes = codes(*known);
            format!("{} {}", codes.ieee2030_5_response.unwrap_or_default(), codes.s2_status)
        })
        .collect();
    let expected = [
        "1 NEW",
        "1 ACCEPTED",
        "1 ACCEPTED",
        "2 STARTED",
        "3 SUCCEEDED",
        "253 REJECTED",
        "6 REVOKED",
        "7 ABORTED",
        "254 REJECTED",
        "0 ",
    ];
    assert_eq!(told, expected);
    assert_eq!(state(0, "state").unwrap_err().code, "VALUE_UNKNOWN");
}

#[test]
fn an_event_is_read_as_it_was_told() {
    let reasons = [
        None,
        Some(Amiss::StationsSilent),
        Some(Amiss::StationsRefused),
        Some(Amiss::NotSteerable),
        Some(Amiss::BaseLoadAlone),
        Some(Amiss::MeterAboveLimit),
    ];
    for amiss in reasons {
        let status = LimitStatus {
            state: LimitState::NotAchieved,
            affected_sessions: 4,
            confirmed_sessions: 2,
            measured_import_w: Some(Power::from_w(7000.0)),
            expected_in_force_at: Some(at(1)),
            amiss,
        };
        let (limit, target) = (names::limit_id("dso", "1"), Target::Area("feeder-7".into()));
        let told = StatusEvent { sequence: 9, limit, target, at: at(0), status };
        assert_eq!(event(&event_to_proto(&told)).unwrap(), told);
    }
}

#[test]
fn a_safe_mode_is_read_as_it_was_told_and_what_is_absent_is_what_eebus_says() {
    let safe = SafeMode {
        maximum_import_w: Some(Power::ZERO),
        maximum_export_w: None,
        heartbeat_timeout_s: Some(120),
        minimum_hold_s: 0,
        release_delay_s: 30,
        validity: Some(window(0, 60)),
    };
    assert_eq!(safe_mode::safe_mode(safe_mode::safe_mode_to_proto(&safe)).unwrap(), safe);
    let bare = safe_mode::safe_mode(proto::SafeMode { import_limit_w: Some(1), ..Default::default() }).unwrap();
    assert_eq!((bare.heartbeat_timeout_s, bare.minimum_hold_s, bare.release_delay_s), (None, 7200, 120));
    let state = SafeModeState {
        target: "site-a".into(),
        safe_mode: Some(safe),
        mode: Mode::Safe,
        since: Some(at(3)),
        updated_at: Some(at(1)),
    };
    assert_eq!(safe_mode::state(&safe_mode::state_to_proto(&state)).unwrap(), state);
}

#[test]
fn a_safe_mode_that_cannot_be_read_is_told_with_all_its_faults() {
    let stated = proto::SafeMode {
        heartbeat_timeout_s: Some(-1),
        minimum_hold_s: Some(-1),
        release_delay_s: Some(-1),
        validity: Some(proto::TimeWindow::default()),
        ..Default::default()
    };
    let faults = safe_mode::safe_mode(stated).unwrap_err();
    let fields: Vec<_> = faults.iter().map(|fault| fault.field.as_str()).collect();
    let expected = [
        "safe_mode.heartbeat_timeout_s",
        "safe_mode.minimum_hold_s",
        "safe_mode.release_delay_s",
        "safe_mode.validity.start_time",
        "safe_mode.validity.end_time",
    ];
    assert_eq!(fields, expected);
}

#[test]
fn areas_and_connection_points_are_read_as_they_were_told() {
    let point = ConnectionPoint {
        id: "site-a".into(),
        display_name: "the depot".to_owned(),
        external_id: Some(ExternalId { scheme: "EAN18".to_owned(), value: "541448912345678906".to_owned() }),
        area: Some("feeder-7".into()),
        connection_capacity_w: Some(Power::from_w(50_000.0)),
        phases: 3,
        nominal_voltage_v: 230,
        controllable_unit_count: 4,
        guaranteed_minimum_import_w: None,
        time_zone: "Europe/Brussels".to_owned(),
    };
    let area = GridArea {
        id: "feeder-7".into(),
        utility: "dso".to_owned(),
        display_name: "Feeder 7".to_owned(),
        members: vec!["site-a".into(), "site-b".into()],
        etag: "3".to_owned(),
        updated_at: at(0),
    };
    assert_eq!(areas::area(areas::area_to_proto(&area)).unwrap(), area);
    for change in [EnrolmentChange::Enrolled, EnrolmentChange::Updated, EnrolmentChange::Removed] {
        let event = EnrolmentEvent { sequence: 1, at: at(0), change, connection_point: point.clone() };
        assert_eq!(areas::enrolment(areas::enrolment_to_proto(&event)).unwrap(), event);
    }
    let bare = ConnectionPoint { external_id: None, area: None, connection_capacity_w: None, ..point };
    assert_eq!(areas::connection_point(areas::connection_point_to_proto(&bare)).unwrap(), bare);
}

#[test]
fn forecasts_and_impacts_are_read_as_they_were_told() {
    let step = ForecastInterval {
        interval: window(0, 15),
        baseline_w: Power::from_w(5000.0),
        baseline_p10_w: Power::from_w(1000.0),
        baseline_p90_w: Power::from_w(9000.0),
        minimum_w: Power::ZERO,
        maximum_w: Power::from_w(22_000.0),
        energy_floor_wh: Energy::from_wh(10.0),
        energy_ceiling_wh: Energy::from_wh(20.0),
        session_count: 3,
    };
    let forecast = FlexibilityForecast {
        target: site(),
        issued_at: at(0),
        valid_until: at(5),
        resolution: TimeDelta::minutes(15),
        intervals: vec![step],
    };
    assert_eq!(flexibility::forecast(&flexibility::forecast_to_proto(&forecast)).unwrap(), forecast);
    let impact = LimitImpact {
        intervals: vec![(window(0, 15), Power::from_w(2.0), Power::from_w(1.0))],
        energy_shifted_wh: Energy::from_wh(10.0),
        energy_not_delivered_wh: Energy::from_wh(1.0),
        sessions_short_count: 1,
        cost_delta: Some((0.5, "EUR".to_owned())),
        warnings: vec![LimitWarning { code: "A".to_owned(), interval_index: Some(0), message: "b".to_owned() }],
    };
    assert_eq!(flexibility::impact(flexibility::impact_to_proto(&impact)).unwrap(), impact);
}

#[test]
fn money_has_units_and_nanos_of_one_sign() {
    let told = |amount: f64| {
        let money = flexibility::money_to_proto(amount, "EUR");
        (money.units, money.nanos)
    };
    assert_eq!(told(1.75), (1, 750_000_000));
    assert_eq!(told(-1.75), (-1, -750_000_000));
    assert_eq!(told(-0.5), (0, -500_000_000));
    assert_eq!(told(2.999_999_999_9), (3, 0));
    assert_eq!(told(0.0), (0, 0));
}

#[test]
fn what_flows_to_the_grid_is_no_import_below_0() {
    let sample = TelemetrySample {
        interval: window(0, 1),
        import_energy_wh: Some(Energy::from_wh(-100.0)),
        export_energy_wh: Some(Energy::from_wh(-1.0)),
        mean_import_w: Some(Power::from_w(-6000.0)),
        max_import_w: Some(Power::from_w(-6000.0)),
        quality: Quality::Measured,
        coverage: Ratio::from_ratio(1.0),
    };
    let told = compliance::sample_to_proto(&sample, &site());
    assert_eq!((told.import_energy_wh, told.export_energy_wh), (Some(0), Some(0)));
    assert_eq!((told.mean_import_w, told.max_import_w), (Some(0), Some(0)));
}

#[test]
fn telemetry_and_reports_are_read_as_they_were_told() {
    for quality in [Quality::Measured, Quality::Estimated, Quality::Missing] {
        let sample = TelemetrySample {
            interval: window(0, 1),
            import_energy_wh: Some(Energy::from_wh(100.0)),
            export_energy_wh: None,
            mean_import_w: Some(Power::from_w(6000.0)),
            max_import_w: None,
            quality,
            coverage: Ratio::from_ratio(0.5),
        };
        let told = compliance::sample_to_proto(&sample, &site());
        assert_eq!(compliance::sample(&told).unwrap(), (site(), sample));
    }
    for verdict in [Verdict::Compliant, Verdict::Breach, Verdict::Unknown] {
        let step = ReportInterval {
            interval: window(0, 15),
            limit_import_w: Some(Power::from_w(10_000.0)),
            mean_import_w: None,
            max_import_w: None,
            baseline_import_w: Some(Power::from_w(3.0)),
            breach_energy_wh: Energy::ZERO,
            quality: Quality::Missing,
            coverage: Ratio::ZERO,
            verdict,
        };
        let report = Report {
            target: site(),
            limit: None,
            window: window(0, 15),
            verdict,
            intervals: vec![step],
            time_to_in_force_s: None,
            method_version: "1".to_owned(),
        };
        assert_eq!(compliance::report(compliance::report_to_proto(&report, true)).unwrap(), report);
        assert_eq!(compliance::report(compliance::report_to_proto(&report, false)).unwrap().intervals, []);
    }
    let torn = proto::TelemetrySample { coverage_ratio: f64::NAN, ..Default::default() };
    assert!(compliance::sample(&torn).is_err());
}
