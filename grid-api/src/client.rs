//! The utility's side: what the virtual utility and the command line use.

mod areas;
mod compliance;
mod connection;
mod error;
mod flexibility;
mod info;
mod limits;
mod streams;
mod tls;

pub use connection::UtilityBuilder;
pub use error::{ClientError, FieldError, Refused};
pub use info::ServerInfo;
pub use tls::ClientTls;

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use tonic::Request;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::Channel;

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

impl Utility {
    /// Makes a connection that is opened when it is first needed, and again when it breaks. Needs a tokio runtime.
    ///
    /// `url` is for example `http://127.0.0.1:50051`; `utility` is the caller's own name, `token` what it proves that by.
    /// For TLS see [`Utility::builder`].
    pub fn connect(url: &str, utility: &str, token: Option<&str>) -> Result<Self, ClientError> {
        let builder = Self::builder(url, utility);
        token.map_or(builder.clone(), |token| builder.token(token)).connect()
    }

    /// As [`Utility::connect`], with the time after which a call is given up. Real time.
    pub fn connect_with_timeout(
        url: &str,
        utility: &str,
        token: Option<&str>,
        call_timeout: Duration,
    ) -> Result<Self, ClientError> {
        let builder = Self::builder(url, utility).call_timeout(call_timeout);
        token.map_or(builder.clone(), |token| builder.token(token)).connect()
    }

    /// Begins a connection to `url`, for example `https://headroom.example:50051`, as `utility`.
    pub fn builder(url: &str, utility: &str) -> UtilityBuilder {
        UtilityBuilder::new(url, utility)
    }

    fn parent(&self) -> String {
        crate::names::of_utility(&self.name)
    }

    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        if let Some(authorization) = &self.authorization {
            request.metadata_mut().insert("authorization", authorization.clone());
        }
        request
    }
}

/// Asks for all pages of a list: `ask` asks for the one of a token and returns its items and the token of the next.
async fn all_pages<T, F>(mut ask: impl FnMut(String) -> F) -> Result<Vec<T>, ClientError>
where
    F: Future<Output = Result<(Vec<T>, String), ClientError>>,
{
    let (mut all, mut token) = (Vec::new(), String::new());
    loop {
        let (items, next) = ask(token.clone()).await?;
        all.extend(items);
        if next.is_empty() {
            return Ok(all);
        }
        if next == token {
            return Err(ClientError::Answer("the list does not end: its page token repeats".to_owned()));
        }
        token = next;
    }
}

/// A part of an answer that must be there.
fn there<T>(part: Option<T>, name: &str) -> Result<T, ClientError> {
    part.ok_or_else(|| ClientError::Answer(format!("it has no {name}")))
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
