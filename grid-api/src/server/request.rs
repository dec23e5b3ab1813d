//! Reads requests: everything that can be judged without knowing other limits and places.

pub(super) mod areas;
pub(super) mod compliance;
pub(super) mod flexibility;
pub(super) mod limits;
pub(super) mod safe_mode;
pub(super) mod streams;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use headroom_domain::limit::{LimitViolation, Target};
use headroom_domain::{Interval, LimitId};
use prost::Message;
use prost_types::Timestamp;
use sha2::{Digest, Sha256};
use tonic::Status;
use uuid::Uuid;

use super::Page;
use super::status::{foreign_utility, invalid};
use crate::convert::{self, instant, malformed, violation};
use crate::names;

pub(super) const PAGE_SIZE_MAX: usize = 200;
const PAGE_SIZE: usize = 50;
const TEXT_LENGTH_MAX: usize = 256;

/// Collects what is wrong, so that the caller sees all of it at once.
#[derive(Default)]
struct Faults(Vec<LimitViolation>);

impl Faults {
    fn take<T>(&mut self, read: Result<T, LimitViolation>) -> Option<T> {
        read.map_err(|fault| self.0.push(fault)).ok()
    }

    fn take_all<T>(&mut self, read: Result<T, Vec<LimitViolation>>) -> Option<T> {
        read.map_err(|faults| self.0.extend(faults)).ok()
    }

    fn add(&mut self, field: impl Into<String>, code: &'static str, rule: impl Into<String>) {
        self.0.push(violation(field, code, rule));
    }

    fn status(&self) -> Status {
        invalid(&self.0)
    }

    /// Returns what was read when there is no fault.
    fn none_or<T>(&self, read: Option<T>) -> Result<T, Status> {
        read.filter(|_| self.0.is_empty()).ok_or_else(|| self.status())
    }
}

/// A window that may be open at either end; open ends are the ends of what a timestamp can say.
fn overlaps(start: Option<Timestamp>, end: Option<Timestamp>, faults: &mut Faults) -> Option<Interval> {
    if start.is_none() && end.is_none() {
        return None;
    }
    let edge = |year, time| NaiveDateTime::new(NaiveDate::from_yo_opt(year, 1).unwrap_or_default(), time).and_utc();
    let first = start.map_or(Ok(edge(1, NaiveTime::MIN)), |at| instant(Some(at), "start_time"));
    let last = end.map_or(Ok(edge(9999, NaiveTime::MIN)), |at| instant(Some(at), "end_time"));
    let (first, last) = (faults.take(first), faults.take(last));
    first.zip(last).and_then(|(first, last)| faults.take(window(first, last)))
}

fn window(start: DateTime<Utc>, end: DateTime<Utc>) -> Result<Interval, LimitViolation> {
    let rule = "the end is not after the start: windows are [start, end)";
    Interval::new(start, end).ok_or_else(|| violation("end_time", "WINDOW_EMPTY", rule))
}

/// A window of which both ends are stated and that is no longer than allowed.
fn bounded_window(
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    longest: TimeDelta,
    faults: &mut Faults,
) -> Option<Interval> {
    let (start, end) = (faults.take(instant(start, "start_time")), faults.take(instant(end, "end_time")));
    let window = start.zip(end).and_then(|(start, end)| faults.take(window(start, end)))?;
    if window.duration() > longest {
        let rule = format!("the window is longer than {} h: ask in parts", longest.num_hours());
        faults.add("end_time", "WINDOW_TOO_LONG", rule);
    }
    Some(window)
}

/// Reads which part of a list is asked for; `key` reads a page token that this list has given.
fn page<K>(size: i32, token: &str, key: impl FnOnce(&str) -> Option<K>, faults: &mut Faults) -> Page<K> {
    let size = match usize::try_from(size) {
        Ok(0) => PAGE_SIZE,
        Ok(size) => size.min(PAGE_SIZE_MAX),
        Err(_) => {
            faults.add("page_size", "PAGE_SIZE_NEGATIVE", "it is below 0: state 1 or more, or leave it out");
            0
        }
    };
    let rule = "it was not given by this list: begin without";
    let known = |token| key(token).ok_or_else(|| violation("page_token", "PAGE_TOKEN_MALFORMED", rule));
    let after = Some(token).filter(|token| !token.is_empty()).and_then(|token| faults.take(known(token)));
    Page { after, size }
}

/// Reads a target that may be left out.
fn filter(name: &str, faults: &mut Faults) -> Option<Target> {
    Some(name).filter(|name| !name.is_empty()).and_then(|name| faults.take(convert::target(name, "target")))
}

/// Reads the page token of a list of a caller's limits.
fn own_limit(token: &str, caller: &str) -> Option<LimitId> {
    names::limit(token).filter(|(utility, _)| *utility == caller).map(|(_, id)| id)
}

/// The outer error is a utility that speaks in the name of another; the inner one a name that cannot be read.
fn parent(name: &str, caller: &str) -> Result<Result<(), LimitViolation>, Status> {
    match names::utility(name) {
        Some(utility) if utility == caller => Ok(Ok(())),
        Some(_) => Err(foreign_utility(caller, "parent")),
        None => Ok(Err(malformed("parent", "utilities/{utility}"))),
    }
}

/// As [`parent`].
fn limit_name(name: &str, caller: &str, field: &str) -> Result<Result<LimitId, LimitViolation>, Status> {
    match names::limit(name) {
        Some((utility, id)) if utility == caller => Ok(Ok(id)),
        Some(_) => Err(foreign_utility(caller, field)),
        None => Ok(Err(malformed(field, "utilities/{utility}/limits/{limit}"))),
    }
}

fn request_id(text: &str) -> Result<Uuid, LimitViolation> {
    let rule = "it is not a UUID of version 4 or 7 like 0190b2a6-4d5e-7c3a-9f00-1d2c3b4a5968: make one per request";
    Uuid::try_parse(text)
        .ok()
        .filter(|id| matches!(id.get_version_num(), 4 | 7))
        .ok_or_else(|| violation("request_id", "REQUEST_ID_MALFORMED", rule))
}

fn text(text: String, field: &str) -> Result<String, LimitViolation> {
    let rule = format!("it has more than {TEXT_LENGTH_MAX} characters: shorten it");
    if text.chars().count() <= TEXT_LENGTH_MAX { Ok(text) } else { Err(violation(field, "TEXT_TOO_LONG", rule)) }
}

/// Our encoding of a message has one form: fields by number, absent ones left out, no maps. A field that a later release
/// adds is absent in the requests of today, so their hashes stay.
pub(super) fn content_hash(method: &str, content: &impl Message) -> [u8; 32] {
    Sha256::new_with_prefix(method).chain_update([0]).chain_update(content.encode_to_vec()).finalize().into()
}

#[cfg(test)]
mod tests;
