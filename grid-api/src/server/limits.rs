//! `GridLimitService`: reads the request, asks the host, tells the answer.

mod batch;
mod listing;

use std::sync::Arc;

use tonic::{Request, Response, Status};

use super::desk::{Attempt, Desk};
use super::host::{Caller, Refusal, Role, UtilityHost};
use super::request::limits as request;
use super::request::{safe_mode, streams};
use super::skew::skew;
use super::status::{self, Paths};
use super::streams::{Outlet, follow};
use crate::convert;
use crate::convert::limits::{effective_to_proto, limit_to_proto, submitted_to_proto};
use crate::model::Submitted;
use crate::proto;
use crate::proto::grid_limit_service_server::GridLimitService;

/// A preview ends here, so that its message does not grow over what clients accept.
const PREVIEW_INTERVALS_MAX: usize = 4032;

pub(super) use batch::SUBMISSIONS_MAX;

pub(super) struct Limits<H> {
    pub(super) desk: Arc<Desk<H>>,
}

/// What a submission needs: those who may only test can neither bind nor be bound.
pub(super) fn role(request: &proto::SubmitLimitRequest) -> Role {
    let test = i32::from(proto::LimitKind::Test);
    let is_test = request.limit.as_ref().is_some_and(|limit| limit.kind == test);
    if request.validate_only || is_test { Role::Test } else { Role::Submit }
}

fn attempt(caller: &Caller, request: &proto::SubmitLimitRequest) -> Attempt {
    Attempt {
        caller: caller.clone(),
        method: "SubmitLimit",
        resource: request.limit.as_ref().map(|limit| limit.target.clone()).unwrap_or_default(),
        request_id: request.request_id.clone(),
        hash: request::submission_hash(request),
    }
}

impl<H: UtilityHost> Limits<H> {
    async fn submit(&self, checked: request::Checked) -> Result<Submitted, Status> {
        let request::Checked { submission, late } = checked;
        if late.is_empty() {
            let host = Arc::clone(&self.desk.host);
            return self.desk.drive(Paths::SUBMISSION, async move { host.submit_limit(submission).await }).await;
        }
        let recorded = async {
            if submission.validate_only {
                return Ok::<_, Refusal>(None);
            }
            self.desk.host.recorded_submission(&submission.caller, submission.request).await
        };
        self.desk.ask(Paths::SUBMISSION, recorded).await?.ok_or_else(|| status::invalid(&late))
    }
}

#[tonic::async_trait]
impl<H: UtilityHost> GridLimitService for Limits<H> {
    type StreamLimitStatusStream = Outlet<proto::StreamLimitStatusResponse>;

    async fn submit_limit(
        &self,
        request: Request<proto::SubmitLimitRequest>,
    ) -> Result<Response<proto::SubmitLimitResponse>, Status> {
        let caller = self.desk.caller(&request)?;
        let request = request.into_inner();
        let attempt = (!request.validate_only).then(|| attempt(&caller, &request));
        let change = async {
            self.desk.allow(&caller, role(&request), 1)?;
            let checked = request::submission(request, &caller, self.desk.now(), self.desk.options.horizon_max)?;
            self.submit(checked).await
        };
        let mut submitted = match attempt {
            Some(attempt) => self.desk.audited(attempt, change).await?,
            None => change.await?,
        };
        submitted.effective.truncate(PREVIEW_INTERVALS_MAX);
        Ok(Response::new(submitted_to_proto(&submitted, self.desk.now())))
    }

    async fn batch_submit_limits(
        &self,
        request: Request<proto::BatchSubmitLimitsRequest>,
    ) -> Result<Response<proto::BatchSubmitLimitsResponse>, Status> {
        let caller = self.desk.caller(&request)?;
        let results = self.batch(&caller, request.into_inner()).await?;
        Ok(Response::new(proto::BatchSubmitLimitsResponse { results }))
    }

    async fn get_effective_limit(
        &self,
        request: Request<proto::GetEffectiveLimitRequest>,
    ) -> Result<Response<proto::GetEffectiveLimitResponse>, Status> {
        let caller = self.desk.admit(&request, Role::Read)?;
        let (target, window) = request::effective(request.get_ref(), self.desk.options.window_max)?;
        let pieces = self.desk.ask(Paths::PLAIN, self.desk.host.effective_limit(&caller, &target, window)).await?;
        let intervals = effective_to_proto(&pieces);
        Ok(Response::new(proto::GetEffectiveLimitResponse { target: target.to_string(), intervals }))
    }

    async fn get_limit(
        &self,
        request: Request<proto::GetLimitRequest>,
    ) -> Result<Response<proto::GetLimitResponse>, Status> {
        let caller = self.desk.admit(&request, Role::Read)?;
        let id = request::limit(request.get_ref(), &caller)?;
        let limit = self.desk.ask(Paths::NAME, self.desk.host.limit(&caller, &id)).await?;
        Ok(Response::new(proto::GetLimitResponse { limit: Some(limit_to_proto(&limit, self.desk.now())) }))
    }

