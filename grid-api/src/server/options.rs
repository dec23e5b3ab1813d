//! What the server is told, and why it may not start.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use headroom_domain::Clock;
use tokio::sync::watch;

use super::access::Access;
use super::quota::QuotaLimits;
use super::tls::ServerTls;

/// What the server is told.
#[derive(Clone)]
pub struct Options {
    /// Judges whether intervals are past, and says when steps of telemetry are over.
    pub clock: Arc<dyn Clock>,
    /// Who may call.
    pub access: Access,
    /// How much each of them may ask for.
    pub quotas: QuotaLimits,
    /// What the server shows to callers, and asks them for; absent: plain text.
    pub tls: Option<ServerTls>,
    /// How far ahead an interval may end.
    pub horizon_max: TimeDelta,
    /// The longest window of an effective limit, a forecast and a report.
    pub window_max: TimeDelta,
    /// By how much the clock of a heartbeat may differ from `clock`.
    pub clock_skew_tolerance: TimeDelta,
    /// How long after its end a step of telemetry is told, so that the meters' readings can arrive.
    pub telemetry_delay: TimeDelta,
    /// After which a call is given up. Real time.
    pub call_timeout: Duration,
    /// After which a stream is ended whose reader does not take a message. Real time.
    pub slow_reader: Duration,
    /// Programmes with rules of their own, by the beginning of their name: what `GetServerInfo` tells.
    pub programmes: Vec<String>,
    /// Whether health is serving.
    pub ready: watch::Receiver<bool>,
}

impl Options {
    /// Makes the usual options: plain text, 31 days ahead, windows of 14 days, clocks that differ by 10 s at most, telemetry
    /// 10 s after its end, 30 s for a call and for a slow reader; ready from the start.
    pub fn new(clock: Arc<dyn Clock>, access: Access) -> Self {
        Self {
            clock,
            access,
            quotas: QuotaLimits::default(),
            tls: None,
            horizon_max: TimeDelta::days(31),
            window_max: TimeDelta::days(14),
            clock_skew_tolerance: TimeDelta::seconds(10),
            telemetry_delay: TimeDelta::seconds(10),
            call_timeout: Duration::from_secs(30),
            slow_reader: Duration::from_secs(30),
            programmes: vec!["14a".to_owned(), "gac".to_owned()],
            ready: watch::Sender::new(true).subscribe(),
        }
    }
}

/// Why the server stopped, or did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The list of those who may call is wrong, or a certificate.
    #[error("access to the gRPC server: {0}")]
    Access(String),
    /// The transport failed.
    #[error("the gRPC server failed: {0}")]
    Transport(String),
}
