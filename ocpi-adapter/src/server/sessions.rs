//! Sessions, as receiver (OCPI 2.2.1 §9.2).

use axum::http::Method;
use serde_json::Value;

use super::Asked;
use super::owned::{self, Change};
use super::reply::Reply;
use crate::hosts::{ObjectKey, ObjectKind, ObjectReceiver, Outcome};
use crate::lower;

pub(super) async fn answer(host: &impl ObjectReceiver, asked: &Asked, key: ObjectKey) -> Result<Reply, Reply> {
    match asked.incoming.method {
        Method::GET => Ok(Reply::data(owned::stored(host, &key).await?)),
        Method::PUT => put(host, asked, &key, asked.incoming.json()?).await,
        Method::PATCH => patch(host, asked, &key).await,
        ref method => Err(owned::no_method(method)),
    }
}

async fn put(host: &impl ObjectReceiver, asked: &Asked, key: &ObjectKey, raw: Value) -> Result<Reply, Reply> {
    let session = owned::read(host, asked, ObjectKind::Session, lower::session::session, raw).await?;
    owned::check(key, &session.value.key.party, &session.value.key.id)?;
    Ok(Reply::put(host.put_session(session).await?))
}

async fn patch(host: &impl ObjectReceiver, asked: &Asked, key: &ObjectKey) -> Result<Reply, Reply> {
    let change = Change::of(asked)?;
    let lock = asked.platform.objects_lock(&asked.caller.id);
    let _guard = lock.lock().await;
    let mut session = owned::stored(host, key).await?;
    if change.is_older_than(&session) {
        return Ok(Reply::put(Outcome::Stale));
    }
    change.merge_into(&mut session, Some("charging_periods"));
    put(host, asked, key, session).await
}
