//! The audit: every change and every refusal, in a chain that the utility verifies by itself.

use headroom_domain::limit::failsafe::SafeMode;
use headroom_grid_api::audit::{Entry, Verifier};
use headroom_grid_api::server::AuditQuery;

use super::*;

async fn entries(utility: &Utility) -> Vec<Entry> {
    let entries = utility.audit_entries(&AuditQuery::default()).await.unwrap();
    let mut verifier = Verifier::default();
    entries.iter().try_for_each(|entry| verifier.take(entry)).unwrap();
    entries
}

#[tokio::test]
async fn every_change_and_every_refusal_is_in_the_chain_and_utilities_do_not_see_each_others() {
    let (mut service, dso) = idle().await;
    let tso = service.utility("tso", TSO);
    let begin = now(&dso).await + TimeDelta::hours(1);
    let wanted = draft(1, &[stretch(begin, 60, 20.0)]);
    let request = id();
    let limit = dso.submit(&wanted, request).await.unwrap().limit;
    dso.submit(&wanted, request).await.unwrap();
    dso.validate(&draft(9, &[stretch(begin, 60, 20.0)]), id()).await.unwrap();
    let fallback = SafeMode {
        maximum_import_w: Some(Power::from_kw(15.0)),
        maximum_export_w: None,
        heartbeat_timeout_s: None,
        minimum_hold_s: 0,
        release_delay_s: 0,
        validity: None,
    };
    dso.set_safe_mode(&node("campus"), Some(&fallback), id()).await.unwrap();
    dso.put_grid_area(&AreaId::from("dso-feeder"), "", &[node("campus")], "", id()).await.unwrap();
    dso.cancel(&limit.id, "over", id()).await.unwrap();
    let refusals = [
        refused(dso.submit(&wanted, id()).await).reason,
        refused(dso.submit(&draft(0, &[]), id()).await).reason,
        refused(dso.submit(&draft(5, &[stretch(begin, 60, 1.0)]), request).await).reason,
        refused(dso.put_grid_area(&AreaId::from("dso-feeder"), "", &[], "stale", id()).await).reason,
        refused(service.utility("dso", READER).cancel(&limit.id, "", id()).await).reason,
    ];
    assert_eq!(refusals[0], "STALE_REVISION");
    assert_eq!(refusals[2..], ["REQUEST_ID_REUSED", "ETAG_MISMATCH", "ROLE_MISSING"]);
    let foreign = LimitDraft { target: Target::from(node("depot")), ..draft(1, &[stretch(begin, 60, 1.0)]) };
    assert_eq!(refused(tso.submit(&foreign, id()).await).reason, "NOT_AUTHORISED_FOR_TARGET");

    let chain = entries(&dso).await;
    let told: Vec<_> = chain.iter().map(|entry| (entry.method.as_str(), entry.result.clone())).collect();
    let ok = |method| (method, "OK".to_owned());
    let no = |method, code: &str, reason: &str| (method, format!("{code} {reason}"));
    assert_eq!(
        told,
        [
            ok("SubmitLimit"),
            ok("SetSafeMode"),
            ok("PutGridArea"),
            ok("CancelLimit"),
            no("SubmitLimit", "FAILED_PRECONDITION", &refusals[0]),
            no("SubmitLimit", "INVALID_ARGUMENT", &refusals[1]),
            no("SubmitLimit", "INVALID_ARGUMENT", &refusals[2]),
            no("PutGridArea", "ABORTED", &refusals[3]),
            no("CancelLimit", "PERMISSION_DENIED", &refusals[4]),
        ],
        "repetitions and what is only validated are no changes"
    );
    assert_eq!((chain[0].resource.as_str(), chain[0].request_id.as_str()), (limit.id.as_str(), &*request.to_string()));
    assert_eq!(chain.iter().map(|entry| entry.principal.as_str()).collect::<std::collections::BTreeSet<_>>().len(), 2);
    let others = entries(&tso).await;
    assert_eq!(others.len(), 1);
    assert_eq!(others[0].result, "PERMISSION_DENIED NOT_AUTHORISED_FOR_TARGET");

    let of_area = AuditQuery { target: Some(area("dso-feeder")), window: None };
    let about = dso.audit_entries(&of_area).await.unwrap();
    assert!(!about.is_empty() && about.iter().all(|entry| entry.method == "PutGridArea"), "{about:?}");
    service.kill().await;
    service.begin_again();
    service.answers().await;
    assert_eq!(entries(&dso).await, chain);
}

#[tokio::test]
async fn an_operator_who_changes_the_record_is_found_out_by_who_kept_the_head() {
    let (mut service, dso) = idle().await;
    let begin = now(&dso).await + TimeDelta::hours(1);
    for revision in 1..=3 {
        dso.submit(&draft(revision, &[stretch(begin, 60, 20.0)]), id()).await.unwrap();
    }
    let kept = entries(&dso).await;
    service.kill().await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(service.path("headroom.db"));
    let record = sqlx::sqlite::SqlitePool::connect_with(options).await.unwrap();
    let change = "UPDATE audit_entry SET result = 'INTERNAL' WHERE chain = 'dso' AND sequence = 2";
    let denied = sqlx::query(change).execute(&record).await;
    assert!(denied.is_err(), "the record itself only lets entries be added");
    record.close().await;
    service.begin_again();
    service.answers().await;
    assert_eq!(entries(&dso).await, kept);
}
