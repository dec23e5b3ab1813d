//! Calls of `GridLimitService` that are answered once.

use headroom_domain::limit::failsafe::SafeMode;
use headroom_domain::limit::{EffectiveInterval, GridLimit, LimitState, Target};
use headroom_domain::{Interval, LimitId, NodeId};
use tonic::transport::Channel;
use uuid::Uuid;

use super::{ClientError, MESSAGE_BYTES_MAX, Utility, all_pages, there};
use crate::convert::limits as convert;
use crate::convert::{safe_mode, status, timestamp};
use crate::model::{HeartbeatAnswer, LimitDraft, LimitQuery, SafeModeState, Submitted};
use crate::proto::grid_limit_service_client::GridLimitServiceClient;
use crate::server::Heartbeat;
use crate::{names, proto};

impl Utility {
    /// Submits a limit. The same `request_id` with the same draft has the same answer, however often it is sent.
    ///
    /// **Units**: whole watts; a fraction is dropped.
    pub async fn submit(&self, draft: &LimitDraft, request_id: Uuid) -> Result<Submitted, ClientError> {
        self.send_submission(draft, request_id, false).await
    }

    /// Asks what a submission would answer, without recording anything. It does not use the request id up.
    pub async fn validate(&self, draft: &LimitDraft, request_id: Uuid) -> Result<Submitted, ClientError> {
        self.send_submission(draft, request_id, true).await
    }

    /// Submits many limits, each with a request id and a fate of its own; answers are in their order.
    ///
    /// The answers tell no effective limits. The paths of a refusal begin with `requests[…]`.
    pub async fn submit_batch(
        &self,
        submissions: &[(LimitDraft, Uuid)],
    ) -> Result<Vec<Result<Submitted, ClientError>>, ClientError> {
        let requests = submissions.iter().map(|(draft, id)| convert::submission(draft, "", *id, false)).collect();
        let request = proto::BatchSubmitLimitsRequest { parent: self.parent(), requests };
        let answer = self.limits().batch_submit_limits(self.request(request)).await?.into_inner();
        if answer.results.len() != submissions.len() {
            let (told, sent) = (answer.results.len(), submissions.len());
            return Err(ClientError::Answer(format!("it has {told} results for {sent} submissions")));
        }
        let fate = |(result, (draft, _)): (proto::BatchSubmitLimitsResult, &(LimitDraft, Uuid))| {
            if let Some(error) = result.error {
                return Err(ClientError::from(error));
            }
            let limit = self.read(result.limit)?;
            let limit = GridLimit { intervals: draft.intervals.clone(), ..limit };
            Ok(Submitted { limit, effective: Vec::new(), warnings: convert::warnings(result.warnings) })
        };
        Ok(answer.results.into_iter().zip(submissions).map(fate).collect())
    }

    /// Asks what a place must obey over a window.
    pub async fn effective(&self, target: &Target, window: Interval) -> Result<Vec<EffectiveInterval>, ClientError> {
        let request = proto::GetEffectiveLimitRequest {
            target: target.to_string(),
            start_time: Some(timestamp(window.start)),
            end_time: Some(timestamp(window.end)),
        };
        let answer = self.limits().get_effective_limit(self.request(request)).await?;
        Ok(convert::effective(answer.into_inner().intervals)?)
    }

    /// Asks for one limit.
    pub async fn get(&self, id: &LimitId) -> Result<GridLimit, ClientError> {
        let request = proto::GetLimitRequest { name: id.to_string() };
        let answer = self.limits().get_limit(self.request(request)).await?;
        self.read(answer.into_inner().limit)
    }

    /// Asks for all limits that match, page by page, in the order in which they were accepted.
    pub async fn list(&self, query: &LimitQuery) -> Result<Vec<GridLimit>, ClientError> {
        self.list_in(query, &[]).await
    }

    /// As [`Utility::list`], only those that are in one of these states by the clock; none: any.
    pub async fn list_in(&self, query: &LimitQuery, states: &[LimitState]) -> Result<Vec<GridLimit>, ClientError> {
        let request = proto::ListLimitsRequest {
            parent: self.parent(),
            target: query.target.as_ref().map(ToString::to_string).unwrap_or_default(),
            start_time: query.overlaps.map(|window| timestamp(window.start)),
            end_time: query.overlaps.map(|window| timestamp(window.end)),
            include_cancelled: query.include_cancelled,
            states: states.iter().map(|state| status::state_to_proto(*state)).collect(),
            ..Default::default()
        };
        all_pages(async |page_token| {
            let request = proto::ListLimitsRequest { page_token, ..request.clone() };
            let page = self.limits().list_limits(self.request(request)).await?.into_inner();
            let limits = page.limits.into_iter().map(|limit| self.read(Some(limit))).collect::<Result<_, _>>()?;
            Ok((limits, page.next_page_token))
        })
        .await
    }

    /// Withdraws a limit.
    pub async fn cancel(&self, id: &LimitId, reason: &str, request_id: Uuid) -> Result<GridLimit, ClientError> {
        let request = proto::CancelLimitRequest {
            name: id.to_string(),
            reason_text: reason.to_owned(),
            request_id: request_id.to_string(),
        };
        let answer = self.limits().cancel_limit(self.request(request)).await?;
        self.read(answer.into_inner().limit)
    }

    /// States what a connection point falls back to; absent: nothing any more.
    pub async fn set_safe_mode(
        &self,
        target: &NodeId,
        fallback: Option<&SafeMode>,
        request_id: Uuid,
    ) -> Result<SafeModeState, ClientError> {
        let request = proto::SetSafeModeRequest {
            target: names::of_connection_point(target),
            safe_mode: fallback.map(safe_mode::safe_mode_to_proto),
            request_id: request_id.to_string(),
        };
        let answer = self.limits().set_safe_mode(self.request(request)).await?.into_inner();
        Ok(safe_mode::state(&there(answer.status, "status")?)?)
    }

    /// Asks what a connection point falls back to, and how it stands.
    pub async fn safe_mode(&self, target: &NodeId) -> Result<SafeModeState, ClientError> {
        let request = proto::GetSafeModeRequest { target: names::of_connection_point(target) };
        let answer = self.limits().get_safe_mode(self.request(request)).await?.into_inner();
        Ok(safe_mode::state(&there(answer.status, "status")?)?)
    }

    /// Says that the utility is there.
    pub async fn heartbeat(&self, heartbeat: Heartbeat) -> Result<HeartbeatAnswer, ClientError> {
        let request = proto::SendHeartbeatRequest {
            parent: self.parent(),
            sent_time: Some(timestamp(heartbeat.sent_at)),
            sequence: heartbeat.sequence,
        };
        let answer = self.limits().send_heartbeat(self.request(request)).await?;
        Ok(safe_mode::heartbeat(answer.get_ref())?)
    }

    async fn send_submission(
        &self,
        draft: &LimitDraft,
        request_id: Uuid,
        validate_only: bool,
    ) -> Result<Submitted, ClientError> {
        let request = convert::submission(draft, &self.parent(), request_id, validate_only);
        let answer = self.limits().submit_limit(self.request(request)).await?;
        Ok(convert::submitted(answer.into_inner(), &self.name)?)
    }

    pub(super) fn limits(&self) -> GridLimitServiceClient<Channel> {
        GridLimitServiceClient::new(self.channel.clone()).max_decoding_message_size(MESSAGE_BYTES_MAX)
    }

    fn read(&self, limit: Option<proto::Limit>) -> Result<GridLimit, ClientError> {
        Ok(convert::limit(there(limit, "limit")?, &self.name)?)
    }
}
