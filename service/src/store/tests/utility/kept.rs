//! Safe modes, links, areas, what was in force, baselines and enrolment.

use headroom_domain::AreaId;
use headroom_domain::limit::failsafe::{Link, Mode, SafeMode};
use headroom_domain::limit::{Basis, EffectiveInterval};
use headroom_grid_api::{ConnectionPoint, EnrolmentChange, GridArea, SafeModeState};

use super::*;
use crate::store::{AreaDraft, KeptLink, UtilitySeen};

fn safe_mode(kw: f64) -> SafeMode {
    SafeMode {
        maximum_import_w: Some(Power::from_kw(kw)),
        maximum_export_w: None,
        heartbeat_timeout_s: Some(120),
        minimum_hold_s: 7200,
        release_delay_s: 120,
        validity: None,
    }
}

fn state(safe_mode: Option<SafeMode>, mode: Mode) -> SafeModeState {
    SafeModeState { target: NodeId::new("campus"), safe_mode, mode, since: None, updated_at: Some(at(1)) }
}

#[tokio::test]
async fn a_safe_mode_is_set_once_and_can_be_taken_back() {
    let (folder, store) = store().await;
    let (campus, set) = (NodeId::new("campus"), state(Some(safe_mode(4.2)), Mode::Safe));
    let request = change("SetSafeMode", "s1");
    assert_eq!(store.safe_mode("dso", &campus).await.unwrap(), None);
    assert_eq!(store.set_safe_mode(&request, &set).await.unwrap(), Recorded::New(set.clone()));
    let answer = store.set_safe_mode(&request, &state(None, Mode::Normal)).await.unwrap();
    assert_eq!(answer, Recorded::Repeated(set));
    drop(store);
    let store = again(&folder).await;
    assert_eq!(store.safe_mode("dso", &campus).await.unwrap(), Some((Some(safe_mode(4.2)), at(1))));
    assert_eq!(store.safe_modes().await.unwrap().len(), 1);
    store.set_safe_mode(&change("SetSafeMode", "s2"), &state(None, Mode::Normal)).await.unwrap();
    assert_eq!(store.safe_mode("dso", &campus).await.unwrap(), Some((None, at(1))));
    assert_eq!(store.verify_audit("dso").await.unwrap().0, 2);
}

#[tokio::test]
async fn an_older_word_about_a_link_does_not_replace_a_newer_one() {
    let (_folder, store) = store().await;
    let link = |node: &str, minute: i64| KeptLink {
        utility: "dso".to_owned(),
        node: NodeId::new(node),
        at: at(minute),
        link: Link::begun(at(minute)),
    };
    assert_eq!(store.save_links(&[link("campus", 5), link("depot", 5)]).await.unwrap(), 2);
    assert_eq!(store.save_links(&[link("campus", 4), link("depot", 6)]).await.unwrap(), 1);
    assert_eq!(store.links().await.unwrap(), vec![link("campus", 5), link("depot", 6)]);
    assert_eq!(store.link("dso", &NodeId::new("campus")).await.unwrap(), Some(link("campus", 5)));
    assert_eq!(store.forget_links_before(at(6)).await.unwrap(), 1);
    assert_eq!(store.links().await.unwrap(), vec![link("depot", 6)]);
}

#[tokio::test]
async fn a_call_is_a_sign_of_life_and_keeps_the_number_of_the_last_heartbeat() {
    let (_folder, store) = store().await;
    assert_eq!(store.utility_seen("dso").await.unwrap(), None);
    store.note_heard("dso", at(1), Some(7)).await.unwrap();
    store.note_heard("dso", at(3), None).await.unwrap();
    store.note_heard("dso", at(2), Some(6)).await.unwrap();
    let seen = UtilitySeen { at: at(3), sequence: Some(7) };
    assert_eq!(store.utility_seen("dso").await.unwrap(), Some(seen));
    assert_eq!(store.utilities_seen().await.unwrap()["dso"], seen);
}

async fn put(store: &Store, request_id: &str, id: &str, members: &[&str], etag: &str) -> Recorded<GridArea> {
    let draft = AreaDraft {
        id: AreaId::from(id),
        display_name: "Feeder 7".to_owned(),
        members: members.iter().map(|member| NodeId::from(*member)).collect(),
    };
    store.put_area(&change("PutGridArea", request_id), draft, etag).await.unwrap()
}

