//! Limits, submissions and what holds.

use chrono::{DateTime, Utc};
use headroom_domain::limit::{
    Basis, EffectiveInterval, GridLimit, LimitInterval, LimitKind, LimitState, LimitViolation, Terms,
};
use headroom_domain::{LimitId, Power};
use uuid::Uuid;

use super::status::state_to_proto;
use super::{first, instant, instant_if_stated, interval, malformed, power, target, timestamp, violation, watts};
use crate::model::{LimitDraft, LimitWarning, Submitted};
use crate::{names, proto};

/// Reads a schedule; paths begin at `intervals`. Whether it is a good one is for [`headroom_domain::limit::violations`].
pub(crate) fn intervals(items: &[proto::LimitInterval]) -> Result<Vec<LimitInterval>, Vec<LimitViolation>> {
    let (mut read, mut faults) = (Vec::with_capacity(items.len()), Vec::new());
    for (index, item) in items.iter().enumerate() {
        match interval(item.start_time, item.end_time, &format!("intervals[{index}]")) {
            Ok(interval) => read.push(LimitInterval {
                interval,
                maximum_import_w: item.import_limit_w.map(power),
                maximum_export_w: item.export_limit_w.map(power),
            }),
            Err(broken) => faults.extend(broken),
        }
    }
    if faults.is_empty() { Ok(read) } else { Err(faults) }
}

pub(crate) fn intervals_to_proto(items: &[LimitInterval]) -> Vec<proto::LimitInterval> {
    let to_proto = |item: &LimitInterval| proto::LimitInterval {
        start_time: Some(timestamp(item.interval.start)),
        end_time: Some(timestamp(item.interval.end)),
        import_limit_w: item.maximum_import_w.map(watts),
        export_limit_w: item.maximum_export_w.map(watts),
    };
    items.iter().map(to_proto).collect()
}

pub(crate) fn kind(kind: i32, field: &str) -> Result<LimitKind, LimitViolation> {
    match proto::LimitKind::try_from(kind) {
        Ok(proto::LimitKind::Scheduled) => Ok(LimitKind::Scheduled),
        Ok(proto::LimitKind::Emergency) => Ok(LimitKind::Emergency),
        Ok(proto::LimitKind::Test) => Ok(LimitKind::Test),
        Ok(proto::LimitKind::Unspecified) => Err(violation(field, "REQUIRED", "it is absent: state why you limit")),
        Err(_) => Err(violation(field, "KIND_UNKNOWN", format!("{kind} is no kind that is known here: take another"))),
    }
}

fn kind_to_proto(kind: LimitKind) -> i32 {
    let kind = match kind {
        LimitKind::Scheduled => proto::LimitKind::Scheduled,
        LimitKind::Emergency => proto::LimitKind::Emergency,
        LimitKind::Test => proto::LimitKind::Test,
    };
    kind.into()
}

/// How far a limit is by the clock alone; whether it is obeyed is for the status stream.
pub(crate) fn state_by_clock(limit: &GridLimit, now: DateTime<Utc>) -> LimitState {
    let begins = limit.intervals.first().map(|first| first.interval.start);
    let ends = limit.intervals.last().map(|last| last.interval.end);
    match (begins, ends) {
        _ if limit.cancelled_at.is_some() => LimitState::Cancelled,
        (_, Some(end)) if end <= now => LimitState::Completed,
        (Some(start), _) if start <= now => LimitState::Active,
        _ => LimitState::Scheduled,
    }
}

