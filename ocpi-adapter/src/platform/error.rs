//! Why links fail.

use headroom_domain::PartnerId;

use crate::client::LinkError;
use crate::hosts::HostError;

/// Why a link could not be made, renewed or ended.
#[derive(Debug, thiserror::Error)]
pub enum PlatformError {
    /// Nobody of that name.
    #[error("partner {0} is not known: name it in the configuration or invite it")]
    UnknownPartner(PartnerId),
    /// The link is there already.
    #[error("partner {0} is registered already: unregister it first")]
    AlreadyRegistered(PartnerId),
    /// The partner offers no version that we speak.
    #[error("partner {partner} offers versions {offered:?}, none of which we speak")]
    NoMutualVersion {
        /// The partner.
        partner: PartnerId,
        /// What it offers.
        offered: Vec<String>,
    },
    /// The partner lacks a module without which a link is of no use.
    #[error("partner {partner} offers no {missing}: ask it to")]
    MissingEndpoint {
        /// The partner.
        partner: PartnerId,
        /// What is missing.
        missing: String,
    },
    /// A request to the partner failed.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The partner could not be saved.
    #[error("partner {0} could not be saved: {1}")]
    Store(PartnerId, HostError),
    /// No HTTP client could be made.
    #[error("no HTTP client could be made: {0}")]
    Http(String),
}
