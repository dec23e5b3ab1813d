//! Limits of areas.

use super::*;

const AREA: &str = "feeder-7";

fn area_limit(id: &str, pieces: &[(i64, i64, f64)]) -> GridLimit {
    GridLimit { target: AreaId::from(AREA).into(), ..limit(id, 1, pieces) }
}

/// An area of places `site-a`, `site-b`, … of these import capacities.
fn area(limit: GridLimit, capacities: &[Option<f64>]) -> LimitBook {
    let mut book = book([limit]);
    let members: Vec<NodeId> = ["site-a", "site-b", "site-c"].map(NodeId::from)[..capacities.len()].to_vec();
    for (node, capacity) in members.iter().zip(capacities) {
        book.set_capacity(node.clone(), capacity.map(Power::from_w), None);
    }
    book.set_area(AREA.into(), members);
    book
}

fn at_place(book: &LimitBook, node: &str) -> Vec<String> {
    told(&book.effective(&node.into(), window(0, 60)))
}

#[test]
fn a_limit_of_an_area_is_divided_in_proportion_to_import_capacities() {
    let book = area(area_limit("all", &[(0, 30, 90.0)]), &[Some(100.0), Some(200.0)]);
    assert_eq!(at_place(&book, "site-a"), ["0..30 30 all", "30..60 100 capacity"]);
    assert_eq!(at_place(&book, "site-b"), ["0..30 60 all", "30..60 200 capacity"]);
    assert_eq!(book.share_of(&AREA.into(), &SITE.into()), Some(Ratio::from_ratio(1.0 / 3.0)));
}

#[test]
fn if_any_member_lacks_a_capacity_all_get_equal_shares() {
    let book = area(area_limit("all", &[(0, 60, 90.0)]), &[Some(1000.0), None, Some(2000.0)]);
    for node in ["site-a", "site-b", "site-c"] {
        assert_eq!(at_place(&book, node), ["0..60 30 all"]);
    }
}

#[test]
fn shares_are_rounded_down_to_whole_watts() {
    let book = area(area_limit("all", &[(0, 60, 100.9)]), &[None, None, None]);
    assert_eq!(at_place(&book, "site-a"), ["0..60 33 all"]);
}

#[test]
fn exports_are_divided_by_export_capacities() {
    let mut all = area_limit("all", &[(0, 60, 0.0)]);
    all.intervals[0].maximum_export_w = Some(Power::from_w(100.0));
    let mut book = area(all, &[None, None]);
    book.set_capacity(SITE.into(), None, Some(Power::from_w(30.0)));
    book.set_capacity("site-b".into(), None, Some(Power::from_w(10.0)));
    let piece = &book.effective(&SITE.into(), window(0, 60))[0];
    assert_eq!(piece.maximum_export_w, Some((Power::from_w(30.0), Basis::ConnectionCapacity)));
    let piece = &book.effective(&"site-b".into(), window(0, 60))[0];
    assert_eq!(piece.maximum_export_w, Some((Power::from_w(10.0), Basis::ConnectionCapacity)));
    let mut tight = book.limits.values().next().unwrap().clone();
    tight.intervals[0].maximum_export_w = Some(Power::from_w(20.0));
    book.enter(tight);
    let piece = &book.effective(&SITE.into(), window(0, 60))[0];
    assert_eq!(piece.maximum_export_w, Some((Power::from_w(15.0), Basis::Limit("all".into()))));
}

#[test]
fn members_without_any_power_share_equally() {
    let book = area(area_limit("all", &[(0, 60, 10.0)]), &[Some(0.0), Some(0.0)]);
    assert_eq!(book.share_of(&AREA.into(), &SITE.into()), Some(Ratio::from_ratio(0.5)));
}

#[test]
fn the_tighter_of_an_areas_limit_and_a_places_own_holds() {
    let mut book = area(area_limit("all", &[(0, 60, 100.0)]), &[None, None]);
    book.enter(limit("own", 9, &[(0, 20, 40.0), (20, 40, 60.0)]));
    assert_eq!(at_place(&book, SITE), ["0..20 40 own", "20..60 50 all"]);
}

#[test]
fn who_is_no_member_is_not_limited_and_has_no_share() {
    let mut book = area(area_limit("all", &[(0, 60, 100.0)]), &[None, None]);
    assert_eq!(at_place(&book, "site-c"), ["0..60 -"]);
    assert_eq!(book.share_of(&AREA.into(), &"site-c".into()), None);
    assert_eq!(book.share_of(&"elsewhere".into(), &SITE.into()), None);
    book.set_area(AREA.into(), vec!["site-c".into()]);
    assert_eq!(at_place(&book, "site-c"), ["0..60 100 all"]);
    assert_eq!(at_place(&book, SITE), ["0..60 -"], "new members replace the old");
}

#[test]
fn at_an_area_its_own_limits_hold_and_the_capacity_of_all_its_members() {
    let area_told = |book: &LimitBook| told(&book.effective_of(&AreaId::from(AREA).into(), window(0, 60)));
    let mut book = area(area_limit("all", &[(0, 30, 90.0)]), &[Some(100.0), Some(200.0)]);
    book.enter(limit("own", 9, &[(0, 60, 1.0)]));
    assert_eq!(area_told(&book), ["0..30 90 all", "30..60 300 capacity"]);
    book.set_capacity(SITE.into(), None, None);
    assert_eq!(area_told(&book), ["0..30 90 all", "30..60 -"]);
    book.set_area(AREA.into(), Vec::new());
    assert_eq!(area_told(&book), ["0..30 90 all", "30..60 -"]);
}

#[test]
fn the_targets_are_areas_too() {
    let book = area(area_limit("all", &[(0, 30, 90.0)]), &[None]);
    let targets: Vec<_> = book.targets().map(|target| target.to_string()).collect();
    assert_eq!(targets, ["connectionPoints/site-a", "gridAreas/feeder-7"]);
}
