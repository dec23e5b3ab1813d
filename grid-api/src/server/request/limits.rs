//! Requests of `GridLimitService` about limits.

use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::limit::{
    INTERVALS_MAX, LimitInterval, LimitKind, LimitState, LimitViolation, Target, Terms, term_violations, violations,
};
use headroom_domain::{Interval, LimitId};
use tonic::Status;

use super::{
    Faults, bounded_window, content_hash, filter, limit_name, overlaps, own_limit, page, parent, request_id, text,
};
use crate::convert::{instant_if_stated, limits as convert, status, target, violation};
use crate::model::{LimitDraft, LimitQuery};
use crate::proto;
use crate::server::status::invalid;
use crate::server::{Caller, Cancellation, Page, RequestKey, Submission};

const PROGRAMME_LENGTH_MAX: usize = 64;

/// Most states that a list is filtered by.
const STATES_MAX: usize = 16;

/// A submission, and what is wrong with it only because time has passed. A repetition may be late; anything else may not.
#[derive(Debug)]
pub(in crate::server) struct Checked {
    pub(in crate::server) submission: Submission,
    pub(in crate::server) late: Vec<LimitViolation>,
}

pub(in crate::server) fn submission(
    request: proto::SubmitLimitRequest,
    caller: &Caller,
    now: DateTime<Utc>,
    horizon_max: TimeDelta,
) -> Result<Checked, Status> {
    let hash = submission_hash(&request);
    let mut faults = Faults::default();
    faults.take(parent(&request.parent, &caller.utility)?);
    let id = faults.take(request_id(&request.request_id));
    let Some(limit) = request.limit else {
        faults.add("limit", "REQUIRED", "it is absent: state it");
        return Err(faults.status());
    };
    let respond_by = faults.take(instant_if_stated(request.respond_by, "respond_by")).flatten();
    let (draft, late) = draft(limit, respond_by, now, horizon_max, &mut faults);
    let (Some(id), Some(draft), true) = (id, draft, faults.0.is_empty()) else {
        faults.0.extend(late);
        return Err(faults.status());
    };
    let (caller, validate_only) = (caller.clone(), request.validate_only);
    Ok(Checked { submission: Submission { caller, draft, request: RequestKey { id, hash }, validate_only }, late })
}

fn draft(
    limit: proto::Limit,
    respond_by: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
    horizon_max: TimeDelta,
    faults: &mut Faults,
) -> (Option<LimitDraft>, Vec<LimitViolation>) {
    let target = faults.take(target(&limit.target, "limit.target"));
    let programme = faults.take(programme(&limit.programme));
    let kind = faults.take(convert::kind(limit.kind, "limit.kind"));
    let revision = faults.take(revision(limit.revision));
    let terms = terms(&limit, respond_by, faults);
    let reason = faults.take(text(limit.reason_text, "limit.reason_text"));
    let (intervals, broken) = schedule(&limit.intervals, now, horizon_max);
    // Faults of the terms are told even when kind or programme cannot be read: as far as they do not depend on them.
    let of_terms = term_violations(
        kind.unwrap_or(LimitKind::Scheduled),
        programme.as_deref().unwrap_or_default(),
        &Terms { priority: terms.priority.filter(|_| kind.is_some() && programme.is_some()), ..terms.clone() },
        now,
    );
    let (late, other): (Vec<_>, Vec<_>) = of_terms.into_iter().chain(broken).map(from_the_root).partition(is_late);
    faults.0.extend(other);
    let draft = match (target, programme, kind, revision, reason) {
        (Some(target), Some(programme), Some(kind), Some(revision), Some(reason)) => {
            Some(LimitDraft { target, programme, kind, revision, intervals, reason, terms })
        }
        _ => None,
    };
    (draft, late)
}

/// Reads the intervals, and what is wrong with them. Of too many none is looked at: each could be wrong in many ways.
fn schedule(
    items: &[proto::LimitInterval],
    now: DateTime<Utc>,
    horizon_max: TimeDelta,
) -> (Vec<LimitInterval>, Vec<LimitViolation>) {
    let count = items.len();
    if count > INTERVALS_MAX {
        let rule = format!("{count} intervals are too many: send at most {INTERVALS_MAX}");
        return (Vec::new(), vec![violation("intervals", "TOO_MANY_INTERVALS", rule)]);
    }
    match convert::intervals(items) {
        Ok(read) => {
            let broken = violations(&read, now, horizon_max);
            (read, broken)
        }
        Err(broken) => (Vec::new(), broken),
    }
}

fn from_the_root(fault: LimitViolation) -> LimitViolation {
    match fault.field.as_str() {
        "respond_by" => fault,
        field => LimitViolation { field: format!("limit.{field}"), ..fault },
    }
}

fn is_late(fault: &LimitViolation) -> bool {
    matches!(fault.code, "INTERVAL_IN_PAST" | "RESPOND_BY_IN_PAST")
}

