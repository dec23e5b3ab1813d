//! The routes, asked without a socket.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use axum::response::Response;
use futures::StreamExt;
use headroom_domain::limit::Basis;
use headroom_domain::reason::Reason;
use headroom_domain::{Power, SessionId};
use serde_json::Value;
use std::sync::Arc;
use tokio::sync::watch;
use tower::ServiceExt;

use super::*;

const EXAMPLE: &str = include_str!("../../tests/it/site-view.json");

struct Fixed(Vec<SiteView>);

impl SiteViews for Fixed {
    async fn sites(&self) -> Vec<SiteSummary> {
        self.0.iter().map(SiteView::summary).collect()
    }

    async fn site(&self, id: &str) -> Option<SiteView> {
        self.0.iter().find(|view| view.id == id).cloned()
    }
}

fn view(id: &str, name: &str) -> SiteView {
    let example: SiteView = serde_json::from_str(EXAMPLE).unwrap();
    SiteView { id: id.to_owned(), name: name.to_owned(), ..example }
}

fn routes(views: Vec<SiteView>) -> Router {
    router(Arc::new(Fixed(views)), watch::channel(0).1)
}

async fn get(routes: Router, path: &str) -> Response {
    routes.oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap()
}

async fn text(response: Response) -> String {
    String::from_utf8(to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()).unwrap()
}

#[tokio::test]
async fn a_site_is_answered_in_the_published_schema() {
    let response = get(routes(vec![view("werk-sued", "Werk Süd")]), "/api/v1/sites/werk-sued").await;
    assert_eq!(response.status(), StatusCode::OK);
    let answered: Value = serde_json::from_str(&text(response).await).unwrap();
    assert_eq!(answered, serde_json::from_str::<Value>(EXAMPLE).unwrap());
}

#[tokio::test]
async fn sites_are_listed_with_the_least_headroom_first() {
    let roomy = SiteView { import_now_w: Some(Power::from_kw(1.0)), ..view("roomy", "A") };
    let tight = SiteView { import_now_w: Some(Power::from_kw(61.0)), ..view("tight", "B") };
    let answered: Value =
        serde_json::from_str(&text(get(routes(vec![roomy, tight]), "/api/v1/sites").await).await).unwrap();
    assert_eq!(answered["sites"][0]["id"], "tight");
    assert_eq!(answered["sites"][0]["headroom_now_w"], -1000.0);
    assert_eq!(answered["sites"][1]["connected"], 2);
}

#[tokio::test]
async fn an_unknown_site_is_a_problem_that_names_the_known_ones() {
    for path in ["/api/v1/sites/nowhere", "/api/v1/sites/nowhere/events"] {
        let response = get(routes(vec![view("werk-sued", "Werk Süd")]), path).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
        let problem: Value = serde_json::from_str(&text(response).await).unwrap();
        assert_eq!(problem["status"], 404);
        assert_eq!(problem["detail"], "there is no site `nowhere`: known sites are `werk-sued`");
    }
}

