//! `FlexibilityService`: reads the request, asks the host, tells the answer.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use super::desk::Desk;
use super::host::{Role, Submission, UtilityHost};
use super::request::flexibility as request;
use super::request::limits::submission;
use super::status::{self, Paths};
use super::streams::{Outlet, forecasts};
use crate::convert::flexibility::{forecast_to_proto, impact_to_proto};
use crate::convert::violation;
use crate::model::LimitImpact;
use crate::proto;
use crate::proto::flexibility_service_server::FlexibilityService;

pub(super) struct Flexibility<H> {
    pub(super) desk: Arc<Desk<H>>,
}

impl<H: UtilityHost> Flexibility<H> {
    async fn simulated(
        &self,
        request: proto::SubmitLimitRequest,
        caller: super::Caller,
    ) -> Result<LimitImpact, Status> {
        let checked = submission(request, &caller, self.desk.now(), self.desk.options.horizon_max)?;
        if !checked.late.is_empty() {
            return Err(status::invalid(&checked.late));
        }
        let what_if = Submission { validate_only: true, ..checked.submission };
        self.desk.ask(Paths::SUBMISSION, self.desk.host.simulate(what_if)).await
    }
}

#[tonic::async_trait]
impl<H: UtilityHost> FlexibilityService for Flexibility<H> {
    type StreamForecastsStream = Outlet<proto::StreamForecastsResponse>;

    async fn get_forecast(
        &self,
        request: Request<proto::GetForecastRequest>,
    ) -> Result<Response<proto::GetForecastResponse>, Status> {
        let caller = self.desk.admit(&request, Role::Read)?;
        let asked = request::forecast(request.get_ref(), self.desk.options.window_max)?;
        let answer = self.desk.host.forecast(&caller, &asked.target, asked.window, asked.resolution);
        let forecast = self.desk.ask(Paths::PLAIN, answer).await?;
        Ok(Response::new(proto::GetForecastResponse { forecast: Some(forecast_to_proto(&forecast)) }))
    }

    async fn stream_forecasts(
        &self,
        request: Request<proto::StreamForecastsRequest>,
    ) -> Result<Response<Self::StreamForecastsStream>, Status> {
        let caller = self.desk.admit(&request, Role::Read)?;
        let asked = request::forecasts(request.get_ref(), &caller, self.desk.options.window_max)?;
        let (desk, reader) = (Arc::clone(&self.desk), caller.clone());
        Ok(Response::new(self.desk.open(&caller, move |tap| forecasts(desk, reader, asked, tap))?))
    }

    async fn simulate_limit(
        &self,
        request: Request<proto::SimulateLimitRequest>,
    ) -> Result<Response<proto::SimulateLimitResponse>, Status> {
        let caller = self.desk.admit(&request, Role::Test)?;
        let absent = || status::invalid(&[violation("request", "REQUIRED", "it is absent: state it")]);
        let what_if = request.into_inner().request.ok_or_else(absent)?;
        // The submission is a part of what the caller wrote.
        let impact = self.simulated(what_if, caller).await.map_err(|refused| status::within(&refused, "request."))?;
        Ok(Response::new(proto::SimulateLimitResponse { impact: Some(impact_to_proto(&impact)) }))
    }
}
