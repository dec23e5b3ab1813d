//! `InfoService`: what this server is and allows.

use std::sync::Arc;

use headroom_domain::limit::INTERVALS_MAX;
use tonic::{Request, Response, Status};

use super::{CONCURRENT_CALLS_MAX, Desk, MESSAGE_BYTES_MAX, request};
use crate::proto::info_service_server::InfoService;
use crate::{convert, names, proto};

/// The version of the interface; its second number rises when something is added.
const API_VERSION: &str = "1.0";

pub(super) struct Info {
    pub(super) desk: Arc<Desk>,
}

#[tonic::async_trait]
impl InfoService for Info {
    async fn get_server_info(
        &self,
        request: Request<proto::GetServerInfoRequest>,
    ) -> Result<Response<proto::GetServerInfoResponse>, Status> {
        let utility = self.desk.door.utility(&request)?;
        let options = &self.desk.options;
        let quotas = proto::Quotas {
            message_max_bytes: i64::try_from(MESSAGE_BYTES_MAX).unwrap_or(i64::MAX),
            intervals_max: i32::try_from(INTERVALS_MAX).unwrap_or(i32::MAX),
            horizon_max_s: options.horizon_max.num_seconds(),
            window_max_s: options.window_max.num_seconds(),
            page_size_max: i32::try_from(request::PAGE_SIZE_MAX).unwrap_or(i32::MAX),
            concurrent_calls_max: i32::try_from(CONCURRENT_CALLS_MAX).unwrap_or(i32::MAX),
        };
        Ok(Response::new(proto::GetServerInfoResponse {
            api_version: API_VERSION.to_owned(),
            build: concat!("headroom ", env!("CARGO_PKG_VERSION")).to_owned(),
            server_time: Some(convert::timestamp(options.clock.now())),
            quotas: Some(quotas),
            utility: names::of_utility(utility),
        }))
    }
}
