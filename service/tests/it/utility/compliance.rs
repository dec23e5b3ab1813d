//! Whether limits were obeyed, by what the meters say.

use headroom_domain::compliance::{Quality, Verdict};
use headroom_domain::time::floor_to;
use headroom_grid_api::server::{ReportQuery, ReportSubject};
use serde_json::json;

use super::*;

const MINUTE: TimeDelta = TimeDelta::minutes(1);

/// Reports minutes of the campus as its meter does.
async fn report_minutes(service: &Service, start: DateTime<Utc>, imports_kw: &[Option<f64>]) {
    let minutes = (0..).zip(imports_kw).filter_map(|(minute, kw)| Some((start + MINUTE * minute, (*kw)?)));
    let readings: Vec<_> = minutes
        .map(|(at, kw)| json!({"start": at.to_rfc3339(), "end": (at + MINUTE).to_rfc3339(), "import_w": kw * 1000.0}))
        .collect();
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
    let url = format!("{}/api/v1/sites/campus/meter-readings", service.url);
    let sent = client.post(url).bearer_auth("secret").json(&json!({ "readings": readings })).send().await.unwrap();
    assert_eq!(sent.status().as_u16(), 204);
}

#[tokio::test]
async fn what_was_obeyed_what_was_not_and_what_nobody_knows_are_told_apart() {
    let (service, dso) = idle().await;
    let start = floor_to(now(&dso).await, MINUTE) + MINUTE * 2;
    let minute = |index: i32| Interval { start: start + MINUTE * index, end: start + MINUTE * (index + 1) };
    let limit = dso.submit(&draft(1, &[stretch(start, 3, 20.0)]), id()).await.unwrap().limit;
    let mut samples = dso.telemetry(&[campus()], MINUTE, Some(start)).await.unwrap().boxed();
    eventually("it is over", || async { now(&dso).await >= minute(3).start }).await;
    report_minutes(&service, start, &[Some(10.0), Some(50.0), None]).await;

    let of_limit = ReportSubject::Limit(limit.id.clone());
    let report = dso.report(&of_limit).await.unwrap();
    assert_eq!((report.verdict, report.limit.as_ref(), &report.target), (Verdict::Breach, Some(&limit.id), &campus()));
    let verdicts: Vec<_> = report.intervals.iter().map(|step| (step.interval, step.verdict, step.quality)).collect();
    assert_eq!(
        verdicts,
        [
            (minute(0), Verdict::Compliant, Quality::Measured),
            (minute(1), Verdict::Breach, Quality::Measured),
            (minute(2), Verdict::Unknown, Quality::Missing),
        ]
    );
    let energies: Vec<_> = report.intervals.iter().map(|step| step.breach_energy_wh.as_wh()).collect();
    assert_eq!(energies, [0.0, 500.0, 0.0], "30 kW too much for a minute");
    assert!(report.time_to_in_force_s.is_some_and(|seconds| seconds >= 0.0), "nobody was there to disobey");
    assert_eq!(dso.reports(&ReportQuery::default()).await.unwrap(), [report]);

    let csv = dso.report_csv(&of_limit).await.unwrap();
    let lines: Vec<_> = csv.split("\r\n").collect();
    assert_eq!(lines.len(), 5, "{csv}");
    assert!(lines[0].starts_with("start_time,end_time,limit_import_w,mean_import_w,"), "{csv}");
    assert!(lines[2].ends_with(",BREACH") && lines[2].contains(",20000,50000,"), "{csv}");
    assert!(lines[3].contains(",20000,,,") && lines[3].ends_with(",UNKNOWN"), "{csv}");

    for (index, verdict) in [(0, Verdict::Compliant), (1, Verdict::Breach), (2, Verdict::Unknown)] {
        let report = dso.report(&ReportSubject::Target(campus(), minute(index))).await.unwrap();
        assert_eq!((report.verdict, report.intervals.len()), (verdict, 1), "{report:?}");
    }

    // A step is told some seconds after its end, with the readings that have come by then.
    for index in 0..3 {
        let (target, sample) = in_time("a sample", samples.next()).await.unwrap().unwrap();
        assert_eq!((target, sample.interval), (campus(), minute(index)));
    }
}

#[tokio::test]
async fn telemetry_tells_what_the_meter_said_and_that_it_was_silent() {
    let (service, dso) = idle().await;
    let start = floor_to(now(&dso).await, MINUTE) - MINUTE * 4;
    report_minutes(&service, start, &[Some(10.0), None, Some(30.0)]).await;
    let mut samples = dso.telemetry(&[campus()], MINUTE, Some(start)).await.unwrap().boxed();
    for (kw, quality) in [(Some(10.0), Quality::Measured), (None, Quality::Missing), (Some(30.0), Quality::Measured)] {
        let (_, sample) = in_time("a sample", samples.next()).await.unwrap().unwrap();
        assert_eq!((sample.mean_import_w, sample.quality), (kw.map(Power::from_kw), quality), "{sample:?}");
        let expected_wh = kw.map(|kw| (kw * 1000.0 / 60.0).round());
        assert_eq!(sample.import_energy_wh.map(|energy| energy.as_wh().round()), expected_wh);
    }
}

#[tokio::test]
async fn a_meter_that_shows_more_than_everybody_was_allowed_makes_it_not_achieved() {
    use headroom_domain::limit::{Amiss, LimitState};
    let (service, dso) = idle().await;
    let limit = dso.submit(&draft(1, &[stretch(now(&dso).await, 240, 20.0)]), id()).await.unwrap().limit;
    let mut events = follow(&dso, 0).await;
    until("it is obeyed", &mut events, |event| event.status.is_obeyed()).await;
    let grace = limit.accepted_at + TimeDelta::minutes(6);
    eventually("the grace is over", || async { now(&dso).await >= grace }).await;
    report_minutes(&service, grace, &[Some(30.0)]).await;
    let told = until("the meter is believed", &mut events, |event| event.status.state == LimitState::NotAchieved).await;
    let status = told.last().unwrap().status;
    assert_eq!((status.amiss, status.measured_import_w), (Some(Amiss::MeterAboveLimit), Some(Power::from_kw(30.0))));
}
