//! The utility's side: what the virtual utility and the command line use.

mod error;

pub use error::{ClientError, FieldError, Refused};

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::limit::{EffectiveInterval, GridLimit};
use headroom_domain::{Interval, LimitId, NodeId};
use tonic::Request;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Channel, Endpoint};
use uuid::Uuid;

use crate::model::{LimitDraft, LimitQuery, Submitted};
use crate::proto::grid_limit_service_client::GridLimitServiceClient;
use crate::proto::info_service_client::InfoServiceClient;
use crate::{causes, convert, names, proto};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const CALL_TIMEOUT: Duration = Duration::from_secs(15);
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// Answers are of our own server: they may be larger than what it accepts.
const MESSAGE_BYTES_MAX: usize = 16 << 20;

/// A utility's connection to Headroom; cheap to clone.
///
/// Every call is tried once. [`retried`] repeats one while it may help.
#[derive(Clone)]
pub struct Utility {
    channel: Channel,
    name: String,
    authorization: Option<MetadataValue<Ascii>>,
}

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
    /// Most intervals of one limit.
    pub intervals_max: usize,
    /// How far ahead an interval may end.
    pub horizon_max: TimeDelta,
    /// The longest window of an effective limit.
    pub window_max: TimeDelta,
}

impl Utility {
    /// Makes a connection that is opened when it is first needed, and again when it breaks. Needs a tokio runtime.
    ///
    /// `url` is for example `http://127.0.0.1:50051`; `utility` is the caller's own name, `token` what it proves that by.
    pub fn connect(url: &str, utility: &str, token: Option<&str>) -> Result<Self, ClientError> {
        Self::connect_with_timeout(url, utility, token, CALL_TIMEOUT)
    }

    /// As [`Utility::connect`], with the time after which a call is given up. Real time.
    pub fn connect_with_timeout(
        url: &str,
        utility: &str,
        token: Option<&str>,
        call_timeout: Duration,
    ) -> Result<Self, ClientError> {
        let address = |message| ClientError::Address { url: url.to_owned(), message };
        let endpoint = Endpoint::from_shared(url.to_owned())
            .map_err(|error| address(causes(&error)))?
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(call_timeout)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_while_idle(true)
            .tcp_nodelay(true);
        let bearer = |token| {
            let mut value: MetadataValue<Ascii> = format!("Bearer {token}")
                .parse()
                .map_err(|_| address("the token has characters outside visible ASCII: check it".to_owned()))?;
            value.set_sensitive(true);
            Ok::<_, ClientError>(value)
        };
        let authorization = token.map(bearer).transpose()?;
        Ok(Self { channel: endpoint.connect_lazy(), name: utility.to_owned(), authorization })
    }

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

    /// Asks what a place must obey over a window.
    pub async fn effective(&self, target: &NodeId, window: Interval) -> Result<Vec<EffectiveInterval>, ClientError> {
        let request = proto::GetEffectiveLimitRequest {
            target: names::of_target(target),
            start_time: Some(convert::timestamp(window.start)),
            end_time: Some(convert::timestamp(window.end)),
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
        let mut request = proto::ListLimitsRequest {
            parent: names::of_utility(&self.name),
            target: query.target.as_ref().map(names::of_target).unwrap_or_default(),
            start_time: query.overlaps.map(|window| convert::timestamp(window.start)),
            end_time: query.overlaps.map(|window| convert::timestamp(window.end)),
            include_cancelled: query.include_cancelled,
            ..Default::default()
        };
        let mut limits = Vec::new();
        loop {
            let page = self.limits().list_limits(self.request(request.clone())).await?.into_inner();
            for limit in page.limits {
                limits.push(self.read(Some(limit))?);
            }
            if page.next_page_token.is_empty() {
                return Ok(limits);
            }
            if page.next_page_token == request.page_token {
                return Err(ClientError::Answer("the list of limits does not end: its page token repeats".to_owned()));
            }
            request.page_token = page.next_page_token;
        }
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

    /// Asks the server what it is.
    pub async fn server_info(&self) -> Result<ServerInfo, ClientError> {
        let mut client = InfoServiceClient::new(self.channel.clone());
        let answer = client.get_server_info(self.request(proto::GetServerInfoRequest {})).await?.into_inner();
        let quotas = answer.quotas.unwrap_or_default();
        let duration = |s: i64| TimeDelta::try_seconds(s).unwrap_or(TimeDelta::MAX);
        Ok(ServerInfo {
            api_version: answer.api_version,
            build: answer.build,
            server_time: convert::instant(answer.server_time, "server_time")?,
            utility: names::utility(&answer.utility).unwrap_or_default().to_owned(),
            intervals_max: usize::try_from(quotas.intervals_max).unwrap_or_default(),
            horizon_max: duration(quotas.horizon_max_s),
            window_max: duration(quotas.window_max_s),
        })
    }

    async fn send_submission(
        &self,
        draft: &LimitDraft,
        request_id: Uuid,
        validate_only: bool,
    ) -> Result<Submitted, ClientError> {
        let limit = proto::Limit {
            target: names::of_target(&draft.target),
            programme: draft.programme.clone(),
            kind: convert::kind_to_proto(draft.kind),
            revision: draft.revision,
            intervals: convert::intervals_to_proto(&draft.intervals),
            reason_text: draft.reason.clone(),
            ..Default::default()
        };
        let request = proto::SubmitLimitRequest {
            parent: names::of_utility(&self.name),
            limit: Some(limit),
            request_id: request_id.to_string(),
            validate_only,
        };
        let answer = self.limits().submit_limit(self.request(request)).await?;
        Ok(convert::submitted(answer.into_inner(), &self.name)?)
    }

    fn limits(&self) -> GridLimitServiceClient<Channel> {
        GridLimitServiceClient::new(self.channel.clone()).max_decoding_message_size(MESSAGE_BYTES_MAX)
    }

    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        if let Some(authorization) = &self.authorization {
            request.metadata_mut().insert("authorization", authorization.clone());
        }
        request
    }

    fn read(&self, limit: Option<proto::Limit>) -> Result<GridLimit, ClientError> {
        let limit = limit.ok_or_else(|| ClientError::Answer("it has no limit".to_owned()))?;
        Ok(convert::limit(limit, &self.name)?)
    }
}

/// Repeats a call while its error says that repeating may help, at most `attempts` times in all, with pauses that double
/// from `pause` (real time) or as the server wishes. Give the call one request id, made outside.
pub async fn retried<T, F>(attempts: usize, pause: Duration, call: impl FnMut() -> F) -> Result<T, ClientError>
where
    F: Future<Output = Result<T, ClientError>>,
{
    let pauses = ExponentialBuilder::default().with_min_delay(pause).with_max_times(attempts.saturating_sub(1));
    let wished = |error: &ClientError| error.refused().and_then(|refused| refused.retry_after);
    call.retry(pauses)
        .when(ClientError::is_retryable)
        .adjust(|error, pause| pause.map(|pause| wished(error).map_or(pause, |wish| wish.max(pause))))
        .await
}
