//! Why a call to a partner failed, and whether it may succeed later.

use std::time::Duration;

use headroom_domain::PartnerId;

/// Why a call to a partner failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// There is no link.
    #[error("partner {0} is not registered: make the link first")]
    NotRegistered(PartnerId),
    /// The partner does not offer what is needed.
    #[error("partner {partner} offers no {endpoint}")]
    NoEndpoint {
        /// The partner.
        partner: PartnerId,
        /// Module and side.
        endpoint: String,
    },
    /// No answer: not connected, or too late.
    #[error("{method} {url}: {problem}")]
    Unreachable {
        /// The method.
        method: String,
        /// The address.
        url: String,
        /// What went wrong.
        problem: String,
    },
    /// An answer with an HTTP error.
    #[error("{method} {url}: HTTP {status}: {message}")]
    Http {
        /// The method.
        method: String,
        /// The address.
        url: String,
        /// The HTTP status.
        status: u16,
        /// The OCPI status code of the body, when it has one.
        code: Option<u16>,
        /// The message of the body, cut.
        message: String,
        /// How long the partner asks us to wait (`Retry-After`).
        retry_after: Option<Duration>,
    },
    /// An answer with an OCPI error.
    #[error("{method} {url}: OCPI {code}: {message}")]
    Refused {
        /// The method.
        method: String,
        /// The address.
        url: String,
        /// The OCPI status code.
        code: u16,
        /// The message of the partner, cut.
        message: String,
    },
    /// An answer that is no OCPI.
    #[error("{method} {url}: the answer cannot be read: {problem}")]
    Unreadable {
        /// The method.
        method: String,
        /// The address.
        url: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A request that would break a rule of OCPI, not sent.
    #[error("not sent: {0}")]
    Unsendable(String),
}

impl LinkError {
    /// Returns how long the partner asks us to wait before the same call is made again, when it does.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Http { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Tells whether the same call may succeed later (HTTP 429 and 5xx, OCPI 3000, 4002 and 4003, no connection).
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Unreadable { .. } => true,
            Self::Http { status, .. } => matches!(status, 408 | 425 | 429 | 500..),
            Self::Refused { code, .. } => matches!(code, 3000 | 3900..=3999 | 4000 | 4002 | 4003),
            Self::NotRegistered(_) | Self::NoEndpoint { .. } | Self::Unsendable(_) => false,
        }
    }
}
