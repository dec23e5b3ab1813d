use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use headroom_domain::compliance::{Report, Verdict};
use headroom_domain::limit::failsafe::SafeMode;
use headroom_domain::limit::{Basis, GridLimit, LimitInterval, LimitKind, Terms};
use headroom_domain::time::ManualClock;
use headroom_domain::{Interval, Power};
use headroom_grid_api::server::{
    AreaHost, AuditQuery, ComplianceHost, LimitHost, Page, ReportQuery, ReportSubject, Roles,
};

use super::*;
use crate::config;
use crate::config::tests::{CONFIG, SITE};
use crate::control::Links;
use crate::store::{AreaDraft, MeterReading, Recorded, Store};

/// Beside the site of [`CONFIG`].
const DEPOT: &str = r#"
[[site]]
file = "depot.toml"
partner = "cpo"
locations = ["LOC2"]
meter_token = "secret"
"#;

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_100 + 60 * minute, 0).unwrap()
}

fn place(node: &str) -> Target {
    Target::from(NodeId::from(node))
}

fn feeder() -> Target {
    Target::from(AreaId::from("feeder"))
}

/// A principal of the utility `dso`, that sees these targets only.
fn caller(scope: Option<&[Target]>) -> Caller {
    Caller {
        principal: "desk".to_owned(),
        utility: "dso".to_owned(),
        roles: Roles::default(),
        scope: scope.map(|scope| scope.iter().cloned().collect::<BTreeSet<_>>()),
        valid_until: None,
    }
}

/// Two sites and the area of both, at the 60th minute.
async fn edge() -> (tempfile::TempDir, UtilityEdge) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("headroom.toml");
    let config = CONFIG.replace("sites = [\"campus\"]", "sites = [\"campus\", \"depot\"]");
    std::fs::write(&path, config + DEPOT).unwrap();
    std::fs::write(folder.path().join("site.toml"), SITE).unwrap();
    std::fs::write(folder.path().join("depot.toml"), SITE.replace("campus", "depot")).unwrap();
    let checked = config::load(&path).unwrap();
    let store = Store::open(&folder.path().join("headroom.db")).await.unwrap();
    let links = Links::load(&store).await.unwrap();
    let context = Context::new(&checked, store, Arc::new(ManualClock::new(at(60))), links).unwrap();
    let members = vec![NodeId::from("campus"), NodeId::from("depot")];
    let draft = AreaDraft { id: AreaId::from("feeder"), display_name: String::new(), members };
    context.store.put_area(&change("area", &feeder(), at(-60)), draft, "").await.unwrap();
    (folder, UtilityEdge::new(Arc::new(context)))
}

fn change(request_id: &str, target: &Target, at: DateTime<Utc>) -> Change {
    Change {
        utility: "dso".to_owned(),
        request_id: request_id.to_owned(),
        hash: String::new(),
        method: "SubmitLimit".to_owned(),
        principal: "desk".to_owned(),
        resource: request_id.to_owned(),
        target: Some(target.clone()),
        at,
    }
}

/// A limit over the first quarter, accepted a minute before it.
fn limit(revision: i64, target: &Target, import_kw: f64) -> GridLimit {
    GridLimit {
        id: LimitId::new(format!("{target}/{revision}")),
        utility: "dso".to_owned(),
        target: target.clone(),
        programme: "doe".to_owned(),
        kind: LimitKind::Scheduled,
        revision,
        intervals: vec![LimitInterval {
            interval: Interval { start: at(0), end: at(15) },
            maximum_import_w: Some(Power::from_kw(import_kw)),
            maximum_export_w: None,
        }],
        reason: String::new(),
        terms: Terms::default(),
        accepted_at: at(-1),
        cancelled_at: None,
    }
}

async fn record(edge: &UtilityEdge, limit: GridLimit) -> LimitId {
    let (id, accepted_at) = (limit.id.clone(), limit.accepted_at);
    let change = change(id.as_str(), &limit.target, accepted_at);
    let recorded = edge.context.store.accept_limit(change, limit).await.unwrap();
    assert!(matches!(recorded, Recorded::New(_)), "{recorded:?}");
    id
}

/// What the meters of both sites say of the first quarter.
async fn measured(edge: &UtilityEdge, import_kw: f64) {
    for site in ["campus", "depot"] {
        let import_w = Some(Power::from_kw(import_kw));
        let reading = MeterReading { start: at(0), end: at(15), import_w, base_load_w: None };
        edge.context.store.save_readings(site, &[reading]).await.unwrap();
    }
}

async fn report(edge: &UtilityEdge, limit: &LimitId) -> Report {
    edge.report(&caller(None), &ReportSubject::Limit(limit.clone())).await.unwrap()
}

