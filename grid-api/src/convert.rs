//! Between protobuf and the domain. What cannot be read is told with the path of the field.

use chrono::{DateTime, Datelike, Utc};
use headroom_domain::limit::{Basis, EffectiveInterval, GridLimit, LimitInterval, LimitKind, LimitViolation};
use headroom_domain::{Interval, Power};
use prost_types::Timestamp;

use crate::model::{LimitWarning, Submitted};
use crate::{names, proto};

pub(crate) fn violation(field: impl Into<String>, code: &'static str, rule: impl Into<String>) -> LimitViolation {
    LimitViolation { field: field.into(), code, rule: rule.into() }
}

pub(crate) fn timestamp(at: DateTime<Utc>) -> Timestamp {
    // A leap second has more than 10^9 ns in chrono and none in protobuf.
    let nanos = i32::try_from(at.timestamp_subsec_nanos().min(999_999_999)).unwrap_or_default();
    Timestamp { seconds: at.timestamp(), nanos }
}

pub(crate) fn instant(at: Option<Timestamp>, field: &str) -> Result<DateTime<Utc>, LimitViolation> {
    let at = at.ok_or_else(|| violation(field, "REQUIRED", "it is absent: state it, in UTC"))?;
    u32::try_from(at.nanos)
        .ok()
        .filter(|nanos| *nanos < 1_000_000_000)
        .and_then(|nanos| DateTime::from_timestamp(at.seconds, nanos))
        .filter(|at| (1..=9999).contains(&at.year()))
        .ok_or_else(|| {
            let rule = "it is no instant of the years 1 to 9999 with nanos of 0 to 999999999: correct it";
            violation(field, "TIMESTAMP_MALFORMED", rule)
        })
}

/// Rounds down: a limit that is told must not be looser than the one that is kept.
fn watts(power: Power) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "a cast from f64 saturates")]
    let watts = power.as_w().floor() as i64;
    watts
}

fn power(watts: i64) -> Power {
    Power::from_w(watts as f64)
}

fn interval(
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    path: &str,
) -> (Result<DateTime<Utc>, LimitViolation>, Result<DateTime<Utc>, LimitViolation>) {
    (instant(start, &format!("{path}.start_time")), instant(end, &format!("{path}.end_time")))
}

