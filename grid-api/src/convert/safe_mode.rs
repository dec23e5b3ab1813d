//! Safe modes and heartbeats.

use headroom_domain::limit::LimitViolation;
use headroom_domain::limit::failsafe::{Mode, SafeMode};

use super::{
    connection_point, count, first, instant, instant_if_stated, interval, power, timestamp, uncount, unknown_word,
    violation, watts,
};
use crate::model::{HeartbeatAnswer, SafeModeState};
use crate::{names, proto};

/// What an absent hold and an absent release delay mean (`EEBus` LPC). **Units**: s.
const MINIMUM_HOLD_S: i32 = 7200;
const RELEASE_DELAY_S: i32 = 120;

/// Reads a safe mode; paths begin at `safe_mode`. Whether it is a good one is for [`SafeMode::violations`].
pub(crate) fn safe_mode(stated: proto::SafeMode) -> Result<SafeMode, Vec<LimitViolation>> {
    let mut faults = Vec::new();
    let mut length_s = |length_s: i32, field: &str| {
        u32::try_from(length_s).unwrap_or_else(|_| {
            let rule = "it is below 0: state 0 or more, or leave it out";
            faults.push(violation(format!("safe_mode.{field}"), "DURATION_NEGATIVE", rule));
            0
        })
    };
    let heartbeat_timeout_s = stated.heartbeat_timeout_s.map(|timeout_s| length_s(timeout_s, "heartbeat_timeout_s"));
    let minimum_hold_s = length_s(stated.minimum_hold_s.unwrap_or(MINIMUM_HOLD_S), "minimum_hold_s");
    let release_delay_s = length_s(stated.release_delay_s.unwrap_or(RELEASE_DELAY_S), "release_delay_s");
    let validity = stated.validity.map(|window| interval(window.start_time, window.end_time, "safe_mode.validity"));
    let validity = validity.transpose().unwrap_or_else(|broken| {
        faults.extend(broken);
        None
    });
    if !faults.is_empty() {
        return Err(faults);
    }
    Ok(SafeMode {
        maximum_import_w: stated.import_limit_w.map(power),
        maximum_export_w: stated.export_limit_w.map(power),
        heartbeat_timeout_s,
        minimum_hold_s,
        release_delay_s,
        validity,
    })
}

pub(crate) fn safe_mode_to_proto(safe_mode: &SafeMode) -> proto::SafeMode {
    proto::SafeMode {
        import_limit_w: safe_mode.maximum_import_w.map(watts),
        export_limit_w: safe_mode.maximum_export_w.map(watts),
        heartbeat_timeout_s: safe_mode.heartbeat_timeout_s.map(count),
        minimum_hold_s: Some(count(safe_mode.minimum_hold_s)),
        release_delay_s: Some(count(safe_mode.release_delay_s)),
        validity: safe_mode.validity.map(|validity| proto::TimeWindow {
            start_time: Some(timestamp(validity.start)),
            end_time: Some(timestamp(validity.end)),
        }),
    }
}

fn mode_to_proto(mode: Mode) -> i32 {
    let mode = match mode {
        Mode::Normal => proto::LinkMode::Normal,
        Mode::Safe => proto::LinkMode::SafeMode,
    };
    mode.into()
}

fn mode(mode: i32) -> Result<Mode, LimitViolation> {
    match proto::LinkMode::try_from(mode) {
        Ok(proto::LinkMode::Normal) => Ok(Mode::Normal),
        Ok(proto::LinkMode::SafeMode) => Ok(Mode::Safe),
        Ok(proto::LinkMode::Unspecified) | Err(_) => Err(unknown_word("mode", mode)),
    }
}

pub(crate) fn state_to_proto(state: &SafeModeState) -> proto::SafeModeStatus {
    proto::SafeModeStatus {
        target: names::of_connection_point(&state.target),
        safe_mode: state.safe_mode.as_ref().map(safe_mode_to_proto),
        mode: mode_to_proto(state.mode),
        safe_since_time: state.since.map(timestamp),
        update_time: state.updated_at.map(timestamp),
    }
}

pub(crate) fn state(status: &proto::SafeModeStatus) -> Result<SafeModeState, LimitViolation> {
    Ok(SafeModeState {
        target: connection_point(&status.target, "status.target")?,
        safe_mode: status.safe_mode.map(safe_mode).transpose().map_err(first)?,
        mode: mode(status.mode)?,
        since: instant_if_stated(status.safe_since_time, "status.safe_since_time")?,
        updated_at: instant_if_stated(status.update_time, "status.update_time")?,
    })
}

pub(crate) fn heartbeat_to_proto(answer: &HeartbeatAnswer) -> proto::SendHeartbeatResponse {
    proto::SendHeartbeatResponse {
        received_time: Some(timestamp(answer.received_at)),
        next_due_time: answer.next_due_at.map(timestamp),
        mode: mode_to_proto(answer.mode),
        safe_mode_count: count(answer.places_in_safe_mode),
    }
}

pub(crate) fn heartbeat(answer: &proto::SendHeartbeatResponse) -> Result<HeartbeatAnswer, LimitViolation> {
    Ok(HeartbeatAnswer {
        received_at: instant(answer.received_time, "received_time")?,
        next_due_at: instant_if_stated(answer.next_due_time, "next_due_time")?,
        mode: mode(answer.mode)?,
        places_in_safe_mode: uncount(answer.safe_mode_count),
    })
}
