//! Connection points, areas and enrolment.

use futures::StreamExt;
use headroom_grid_api::{EnrolmentChange, EnrolmentEvent};

use super::host::{FOREIGN_SITE, connection_point};
use super::*;

#[tokio::test]
async fn connection_points_are_listed_over_pages_and_read_one_by_one() {
    let server = Server::start().await;
    let utility = server.utility();
    let all = utility.connection_points().await.unwrap();
    assert_eq!(all, (0..120).map(|number| connection_point(&format!("place-{number:03}"))).collect::<Vec<_>>());
    assert_eq!(utility.connection_point(&SITE.into()).await.unwrap(), connection_point(SITE));
    let refusal = refused(utility.connection_point(&FOREIGN_SITE.into()).await);
    assert_eq!((refusal.reason.as_str(), refusal.fields[0].path.as_str()), ("NOT_AUTHORISED_FOR_TARGET", "name"));
    server.stop().await;
}

#[tokio::test]
async fn an_area_is_made_replaced_with_its_etag_and_kept_from_an_old_one() {
    let server = Server::start().await;
    let utility = server.utility();
    let put = async |members: &[NodeId], etag: &str, number| {
        utility.put_grid_area(&"feeder-7".into(), "Feeder 7", members, etag, request_id(number)).await
    };
    let made = put(&["site-c".into(), SITE.into()], "", 1).await.unwrap();
    assert_eq!((made.utility.as_str(), made.members.as_slice()), ("dso-1", &[NodeId::from(SITE), "site-c".into()][..]));
    let replaced = put(&[SITE.into()], &made.etag, 2).await.unwrap();
    let refusal = refused(put(&[], &made.etag, 3).await);
    assert_eq!(
        (refusal.code.as_str(), refusal.reason.as_str(), refusal.retryable),
        ("Aborted", "ETAG_MISMATCH", false)
    );
    assert_eq!(
        (refusal.metadata["etag"].as_str(), refusal.fields[0].path.as_str()),
        (replaced.etag.as_str(), "grid_area.etag")
    );
    assert_eq!(utility.grid_area(&"feeder-7".into()).await.unwrap(), replaced);
    assert_eq!(utility.grid_areas().await.unwrap(), [replaced]);
    assert_eq!(refused(utility.grid_area(&"feeder-8".into()).await).reason, "TARGET_UNKNOWN");
    server.stop().await;
}

#[tokio::test]
async fn an_area_that_breaks_rules_is_refused_with_the_path_of_each_member() {
    let server = Server::start().await;
    let members = [SITE.into(), "no such".into(), SITE.into()];
    let name = "x".repeat(257);
    let refusal = refused(server.utility().put_grid_area(&"".into(), &name, &members, "", request_id(1)).await);
    let fields: Vec<_> = refusal.fields.iter().map(|field| (field.path.as_str(), field.reason.as_str())).collect();
    let expected = [
        ("grid_area.name", "NAME_MALFORMED"),
        ("grid_area.display_name", "TEXT_TOO_LONG"),
        ("grid_area.members[1]", "NAME_MALFORMED"),
        ("grid_area.members[2]", "MEMBER_TWICE"),
    ];
    assert_eq!(fields, expected);
    let many: Vec<NodeId> = (0..10_001).map(|number| format!("place-{number}").into()).collect();
    let refusal = refused(server.utility().put_grid_area(&"a".into(), "", &many, "", request_id(1)).await);
    assert_eq!(refusal.reason, "TOO_MANY_MEMBERS");
    server.stop().await;
}

#[tokio::test]
async fn enrolment_is_told_from_the_first_event_on_and_as_it_happens() {
    let server = Server::start().await;
    let event = |sequence, change| EnrolmentEvent {
        sequence,
        at: at(sequence),
        change,
        connection_point: connection_point(SITE),
    };
    let events =
        [event(1, EnrolmentChange::Enrolled), event(4, EnrolmentChange::Updated), event(5, EnrolmentChange::Removed)];
    server.host.kept.lock().enrolment.extend(events[..2].iter().cloned());
    let utility = server.utility();
    let mut all = Box::pin(utility.enrolment(0).await.unwrap());
    let mut later = Box::pin(utility.enrolment(1).await.unwrap());
    for expected in &events[..2] {
        assert_eq!(all.next().await.unwrap().unwrap(), *expected);
    }
    assert_eq!(later.next().await.unwrap().unwrap(), events[1]);
    server.host.kept.lock().enrolment.push(events[2].clone());
    server.host.tell_news();
    assert_eq!(all.next().await.unwrap().unwrap(), events[2]);
    assert_eq!(later.next().await.unwrap().unwrap(), events[2]);
    drop((all, later));
    server.stop().await;
}
