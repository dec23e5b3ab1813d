//! The utility's gRPC interface: proto, conversion, server and client.
//!
//! The rules of the interface are written in `proto/headroom/utility/v1/`, where a utility's engineer reads them. Nothing
//! of protobuf appears in a public signature: server and client speak the types of the domain.

pub mod client;
mod convert;
mod model;
mod names;
mod proto;
pub mod server;

pub use model::{LimitDraft, LimitQuery, LimitWarning, Submitted};
pub use names::limit_id;

/// An error and what caused it, in one line.
fn causes(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
