//! Reads requests: everything that can be judged without knowing other limits and places.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use headroom_domain::limit::{LimitInterval, LimitViolation, violations};
use headroom_domain::{Interval, LimitId, NodeId};
use prost::Message;
use prost_types::Timestamp;
use sha2::{Digest, Sha256};
use tonic::Status;
use uuid::Uuid;

use super::status::{foreign_utility, invalid};
use super::{Cancellation, Page, Submission};
use crate::convert::{instant, intervals, kind, violation};
use crate::model::{LimitDraft, LimitQuery};
use crate::{names, proto};

pub(super) const PAGE_SIZE_MAX: usize = 200;
const PAGE_SIZE: usize = 50;
const PROGRAMME_LENGTH_MAX: usize = 64;
const TEXT_LENGTH_MAX: usize = 256;

/// Collects what is wrong, so that the caller sees all of it at once.
#[derive(Default)]
struct Faults(Vec<LimitViolation>);

impl Faults {
    fn take<T>(&mut self, read: Result<T, LimitViolation>) -> Option<T> {
        read.map_err(|fault| self.0.push(fault)).ok()
    }

    fn status(&self) -> Status {
        invalid(&self.0)
    }
}

/// A submission, and what is wrong with it only because time has passed. A repetition may be late; anything else may not.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) submission: Submission,
    pub(super) late: Vec<LimitViolation>,
}

pub(super) fn submission(
    request: proto::SubmitLimitRequest,
    caller: &str,
    now: DateTime<Utc>,
    horizon_max: TimeDelta,
) -> Result<Checked, Status> {
    let request_hash = submission_hash(&request);
    let mut faults = Faults::default();
    faults.take(parent(&request.parent, caller)?);
    let request_id = faults.take(request_id(&request.request_id));
    let Some(limit) = request.limit else {
        faults.0.push(violation("limit", "REQUIRED", "it is absent: state it"));
        return Err(faults.status());
    };
    let target = faults.take(target(&limit.target, "limit.target"));
    let programme = faults.take(programme(limit.programme));
    let kind = faults.take(kind(limit.kind, "limit.kind"));
    let revision = faults.take(revision(limit.revision));
    let reason = faults.take(text(limit.reason_text, "limit.reason_text"));
    let (intervals, late) = schedule(&limit.intervals, now, horizon_max, &mut faults);
    let (Some(request_id), Some(target), Some(programme), Some(kind), Some(revision), Some(reason)) =
        (request_id, target, programme, kind, revision, reason)
    else {
        faults.0.extend(late);
        return Err(faults.status());
    };
    if !faults.0.is_empty() {
        faults.0.extend(late);
        return Err(faults.status());
    }
    let draft = LimitDraft { target, programme, kind, revision, intervals, reason };
    let utility = caller.to_owned();
    let submission = Submission { utility, draft, request_id, request_hash, validate_only: request.validate_only };
    Ok(Checked { submission, late })
}

/// Reads the intervals and returns apart what is wrong with them only because time has passed.
fn schedule(
    items: &[proto::LimitInterval],
    now: DateTime<Utc>,
    horizon_max: TimeDelta,
    faults: &mut Faults,
) -> (Vec<LimitInterval>, Vec<LimitViolation>) {
    let (read, broken) = match intervals(items) {
        Ok(read) => {
            let broken = violations(&read, now, horizon_max);
            (read, broken)
        }
        Err(broken) => (Vec::new(), broken),
    };
    let named = broken.into_iter().map(|fault| LimitViolation { field: format!("limit.{}", fault.field), ..fault });
    let (late, other): (Vec<_>, Vec<_>) = named.partition(|fault| fault.code == "INTERVAL_IN_PAST");
    faults.0.extend(other);
    (read, late)
}

pub(super) fn cancellation(request: proto::CancelLimitRequest, caller: &str) -> Result<Cancellation, Status> {
    let request_hash =
        content_hash("CancelLimit", &proto::CancelLimitRequest { request_id: String::new(), ..request.clone() });
    let mut faults = Faults::default();
    let limit = faults.take(limit_name(&request.name, caller)?);
    let reason = faults.take(text(request.reason_text, "reason_text"));
    let request_id = faults.take(request_id(&request.request_id));
    let (Some(limit), Some(reason), Some(request_id)) = (limit, reason, request_id) else {
        return Err(faults.status());
    };
    Ok(Cancellation { utility: caller.to_owned(), limit, reason, request_id, request_hash })
}

pub(super) fn limit(request: &proto::GetLimitRequest, caller: &str) -> Result<LimitId, Status> {
    limit_name(&request.name, caller)?.map_err(|fault| invalid(&[fault]))
}

pub(super) fn effective(
    request: &proto::GetEffectiveLimitRequest,
    window_max: TimeDelta,
) -> Result<(NodeId, Interval), Status> {
    let mut faults = Faults::default();
    let target = faults.take(target(&request.target, "target"));
    let start = faults.take(instant(request.start_time, "start_time"));
    let end = faults.take(instant(request.end_time, "end_time"));
    let window = start.zip(end).and_then(|(start, end)| faults.take(window(start, end)));
    if window.is_some_and(|window| window.duration() > window_max) {
        let rule = format!("the window is longer than {} h: ask in parts", window_max.num_hours());
        faults.0.push(violation("end_time", "WINDOW_TOO_LONG", rule));
    }
    match (target, window) {
        (Some(target), Some(window)) if faults.0.is_empty() => Ok((target, window)),
        _ => Err(faults.status()),
    }
}