async fn verdict(edge: &UtilityEdge, limit: &LimitId) -> Verdict {
    report(edge, limit).await.verdict
}

#[tokio::test]
async fn an_areas_limit_that_a_looser_one_replaced_is_not_breached_by_who_obeys_that_one() {
    let (_folder, edge) = edge().await;
    let tight = record(&edge, limit(1, &feeder(), 20.0)).await;
    measured(&edge, 25.0).await;
    assert_eq!(verdict(&edge, &tight).await, Verdict::Breach);
    let loose = record(&edge, limit(2, &feeder(), 60.0)).await;
    assert_eq!(verdict(&edge, &tight).await, Verdict::Compliant);
    assert_eq!(verdict(&edge, &loose).await, Verdict::Compliant);
}

#[tokio::test]
async fn what_replaced_an_areas_limit_counts_while_it_stood_and_not_longer() {
    let (_folder, edge) = edge().await;
    let tight = record(&edge, limit(1, &feeder(), 20.0)).await;
    let loose = record(&edge, limit(2, &feeder(), 60.0)).await;
    measured(&edge, 25.0).await;
    edge.context.store.cancel_limit(&change("cancel", &feeder(), at(5)), &loose).await.unwrap();
    let judged = report(&edge, &tight).await;
    let limit_w = judged.intervals.first().and_then(|line| line.limit_import_w).unwrap();
    assert!((limit_w.as_kw() - (5.0 * 60.0 + 10.0 * 20.0) / 15.0).abs() < 1e-9, "{limit_w}");
    // The one that was withdrawn is judged by its own number as long as it stood.
    let withdrawn = report(&edge, &loose).await;
    let limits: Vec<_> = withdrawn.intervals.iter().map(|line| line.limit_import_w).collect();
    assert_eq!((withdrawn.verdict, limits), (Verdict::Compliant, vec![Some(Power::from_kw(60.0))]));
}

#[tokio::test]
async fn a_test_limit_is_not_judged() {
    let (_folder, edge) = edge().await;
    measured(&edge, 25.0).await;
    for target in [feeder(), place("campus")] {
        let id = record(&edge, GridLimit { kind: LimitKind::Test, ..limit(1, &target, 1.0) }).await;
        let judged = report(&edge, &id).await;
        assert_eq!((judged.verdict, judged.intervals), (Verdict::Unknown, Vec::new()), "{target}");
    }
}

#[tokio::test]
async fn a_limit_whose_place_is_gone_does_not_hide_the_reports_of_others() {
    let (_folder, edge) = edge().await;
    record(&edge, limit(1, &place("gone"), 20.0)).await;
    let known = record(&edge, limit(1, &place("campus"), 20.0)).await;
    let page = Page { after: None, size: 1 };
    let reports = edge.reports(&caller(None), &ReportQuery::default(), &page).await.unwrap();
    assert_eq!(reports.iter().map(|report| report.limit.clone()).collect::<Vec<_>>(), [Some(known)]);
}

#[tokio::test]
async fn who_is_restricted_to_some_places_reads_only_the_audit_of_these() {
    let (_folder, edge) = edge().await;
    for target in [place("campus"), place("depot")] {
        record(&edge, limit(1, &target, 20.0)).await;
    }
    let read = async |scope: Option<&[Target]>| {
        let page = Page { after: None, size: 10 };
        let entries = edge.audit_entries(&caller(scope), &AuditQuery::default(), &page).await.unwrap();
        entries.into_iter().map(|entry| entry.resource).collect::<Vec<_>>()
    };
    assert_eq!(read(None).await, ["area", "connectionPoints/campus/1", "connectionPoints/depot/1"]);
    assert_eq!(read(Some(&[place("depot")])).await, ["connectionPoints/depot/1"]);
    assert_eq!(read(Some(&[feeder()])).await.len(), 3, "an area stands for its members");
    assert!(read(Some(&[])).await.is_empty(), "who sees nothing reads nothing");
}

#[tokio::test]
async fn who_is_restricted_to_no_place_is_told_nothing_of_limits() {
    let (_folder, edge) = edge().await;
    record(&edge, limit(1, &place("campus"), 20.0)).await;
    let told = async |scope: Option<&[Target]>| edge.statuses_after(&caller(scope), 0, &[], 10).await.unwrap().len();
    assert_eq!([told(None).await, told(Some(&[place("depot")])).await, told(Some(&[])).await], [1, 0, 0]);
}

