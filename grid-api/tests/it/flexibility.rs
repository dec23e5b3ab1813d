//! Forecasts, and what a limit would change.

use std::time::Duration;

use chrono::TimeDelta;
use futures::StreamExt;
use headroom_domain::Energy;
use headroom_grid_api::ForecastInterval;

use super::host::FOREIGN_SITE;
use super::*;

const QUARTER: TimeDelta = TimeDelta::minutes(15);

fn step(baseline_w: f64) -> ForecastInterval {
    ForecastInterval {
        interval: window(0, 15),
        baseline_w: Power::from_w(baseline_w),
        baseline_p10_w: Power::from_w(1000.0),
        baseline_p90_w: Power::from_w(9000.0),
        minimum_w: Power::ZERO,
        maximum_w: Power::from_w(22_000.0),
        energy_floor_wh: Energy::from_wh(100.0),
        energy_ceiling_wh: Energy::from_wh(5000.0),
        session_count: 2,
    }
}

#[tokio::test]
async fn a_forecast_is_told_as_the_host_makes_it() {
    let server = Server::start().await;
    server.host.kept.lock().forecast = vec![step(5000.0)];
    let forecast = server.utility().forecast(&site(), window(0, 60), QUARTER).await.unwrap();
    assert_eq!((forecast.intervals.as_slice(), forecast.resolution), (&[step(5000.0)][..], QUARTER));
    assert_eq!((forecast.issued_at, forecast.valid_until, forecast.target), (at(0), at(5), site()));
    server.stop().await;
}

#[tokio::test]
async fn a_question_for_a_forecast_is_checked() {
    let server = Server::start().await;
    let utility = server.utility();
    let day = 24 * 60;
    for (resolution_s, minutes, reason, path) in [
        (59, 60, "RESOLUTION_TOO_SHORT", "resolution_s"),
        (86_401, 60, "RESOLUTION_TOO_LONG", "resolution_s"),
        (60, 4 * day, "TOO_MANY_STEPS", "resolution_s"),
        (900, 15 * day, "WINDOW_TOO_LONG", "end_time"),
        (900, 0, "WINDOW_EMPTY", "end_time"),
    ] {
        let asked = utility.forecast(&site(), window(0, minutes), TimeDelta::seconds(resolution_s)).await;
        let refusal = refused(asked);
        assert_eq!((refusal.reason.as_str(), refusal.fields[0].path.as_str()), (reason, path));
    }
    let foreign = Target::ConnectionPoint(FOREIGN_SITE.into());
    assert_eq!(refused(utility.forecast(&foreign, window(0, 15), QUARTER).await).reason, "NOT_AUTHORISED_FOR_TARGET");
    server.stop().await;
}

#[tokio::test]
async fn forecasts_are_told_when_they_change_and_at_most_once_a_minute() {
    let server = Server::start().await;
    server.host.kept.lock().forecast = vec![step(1.0)];
    let utility = server.utility();
    let mut stream = Box::pin(utility.forecasts(&[site()], QUARTER, TimeDelta::hours(1)).await.unwrap());
    assert_eq!(stream.next().await.unwrap().unwrap().intervals, [step(1.0)]);
    server.host.kept.lock().forecast = vec![step(2.0)];
    server.host.tell_news();
    let early = tokio::time::timeout(Duration::from_millis(300), stream.next()).await;
    assert!(early.is_err(), "within the minute");
    server.pass(1);
    assert_eq!(stream.next().await.unwrap().unwrap().intervals, [step(2.0)]);
    // A plan that is the same is no news.
    server.pass(1);
    server.host.tell_news();
    let same = tokio::time::timeout(Duration::from_millis(300), stream.next()).await;
    assert!(same.is_err(), "unchanged");
    drop(stream);
    server.stop().await;
}

#[tokio::test]
async fn what_a_limit_would_change_is_told_and_nothing_is_recorded() {
    let server = Server::start().await;
    let utility = server.utility();
    let impact = utility.simulate(&draft(1, &[(0, 60, 4000.0)]), request_id(1)).await.unwrap();
    assert_eq!(impact.intervals, [(window(0, 60), Power::from_w(9000.0), Power::from_w(4000.0))]);
    assert_eq!((impact.energy_shifted_wh, impact.sessions_short_count), (Energy::from_wh(5000.0), 1));
    assert_eq!(impact.cost_delta, Some((-1.25, "EUR".to_owned())));
    assert!(server.host.kept.lock().simulated[0].validate_only);
    assert_eq!(server.host.count(), 0);
    utility.submit(&draft(2, &[(0, 60, 1.0)]), request_id(1)).await.unwrap();
    server.stop().await;
}

#[tokio::test]
async fn what_is_wrong_with_a_simulation_has_the_path_that_the_caller_wrote() {
    let server = Server::start().await;
    let limit = LimitDraft { target: Target::ConnectionPoint(FOREIGN_SITE.into()), ..draft(0, &[(0, 60, 1.0)]) };
    let refusal = refused(server.utility().simulate(&limit, request_id(1)).await);
    assert_eq!(refusal.fields[0].path, "request.limit.revision");
    let refusal = refused(server.utility().simulate(&LimitDraft { revision: 1, ..limit }, request_id(1)).await);
    assert_eq!(refusal.fields[0].path, "request.limit.target");
    let late = draft(1, &[(-60, 0, 1.0)]);
    let refusal = refused(server.utility().simulate(&late, request_id(1)).await);
    assert_eq!(refusal.fields[0].path, "request.limit.intervals[0].end_time");
    server.stop().await;
}
