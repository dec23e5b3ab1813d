//! Requests of `GridLimitService` about safe modes and heartbeats.

use chrono::{DateTime, Utc};
use headroom_domain::NodeId;
use tonic::Status;

use super::{Faults, content_hash, parent, request_id};
use crate::convert::{connection_point, instant, safe_mode};
use crate::proto;
use crate::server::status::invalid;
use crate::server::{Caller, Heartbeat, RequestKey, SetSafeMode};

pub(in crate::server) fn setting(request: &proto::SetSafeModeRequest, caller: &Caller) -> Result<SetSafeMode, Status> {
    let hash = setting_hash(request);
    let mut faults = Faults::default();
    let target = faults.take(connection_point(&request.target, "target"));
    let safe_mode = request.safe_mode.and_then(|stated| faults.take_all(safe_mode::safe_mode(stated)));
    faults.0.extend(safe_mode.iter().flat_map(headroom_domain::limit::failsafe::SafeMode::violations));
    let id = faults.take(request_id(&request.request_id));
    let (target, id) = faults.none_or(target.zip(id))?;
    Ok(SetSafeMode { caller: caller.clone(), target, safe_mode, request: RequestKey { id, hash } })
}

pub(in crate::server) fn setting_hash(request: &proto::SetSafeModeRequest) -> [u8; 32] {
    content_hash("SetSafeMode", &proto::SetSafeModeRequest { request_id: String::new(), ..request.clone() })
}

pub(in crate::server) fn place(request: &proto::GetSafeModeRequest) -> Result<NodeId, Status> {
    connection_point(&request.target, "target").map_err(|fault| invalid(&[fault]))
}

/// A heartbeat; whether its clock is right is judged by the one who knows the time.
pub(in crate::server) fn heartbeat(
    request: &proto::SendHeartbeatRequest,
    caller: &Caller,
) -> Result<Heartbeat, Status> {
    let mut faults = Faults::default();
    faults.take(parent(&request.parent, &caller.utility)?);
    let sent_at: Option<DateTime<Utc>> = faults.take(instant(request.sent_time, "sent_time"));
    if request.sequence < 0 {
        faults.add("sequence", "SEQUENCE_NEGATIVE", "it is below 0: count up from 0");
    }
    let sent_at = faults.none_or(sent_at)?;
    Ok(Heartbeat { sent_at, sequence: request.sequence })
}
