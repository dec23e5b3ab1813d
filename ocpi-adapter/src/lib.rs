//! OCPI in and out: the only crate that spells things as OCPI does.
//!
//! A [`Platform`] is one side of every link: it owns the [`Partner`]s, runs the credentials handshake on both ends,
//! offers an axum router for its role ([`server::scsp`], [`server::cpo`], [`server::emsp`]) and a [`Client`] to each
//! partner. What arrives is lowered to the types of the domain with [`Warning`]s that carry the JSON path; what goes
//! out is lifted from them. Wire types appear in no public signature.
//!
//! The adapter keeps no objects: it asks a host ([`ScspHost`], [`CpoHost`]) and saves partners through a
//! [`PartnerStore`]. All timestamps come from the given clock.

pub mod client;
mod envelope;
mod exchange;
pub mod hosts;
mod lift;
mod lower;
pub mod partner;
pub mod platform;
pub mod received;
pub mod server;
pub mod station;
mod token;
pub mod version;
mod wire;

pub use client::{Client, LinkError, PageCursor, Pages, PulledPage};
pub use hosts::{
    CpoHost, HostError, ObjectKey, ObjectKind, Outcome, Page, PageQuery, PartnerStore, PreferenceReply, ScspHost,
    Unsaved,
};
pub use partner::{
    Dialect, Endpoint, Interface, Link, Module, Partner, PartnerParty, Registration, Role, Secret, TokenForm,
};
pub use platform::{Platform, PlatformConfig, PlatformError};
pub use received::{Received, Rejected, Severity, Warning};
pub use station::{ProfileAnswer, ProfileResult, RateUnit, Receipt, StationPeriod, StationProfile};
pub use version::Version;
