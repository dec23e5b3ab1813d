//! What a server says of itself.

use chrono::{DateTime, TimeDelta, Utc};

use super::{ClientError, Utility};
use crate::proto::info_service_client::InfoServiceClient;
use crate::{convert, names, proto};

/// What a server says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerInfo {
    /// The version of the interface.
    pub api_version: String,
    /// The build of the server.
    pub build: String,
    /// The server's time.
    pub server_time: DateTime<Utc>,
    /// Who the server thinks the caller is.
    pub utility: String,
    /// As whom the audit knows the caller.
    pub principal: String,
    /// What the caller may do: `submit`, `read`, `test`.
    pub roles: Vec<String>,
    /// Most intervals of one limit.
    pub intervals_max: usize,
    /// How far ahead an interval may end.
    pub horizon_max: TimeDelta,
    /// The longest window of an effective limit.
    pub window_max: TimeDelta,
    /// By how much the clock of a heartbeat may differ.
    pub clock_skew_tolerance: TimeDelta,
    /// Programmes with rules of their own, by the beginning of their name.
    pub supported_programmes: Vec<String>,
    /// Calls per second in the long run.
    pub calls_per_second: u32,
    /// Calls at once after a pause.
    pub calls_burst: u32,
    /// Most streams at a time.
    pub streams_max: u32,
    /// Most limits in a batch.
    pub batch_max: u32,
}

impl Utility {
    /// Asks the server what it is.
    pub async fn server_info(&self) -> Result<ServerInfo, ClientError> {
        let mut client = InfoServiceClient::new(self.channel.clone());
        let answer = client.get_server_info(self.request(proto::GetServerInfoRequest {})).await?.into_inner();
        let quotas = answer.quotas.unwrap_or_default();
        let duration = |s: i64| TimeDelta::try_seconds(s).unwrap_or(TimeDelta::MAX);
        let tolerance = TimeDelta::try_milliseconds(answer.clock_skew_tolerance_ms);
        Ok(ServerInfo {
            api_version: answer.api_version,
            build: answer.build,
            server_time: convert::instant(answer.server_time, "server_time")?,
            utility: names::utility(&answer.utility).unwrap_or_default().to_owned(),
            principal: answer.principal,
            roles: answer.roles,
            intervals_max: usize::try_from(quotas.intervals_max).unwrap_or_default(),
            horizon_max: duration(quotas.horizon_max_s),
            window_max: duration(quotas.window_max_s),
            clock_skew_tolerance: tolerance.unwrap_or(TimeDelta::MAX),
            supported_programmes: answer.supported_programmes,
            calls_per_second: convert::uncount(quotas.calls_per_second),
            calls_burst: convert::uncount(quotas.calls_burst),
            streams_max: convert::uncount(quotas.streams_max),
            batch_max: convert::uncount(quotas.batch_max),
        })
    }
}