fn new(recorded: Recorded<GridArea>) -> GridArea {
    match recorded {
        Recorded::New(area) => area,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_area_is_replaced_by_who_knows_its_etag_only() {
    let (_folder, store) = store().await;
    let made = new(put(&store, "p1", "f7", &["b", "a", "b"], "").await);
    assert_eq!(made.members, [NodeId::new("a"), NodeId::new("b")]);
    let replaced = new(put(&store, "p2", "f7", &["a", "c"], &made.etag).await);
    assert_ne!(replaced.etag, made.etag);
    let now = Conflict::EtagMismatch { etag: replaced.etag.clone() };
    assert_eq!(put(&store, "p3", "f7", &[], &made.etag).await, Recorded::Refused(now));
    assert_eq!(store.area(&AreaId::from("f7")).await.unwrap(), Some(replaced.clone()));
    assert_eq!(put(&store, "p1", "f7", &["b", "a", "b"], "").await, Recorded::Repeated(made));
    let nothing = Conflict::EtagMismatch { etag: String::new() };
    assert_eq!(put(&store, "p4", "new", &[], "some").await, Recorded::Refused(nothing));
    // Without an etag it is replaced whatever it is, and the etag changes though the content does not.
    assert_ne!(new(put(&store, "p5", "f7", &["a", "c"], "").await).etag, replaced.etag);
}

#[tokio::test]
async fn an_areas_name_belongs_to_the_utility_that_drew_it_first() {
    let (_folder, store) = store().await;
    new(put(&store, "p1", "f7", &["a"], "").await);
    let theirs = Change { utility: "tso".to_owned(), ..change("PutGridArea", "t1") };
    let draft = AreaDraft { id: AreaId::from("f7"), display_name: String::new(), members: vec![NodeId::new("z")] };
    let answer = store.put_area(&theirs, draft, "").await.unwrap();
    assert_eq!(answer, Recorded::Refused(Conflict::Taken));
    assert_eq!(store.area(&AreaId::from("f7")).await.unwrap().unwrap().members, [NodeId::new("a")]);
}

#[tokio::test]
async fn areas_are_found_by_their_utility_page_by_page_and_by_their_members() {
    let (folder, store) = store().await;
    let f7 = new(put(&store, "p1", "f7", &["a", "b"], "").await);
    let f8 = new(put(&store, "p2", "f8", &["b"], "").await);
    let f9 = new(put(&store, "p3", "f9", &[], "").await);
    drop(store);
    let store = again(&folder).await;
    assert_eq!(store.areas().await.unwrap(), vec![f7.clone(), f8.clone(), f9.clone()]);
    assert_eq!(store.areas_page("dso", None, 2).await.unwrap(), vec![f7.clone(), f8.clone()]);
    assert_eq!(store.areas_page("dso", Some(&f8.id), 2).await.unwrap(), vec![f9]);
    assert!(store.areas_page("tso", None, 2).await.unwrap().is_empty());
    assert_eq!(store.areas_of_member(&NodeId::new("b")).await.unwrap(), vec![f7.clone(), f8.clone()]);
    assert_eq!(store.areas_of_member(&NodeId::new("a")).await.unwrap(), vec![f7]);
}

fn held(start: i64, end: i64, kw: f64) -> EffectiveInterval {
    let bound = (Power::from_kw(kw), Basis::Limit(LimitId::new("a")));
    EffectiveInterval { interval: window(start, end), maximum_import_w: Some(bound), maximum_export_w: None }
}

#[tokio::test]
async fn what_was_in_force_is_remembered_as_it_was_known_then() {
    let (folder, store) = store().await;
    let campus = NodeId::new("campus");
    assert!(store.note_in_force(&campus, at(10), Some(&held(0, 99, 50.0))).await.unwrap());
    assert!(!store.note_in_force(&campus, at(15), Some(&held(15, 99, 50.0))).await.unwrap());
    assert!(store.note_in_force(&campus, at(20), Some(&held(20, 99, 30.0))).await.unwrap());
    assert!(store.note_in_force(&campus, at(30), None).await.unwrap());
    assert!(!store.note_in_force(&campus, at(35), None).await.unwrap());
    drop(store);
    let store = again(&folder).await;
    assert!(store.note_in_force(&campus, at(40), Some(&held(40, 99, 10.0))).await.unwrap());
    let all = store.in_force_between(&campus, window(0, 60)).await.unwrap();
    assert_eq!(all, [held(10, 20, 50.0), held(20, 30, 30.0), held(40, 60, 10.0)]);
    let cut = store.in_force_between(&campus, window(25, 45)).await.unwrap();
    assert_eq!(cut, [held(25, 30, 30.0), held(40, 45, 10.0)]);
    assert!(store.in_force_between(&campus, window(31, 39)).await.unwrap().is_empty());
    assert!(store.in_force_between(&NodeId::new("depot"), window(0, 60)).await.unwrap().is_empty());
    assert_eq!(store.forget_in_force_before(at(30)).await.unwrap(), 1);
    assert_eq!(store.in_force_between(&campus, window(0, 35)).await.unwrap(), [held(20, 30, 30.0)]);
}

#[tokio::test]
async fn the_past_of_what_was_in_force_is_not_rewritten() {
    let (_folder, store) = store().await;
    let campus = NodeId::new("campus");
    store.note_in_force(&campus, at(10), Some(&held(0, 99, 50.0))).await.unwrap();
    assert!(!store.note_in_force(&campus, at(9), Some(&held(0, 99, 30.0))).await.unwrap());
    // A second word about the same instant is the better one.
    assert!(store.note_in_force(&campus, at(10), Some(&held(0, 99, 20.0))).await.unwrap());
    store.note_in_force(&campus, at(20), None).await.unwrap();
    assert!(!store.note_in_force(&campus, at(15), Some(&held(0, 99, 30.0))).await.unwrap());
    assert_eq!(store.in_force_between(&campus, window(0, 60)).await.unwrap(), [held(10, 20, 20.0)]);
}

#[tokio::test]
async fn a_later_word_about_a_quarter_hour_replaces_its_baseline() {
    let (_folder, store) = store().await;
    let campus = NodeId::new("campus");
    let quarter = |start: i64, kw: f64| (window(start, start + 15), Power::from_kw(kw));
    store.save_baseline(&campus, &[quarter(0, 1.0), quarter(15, 2.0), quarter(30, 3.0)]).await.unwrap();
    store.save_baseline(&campus, &[quarter(15, 5.0)]).await.unwrap();
    let between = store.baselines_between(&campus, window(10, 30)).await.unwrap();
    assert_eq!(between, [quarter(0, 1.0), quarter(15, 5.0)]);
    assert!(store.baselines_between(&campus, window(45, 60)).await.unwrap().is_empty());
    assert_eq!(store.forget_baselines_before(at(16)).await.unwrap(), 1);
}

fn point(id: &str, display_name: &str) -> ConnectionPoint {
    ConnectionPoint {
        id: NodeId::new(id),
        display_name: display_name.to_owned(),
        external_id: None,
        area: None,
        connection_capacity_w: Some(Power::from_kw(100.0)),
        phases: 3,
        nominal_voltage_v: 230,
        controllable_unit_count: 4,
        guaranteed_minimum_import_w: None,
        time_zone: "Europe/Berlin".to_owned(),
    }
}

#[tokio::test]
async fn enrolment_tells_who_came_who_changed_and_who_left() {
    let (folder, store) = store().await;
    let first = store.note_enrolment("dso", at(1), &[point("a", "A"), point("b", "B")]).await.unwrap();
    assert!(first.iter().all(|event| event.change == EnrolmentChange::Enrolled));
    assert!(store.note_enrolment("dso", at(2), &[point("b", "B"), point("a", "A")]).await.unwrap().is_empty());
    drop(store);
    let store = again(&folder).await;
    let second = store.note_enrolment("dso", at(3), &[point("b", "Bee"), point("c", "C")]).await.unwrap();
    let told: Vec<_> = second.iter().map(|event| (event.change, event.connection_point.clone())).collect();
    let expected = [
        (EnrolmentChange::Removed, point("a", "A")),
        (EnrolmentChange::Updated, point("b", "Bee")),
        (EnrolmentChange::Enrolled, point("c", "C")),
    ];
    assert_eq!(told, expected);
    assert_eq!(store.enrolment_after("dso", 2, 9).await.unwrap(), second);
    assert_eq!(store.enrolment_after("dso", 0, 2).await.unwrap(), first);
    assert!(store.enrolment_after("tso", 0, 9).await.unwrap().is_empty());
}

#[tokio::test]
async fn who_is_enrolled_is_not_forgotten_and_who_left_can_come_back() {
    let (_folder, store) = store().await;
    store.note_enrolment("dso", at(1), &[point("a", "A"), point("b", "B")]).await.unwrap();
    store.note_enrolment("dso", at(2), &[point("b", "B")]).await.unwrap();
    assert_eq!(store.forget_enrolment_before(at(99)).await.unwrap(), 2);
    assert!(store.note_enrolment("dso", at(3), &[point("b", "B")]).await.unwrap().is_empty());
    let back = store.note_enrolment("dso", at(4), &[point("a", "A"), point("b", "B")]).await.unwrap();
    assert_eq!(
        back.iter().map(|event| (event.sequence, event.change)).collect::<Vec<_>>(),
        [(4, EnrolmentChange::Enrolled)]
    );
}
