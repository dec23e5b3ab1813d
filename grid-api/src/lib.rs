//! The utility's gRPC interface: proto, conversion, server and client.

pub mod client;
mod model;
pub mod server;

pub use model::{LimitDraft, LimitQuery, LimitWarning, Submitted};

/// Makes the name of a limit, `utilities/{utility}/limits/{id}`.
pub fn limit_id(utility: &str, id: &str) -> headroom_domain::LimitId {
    headroom_domain::LimitId::new(format!("utilities/{utility}/limits/{id}"))
}
