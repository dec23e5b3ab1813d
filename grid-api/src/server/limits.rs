//! `GridLimitService`: reads the request, asks the host, tells the answer.

use std::sync::Arc;
use std::time::Duration;

use headroom_domain::limit::GridLimit;
use prost::Message;
use tonic::{Request, Response, Status};

use super::{Desk, Page, Refusal, UtilityHost, request, status};
use crate::model::Submitted;
use crate::proto::grid_limit_service_server::GridLimitService;
use crate::{convert, names, proto};

/// A page ends before its message grows over what clients accept.
const PAGE_BYTES: usize = super::MESSAGE_BYTES_MAX / 2;

/// A preview ends here, for the same reason.
const PREVIEW_INTERVALS_MAX: usize = 4032;

pub(super) struct Limits<H> {
    pub(super) host: Arc<H>,
    pub(super) desk: Arc<Desk>,
}

impl<H: UtilityHost> Limits<H> {
    async fn submit(&self, checked: request::Checked) -> Result<Submitted, Status> {
        let request::Checked { submission, late } = checked;
        if late.is_empty() {
            let host = Arc::clone(&self.host);
            return to_the_end(async move { host.submit_limit(submission).await }).await;
        }
        let recorded = async {
            let (utility, id, hash) = (&submission.utility, submission.request_id, &submission.request_hash);
            if submission.validate_only { Ok(None) } else { self.host.recorded_submission(utility, id, hash).await }
        };
        recorded.await?.ok_or_else(|| status::invalid(&late))
    }
}

/// Drives a change to its end, also when the caller hangs up in the middle of it.
async fn to_the_end<T: Send + 'static>(
    change: impl Future<Output = Result<T, Refusal>> + Send + 'static,
) -> Result<T, Status> {
    let done = tokio::spawn(change).await.map_err(|error| {
        tracing::error!(%error, "a change of a limit broke off");
        status::unavailable("it is not known whether it was recorded; repeat with the same request_id", Duration::ZERO)
    })?;
    Ok(done?)
}

#[tonic::async_trait]
impl<H: UtilityHost> GridLimitService for Limits<H> {
    async fn submit_limit(
        &self,
        request: Request<proto::SubmitLimitRequest>,
    ) -> Result<Response<proto::SubmitLimitResponse>, Status> {
        let caller = self.desk.door.utility(&request)?.to_owned();
        let (now, horizon_max) = (self.desk.options.clock.now(), self.desk.options.horizon_max);
        let checked = request::submission(request.into_inner(), &caller, now, horizon_max)?;
        let mut submitted = self.desk.in_time(self.submit(checked)).await?;
        submitted.effective.truncate(PREVIEW_INTERVALS_MAX);
        Ok(Response::new(convert::submitted_to_proto(&submitted)))
    }

    async fn get_effective_limit(
        &self,
        request: Request<proto::GetEffectiveLimitRequest>,
    ) -> Result<Response<proto::GetEffectiveLimitResponse>, Status> {
        let caller = self.desk.door.utility(&request)?;
        let (target, window) = request::effective(request.get_ref(), self.desk.options.window_max)?;
        let pieces = self.desk.in_time(self.host.effective_limit(caller, &target, window)).await?;
        let intervals = convert::effective_to_proto(&pieces);
        Ok(Response::new(proto::GetEffectiveLimitResponse { target: names::of_target(&target), intervals }))
    }

    async fn get_limit(
        &self,
        request: Request<proto::GetLimitRequest>,
    ) -> Result<Response<proto::GetLimitResponse>, Status> {
        let id = request::limit(request.get_ref(), self.desk.door.utility(&request)?)?;
        let limit = self.desk.in_time(self.host.limit(&id)).await?;
        Ok(Response::new(proto::GetLimitResponse { limit: Some(convert::limit_to_proto(&limit)) }))
    }

    async fn list_limits(
        &self,
        request: Request<proto::ListLimitsRequest>,
    ) -> Result<Response<proto::ListLimitsResponse>, Status> {
        let caller = self.desk.door.utility(&request)?;
        let (query, page) = request::listing(request.get_ref(), caller)?;
        // One more than is shown tells whether there is a next page.
        let asked = Page { size: page.size + 1, ..page };
        let limits = self.desk.in_time(self.host.limits(caller, &query, &asked)).await?;
        Ok(Response::new(listed(&limits, page.size)))
    }

    async fn cancel_limit(
        &self,
        request: Request<proto::CancelLimitRequest>,
    ) -> Result<Response<proto::CancelLimitResponse>, Status> {
        let caller = self.desk.door.utility(&request)?.to_owned();
        let cancellation = request::cancellation(request.into_inner(), &caller)?;
        let host = Arc::clone(&self.host);
        let limit = self.desk.in_time(to_the_end(async move { host.cancel_limit(cancellation).await })).await?;
        Ok(Response::new(proto::CancelLimitResponse { limit: Some(convert::limit_to_proto(&limit)) }))
    }
}

fn listed(limits: &[GridLimit], size: usize) -> proto::ListLimitsResponse {
    let mut answer = proto::ListLimitsResponse::default();
    let mut bytes = 0;
    for limit in limits.iter().take(size) {
        let shown = convert::limit_to_proto(limit);
        bytes += shown.encoded_len();
        if bytes > PAGE_BYTES && !answer.limits.is_empty() {
            break;
        }
        answer.limits.push(shown);
    }
    if answer.limits.len() < limits.len() {
        answer.next_page_token = answer.limits.last().map(|last| last.name.clone()).unwrap_or_default();
    }
    answer
}

#[cfg(test)]
mod tests;
