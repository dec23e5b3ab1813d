//! Why a call to a partner failed, and whether it may succeed later.

use std::time::Duration;

use headroom_domain::{PartnerId, PartyId};

use crate::envelope::{HUB_NOT_CONNECTED, HUB_TIMEOUT, HUB_UNKNOWN_RECEIVER};
use crate::roaming::ConnectionStatus;

/// What went wrong at a hub (OCPI 2.2.1 §5.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HubProblem {
    /// 4000, and what only this hub knows.
    #[error("the hub could not do it")]
    Other,
    /// 4001: nobody of that name.
    #[error("the hub does not know the receiver")]
    UnknownReceiver,
    /// 4002: whether the receiver got it is not known.
    #[error("the receiver did not answer the hub in time")]
    Timeout,
    /// 4003: the receiver did not get it.
    #[error("the receiver is not connected to the hub")]
    NotConnected,
}

impl HubProblem {
    pub(crate) fn of(code: u16) -> Self {
        match code {
            HUB_UNKNOWN_RECEIVER => Self::UnknownReceiver,
            HUB_TIMEOUT => Self::Timeout,
            HUB_NOT_CONNECTED => Self::NotConnected,
            _ => Self::Other,
        }
    }
}

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
        /// Whether it took too long, so that the partner may have got it.
        timed_out: bool,
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
    /// A hub could not pass the request on, or not bring the answer back.
    #[error("{method} {url}: {problem} (OCPI {code}): {message}")]
    Hub {
        /// The method.
        method: String,
        /// The address.
        url: String,
        /// What went wrong.
        problem: HubProblem,
        /// The OCPI status code.
        code: u16,
        /// The message of the hub, cut.
        message: String,
    },
    /// The hub told that a party cannot be reached, so nothing was sent.
    #[error("not sent: {party} behind {partner} is {status}: wait until the hub tells that it is CONNECTED")]
    NotConnected {
        /// The hub.
        partner: PartnerId,
        /// Who was to get it.
        party: PartyId,
        /// What the hub told.
        status: ConnectionStatus,
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

    /// Tells whether the same call may succeed later (HTTP 429 and 5xx, OCPI 3000, 4000, 4002 and 4003, no
    /// connection).
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Unreadable { .. } => true,
            Self::Http { status, .. } => matches!(status, 408 | 425 | 429 | 500..),
            Self::Refused { code, .. } => matches!(code, 3000 | 3900..=3999),
            Self::Hub { problem, .. } => *problem != HubProblem::UnknownReceiver,
            Self::NotConnected { status, .. } => *status == ConnectionStatus::Offline,
            Self::NotRegistered(_) | Self::NoEndpoint { .. } | Self::Unsendable(_) => false,
        }
    }
}
