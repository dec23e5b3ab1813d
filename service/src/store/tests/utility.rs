//! What the utility's door keeps, each rule in a sentence.

use headroom_domain::limit::{GridLimit, LimitInterval, LimitKind, Target, Terms};
use headroom_domain::{Interval, LimitId, NodeId};

use super::*;
use crate::store::{Accepted, AuditFilter, Change, Conflict, LimitFilter, Recorded};

mod audit;
mod changes;
mod kept;
mod limits;
mod status;
mod upgrade;

fn place(name: &str) -> Target {
    Target::from(NodeId::from(name))
}

/// A limit of `dso` for the campus over the first hour.
fn limit(id: &str, revision: i64) -> GridLimit {
    GridLimit {
        id: LimitId::new(id),
        utility: "dso".to_owned(),
        target: place("campus"),
        programme: "doe".to_owned(),
        kind: LimitKind::Scheduled,
        revision,
        intervals: vec![interval(0, 60)],
        reason: String::new(),
        terms: Terms::default(),
        accepted_at: at(0),
        cancelled_at: None,
    }
}

fn interval(start: i64, end: i64) -> LimitInterval {
    LimitInterval { interval: window(start, end), maximum_import_w: Some(Power::from_kw(50.0)), maximum_export_w: None }
}

fn window(start: i64, end: i64) -> Interval {
    Interval { start: at(start), end: at(end) }
}

/// A change of `dso` at the first minute.
fn change(method: &str, request_id: &str) -> Change {
    Change {
        utility: "dso".to_owned(),
        request_id: request_id.to_owned(),
        hash: format!("hash of {request_id}"),
        method: method.to_owned(),
        principal: "CN=dso".to_owned(),
        resource: format!("resource of {request_id}"),
        target: Some(place("campus")),
        at: at(1),
    }
}

/// Submits a limit under a request id of its own.
async fn submit(store: &Store, limit: GridLimit) -> Accepted {
    let request = Change { target: Some(limit.target.clone()), ..change("SubmitLimit", limit.id.as_str()) };
    store.accept_limit(request, limit).await.unwrap()
}

/// Opens a connection to the file of a store beside it.
async fn raw(folder: &tempfile::TempDir) -> SqlitePool {
    let options = SqliteConnectOptions::new().filename(folder.path().join("sub/headroom.db"));
    SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap()
}

async fn again(folder: &tempfile::TempDir) -> Store {
    Store::open(&folder.path().join("sub/headroom.db")).await.unwrap()
}
