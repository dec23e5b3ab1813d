//! OCPI in and out: the only crate that spells things as OCPI does.
//!
//! A [`Platform`] is one side of every link: it owns the [`Partner`]s, runs the credentials handshake on both ends,
//! offers an axum router for its role ([`server::scsp`], [`server::cpo`], [`server::emsp`], [`server::hub`]) and a
//! [`Client`] to each partner. What arrives is lowered to the types of the domain, and of [`roaming`], with [`Warning`]s
//! that carry the JSON path; what goes out is lifted from them. Wire types appear in no public signature.
//!
//! The adapter keeps no objects: it asks a host ([`ScspHost`], [`CpoHost`], [`EmspHost`]) and saves partners through a
//! [`PartnerStore`]. All timestamps come from the given clock.

/// The examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub mod client;
mod envelope;
mod exchange;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzz;
pub mod hosts;
mod lift;
mod lower;
pub mod memory;
pub mod partner;
pub mod platform;
mod privacy;
mod rate;
pub mod received;
pub mod roaming;
pub mod server;
pub mod station;
mod token;
pub mod version;
mod wire;

pub use client::{Client, HubProblem, LinkError, PageCursor, Pages, PulledPage};
pub use hosts::{
    Asker, CdrReceiver, CommandSender, CpoHost, EmspHost, HostError, Nobody, ObjectKey, ObjectKind, ObjectReceiver,
    Outcome, Page, PageQuery, PartnerStore, PreferenceReply, ProfileReceiver, ProfileSender, ScspHost, TokenSender,
    Unsaved,
};
pub use partner::{
    Accepted, Alias, Dialect, DriverIds, Endpoint, Interface, Link, Module, Partner, PartnerParty, Rate, Registration,
    Role, Secret, Timeouts, TokenForm, TokenHash,
};
pub use platform::{Limits, Platform, PlatformConfig, PlatformError, Reach};
pub use received::{MessageKind, Notice, Received, Rejected, Severity, Warning};
pub use station::{ProfileAnswer, ProfileResult, RateUnit, Receipt, StationPeriod, StationProfile};
pub use version::Version;
