//! Telemetry, reports and the audit.

use chrono::TimeDelta;
use futures::StreamExt;
use headroom_domain::compliance::{Quality, Report, ReportInterval, Verdict};
use headroom_domain::{Energy, LimitId, Ratio};
use headroom_grid_api::audit::{Entry, Verifier};
use headroom_grid_api::limit_id;
use headroom_grid_api::server::{AuditQuery, ReportQuery, ReportSubject};

use super::*;

fn report(number: usize) -> Report {
    let step = ReportInterval {
        interval: window(0, 15),
        limit_import_w: Some(Power::from_w(10_000.0)),
        mean_import_w: Some(Power::from_w(12_000.0)),
        max_import_w: Some(Power::from_w(13_000.0)),
        baseline_import_w: None,
        breach_energy_wh: Energy::from_wh(500.0),
        quality: Quality::Estimated,
        coverage: Ratio::from_ratio(0.95),
        verdict: Verdict::Breach,
    };
    Report {
        target: site(),
        limit: Some(limit_id("dso-1", &format!("l{number:04}"))),
        window: window(0, 15),
        verdict: Verdict::Breach,
        intervals: vec![step],
        time_to_in_force_s: Some(12.5),
        method_version: "1".to_owned(),
    }
}

#[tokio::test]
async fn telemetry_is_told_step_by_step_a_little_after_each_is_over() {
    let server = Server::start().await;
    let utility = server.utility();
    let resolution = TimeDelta::seconds(60);
    let mut stream = Box::pin(utility.telemetry(&[site()], resolution, Some(at(-2))).await.unwrap());
    // The test's minutes begin 20 s after those of the clock, and a step is told 10 s after its end.
    let first = at(-2) - TimeDelta::seconds(20);
    for index in 0..2 {
        let (target, sample) = stream.next().await.unwrap().unwrap();
        let start = first + resolution * index;
        assert_eq!((target, sample.interval), (site(), Interval { start, end: start + resolution }));
        assert_eq!(
            (sample.mean_import_w, sample.import_energy_wh),
            (Some(Power::from_w(6000.0)), Some(Energy::from_wh(100.0)))
        );
        assert_eq!((sample.export_energy_wh, sample.quality), (None, Quality::Measured));
    }
    let early = tokio::time::timeout(std::time::Duration::from_millis(300), stream.next()).await;
    assert!(early.is_err(), "it is not over");
    server.pass(1);
    assert_eq!(stream.next().await.unwrap().unwrap().1.interval.start, first + resolution * 2);
    drop(stream);
    server.stop().await;
}

#[tokio::test]
async fn telemetry_of_several_places_is_told_in_the_order_of_time() {
    let server = Server::start().await;
    let utility = server.utility();
    let places = [site(), Target::ConnectionPoint("site-c".into())];
    let resolution = TimeDelta::seconds(60);
    let stream = utility.telemetry(&places, resolution, Some(at(-3))).await.unwrap();
    let told: Vec<_> = stream.take(6).map(Result::unwrap).collect().await;
    let first = at(-3) - TimeDelta::seconds(20);
    for (index, samples) in (0..).zip(told.chunks(2)) {
        let step = samples.iter().map(|(target, sample)| (target.clone(), sample.interval.start));
        let start = first + resolution * index;
        assert_eq!(step.collect::<Vec<_>>(), places.each_ref().map(|place| (place.clone(), start)));
    }
    server.stop().await;
}

#[tokio::test]
async fn a_question_for_telemetry_is_checked() {
    let server = Server::start().await;
    let utility = server.utility();
    let ask = async |targets: &[Target], resolution_s, start| {
        let asked = utility.telemetry(targets, TimeDelta::seconds(resolution_s), start).await;
        let refusal = refused(asked.map(drop));
        (refusal.reason.clone(), refusal.fields[0].path.clone())
    };
    let told = |reason: &str, path: &str| (reason.to_owned(), path.to_owned());
    assert_eq!(ask(&[site()], 9, None).await, told("RESOLUTION_TOO_SHORT", "resolution_s"));
    assert_eq!(ask(&[], 10, None).await, told("REQUIRED", "targets"));
    let many: Vec<_> = (0..101).map(|number| Target::ConnectionPoint(format!("p{number}").into())).collect();
    assert_eq!(ask(&many, 10, None).await, told("TOO_MANY_TARGETS", "targets"));
    let malformed = [site(), Target::ConnectionPoint("a b".into())];
    assert_eq!(ask(&malformed, 10, None).await, told("NAME_MALFORMED", "targets[1]"));
    assert_eq!(ask(&[site()], 10, Some(at(-24 * 60 - 1))).await, told("WINDOW_TOO_LONG", "start_time"));
    server.stop().await;
}