pub(crate) fn limit_to_proto(limit: &GridLimit, now: DateTime<Utc>) -> proto::Limit {
    let terms = &limit.terms;
    proto::Limit {
        name: limit.id.as_str().to_owned(),
        target: limit.target.to_string(),
        programme: limit.programme.clone(),
        kind: kind_to_proto(limit.kind),
        priority: terms.priority,
        revision: limit.revision,
        intervals: intervals_to_proto(&limit.intervals),
        issue_time: terms.issued_at.map(timestamp),
        randomize_start_s: super::count(terms.randomize_start_s),
        ramp_time_s: super::count(terms.ramp_time_s),
        reason_code: terms.reason_code.clone(),
        reason_text: limit.reason.clone(),
        external_reference: terms.external_reference.clone(),
        accept_time: Some(timestamp(limit.accepted_at)),
        cancel_time: limit.cancelled_at.map(timestamp),
        state: state_to_proto(state_by_clock(limit, now)),
        respond_by: terms.respond_by.map(timestamp),
    }
}

/// Reads a limit as the server tells it. One without a name, as validation gives it, is `caller`'s.
pub(crate) fn limit(limit: proto::Limit, caller: &str) -> Result<GridLimit, LimitViolation> {
    let (utility, id) = match limit.name.as_str() {
        "" => (caller, LimitId::from("")),
        name => names::limit(name).ok_or_else(|| malformed("name", "utilities/{utility}/limits/{limit}"))?,
    };
    Ok(GridLimit {
        id,
        utility: utility.to_owned(),
        target: target(&limit.target, "target")?,
        programme: limit.programme,
        kind: kind(limit.kind, "kind")?,
        revision: limit.revision,
        intervals: intervals(&limit.intervals).map_err(first)?,
        reason: limit.reason_text,
        terms: Terms {
            priority: limit.priority,
            issued_at: instant_if_stated(limit.issue_time, "issue_time")?,
            respond_by: instant_if_stated(limit.respond_by, "respond_by")?,
            randomize_start_s: super::uncount(limit.randomize_start_s),
            ramp_time_s: super::uncount(limit.ramp_time_s),
            reason_code: limit.reason_code,
            external_reference: limit.external_reference,
        },
        accepted_at: instant(limit.accept_time, "accept_time")?,
        cancelled_at: instant_if_stated(limit.cancel_time, "cancel_time")?,
    })
}

/// Makes the request that submits a draft, for the client.
pub(crate) fn submission(
    draft: &LimitDraft,
    parent: &str,
    request_id: Uuid,
    validate_only: bool,
) -> proto::SubmitLimitRequest {
    let terms = &draft.terms;
    let limit = proto::Limit {
        target: draft.target.to_string(),
        programme: draft.programme.clone(),
        kind: kind_to_proto(draft.kind),
        priority: terms.priority,
        revision: draft.revision,
        intervals: intervals_to_proto(&draft.intervals),
        issue_time: terms.issued_at.map(timestamp),
        randomize_start_s: super::count(terms.randomize_start_s),
        ramp_time_s: super::count(terms.ramp_time_s),
        reason_code: terms.reason_code.clone(),
        reason_text: draft.reason.clone(),
        external_reference: terms.external_reference.clone(),
        ..Default::default()
    };
    proto::SubmitLimitRequest {
        parent: parent.to_owned(),
        limit: Some(limit),
        request_id: request_id.to_string(),
        validate_only,
        respond_by: terms.respond_by.map(timestamp),
    }
}

pub(super) type Bound = Option<(Power, Basis)>;

fn bound_to_proto(bound: &Bound) -> (Option<i64>, Option<proto::LimitSource>) {
    let Some((power, basis)) = bound else { return (None, None) };
    let (basis, limit, utility) = match basis {
        Basis::Limit(id) => (proto::LimitBasis::Limit, id.to_string(), String::new()),
        Basis::SafeMode { utility } => (proto::LimitBasis::SafeMode, String::new(), names::of_utility(utility)),
        Basis::GuaranteedMinimum => (proto::LimitBasis::GuaranteedMinimum, String::new(), String::new()),
        Basis::ConnectionCapacity => (proto::LimitBasis::ConnectionCapacity, String::new(), String::new()),
    };
    (Some(watts(*power)), Some(proto::LimitSource { basis: basis.into(), limit, utility }))
}