    async fn list_limits(
        &self,
        request: Request<proto::ListLimitsRequest>,
    ) -> Result<Response<proto::ListLimitsResponse>, Status> {
        let caller = self.desk.admit(&request, Role::Read)?;
        let listing = request::listing(request.get_ref(), &caller)?;
        Ok(Response::new(self.desk.ask(Paths::PAGE, listing::listed(&self.desk, &caller, listing)).await?))
    }

    async fn cancel_limit(
        &self,
        request: Request<proto::CancelLimitRequest>,
    ) -> Result<Response<proto::CancelLimitResponse>, Status> {
        let caller = self.desk.caller(&request)?;
        let request = request.into_inner();
        let attempt = Attempt {
            caller: caller.clone(),
            method: "CancelLimit",
            resource: request.name.clone(),
            request_id: request.request_id.clone(),
            hash: request::cancellation_hash(&request),
        };
        let change = async {
            self.desk.allow(&caller, Role::Submit, 1)?;
            let cancellation = request::cancellation(request, &caller)?;
            let host = Arc::clone(&self.desk.host);
            self.desk.drive(Paths::NAME, async move { host.cancel_limit(cancellation).await }).await
        };
        let limit = self.desk.audited(attempt, change).await?;
        Ok(Response::new(proto::CancelLimitResponse { limit: Some(limit_to_proto(&limit, self.desk.now())) }))
    }

    async fn set_safe_mode(
        &self,
        request: Request<proto::SetSafeModeRequest>,
    ) -> Result<Response<proto::SetSafeModeResponse>, Status> {
        let caller = self.desk.caller(&request)?;
        let request = request.into_inner();
        let attempt = Attempt {
            caller: caller.clone(),
            method: "SetSafeMode",
            resource: request.target.clone(),
            request_id: request.request_id.clone(),
            hash: safe_mode::setting_hash(&request),
        };
        let change = async {
            self.desk.allow(&caller, Role::Submit, 1)?;
            let setting = safe_mode::setting(&request, &caller)?;
            let host = Arc::clone(&self.desk.host);
            self.desk.drive(Paths::PLAIN, async move { host.set_safe_mode(setting).await }).await
        };
        let state = self.desk.audited(attempt, change).await?;
        let status = Some(convert::safe_mode::state_to_proto(&state));
        Ok(Response::new(proto::SetSafeModeResponse { status }))
    }

    async fn get_safe_mode(
        &self,
        request: Request<proto::GetSafeModeRequest>,
    ) -> Result<Response<proto::GetSafeModeResponse>, Status> {
        let caller = self.desk.admit(&request, Role::Read)?;
        let place = safe_mode::place(request.get_ref())?;
        let state = self.desk.ask(Paths::PLAIN, self.desk.host.safe_mode(&caller, &place)).await?;
        let status = Some(convert::safe_mode::state_to_proto(&state));
        Ok(Response::new(proto::GetSafeModeResponse { status }))
    }

    async fn send_heartbeat(
        &self,
        request: Request<proto::SendHeartbeatRequest>,
    ) -> Result<Response<proto::SendHeartbeatResponse>, Status> {
        // One that is refused is no sign of life: the host counts the good ones.
        let caller = self.desk.identify(&request)?;
        self.desk.allow(&caller, Role::Submit, 1)?;
        let heartbeat = safe_mode::heartbeat(request.get_ref(), &caller)?;
        skew("sent_time", heartbeat.sent_at, self.desk.now(), self.desk.options.clock_skew_tolerance)?;
        let answer = self.desk.ask(Paths::PLAIN, self.desk.host.heartbeat(&caller, heartbeat)).await?;
        Ok(Response::new(convert::safe_mode::heartbeat_to_proto(&answer)))
    }

    async fn stream_limit_status(
        &self,
        request: Request<proto::StreamLimitStatusRequest>,
    ) -> Result<Response<Self::StreamLimitStatusStream>, Status> {
        let caller = self.desk.admit(&request, Role::Read)?;
        let (after, targets) = streams::statuses(request.get_ref(), &caller)?;
        let (desk, reader) = (Arc::clone(&self.desk), caller.clone());
        let outlet = self.desk.open(&caller, move |tap| {
            let read = move |host: Arc<H>, after, size| {
                let (reader, targets) = (reader.clone(), targets.clone());
                async move { host.statuses_after(&reader, after, &targets, size).await }
            };
            let show = |event: &_| {
                let event = Some(convert::status::event_to_proto(event));
                proto::StreamLimitStatusResponse { event }
            };
            follow(desk, tap, after, Paths::TARGETS, read, show)
        })?;
        Ok(Response::new(outlet))
    }
}

#[cfg(test)]
mod tests;