fn terms(limit: &proto::Limit, respond_by: Option<DateTime<Utc>>, faults: &mut Faults) -> Terms {
    let mut seconds = |length_s: i32, field: &str, code| {
        let rule = "it is below 0: state 0 or more, or leave it out";
        let read = u32::try_from(length_s).map_err(|_| violation(format!("limit.{field}"), code, rule));
        faults.take(read).unwrap_or_default()
    };
    Terms {
        priority: limit.priority,
        respond_by,
        randomize_start_s: seconds(limit.randomize_start_s, "randomize_start_s", "RANDOMIZE_NEGATIVE"),
        ramp_time_s: seconds(limit.ramp_time_s, "ramp_time_s", "RAMP_NEGATIVE"),
        issued_at: faults.take(instant_if_stated(limit.issue_time, "limit.issue_time")).flatten(),
        reason_code: limit.reason_code.clone(),
        external_reference: limit.external_reference.clone(),
    }
}

pub(in crate::server) fn cancellation(
    request: proto::CancelLimitRequest,
    caller: &Caller,
) -> Result<Cancellation, Status> {
    let hash = cancellation_hash(&request);
    let mut faults = Faults::default();
    let limit = faults.take(limit_name(&request.name, &caller.utility, "name")?);
    let reason = faults.take(text(request.reason_text, "reason_text"));
    let id = faults.take(request_id(&request.request_id));
    let (Some(limit), Some(reason), Some(id)) = (limit, reason, id) else {
        return Err(faults.status());
    };
    Ok(Cancellation { caller: caller.clone(), limit, reason, request: RequestKey { id, hash } })
}

pub(in crate::server) fn limit(request: &proto::GetLimitRequest, caller: &Caller) -> Result<LimitId, Status> {
    limit_name(&request.name, &caller.utility, "name")?.map_err(|fault| invalid(&[fault]))
}

pub(in crate::server) fn effective(
    request: &proto::GetEffectiveLimitRequest,
    window_max: TimeDelta,
) -> Result<(Target, Interval), Status> {
    let mut faults = Faults::default();
    let target = faults.take(target(&request.target, "target"));
    let window = bounded_window(request.start_time, request.end_time, window_max, &mut faults);
    faults.none_or(target.zip(window))
}

/// What is asked for, which part of it, and the states that are wanted; none: any.
pub(in crate::server) type Listing = (LimitQuery, Page<LimitId>, Vec<LimitState>);

pub(in crate::server) fn listing(request: &proto::ListLimitsRequest, caller: &Caller) -> Result<Listing, Status> {
    let mut faults = Faults::default();
    faults.take(parent(&request.parent, &caller.utility)?);
    let own = |token: &str| own_limit(token, &caller.utility);
    let page = page(request.page_size, &request.page_token, own, &mut faults);
    let target = filter(&request.target, &mut faults);
    let overlaps = overlaps(request.start_time, request.end_time, &mut faults);
    let states = wanted_states(&request.states, &mut faults);
    let include_cancelled = request.include_cancelled || states.contains(&LimitState::Cancelled);
    faults.none_or(Some((LimitQuery { target, overlaps, include_cancelled }, page, states)))
}

fn wanted_states(numbers: &[i32], faults: &mut Faults) -> Vec<LimitState> {
    if numbers.len() > STATES_MAX {
        let rule = format!("{} are too many: {STATES_MAX} are allowed, state each once", numbers.len());
        faults.add("states", "TOO_MANY_STATES", rule);
        return Vec::new();
    }
    let read = |(index, number): (usize, &i32)| faults.take(wanted_state(*number, index));
    numbers.iter().enumerate().filter_map(read).collect()
}

/// A state that `Limit.state` can have.
fn wanted_state(number: i32, index: usize) -> Result<LimitState, LimitViolation> {
    let by_clock = [LimitState::Scheduled, LimitState::Active, LimitState::Completed, LimitState::Cancelled];
    let known = status::state(number, "").ok().filter(|state| by_clock.contains(state));
    known.ok_or_else(|| {
        let rule = "a limit in a list is SCHEDULED, ACTIVE, COMPLETED or CANCELLED: other states are in the stream";
        violation(format!("states[{index}]"), "STATE_UNKNOWN", rule)
    })
}

/// Of everything but the request id. Validation alone does not use a request id up, so it does not count either.
pub(in crate::server) fn submission_hash(request: &proto::SubmitLimitRequest) -> [u8; 32] {
    let content = proto::SubmitLimitRequest { request_id: String::new(), validate_only: false, ..request.clone() };
    content_hash("SubmitLimit", &content)
}

pub(in crate::server) fn cancellation_hash(request: &proto::CancelLimitRequest) -> [u8; 32] {
    content_hash("CancelLimit", &proto::CancelLimitRequest { request_id: String::new(), ..request.clone() })
}

fn programme(text: &str) -> Result<String, LimitViolation> {
    let known = |any: char| any.is_ascii_lowercase() || any.is_ascii_digit() || "._-".contains(any);
    let first = |any: char| any.is_ascii_lowercase() || any.is_ascii_digit();
    if text.len() <= PROGRAMME_LENGTH_MAX && text.starts_with(first) && text.chars().all(known) {
        return Ok(text.to_owned());
    }
    let rule = "it is not 1 to 64 out of a-z 0-9 . _ -, the first a letter or a digit: correct it";
    Err(violation("limit.programme", "PROGRAMME_MALFORMED", rule))
}

fn revision(revision: i64) -> Result<i64, LimitViolation> {
    let rule = "it is not more than 0: count up from 1, or use the seconds since 1970";
    if revision > 0 { Ok(revision) } else { Err(violation("limit.revision", "REVISION_NOT_POSITIVE", rule)) }
}
