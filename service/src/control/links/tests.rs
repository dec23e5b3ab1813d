use headroom_domain::Power;

use super::*;

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000 + second, 0).unwrap()
}

fn safe_mode() -> SafeMode {
    SafeMode {
        maximum_import_w: Some(Power::from_kw(4.2)),
        maximum_export_w: None,
        heartbeat_timeout_s: Some(120),
        minimum_hold_s: 7200,
        release_delay_s: 120,
        validity: None,
    }
}

fn linked() -> (Links, NodeId) {
    let (links, target) = (Links::default(), NodeId::from("depot"));
    links.set("dso", &target, Some(safe_mode()), at(0));
    links.heard("dso", None, at(1));
    links.limit_stated("dso", std::slice::from_ref(&target), at(2));
    links.advance(at(2));
    (links, target)
}

fn mode(links: &Links, target: &NodeId) -> Mode {
    links.get("dso", target).unwrap().mode()
}

#[test]
fn a_connection_point_begins_in_safe_mode_and_leaves_it_when_a_limit_is_stated() {
    let (links, target) = (Links::default(), NodeId::from("depot"));
    links.set("dso", &target, Some(safe_mode()), at(0));
    assert_eq!(mode(&links, &target), Mode::Safe);
    links.heard("dso", None, at(1));
    links.limit_stated("dso", std::slice::from_ref(&target), at(2));
    assert_eq!(mode(&links, &target), Mode::Normal);
}

#[test]
fn silence_lets_it_fall_back_at_an_instant_that_is_known_before() {
    let (links, target) = linked();
    let due = links.next_change().unwrap();
    assert_eq!(links.together("dso").next_due_at, Some(due));
    links.advance(due + TimeDelta::seconds(1));
    assert_eq!(mode(&links, &target), Mode::Safe);
    assert_eq!(links.together("dso").in_safe_mode, 1);
}

#[test]
fn whoever_is_heard_does_not_fall_back_and_others_do_not_count() {
    let (links, target) = linked();
    for second in (30..600).step_by(30) {
        links.heard("dso", None, at(second));
        links.advance(at(second));
        assert_eq!(mode(&links, &target), Mode::Normal);
    }
    links.heard("tso", None, at(900));
    links.advance(at(900));
    assert_eq!(mode(&links, &target), Mode::Safe);
}

#[test]
fn a_safe_mode_that_is_set_anew_does_not_begin_the_link_again() {
    let (links, target) = linked();
    links.set("dso", &target, Some(SafeMode { minimum_hold_s: 60, ..safe_mode() }), at(10));
    assert_eq!(mode(&links, &target), Mode::Normal);
    links.set("dso", &target, None, at(11));
    assert_eq!(links.get("dso", &target), None);
    assert_eq!(links.together("dso"), Together::default());
}

#[test]
fn only_what_the_record_does_not_say_is_written() {
    let (links, _) = linked();
    let unwritten = links.unwritten();
    assert_eq!(unwritten.len(), 1);
    links.state.lock().written.extend(unwritten);
    assert_eq!(links.unwritten(), []);
    assert_eq!(links.advance(at(3)), []);
    links.heard("dso", None, at(20));
    assert_eq!(links.unwritten().len(), 1);
}

#[test]
fn a_heartbeat_that_was_overtaken_does_not_count() {
    let (links, target) = linked();
    links.heartbeat("dso", None, 7, at(100));
    links.heartbeat("dso", None, 6, at(200));
    links.advance(at(230));
    assert_eq!(mode(&links, &target), Mode::Safe);
    links.heartbeat("dso", None, 8, at(231));
    links.limit_stated("dso", std::slice::from_ref(&target), at(232));
    assert_eq!(mode(&links, &target), Mode::Normal);
}

#[test]
fn who_may_limit_some_places_is_a_sign_of_life_for_them_alone() {
    let (links, target) = linked();
    let elsewhere = BTreeSet::from([NodeId::from("campus")]);
    links.heard("dso", Some(&elsewhere), at(100));
    links.heartbeat("dso", Some(&elsewhere), 1, at(110));
    links.advance(at(200));
    assert_eq!(mode(&links, &target), Mode::Safe);
    let (links, target) = linked();
    links.heard("dso", Some(&BTreeSet::from([target.clone()])), at(100));
    links.advance(at(200));
    assert_eq!(mode(&links, &target), Mode::Normal);
}
