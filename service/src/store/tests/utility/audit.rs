//! The audit is appended to and never changed, and shows it when it is.

use headroom_grid_api::audit::Broken;

use super::*;
use crate::store::{AuditError, AuditNote, OPERATOR_CHAIN};

fn refusal(request_id: &str) -> AuditNote {
    AuditNote {
        chain: "dso".to_owned(),
        at: at(2),
        principal: "CN=dso".to_owned(),
        method: "SubmitLimit".to_owned(),
        request_id: request_id.to_owned(),
        resource: "utilities/dso/limits/x".to_owned(),
        request_sha256: "00".to_owned(),
        result: "FAILED_PRECONDITION STALE_REVISION".to_owned(),
        target: Some(place("depot")),
    }
}

/// Three changes and a refusal of `dso`, a change of `tso`.
async fn filled() -> (tempfile::TempDir, Store) {
    let (folder, store) = store().await;
    for (id, revision) in [("a", 1), ("b", 2)] {
        submit(&store, limit(id, revision)).await;
    }
    let later = Change { at: at(3), ..change("CancelLimit", "c1") };
    store.append_audit(refusal("r1")).await.unwrap();
    store.cancel_limit(&later, &LimitId::new("a")).await.unwrap();
    let theirs = Change { utility: "tso".to_owned(), ..change("SubmitLimit", "t1") };
    store.accept_limit(theirs, GridLimit { utility: "tso".to_owned(), ..limit("t", 1) }).await.unwrap();
    (folder, store)
}

async fn methods(store: &Store, filter: AuditFilter<'_>, after: i64, size: usize) -> Vec<String> {
    let entries = store.audit_entries("dso", filter, after, size).await.unwrap();
    entries.into_iter().map(|entry| format!("{} {} {}", entry.sequence, entry.method, entry.result)).collect()
}

#[tokio::test]
async fn a_change_is_in_the_chain_of_its_utility_with_all_that_was_told_of_it() {
    let (_folder, store) = filled().await;
    let entries = store.audit_entries("dso", AuditFilter::default(), 0, 9).await.unwrap();
    let expected = [
        "SubmitLimit a OK",
        "SubmitLimit b OK",
        "SubmitLimit r1 FAILED_PRECONDITION STALE_REVISION",
        "CancelLimit c1 OK",
    ];
    let told =
        |entry: &headroom_grid_api::audit::Entry| format!("{} {} {}", entry.method, entry.request_id, entry.result);
    assert_eq!(entries.iter().map(told).collect::<Vec<_>>(), expected);
    let first = &entries[0];
    assert_eq!((first.sequence, first.at, first.principal.as_str()), (1, at(1), "CN=dso"));
    assert_eq!((first.resource.as_str(), first.request_sha256.as_str()), ("resource of a", "hash of a"));
}

#[tokio::test]
async fn each_chain_verifies_by_itself() {
    let (_folder, store) = filled().await;
    assert_eq!(store.audit_chains().await.unwrap(), ["dso", "tso"]);
    let last = store.audit_entries("dso", AuditFilter::default(), 3, 9).await.unwrap().pop().unwrap();
    assert_eq!(store.verify_audit("dso").await.unwrap(), (4, last.hash));
    assert_eq!(store.verify_audit("tso").await.unwrap().0, 1);
    assert_eq!(store.verify_audit("unheard-of").await.unwrap().0, 0);
}

#[tokio::test]
async fn a_chain_longer_than_a_page_verifies() {
    let (_folder, store) = store().await;
    let notes = (0..1200).map(|number| store.append_audit(refusal(&number.to_string())));
    for noted in join_all(notes).await {
        noted.unwrap();
    }
    assert_eq!(store.verify_audit("dso").await.unwrap().0, 1200);
}

#[tokio::test]
async fn the_database_itself_refuses_to_change_remove_or_slip_in_entries() {
    let (folder, store) = filled().await;
    let raw = raw(&folder).await;
    let copied = "SELECT chain, 2, at, principal, method, request_id, resource, request_sha256, 'FORGED', previous_hash, \
                  hash, target FROM audit_entry WHERE chain = 'dso' AND sequence = 2";
    for attack in [
        "UPDATE audit_entry SET result = 'FORGED'".to_owned(),
        "UPDATE audit_entry SET chain = 'other' WHERE sequence = 1".to_owned(),
        "DELETE FROM audit_entry".to_owned(),
        "DELETE FROM audit_entry WHERE chain = 'dso' AND sequence = 4".to_owned(),
        format!("INSERT INTO audit_entry {copied}"),
        format!("INSERT OR REPLACE INTO audit_entry {copied}"),
        format!("REPLACE INTO audit_entry {copied}"),
        format!("INSERT INTO audit_entry {}", copied.replace("chain, 2", "chain, 9")),
    ] {
        let refused = sqlx::query(sqlx::AssertSqlSafe(attack.as_str())).execute(&raw).await.unwrap_err().to_string();
        assert!(refused.contains("the audit is only appended to"), "{attack}: {refused}");
    }
    assert_eq!(store.verify_audit("dso").await.unwrap().0, 4);
}