#[tokio::test]
async fn a_report_is_of_a_limit_or_of_a_place_and_a_window() {
    let server = Server::start().await;
    server.host.kept.lock().reports = vec![report(1)];
    let utility = server.utility();
    let of_limit = utility.report(&ReportSubject::Limit(limit_id("dso-1", "l0001"))).await.unwrap();
    assert_eq!(of_limit, report(1));
    let of_place = utility.report(&ReportSubject::Target(site(), window(0, 60))).await.unwrap();
    assert_eq!(of_place, Report { limit: None, window: window(0, 60), ..report(1) });
    let refusal = refused(utility.report(&ReportSubject::Limit(limit_id("dso-1", "x"))).await);
    assert_eq!((refusal.reason.as_str(), refusal.fields[0].path.as_str()), ("LIMIT_UNKNOWN", "limit"));
    let foreign: LimitId = limit_id("dso-2", "l0001");
    assert_eq!(refused(utility.report(&ReportSubject::Limit(foreign)).await).reason, "NOT_AUTHORISED_FOR_UTILITY");
    server.stop().await;
}

#[tokio::test]
async fn a_report_can_be_had_as_a_table() {
    let server = Server::start().await;
    server.host.kept.lock().reports = vec![report(1)];
    let csv = server.utility().report_csv(&ReportSubject::Limit(limit_id("dso-1", "l0001"))).await.unwrap();
    let expected = "start_time,end_time,limit_import_w,mean_import_w,max_import_w,baseline_import_w,breach_energy_wh,\
                    quality,coverage_ratio,verdict\r\n\
                    2023-11-14T22:13:20Z,2023-11-14T22:28:20Z,10000,12000,13000,,500,ESTIMATED,0.95,BREACH\r\n";
    assert_eq!(csv, expected);
    server.stop().await;
}

#[tokio::test]
async fn reports_are_listed_over_pages() {
    let server = Server::start().await;
    let all: Vec<_> = (1..=120).map(report).collect();
    server.host.kept.lock().reports.clone_from(&all);
    assert_eq!(server.utility().reports(&ReportQuery::default()).await.unwrap(), all);
    let elsewhere = ReportQuery { target: Some(Target::Area("feeder-7".into())), ..ReportQuery::default() };
    assert_eq!(server.utility().reports(&elsewhere).await.unwrap(), []);
    server.stop().await;
}

#[tokio::test]
async fn the_audit_is_listed_over_pages_and_its_chain_can_be_verified_by_the_one_who_reads_it() {
    let server = Server::start().await;
    let mut chain: Vec<Entry> = Vec::new();
    for number in 1..=120_u8 {
        let entry = Entry {
            sequence: 0,
            at: at(number.into()),
            principal: "token dso-1".to_owned(),
            method: "SubmitLimit".to_owned(),
            request_id: request_id(number).to_string(),
            resource: site().to_string(),
            request_sha256: "0".repeat(64),
            result: "OK".to_owned(),
            previous_hash: String::new(),
            hash: String::new(),
        };
        let previous = chain.last().map(|last| (last.sequence, last.hash.clone()));
        chain.push(entry.chained(previous.as_ref().map(|(sequence, hash)| (*sequence, hash.as_str()))));
    }
    server.host.kept.lock().audit.clone_from(&chain);
    let told = server.utility().audit_entries(&AuditQuery::default()).await.unwrap();
    assert_eq!(told, chain);
    let mut verifier = Verifier::default();
    for entry in &told {
        verifier.take(entry).unwrap();
    }
    assert_eq!(verifier.head().0, 120);
    let some = AuditQuery { window: Some(window(3, 5)), ..AuditQuery::default() };
    assert_eq!(server.utility().audit_entries(&some).await.unwrap(), chain[2..4]);
    server.stop().await;
}
