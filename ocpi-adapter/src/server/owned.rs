//! Objects that their owner pushes (OCPI 2.2.1 §4.1, client owned objects).

use axum::http::Method;
use chrono::{DateTime, Utc};
use headroom_domain::PartyId;
use serde_json::{Map, Value};

use super::Asked;
use super::reply::Reply;
use crate::envelope::{INVALID, UNKNOWN_LOCATION};
use crate::hosts::{HostError, ObjectKey, ObjectKind, ObjectReceiver};
use crate::lower::Lower;
use crate::partner::Role;
use crate::received::{Received, Rejected};
use crate::wire::base::Timestamp;

/// Returns the key of an object that a URL names; 404 when the caller cannot own it.
pub(super) fn key(asked: &Asked, kind: ObjectKind, country: &str, party: &str, id: &str) -> Result<ObjectKey, Reply> {
    let party = owner(asked, country, party)?;
    Ok(ObjectKey { partner: asked.caller.id.clone(), kind, party, id: id.to_owned() })
}

/// Returns the party of a URL or an object; 404 when it is not the caller's to speak for.
pub(super) fn owner(asked: &Asked, country: &str, party: &str) -> Result<PartyId, Reply> {
    let party = PartyId::new(country, party);
    let caller = &asked.caller;
    let owns = caller.link().is_some_and(|link| {
        let forwards = caller.dialect.forwards || link.has_role(&Role::Hub);
        forwards || link.parties.iter().any(|known| known.party == party)
    });
    if !owns {
        return Err(Reply::not_found(INVALID, format!("{party} is none of your roles: see your credentials")));
    }
    Ok(party)
}

/// Refuses an object whose owner or id is not that of the URL.
pub(super) fn check(key: &ObjectKey, party: &PartyId, id: &str) -> Result<(), Reply> {
    same(&key.party, &key.id, party, id)
}

/// Refuses an object whose owner or id is not that of the URL.
pub(super) fn same(url_party: &PartyId, url_id: &str, party: &PartyId, id: &str) -> Result<(), Reply> {
    if party == url_party && id.eq_ignore_ascii_case(url_id) {
        return Ok(());
    }
    Err(Reply::invalid(format!("the URL names {url_party}/{url_id}, the object {party}/{id}: make them the same")))
}

/// Reads an object that a request puts. One that cannot be read is told to the host and refused.
pub(super) async fn read<T>(
    host: &impl ObjectReceiver,
    asked: &Asked,
    kind: ObjectKind,
    lower: Lower<T>,
    raw: Value,
) -> Result<Received<T>, Reply> {
    match lower(asked.origin(), raw) {
        Ok(received) => Ok(received),
        Err(rejected) => Err(refuse(host, asked, kind, rejected).await),
    }
}

/// Tells the host of an object that could not be read; returns what the partner is answered.
pub(super) async fn refuse(host: &impl ObjectReceiver, asked: &Asked, kind: ObjectKind, rejected: Rejected) -> Reply {
    let reply = Reply::from(rejected.clone());
    once_told(host.rejected(&asked.caller.id, kind, rejected).await, reply)
}

/// Returns what a partner is answered for an object that could not be read, once the host knows of it.
pub(super) fn once_told(told: Result<(), HostError>, reply: Reply) -> Reply {
    match told {
        Ok(()) => reply,
        Err(error) => error.into(),
    }
}

/// Returns an object as it was last put; 404 when there is none.
pub(super) async fn stored(host: &impl ObjectReceiver, key: &ObjectKey) -> Result<Value, Reply> {
    let code = if key.kind == ObjectKind::Location { UNKNOWN_LOCATION } else { INVALID };
    let unknown = || Reply::not_found(code, format!("{}/{} is not known: PUT it", key.party, key.id));
    host.stored(key).await?.filter(Value::is_object).ok_or_else(unknown)
}

/// A partial update: what to change, and as of when.
pub(super) struct Change {
    pub fields: Map<String, Value>,
    pub last_updated: DateTime<Utc>,
}

impl Change {
    /// Reads the body of a PATCH, or of a PUT of a part: an object with `last_updated`, else 2001.
    pub(super) fn of(asked: &Asked) -> Result<Self, Reply> {
        let Value::Object(fields) = asked.incoming.json()? else {
            return Err(Reply::invalid("the body is no object"));
        };
        let last_updated = last_updated(&fields)
            .ok_or_else(|| Reply::invalid("last_updated: required, such as 2026-01-31T12:00:00Z"))?;
        Ok(Self { fields, last_updated })
    }

    /// Tells whether an object is newer than this change.
    pub(super) fn is_older_than(&self, object: &Value) -> bool {
        object.as_object().and_then(last_updated).is_some_and(|stored| stored > self.last_updated)
    }

    /// Merges the change into an object: named fields are replaced, `null` changes nothing, and the elements of the
    /// list named in `appended` are added to those that are there (OCPI 2.2.1 §9.2).
    pub(super) fn merge_into(self, object: &mut Value, appended: Option<&str>) {
        let Some(object) = object.as_object_mut() else { return };
        for (name, value) in self.fields {
            match (value, object.get_mut(&name)) {
                (Value::Null, _) => {}
                (Value::Array(items), Some(Value::Array(there))) if appended == Some(name.as_str()) => {
                    there.extend(items);
                }
                (value, _) => drop(object.insert(name, value)),
            }
        }
    }
}

fn last_updated(object: &Map<String, Value>) -> Option<DateTime<Utc>> {
    object.get("last_updated").and_then(Value::as_str).and_then(Timestamp::parse).map(|at| at.0)
}

/// Answers a method that a module does not have.
pub(super) fn no_method(method: &Method) -> Reply {
    Reply::not_allowed(format!("{method} is not answered here"))
}
