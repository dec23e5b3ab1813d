//! `InfoService`: what this server is and allows.

use std::sync::Arc;

use headroom_domain::limit::INTERVALS_MAX;
use tonic::{Request, Response, Status};

use super::desk::Desk;
use super::host::{Role, UtilityHost};
use super::limits::SUBMISSIONS_MAX;
use super::request::PAGE_SIZE_MAX;
use super::request::streams::{TARGETS_MAX, TELEMETRY_RESOLUTION_MIN_S};
use super::{CONCURRENT_CALLS_MAX, MESSAGE_BYTES_MAX};
use crate::proto::info_service_server::InfoService;
use crate::{convert, names, proto};

/// The version of the interface; its second number rises when something is added.
const API_VERSION: &str = "1.1";

pub(super) struct Info<H> {
    pub(super) desk: Arc<Desk<H>>,
}

impl<H: UtilityHost> Info<H> {
    fn quotas(&self) -> proto::Quotas {
        let options = &self.desk.options;
        let small = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
        proto::Quotas {
            message_max_bytes: i64::try_from(MESSAGE_BYTES_MAX).unwrap_or(i64::MAX),
            intervals_max: small(INTERVALS_MAX),
            horizon_max_s: options.horizon_max.num_seconds(),
            window_max_s: options.window_max.num_seconds(),
            page_size_max: small(PAGE_SIZE_MAX),
            concurrent_calls_max: convert::count(CONCURRENT_CALLS_MAX),
            calls_per_second: convert::count(options.quotas.per_second.get()),
            calls_burst: convert::count(options.quotas.burst.get()),
            streams_max: small(options.quotas.streams_max),
            batch_max: small(SUBMISSIONS_MAX),
            stream_targets_max: small(TARGETS_MAX),
            telemetry_resolution_min_s: TELEMETRY_RESOLUTION_MIN_S,
        }
    }
}

fn word(role: Role) -> String {
    let word = match role {
        Role::Submit => "submit",
        Role::Read => "read",
        Role::Test => "test",
    };
    word.to_owned()
}

#[tonic::async_trait]
impl<H: UtilityHost> InfoService for Info<H> {
    async fn get_server_info(
        &self,
        request: Request<proto::GetServerInfoRequest>,
    ) -> Result<Response<proto::GetServerInfoResponse>, Status> {
        let caller = self.desk.caller(&request)?;
        self.desk.quotas.take(&caller.principal, 1)?;
        let options = &self.desk.options;
        Ok(Response::new(proto::GetServerInfoResponse {
            api_version: API_VERSION.to_owned(),
            build: concat!("headroom ", env!("CARGO_PKG_VERSION")).to_owned(),
            server_time: Some(convert::timestamp(self.desk.now())),
            quotas: Some(self.quotas()),
            utility: names::of_utility(&caller.utility),
            clock_skew_tolerance_ms: options.clock_skew_tolerance.num_milliseconds(),
            supported_programmes: options.programmes.clone(),
            principal: caller.principal,
            roles: caller.roles.into_iter().map(word).collect(),
        }))
    }
}
