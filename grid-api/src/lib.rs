//! The utility's gRPC interface: proto, conversion, server and client.
//!
//! The rules of the interface are written in `proto/headroom/utility/v1/`, where a utility's engineer reads them. Nothing
//! of protobuf appears in a public signature: server and client speak the types of the domain.

pub mod audit;
pub mod client;
mod convert;
mod model;
mod names;
mod pem;
mod proto;
pub mod server;

pub use model::{
    ConnectionPoint, EnrolmentChange, EnrolmentEvent, ExternalId, FlexibilityForecast, ForecastInterval, GridArea,
    HeartbeatAnswer, LimitDraft, LimitImpact, LimitQuery, LimitWarning, SafeModeState, StatusEvent, Submitted,
    TelemetrySample,
};
pub use names::limit_id;

/// An error and what caused it, in one line.
fn causes(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