/// Reads a schedule; paths begin at `intervals`. Whether it is a good one is for [`headroom_domain::limit::violations`].
pub(crate) fn intervals(items: &[proto::LimitInterval]) -> Result<Vec<LimitInterval>, Vec<LimitViolation>> {
    let (mut read, mut faults) = (Vec::with_capacity(items.len()), Vec::new());
    for (index, item) in items.iter().enumerate() {
        match interval(item.start_time, item.end_time, &format!("intervals[{index}]")) {
            (Ok(start), Ok(end)) => read.push(LimitInterval {
                interval: Interval { start, end },
                maximum_import_w: item.import_limit_w.map(power),
                maximum_export_w: item.export_limit_w.map(power),
            }),
            (start, end) => faults.extend([start.err(), end.err()].into_iter().flatten()),
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

pub(crate) fn kind_to_proto(kind: LimitKind) -> i32 {
    let kind = match kind {
        LimitKind::Scheduled => proto::LimitKind::Scheduled,
        LimitKind::Emergency => proto::LimitKind::Emergency,
        LimitKind::Test => proto::LimitKind::Test,
    };
    kind.into()
}

pub(crate) fn limit_to_proto(limit: &GridLimit) -> proto::Limit {
    proto::Limit {
        name: limit.id.as_str().to_owned(),
        target: names::of_target(&limit.target),
        programme: limit.programme.clone(),
        kind: kind_to_proto(limit.kind),
        revision: limit.revision,
        intervals: intervals_to_proto(&limit.intervals),
        reason_text: limit.reason.clone(),
        accept_time: Some(timestamp(limit.accepted_at)),
        cancel_time: limit.cancelled_at.map(timestamp),
    }
}

fn first(faults: Vec<LimitViolation>) -> LimitViolation {
    faults.into_iter().next().unwrap_or_else(|| violation("intervals", "MALFORMED", "they cannot be read"))
}

/// Reads a limit as the server tells it. One without a name, as validation gives it, is `caller`'s.
pub(crate) fn limit(limit: proto::Limit, caller: &str) -> Result<GridLimit, LimitViolation> {
    let malformed = |field: &str| violation(field, "NAME_MALFORMED", "it is no resource name");
    let (utility, id) = match limit.name.as_str() {
        "" => (caller, "".into()),
        name => names::limit(name).ok_or_else(|| malformed("name"))?,
    };
    Ok(GridLimit {
        id,
        utility: utility.to_owned(),
        target: names::target(&limit.target).ok_or_else(|| malformed("target"))?,
        programme: limit.programme,
        kind: kind(limit.kind, "kind")?,
        revision: limit.revision,
        intervals: intervals(&limit.intervals).map_err(first)?,
        reason: limit.reason_text,
        accepted_at: instant(limit.accept_time, "accept_time")?,
        cancelled_at: limit.cancel_time.map(|at| instant(Some(at), "cancel_time")).transpose()?,
    })
}

type Bound = Option<(Power, Basis)>;

fn bound_to_proto(bound: &Bound) -> (Option<i64>, Option<proto::LimitSource>) {
    let Some((power, basis)) = bound else { return (None, None) };
    let (basis, limit) = match basis {
        Basis::Limit(id) => (proto::LimitBasis::Limit, id.as_str().to_owned()),
        Basis::ConnectionCapacity => (proto::LimitBasis::ConnectionCapacity, String::new()),
    };
    (Some(watts(*power)), Some(proto::LimitSource { basis: basis.into(), limit }))
}

fn bound(limit_w: Option<i64>, source: Option<proto::LimitSource>, field: &str) -> Result<Bound, LimitViolation> {
    let Some(limit_w) = limit_w else { return Ok(None) };
    let source = source.unwrap_or_default();
    let basis = match source.basis() {
        proto::LimitBasis::Limit => Basis::Limit(source.limit.into()),
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
        let (start, end) = interval(piece.start_time, piece.end_time, &path);
        Ok(EffectiveInterval {
            interval: Interval { start: start?, end: end? },
            maximum_import_w: bound(piece.import_limit_w, piece.import_source, &format!("{path}.import_source"))?,
            maximum_export_w: bound(piece.export_limit_w, piece.export_source, &format!("{path}.export_source"))?,
        })
    };
    pieces.into_iter().enumerate().map(read).collect()
}

pub(crate) fn submitted_to_proto(submitted: &Submitted) -> proto::SubmitLimitResponse {
    let warning = |warning: &LimitWarning| proto::LimitWarning {
        code: warning.code.clone(),
        interval_index: warning.interval_index.and_then(|index| i32::try_from(index).ok()),
        message: warning.message.clone(),
    };
    proto::SubmitLimitResponse {
        limit: Some(limit_to_proto(&submitted.limit)),
        warnings: submitted.warnings.iter().map(warning).collect(),
        effective_preview: effective_to_proto(&submitted.effective),
    }
}

pub(crate) fn submitted(answer: proto::SubmitLimitResponse, caller: &str) -> Result<Submitted, LimitViolation> {
    let warning = |warning: proto::LimitWarning| LimitWarning {
        code: warning.code,
        interval_index: warning.interval_index.and_then(|index| usize::try_from(index).ok()),
        message: warning.message,
    };
    Ok(Submitted {
        limit: limit(answer.limit.unwrap_or_default(), caller)?,
        effective: effective(answer.effective_preview)?,
        warnings: answer.warnings.into_iter().map(warning).collect(),
    })
}

#[cfg(test)]
mod tests;
