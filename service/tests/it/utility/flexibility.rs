//! What a site will draw, how far that can be moved, and what a limit would do to it.

use headroom_domain::time::floor_to;
use headroom_grid_api::FlexibilityForecast;
use headroom_grid_api::server::AuditQuery;

use super::*;

const QUARTER: TimeDelta = TimeDelta::minutes(15);

fn check(forecast: &FlexibilityForecast, sessions: u32) {
    assert!(!forecast.intervals.is_empty() && forecast.valid_until > forecast.issued_at, "{forecast:?}");
    let capacity = Power::from_kw(100.0 * f64::from(sessions) / 3.0);
    for (step, next) in forecast.intervals.iter().zip(forecast.intervals.iter().skip(1)) {
        assert_eq!(step.interval.end, next.interval.start);
        assert_eq!(next.interval.start, floor_to(next.interval.start, QUARTER), "cut to the window at its ends only");
        assert!(step.energy_floor_wh <= next.energy_floor_wh && step.energy_ceiling_wh <= next.energy_ceiling_wh);
    }
    for step in &forecast.intervals {
        assert!(step.minimum_w <= step.baseline_w && step.baseline_w <= step.maximum_w, "{step:?}");
        assert!(step.baseline_p10_w <= step.baseline_w && step.baseline_w <= step.baseline_p90_w, "{step:?}");
        assert!(step.maximum_w <= capacity && step.energy_floor_wh <= step.energy_ceiling_wh, "{step:?}");
    }
    let first = &forecast.intervals[0];
    assert_eq!(first.session_count, sessions);
    assert!(first.maximum_w > Power::from_kw(10.0) && first.minimum_w < first.maximum_w, "{first:?}");
}

#[tokio::test]
async fn a_forecast_says_what_is_planned_and_how_far_it_can_be_moved() {
    let (_service, dso, _stub) = charging(&["campus", "depot"], "").await;
    let start = now(&dso).await;
    let window = Interval { start, end: start + TimeDelta::hours(3) };
    check(&dso.forecast(&campus(), window, QUARTER).await.unwrap(), 3);
    dso.put_grid_area(&AreaId::from("dso-all"), "", &[node("campus"), node("depot")], "", id()).await.unwrap();
    check(&dso.forecast(&area("dso-all"), window, QUARTER).await.unwrap(), 6);

    let mut stream = dso.forecasts(&[campus()], QUARTER, TimeDelta::hours(3)).await.unwrap().boxed();
    let first = in_time("the first comes at once", stream.next()).await.unwrap().unwrap();
    check(&first, 3);
    dso.submit(&draft(1, &[stretch(start, 240, 20.0)]), id()).await.unwrap();
    let told_at = now(&dso).await;
    in_time("a new plan is told", async {
        while stream.next().await.unwrap().unwrap().intervals[1].maximum_w > Power::from_kw(20.0) {}
    })
    .await;
    assert!(now(&dso).await >= told_at + TimeDelta::seconds(45), "one a minute at most");
}

#[tokio::test]
async fn a_simulated_limit_shows_what_it_would_change_and_changes_nothing() {
    let (_service, dso, stub) = charging(&["campus"], "").await;
    let begin = floor_to(now(&dso).await, QUARTER) + QUARTER;
    let limited = Interval { start: begin, end: begin + TimeDelta::hours(1) };
    let before = stub.told_w();
    let impact = dso.simulate(&draft(1, &[stretch(begin, 60, 10.0)]), id()).await.unwrap();
    let touched: Vec<_> = impact.intervals.iter().filter(|(step, ..)| limited.intersection(step).is_some()).collect();
    assert!(!touched.is_empty());
    assert!(touched.iter().all(|(_, _, after)| after.as_w() <= 10_001.0), "{touched:?}");
    assert!(touched.iter().any(|(_, before, _)| *before > Power::from_kw(10.0)), "{touched:?}");
    let moved = impact.energy_shifted_wh.as_wh() + impact.energy_not_delivered_wh.as_wh();
    assert!(moved > 1_000.0 && impact.energy_shifted_wh.as_wh() >= 0.0, "{impact:?}");
    assert!(impact.sessions_short_count <= 3);

    assert_eq!(dso.list(&headroom_grid_api::LimitQuery::default()).await.unwrap(), []);
    assert_eq!(dso.audit_entries(&AuditQuery::default()).await.unwrap(), []);
    let holds = dso.effective(&campus(), limited).await.unwrap();
    assert!(holds.iter().all(|piece| import_w(piece) == Some(100_000.0)));
    assert_eq!(stub.told_w(), before);
    let bad = refused(dso.simulate(&draft(0, &[]), id()).await);
    assert_eq!(bad.code, "InvalidArgument");
}