#[tokio::test]
async fn the_audit_before_there_were_chains_is_closed() {
    let (folder, _store) = store().await;
    let raw = raw(&folder).await;
    let sql = "INSERT INTO audit (at, principal, action, resource, detail) VALUES ('', '', '', '', '')";
    assert!(sqlx::query(sql).execute(&raw).await.unwrap_err().to_string().contains("this audit is closed"));
}

#[tokio::test]
async fn tampering_shows_when_somebody_has_taken_the_guards_away() {
    for (tampering, broken) in [
        ("UPDATE audit_entry SET result = 'FORGED' WHERE chain = 'dso' AND sequence = 2", Broken::Content(2)),
        (
            "UPDATE audit_entry SET at = '2030-01-01T00:00:00.000Z' WHERE chain = 'dso' AND sequence = 4",
            Broken::Content(4),
        ),
        ("DELETE FROM audit_entry WHERE chain = 'dso' AND sequence = 3", Broken::Sequence { expected: 3, found: 4 }),
        ("UPDATE audit_entry SET hash = 'ff' WHERE chain = 'dso' AND sequence = 1", Broken::Content(1)),
        ("UPDATE audit_entry SET previous_hash = 'ff' WHERE chain = 'dso' AND sequence = 3", Broken::Link(3)),
    ] {
        let (folder, store) = filled().await;
        let raw = raw(&folder).await;
        for sql in ["DROP TRIGGER audit_entry_updated", "DROP TRIGGER audit_entry_deleted", tampering] {
            sqlx::query(sql).execute(&raw).await.unwrap();
        }
        match store.verify_audit("dso").await {
            Err(AuditError::Broken(found)) => assert_eq!(found, broken, "{tampering}"),
            other => panic!("{tampering}: {other:?}"),
        }
        assert_eq!(store.verify_audit("tso").await.unwrap().0, 1);
    }
}

#[tokio::test]
async fn entries_are_found_by_time_place_and_resource_page_by_page() {
    let (_folder, store) = filled().await;
    let all = AuditFilter::default();
    assert_eq!(methods(&store, all, 0, 2).await, ["1 SubmitLimit OK", "2 SubmitLimit OK"]);
    let refused = "3 SubmitLimit FAILED_PRECONDITION STALE_REVISION";
    assert_eq!(methods(&store, all, 2, 9).await, [refused, "4 CancelLimit OK"]);
    let timed = AuditFilter { window: Some(window(2, 3)), ..all };
    assert_eq!(methods(&store, timed, 0, 9).await, [refused]);
    let placed = AuditFilter { targets: &[place("depot"), place("far")], ..all };
    assert_eq!(methods(&store, placed, 0, 9).await, [refused]);
    let named = AuditFilter { resource_prefix: "utilities/dso/", ..all };
    assert_eq!(methods(&store, named, 0, 9).await, [refused]);
    let odd = AuditFilter { resource_prefix: "resource%", ..all };
    assert!(methods(&store, odd, 0, 9).await.is_empty());
}

#[tokio::test]
async fn a_change_that_fails_is_not_in_the_audit() {
    let (_folder, store) = store().await;
    submit(&store, limit("a", 2)).await;
    submit(&store, limit("b", 1)).await;
    assert_eq!(store.verify_audit("dso").await.unwrap().0, 1);
}

#[tokio::test]
async fn what_the_operator_does_is_in_a_chain_of_its_own() {
    let (_folder, store) = store().await;
    store.audit(at(5), "operator", "link partner", "cpo", "").await.unwrap();
    store.audit(at(6), "operator", "pull partner", "cpo", "sessions").await.unwrap();
    let entries = store.audit_entries(OPERATOR_CHAIN, AuditFilter::default(), 0, 9).await.unwrap();
    let told: Vec<_> = entries.iter().map(|entry| (entry.method.as_str(), entry.result.as_str())).collect();
    assert_eq!(told, [("link partner", "OK"), ("pull partner", "OK sessions")]);
    assert_eq!(store.verify_audit(OPERATOR_CHAIN).await.unwrap().0, 2);
}