#[tokio::test]
async fn enrolment_is_told_also_after_a_page_of_what_the_reader_may_not_see() {
    let (_folder, edge) = edge().await;
    note_enrolment(&edge.context).await.unwrap();
    let all = edge.enrolment_after(&caller(None), 0, 10).await.unwrap();
    assert_eq!(all.iter().map(|event| event.connection_point.id.as_str()).collect::<Vec<_>>(), ["campus", "depot"]);
    let depot = caller(Some(&[place("depot")]));
    let told = edge.enrolment_after(&depot, 0, 1).await.unwrap();
    assert_eq!(told, all[1..]);
    assert!(edge.enrolment_after(&depot, told[0].sequence, 1).await.unwrap().is_empty());
    assert!(edge.enrolment_after(&caller(Some(&[])), 0, 1).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_a_small_limit_tolerates_does_not_grow_with_a_large_one_beside_it() {
    let (_folder, edge) = edge().await;
    let quarter = |start, kw| LimitInterval {
        interval: Interval { start: at(start), end: at(start + 15) },
        maximum_import_w: Some(Power::from_kw(kw)),
        maximum_export_w: None,
    };
    let intervals = vec![quarter(0, 4.2), quarter(15, 100.0)];
    let id = record(&edge, GridLimit { intervals, ..limit(1, &feeder(), 1.0) }).await;
    measured(&edge, 2.5).await;
    assert_eq!(report(&edge, &id).await.intervals.first().map(|line| line.verdict), Some(Verdict::Breach));
}

#[tokio::test]
async fn what_one_site_feeds_in_does_not_hide_what_another_draws() {
    let (_folder, edge) = edge().await;
    let id = record(&edge, limit(1, &feeder(), 20.0)).await;
    measured(&edge, 25.0).await;
    let fed_in = MeterReading { start: at(0), end: at(15), import_w: Some(Power::from_kw(-25.0)), base_load_w: None };
    edge.context.store.save_readings("depot", &[fed_in]).await.unwrap();
    let judged = report(&edge, &id).await;
    let means: Vec<_> = judged.intervals.iter().map(|line| line.mean_import_w).collect();
    assert_eq!((judged.verdict, means), (Verdict::Breach, vec![Some(Power::from_kw(25.0))]));
}

#[tokio::test]
async fn the_safe_mode_of_a_utility_that_may_not_limit_a_place_does_not_hold_there() {
    let (_folder, edge) = edge().await;
    let safe_mode = SafeMode {
        maximum_import_w: Some(Power::from_kw(5.0)),
        maximum_export_w: None,
        heartbeat_timeout_s: None,
        minimum_hold_s: 7200,
        release_delay_s: 120,
        validity: None,
    };
    let bases = async |utility: &str| {
        edge.context.links.set(utility, &NodeId::from("campus"), Some(safe_mode), at(60));
        let window = Interval { start: at(60), end: at(61) };
        let pieces = edge.effective_limit(&caller(None), &place("campus"), window).await.unwrap();
        pieces.into_iter().filter_map(|piece| piece.maximum_import_w).map(|(_, basis)| basis).collect::<Vec<_>>()
    };
    assert_eq!(bases("renamed-since").await, [Basis::ConnectionCapacity]);
    assert_eq!(bases("dso").await, [Basis::SafeMode { utility: "dso".to_owned() }]);
}

#[tokio::test]
async fn history_says_that_a_limit_held_from_when_it_was_known_though_it_states_an_earlier_start() {
    let (_folder, edge) = edge().await;
    let node = NodeId::from("campus");
    let before = edge.context.limit_book(at(0)).await.unwrap();
    record(&edge, GridLimit { accepted_at: at(4), ..limit(1, &place("campus"), 20.0) }).await;
    let after = edge.context.limit_book(at(0)).await.unwrap();
    let since_last = Interval { start: at(0), end: at(5) };
    edge.context.note_in_force(&before, &after, &node, since_last).await.unwrap();
    let history = edge.context.store.in_force_between(&node, Interval { start: at(0), end: at(10) }).await.unwrap();
    let held: Vec<_> = history.iter().map(|piece| (piece.interval.start, piece.maximum_import_w.clone())).collect();
    let capacity = (Power::from_kw(100.0), Basis::ConnectionCapacity);
    let stated = (Power::from_kw(20.0), Basis::Limit(LimitId::from("connectionPoints/campus/1")));
    assert_eq!(held, [(at(0), Some(capacity)), (at(5), Some(stated))]);
}

#[tokio::test]
async fn who_may_limit_an_area_is_a_sign_of_life_for_its_members() {
    let (_folder, edge) = edge().await;
    note_enrolment(&edge.context).await.unwrap();
    let steered = |scope: Option<&[Target]>| edge.steered_by(&caller(scope));
    let [campus, depot] = ["campus", "depot"].map(NodeId::from);
    assert_eq!(steered(Some(&[feeder()])), Some([campus, depot.clone()].into()));
    assert_eq!(steered(Some(&[place("depot")])), Some([depot].into()));
    assert_eq!((steered(Some(&[])), steered(None)), (Some(BTreeSet::new()), None));
}