#[tokio::test]
async fn the_home_of_one_site_is_its_page_and_of_several_the_list() {
    let one = text(get(routes(vec![view("a", "Alpha")]), "/").await).await;
    assert!(one.contains(r#"<body data-site="a">"#) && !one.contains("All sites"), "{one}");
    let several = text(get(routes(vec![view("a", "Alpha"), view("b/c", "Beta")]), "/").await).await;
    assert!(several.contains(r#"<a href="/sites/b%2Fc">Beta</a>"#), "{several}");
    assert!(several.contains("18.6 kW free"), "{several}");
}

#[tokio::test]
async fn a_site_whose_id_holds_a_slash_is_found() {
    let page = get(routes(vec![view("a", "Alpha"), view("b/c", "Beta")]), "/sites/b%2Fc").await;
    assert_eq!(page.status(), StatusCode::OK);
    assert!(text(page).await.contains(r#"<body data-site="b/c">"#));
}

#[tokio::test]
async fn hostile_names_are_text() {
    let hostile = r#""><script>alert(1)</script>"#;
    let mut site = view(hostile, hostile);
    site.badges[0].text = hostile.to_owned();
    for views in [vec![site.clone()], vec![site, view("b", "Beta")], vec![]] {
        let page = text(get(routes(views), "/").await).await;
        assert!(!page.contains("<script>"), "{page}");
    }
    let response = get(routes(vec![]), "/sites/%3Cscript%3Ealert(1)%3C%2Fscript%3E").await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    let page = text(response).await;
    assert!(page.contains("There is no site “&lt;script&gt;alert(1)"), "{page}");
    assert!(page.contains("No site is configured."), "{page}");
}

#[tokio::test]
async fn every_answer_allows_only_what_comes_from_here_and_only_assets_are_kept() {
    for path in
        ["/", "/sites/a", "/api/v1/sites", "/api/v1/sites/a", "/api/v1/sites/x", "/assets/page.js", "/favicon.ico"]
    {
        let response = get(routes(vec![view("a", "Alpha")]), path).await;
        let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'self';") && !policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(response.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        let kept = if path.starts_with("/assets") || path.starts_with("/favicon") { "no-cache" } else { "no-store" };
        assert_eq!(response.headers()[header::CACHE_CONTROL], kept, "{path}");
    }
}

#[tokio::test]
async fn all_assets_of_a_page_are_there_and_are_sent_once() {
    let page = text(get(routes(vec![view("a", "Alpha")]), "/").await).await;
    let named = page.split('"').filter_map(|part| part.strip_prefix("/assets/"));
    let imported = [
        "chart.js",
        "dom.js",
        "format.js",
        "layout.js",
        "legend.js",
        "limits.js",
        "live.js",
        "sessions.js",
        "stack.js",
    ];
    for name in named.chain(imported).chain(["uPlot.esm.js", "sites.js"]) {
        let path = format!("/assets/{name}");
        let response = get(routes(vec![]), &path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        let again = Request::get(&path).header(header::IF_NONE_MATCH, &response.headers()[header::ETAG]);
        let again = routes(vec![]).oneshot(again.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{path}");
    }
    for name in [
        "package.json",
        "..%2Fpackage.json",
        "test%2Flayout.test.js",
        "node_modules%2Fuplot%2Fpackage.json",
        "nothing.js",
    ] {
        assert_eq!(get(routes(vec![]), &format!("/assets/{name}")).await.status(), StatusCode::NOT_FOUND, "{name}");
    }
}

#[tokio::test]
async fn events_say_that_something_changed_and_end_with_the_service() {
    let (changed, watched) = watch::channel(7);
    let routes = router(Arc::new(Fixed(vec![view("a", "Alpha")])), watched);
    let response = get(routes, "/api/v1/sites/a/events").await;
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
    let mut events = response.into_body().into_data_stream();
    assert_eq!(events.next().await.unwrap().unwrap(), "event: changed\ndata: 7\n\n");
    changed.send(8).unwrap();
    changed.send(9).unwrap();
    assert_eq!(events.next().await.unwrap().unwrap(), "event: changed\ndata: 9\n\n");
    drop(changed);
    assert!(events.next().await.is_none());
}

#[test]
fn badges_speak_in_the_time_of_the_site() {
    let SiteView { now, time_zone, .. } = view("a", "Alpha");
    let check = |kind, severity, text: &str| {
        let badge = Badge::new(kind, now, time_zone);
        assert_eq!((badge.severity, badge.text.as_str()), (severity, text));
    };
    let hours = chrono::TimeDelta::hours;
    let minutes = chrono::TimeDelta::minutes;
    check(
        BadgeKind::LimitedByGrid { until: Some(now + hours(2)) },
        Severity::Information,
        "limited by grid until 14:00",
    );
    check(
        BadgeKind::LimitedByGrid { until: Some(now + hours(20)) },
        Severity::Information,
        "limited by grid until Wed 08:00",
    );
    check(BadgeKind::SafeMode { since: now - minutes(5) }, Severity::Alarm, "safe mode since 11:55");
    let silent = |since| BadgeKind::PartnerSilent { partner: "cpo".into(), since };
    check(silent(now - minutes(4)), Severity::Warning, "partner cpo silent for 4 min");
    check(silent(now - minutes(130)), Severity::Warning, "partner cpo silent for 2 h 10 min");
    check(silent(now + minutes(1)), Severity::Warning, "partner cpo silent for 0 s");
}

#[test]
fn reasons_name_places_as_their_site_calls_them() {
    let check = |node: &str, basis, text: &str| {
        assert_eq!(ReasonView::new(Reason::NodeLimit { node: node.into(), basis }, "site").text, text);
    };
    check("site", Basis::Limit("l".into()), "held back by the grid limit");
    check("site/north", Basis::ConnectionCapacity, "north is fully used");
    check("site-2/north", Basis::ConnectionCapacity, "site-2/north is fully used");
    check("feeder", Basis::Limit("l".into()), "held back by the grid limit of feeder");
}

#[test]
fn a_session_that_pauses_in_the_measurements_draws_nothing_meanwhile() {
    let SiteView { now, .. } = view("a", "Alpha");
    let (one, power) = (SessionId::new("one"), Power::from_w(7400.4));
    let mut past = Past::default();
    for (minute, measured) in [(0, None), (5, Some((&one, power))), (10, None), (15, Some((&one, power)))] {
        past.push(now + chrono::TimeDelta::minutes(minute), None, measured);
    }
    assert_eq!(past.sessions, [PastSession { id: one, first: 1, power_w: vec![power, Power::ZERO, power] }]);
    assert_eq!(serde_json::to_value(&past.sessions[0].power_w).unwrap()[0], 7400.4);
    assert_eq!(serde_json::to_value(&past).unwrap()["sessions"][0]["power_w"][0], 7400);
}

#[test]
fn a_limit_that_the_log_does_not_know_is_named_by_its_id() {
    let SiteView { limits, limits_log, .. } = view("a", "Alpha");
    let effective: Vec<_> = limits
        .iter()
        .map(|step| headroom_domain::limit::EffectiveInterval {
            interval: headroom_domain::Interval { start: step.start, end: step.end },
            maximum_import_w: step.import_w.zip(step.basis.clone()),
            maximum_export_w: None,
        })
        .collect();
    assert_eq!(limit_steps(&effective, &limits_log), limits);
    assert_eq!(limit_steps(&effective, &[])[1].source, "utilities/stadtwerke/limits/1");
}
