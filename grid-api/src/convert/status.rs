//! How far limits are, also in the words of other standards.

use headroom_domain::limit::{Amiss, LimitState, LimitStatus, LimitViolation};

use super::{
    count, instant, instant_if_stated, limit_name, nearest_watts, power, target, timestamp, uncount, unknown_word,
    violation,
};
use crate::model::StatusEvent;
use crate::proto;

/// Each state with its response of IEEE 2030.5 and its `InstructionStatus` of S2 (EN 50491-12-2); neither has a word for a
/// limit that is in force and not obeyed.
const STATES: [(LimitState, proto::LimitState, Option<i32>, &str); 10] = [
    (LimitState::Received, proto::LimitState::Received, Some(1), "NEW"),
    (LimitState::Accepted, proto::LimitState::Accepted, Some(1), "ACCEPTED"),
    (LimitState::Scheduled, proto::LimitState::Scheduled, Some(1), "ACCEPTED"),
    (LimitState::Active, proto::LimitState::Active, Some(2), "STARTED"),
    (LimitState::Completed, proto::LimitState::Completed, Some(3), "SUCCEEDED"),
    (LimitState::Rejected, proto::LimitState::Rejected, Some(253), "REJECTED"),
    (LimitState::Cancelled, proto::LimitState::Cancelled, Some(6), "REVOKED"),
    (LimitState::Superseded, proto::LimitState::Superseded, Some(7), "ABORTED"),
    (LimitState::Expired, proto::LimitState::Expired, Some(254), "REJECTED"),
    (LimitState::NotAchieved, proto::LimitState::NotAchieved, None, ""),
];

const REASONS: [Amiss; 5] =
    [Amiss::StationsSilent, Amiss::StationsRefused, Amiss::NotSteerable, Amiss::BaseLoadAlone, Amiss::MeterAboveLimit];

pub(crate) fn state_to_proto(state: LimitState) -> i32 {
    let known = STATES.iter().find(|(known, ..)| *known == state);
    known.map_or(proto::LimitState::Unspecified, |(_, state, ..)| *state).into()
}

pub(crate) fn state(number: i32, field: &str) -> Result<LimitState, LimitViolation> {
    let known = STATES.iter().find(|(_, state, ..)| i32::from(*state) == number);
    known.map(|(state, ..)| *state).ok_or_else(|| unknown_word(field, number))
}

/// Returns the state in the words of other standards.
pub(crate) fn codes(state: LimitState) -> proto::StatusCodes {
    let known = STATES.iter().find(|(known, ..)| *known == state);
    known.map_or_else(Default::default, |(_, _, response, s2)| proto::StatusCodes {
        ieee2030_5_response: *response,
        s2_status: (*s2).to_owned(),
    })
}

pub(crate) fn event_to_proto(event: &StatusEvent) -> proto::LimitStatusEvent {
    let status = &event.status;
    proto::LimitStatusEvent {
        sequence: event.sequence,
        limit: event.limit.to_string(),
        target: event.target.to_string(),
        state: state_to_proto(status.state),
        event_time: Some(timestamp(event.at)),
        affected_session_count: count(status.affected_sessions),
        confirmed_session_count: count(status.confirmed_sessions),
        measured_import_w: status.measured_import_w.map(|power| nearest_watts(power.or_zero())),
        expected_in_force_time: status.expected_in_force_at.map(timestamp),
        reason_code: status.amiss.map(|amiss| amiss.to_string()).unwrap_or_default(),
        codes: Some(codes(status.state)),
    }
}

pub(crate) fn event(event: &proto::LimitStatusEvent) -> Result<StatusEvent, LimitViolation> {
    let amiss = match event.reason_code.as_str() {
        "" => None,
        word => {
            let known = REASONS.into_iter().find(|reason| reason.to_string() == word);
            let unknown = || violation("event.reason_code", "VALUE_UNKNOWN", format!("{word} is not known here"));
            Some(known.ok_or_else(unknown)?)
        }
    };
    Ok(StatusEvent {
        sequence: event.sequence,
        limit: limit_name(&event.limit, "event.limit")?,
        target: target(&event.target, "event.target")?,
        at: instant(event.event_time, "event.event_time")?,
        status: LimitStatus {
            state: state(event.state, "event.state")?,
            affected_sessions: uncount(event.affected_session_count),
            confirmed_sessions: uncount(event.confirmed_session_count),
            measured_import_w: event.measured_import_w.map(power),
            expected_in_force_at: instant_if_stated(event.expected_in_force_time, "event.expected_in_force_time")?,
            amiss,
        },
    })
}
