//! Areas: a limit that two sites share, and who is enrolled.

use headroom_domain::limit::Basis;
use headroom_grid_api::EnrolmentChange;

use super::*;

#[tokio::test]
async fn an_areas_limit_is_divided_among_its_sites_and_each_obeys_its_share() {
    let (service, dso, stub) = charging(&["campus", "depot"], "").await;
    let feeder = AreaId::from("dso-feeder-7");
    dso.put_grid_area(&feeder, "Feeder 7", &[node("campus"), node("depot")], "", id()).await.unwrap();
    let shared = LimitDraft { target: area("dso-feeder-7"), ..draft(1, &[stretch(now(&dso).await, 240, 30.0)]) };
    let limit = dso.submit(&shared, id()).await.unwrap().limit;
    for site in ["campus", "depot"] {
        let holds = effective_now(&dso, &Target::from(node(site))).await;
        assert_eq!(holds.maximum_import_w, Some((Power::from_kw(15.0), Basis::Limit(limit.id.clone()))), "{site}");
    }
    assert_eq!(import_w(&effective_now(&dso, &area("dso-feeder-7")).await), Some(30_000.0));
    let mut events = follow(&dso, 0).await;
    let told = until("all obey", &mut events, |event| event.status.is_obeyed()).await;
    assert_eq!(told.last().unwrap().status.affected_sessions, 6);
    let shares = [together_w(&stub, 'E'), together_w(&stub, 'F')];
    assert!(shares.iter().all(|share| *share <= 15_000.0), "{shares:?}");
    // The utility of one of the two sites sees what holds there, and neither the area nor whose order it is.
    let tso = service.utility("tso", TSO);
    assert_eq!(import_w(&effective_now(&tso, &campus()).await), Some(15_000.0));
    assert_eq!(refused(tso.grid_area(&feeder).await).reason, "TARGET_UNKNOWN");
    assert_eq!(refused(tso.get(&limit.id).await).reason, "NOT_AUTHORISED_FOR_UTILITY");
}

#[tokio::test]
async fn an_area_that_has_changed_since_is_not_replaced() {
    let (_service, dso) = idle().await;
    let feeder = AreaId::from("dso-feeder-7");
    let first = dso.put_grid_area(&feeder, "one", &[node("campus")], "", id()).await.unwrap();
    let second = dso.put_grid_area(&feeder, "two", &[node("depot")], &first.etag, id()).await.unwrap();
    let late = refused(dso.put_grid_area(&feeder, "three", &[], &first.etag, id()).await);
    assert_eq!((late.code.as_str(), late.reason.as_str()), ("Aborted", "ETAG_MISMATCH"));
    assert_eq!(late.metadata.get("etag"), Some(&second.etag));
    assert_eq!(dso.grid_area(&feeder).await.unwrap(), second);
    assert_eq!(dso.grid_areas().await.unwrap(), [second]);
}

#[tokio::test]
async fn who_is_enrolled_and_what_changes_of_it_is_told() {
    let (service, dso) = idle().await;
    let mut events = dso.enrolment(0).await.unwrap().boxed();
    let mut next = async |what: &str| in_time(what, events.next()).await.unwrap().unwrap();
    let (one, other) = (next("the first site").await, next("the second site").await);
    assert!([&one, &other].iter().all(|event| event.change == EnrolmentChange::Enrolled));
    assert_eq!([&one, &other].map(|event| event.connection_point.id.as_str()), ["campus", "depot"]);
    let campus = &one.connection_point;
    assert_eq!(campus.connection_capacity_w, Some(Power::from_kw(100.0)));
    assert_eq!((campus.phases, campus.controllable_unit_count, campus.area.as_ref()), (3, 3, None));
    assert_eq!(dso.connection_point(&node("campus")).await.unwrap(), *campus);

    dso.put_grid_area(&AreaId::from("dso-feeder-7"), "", &[node("depot")], "", id()).await.unwrap();
    let changed = next("the change").await;
    assert_eq!((changed.change, changed.connection_point.id.as_str()), (EnrolmentChange::Updated, "depot"));
    assert_eq!(changed.connection_point.area, Some(AreaId::from("dso-feeder-7")));
    assert!(one.sequence < other.sequence && other.sequence < changed.sequence);
    let resumed = dso.enrolment(other.sequence).await.unwrap().boxed().next().await.unwrap().unwrap();
    assert_eq!(resumed, changed);
    let seen = service.utility("tso", TSO).connection_points().await.unwrap();
    assert_eq!(seen.iter().map(|point| point.id.as_str()).collect::<Vec<_>>(), ["campus"]);
}