fn bound(limit_w: Option<i64>, source: Option<proto::LimitSource>, field: &str) -> Result<Bound, LimitViolation> {
    let Some(limit_w) = limit_w else { return Ok(None) };
    let source = source.unwrap_or_default();
    let basis = match source.basis() {
        proto::LimitBasis::Limit => Basis::Limit(source.limit.into()),
        proto::LimitBasis::SafeMode => {
            let malformed = || malformed(field, "utilities/{utility}");
            Basis::SafeMode { utility: names::utility(&source.utility).ok_or_else(malformed)?.to_owned() }
        }
        proto::LimitBasis::GuaranteedMinimum => Basis::GuaranteedMinimum,
        proto::LimitBasis::ConnectionCapacity => Basis::ConnectionCapacity,
        proto::LimitBasis::Unspecified => {
            return Err(violation(field, "BASIS_UNKNOWN", format!("{} is no basis that is known here", source.basis)));
        }
    };
    Ok(Some((power(limit_w), basis)))
}

pub(crate) fn effective_to_proto(pieces: &[EffectiveInterval]) -> Vec<proto::EffectiveInterval> {
    let to_proto = |piece: &EffectiveInterval| {
        let (import_limit_w, import_source) = bound_to_proto(&piece.maximum_import_w);
        let (export_limit_w, export_source) = bound_to_proto(&piece.maximum_export_w);
        proto::EffectiveInterval {
            start_time: Some(timestamp(piece.interval.start)),
            end_time: Some(timestamp(piece.interval.end)),
            import_limit_w,
            import_source,
            export_limit_w,
            export_source,
        }
    };
    pieces.iter().map(to_proto).collect()
}

pub(crate) fn effective(pieces: Vec<proto::EffectiveInterval>) -> Result<Vec<EffectiveInterval>, LimitViolation> {
    let read = |(index, piece): (usize, proto::EffectiveInterval)| {
        let path = format!("intervals[{index}]");
        Ok(EffectiveInterval {
            interval: interval(piece.start_time, piece.end_time, &path).map_err(first)?,
            maximum_import_w: bound(piece.import_limit_w, piece.import_source, &format!("{path}.import_source"))?,
            maximum_export_w: bound(piece.export_limit_w, piece.export_source, &format!("{path}.export_source"))?,
        })
    };
    pieces.into_iter().enumerate().map(read).collect()
}

pub(crate) fn warnings_to_proto(warnings: &[LimitWarning]) -> Vec<proto::LimitWarning> {
    let to_proto = |warning: &LimitWarning| proto::LimitWarning {
        code: warning.code.clone(),
        interval_index: warning.interval_index.and_then(|index| i32::try_from(index).ok()),
        message: warning.message.clone(),
    };
    warnings.iter().map(to_proto).collect()
}

pub(crate) fn warnings(warnings: Vec<proto::LimitWarning>) -> Vec<LimitWarning> {
    let read = |warning: proto::LimitWarning| LimitWarning {
        code: warning.code,
        interval_index: warning.interval_index.and_then(|index| usize::try_from(index).ok()),
        message: warning.message,
    };
    warnings.into_iter().map(read).collect()
}

pub(crate) fn submitted_to_proto(submitted: &Submitted, now: DateTime<Utc>) -> proto::SubmitLimitResponse {
    proto::SubmitLimitResponse {
        limit: Some(limit_to_proto(&submitted.limit, now)),
        warnings: warnings_to_proto(&submitted.warnings),
        effective_preview: effective_to_proto(&submitted.effective),
    }
}

pub(crate) fn submitted(answer: proto::SubmitLimitResponse, caller: &str) -> Result<Submitted, LimitViolation> {
    Ok(Submitted {
        limit: limit(answer.limit.unwrap_or_default(), caller)?,
        effective: effective(answer.effective_preview)?,
        warnings: warnings(answer.warnings),
    })
}
