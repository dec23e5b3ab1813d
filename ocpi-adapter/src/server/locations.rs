//! Locations, EVSEs and connectors, as receiver (OCPI 2.2.1 §8.2).

use axum::http::Method;
use chrono::{DateTime, Utc};
use serde_json::Value;

use super::Asked;
use super::owned::{self, Change};
use super::reply::Reply;
use crate::envelope::UNKNOWN_LOCATION;
use crate::hosts::{ObjectKey, ObjectKind, ObjectReceiver, Outcome};
use crate::lower;
use crate::lower::location::{check_connector, check_evse};
use crate::received::Rejected;
use crate::wire::base::Timestamp;

/// Answers for a location, or for the EVSE and connector in it that `part` names.
pub(super) async fn answer(
    host: &impl ObjectReceiver,
    asked: &Asked,
    key: ObjectKey,
    part: &[&str],
) -> Result<Reply, Reply> {
    match (&asked.incoming.method, part) {
        (&Method::GET, part) => {
            let mut location = owned::stored(host, &key).await?;
            find(&mut location, part).map(Reply::data).ok_or_else(unknown_part)
        }
        (&Method::PUT, []) => put(host, asked, &key, asked.incoming.json()?).await,
        (&Method::PATCH | &Method::PUT, part) => change(host, asked, &key, part).await,
        (method, _) => Err(owned::no_method(method)),
    }
}

async fn put(host: &impl ObjectReceiver, asked: &Asked, key: &ObjectKey, raw: Value) -> Result<Reply, Reply> {
    let location = owned::read(host, asked, ObjectKind::Location, lower::location::location, raw).await?;
    owned::check(key, &location.value.party, &location.value.id)?;
    Ok(Reply::put(host.put_location(location).await?))
}

/// Changes a stored location: a PATCH of it, or a PUT or PATCH of a part of it.
async fn change(host: &impl ObjectReceiver, asked: &Asked, key: &ObjectKey, part: &[&str]) -> Result<Reply, Reply> {
    let change = Change::of(asked)?;
    let patch = asked.incoming.method == Method::PATCH;
    let lock = asked.platform.objects_lock(&asked.caller.id);
    let _guard = lock.lock().await;
    let mut location = owned::stored(host, key).await?;
    let at = change.last_updated;
    let outcome = match put_into(&mut location, asked, part, change, patch) {
        Ok(outcome) => outcome,
        Err(Unfit::Refused(reply)) => return Err(reply),
        Err(Unfit::Unreadable(rejected)) => {
            return Err(owned::refuse(host, asked, ObjectKind::Location, rejected).await);
        }
    };
    if outcome == Outcome::Stale {
        return Ok(Reply::put(outcome));
    }
    touch(&mut location, at);
    let reply = put(host, asked, key, location).await?;
    Ok(if outcome == Outcome::Created { Reply::put(outcome) } else { reply })
}

/// Why a part cannot be put.
enum Unfit {
    Refused(Reply),
    Unreadable(Rejected),
}

impl From<Reply> for Unfit {
    fn from(reply: Reply) -> Self {
        Self::Refused(reply)
    }
}

impl From<Rejected> for Unfit {
    fn from(rejected: Rejected) -> Self {
        Self::Unreadable(rejected)
    }
}

/// Puts or merges a change into a location, or into the part of it that the path names.
fn put_into(location: &mut Value, asked: &Asked, part: &[&str], change: Change, patch: bool) -> Result<Outcome, Unfit> {
    let at = change.last_updated;
    Ok(match part {
        [evse_uid] => {
            let evses = list_of(location, "evses").ok_or_else(unknown_part)?;
            put_part(evses, ("uid", evse_uid), change, patch, |part| check_evse(asked.origin(), part))?
        }
        [evse_uid, connector_id] => {
            let evse = child(location, "evses", "uid", evse_uid).ok_or_else(unknown_part)?;
            let connectors = list_of(evse, "connectors").ok_or_else(unknown_part)?;
            let outcome = put_part(connectors, ("id", connector_id), change, patch, |part| {
                check_connector(asked.origin(), part)
            })?;
            touch(evse, at);
            outcome
        }
        _ if change.is_older_than(location) => Outcome::Stale,
        _ => {
            change.merge_into(location, None);
            Outcome::Updated
        }
    })
}

/// Puts or merges a part into the list of its siblings.
fn put_part(
    siblings: &mut Vec<Value>,
    (id_name, id): (&str, &str),
    change: Change,
    patch: bool,
    check: impl Fn(&Value) -> Result<(), Rejected>,
) -> Result<Outcome, Unfit> {
    let named = change.fields.get(id_name).and_then(Value::as_str);
    if named.is_some_and(|named| !named.eq_ignore_ascii_case(id)) {
        let problem = format!("{id_name}: the URL names {id:?}, the object {named:?}: make them the same");
        return Err(Reply::invalid(problem).into());
    }
    let position = siblings.iter().position(|sibling| is_named(sibling, id_name, id));
    let known = position.map(|index| &siblings[index]);
    if known.is_some_and(|known| change.is_older_than(known)) {
        return Ok(Outcome::Stale);
    }
    let part = match known.cloned() {
        Some(mut known) if patch => {
            change.merge_into(&mut known, None);
            known
        }
        None if patch => return Err(unknown_part().into()),
        _ => Value::Object(change.fields),
    };
    check(&part)?;
    match position {
        Some(index) => siblings[index] = part,
        None => siblings.push(part),
    }
    Ok(if position.is_some() { Outcome::Updated } else { Outcome::Created })
}

/// A change of a part is a change of what it is part of (OCPI 2.2.1 §8.2).
fn touch(object: &mut Value, at: DateTime<Utc>) {
    let known = object.get("last_updated").and_then(Value::as_str).and_then(Timestamp::parse);
    if known.is_none_or(|known| known.0 < at) {
        object["last_updated"] = Timestamp(at).to_string().into();
    }
}

/// Takes a location apart: itself, an EVSE or a connector.
pub(super) fn find(location: &mut Value, part: &[&str]) -> Option<Value> {
    let found = match part {
        [] => Some(location),
        [evse] => child(location, "evses", "uid", evse),
        [evse, connector, ..] => {
            child(location, "evses", "uid", evse).and_then(|evse| child(evse, "connectors", "id", connector))
        }
    };
    found.map(Value::take)
}

fn child<'a>(object: &'a mut Value, list: &str, id_name: &str, id: &str) -> Option<&'a mut Value> {
    list_of(object, list)?.iter_mut().find(|item| is_named(item, id_name, id))
}

fn is_named(object: &Value, id_name: &str, id: &str) -> bool {
    object.get(id_name).and_then(Value::as_str).is_some_and(|name| name.eq_ignore_ascii_case(id))
}

/// Returns a list in an object; a single object or nothing becomes a list first.
fn list_of<'a>(object: &'a mut Value, name: &str) -> Option<&'a mut Vec<Value>> {
    let list = object.as_object_mut()?.entry(name).or_insert(Value::Null);
    if !list.is_array() {
        let single = list.take();
        *list = Value::Array(if single.is_null() { Vec::new() } else { vec![single] });
    }
    list.as_array_mut()
}

pub(super) fn unknown_part() -> Reply {
    Reply::not_found(UNKNOWN_LOCATION, "the EVSE or connector is not known: PUT what it is part of")
}