pub(super) fn listing(request: &proto::ListLimitsRequest, caller: &str) -> Result<(LimitQuery, Page), Status> {
    let mut faults = Faults::default();
    faults.take(parent(&request.parent, caller)?);
    let size = match usize::try_from(request.page_size) {
        Ok(0) => PAGE_SIZE,
        Ok(size) => size.min(PAGE_SIZE_MAX),
        Err(_) => {
            faults.0.push(violation(
                "page_size",
                "PAGE_SIZE_NEGATIVE",
                "it is below 0: state 1 or more, or leave it out",
            ));
            0
        }
    };
    let after = (!request.page_token.is_empty()).then(|| {
        let known = names::limit(&request.page_token).filter(|(utility, _)| *utility == caller);
        let rule = "it was not given by this list: begin without";
        faults.take(known.map(|(_, id)| id).ok_or_else(|| violation("page_token", "PAGE_TOKEN_MALFORMED", rule)))
    });
    let place = (!request.target.is_empty()).then(|| faults.take(target(&request.target, "target")));
    let overlaps = overlaps(request.start_time, request.end_time, &mut faults);
    if !faults.0.is_empty() {
        return Err(faults.status());
    }
    let include_cancelled = request.include_cancelled;
    Ok((LimitQuery { target: place.flatten(), overlaps, include_cancelled }, Page { after: after.flatten(), size }))
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

/// The outer error is a utility that speaks in the name of another; the inner one a name that cannot be read.
fn parent(name: &str, caller: &str) -> Result<Result<(), LimitViolation>, Status> {
    match names::utility(name) {
        Some(utility) if utility == caller => Ok(Ok(())),
        Some(_) => Err(foreign_utility(caller, "parent")),
        None => Ok(Err(malformed("parent", "utilities/{utility}"))),
    }
}

/// As [`parent`].
fn limit_name(name: &str, caller: &str) -> Result<Result<LimitId, LimitViolation>, Status> {
    match names::limit(name) {
        Some((utility, id)) if utility == caller => Ok(Ok(id)),
        Some(_) => Err(foreign_utility(caller, "name")),
        None => Ok(Err(malformed("name", "utilities/{utility}/limits/{limit}"))),
    }
}

fn target(name: &str, field: &str) -> Result<NodeId, LimitViolation> {
    names::target(name).ok_or_else(|| malformed(field, "connectionPoints/{id}"))
}

fn malformed(field: &str, pattern: &str) -> LimitViolation {
    let rule = format!("it is not of the form {pattern}, ids of 1 to 128 out of A-Z a-z 0-9 . _ ~ -: correct it");
    violation(field, "NAME_MALFORMED", rule)
}

fn request_id(text: &str) -> Result<Uuid, LimitViolation> {
    let rule = "it is not a UUID of version 4 or 7 like 0190b2a6-4d5e-7c3a-9f00-1d2c3b4a5968: make one per request";
    Uuid::try_parse(text)
        .ok()
        .filter(|id| matches!(id.get_version_num(), 4 | 7))
        .ok_or_else(|| violation("request_id", "REQUEST_ID_MALFORMED", rule))
}

fn programme(text: String) -> Result<String, LimitViolation> {
    let known = |any: char| any.is_ascii_lowercase() || any.is_ascii_digit() || "._-".contains(any);
    let first = |any: char| any.is_ascii_lowercase() || any.is_ascii_digit();
    if text.len() <= PROGRAMME_LENGTH_MAX && text.starts_with(first) && text.chars().all(known) {
        return Ok(text);
    }
    let rule = "it is not 1 to 64 out of a-z 0-9 . _ -, the first a letter or a digit: correct it";
    Err(violation("limit.programme", "PROGRAMME_MALFORMED", rule))
}

fn revision(revision: i64) -> Result<i64, LimitViolation> {
    let rule = "it is not more than 0: count up from 1, or use the seconds since 1970";
    if revision > 0 { Ok(revision) } else { Err(violation("limit.revision", "REVISION_NOT_POSITIVE", rule)) }
}

fn text(text: String, field: &str) -> Result<String, LimitViolation> {
    let rule = format!("it has more than {TEXT_LENGTH_MAX} characters: shorten it");
    if text.chars().count() <= TEXT_LENGTH_MAX { Ok(text) } else { Err(violation(field, "TEXT_TOO_LONG", rule)) }
}

/// Of everything but the request id. Validation alone does not use a request id up, so it does not count either.
fn submission_hash(request: &proto::SubmitLimitRequest) -> [u8; 32] {
    let content = proto::SubmitLimitRequest { request_id: String::new(), validate_only: false, ..request.clone() };
    content_hash("SubmitLimit", &content)
}

/// Our encoding of a message has one form: fields by number, absent ones left out, no maps. A field that a later release
/// adds is absent in the requests of today, so their hashes stay.
fn content_hash(method: &str, content: &impl Message) -> [u8; 32] {
    Sha256::new_with_prefix(method).chain_update([0]).chain_update(content.encode_to_vec()).finalize().into()
}

#[cfg(test)]
mod tests;
