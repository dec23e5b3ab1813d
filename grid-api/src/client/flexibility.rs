//! Calls of `FlexibilityService` that are answered once.

use chrono::TimeDelta;
use headroom_domain::Interval;
use headroom_domain::limit::Target;
use tonic::transport::Channel;
use uuid::Uuid;

use super::{ClientError, MESSAGE_BYTES_MAX, Utility, there};
use crate::convert::{flexibility as convert, limits, timestamp};
use crate::model::{FlexibilityForecast, LimitDraft, LimitImpact};
use crate::proto;
use crate::proto::flexibility_service_client::FlexibilityServiceClient;

/// Whole seconds; what is longer than can be said is refused by the server.
pub(super) fn seconds(length: TimeDelta) -> i32 {
    i32::try_from(length.num_seconds()).unwrap_or(i32::MAX)
}

impl Utility {
    /// Asks what a place will draw over a window, and how far that can be moved. **Units**: whole seconds of `resolution`.
    pub async fn forecast(
        &self,
        target: &Target,
        window: Interval,
        resolution: TimeDelta,
    ) -> Result<FlexibilityForecast, ClientError> {
        let request = proto::GetForecastRequest {
            target: target.to_string(),
            start_time: Some(timestamp(window.start)),
            end_time: Some(timestamp(window.end)),
            resolution_s: seconds(resolution),
        };
        let answer = self.flexibility().get_forecast(self.request(request)).await?.into_inner();
        Ok(convert::forecast(&there(answer.forecast, "forecast")?)?)
    }

    /// Asks what a limit would change. Nothing is recorded.
    pub async fn simulate(&self, draft: &LimitDraft, request_id: Uuid) -> Result<LimitImpact, ClientError> {
        let what_if = limits::submission(draft, &self.parent(), request_id, true);
        let request = proto::SimulateLimitRequest { request: Some(what_if) };
        let answer = self.flexibility().simulate_limit(self.request(request)).await?.into_inner();
        Ok(convert::impact(there(answer.impact, "impact")?)?)
    }

    pub(super) fn flexibility(&self) -> FlexibilityServiceClient<Channel> {
        FlexibilityServiceClient::new(self.channel.clone()).max_decoding_message_size(MESSAGE_BYTES_MAX)
    }
}
