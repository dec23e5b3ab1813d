//! The control loop: record → snapshot → plan → dispatch → record → partners.
//!
//! It acts on a timer and at once when something happens (limit, plug-in, preference, refusal, silence). It keeps no
//! state that matters: every step reads the record, so a restart continues where the last process was cut off.

pub mod belief;
mod context;
mod facts;
mod known;
mod limits;
pub mod links;
pub mod obedience;
pub mod outbox;
pub mod pace;
mod plan;
pub mod planner;
pub mod upkeep;
mod view;
mod wake;

pub use belief::{StationState, agrees, station_state};
pub use context::{Context, SiteContext};
pub use facts::{Facts, Forecasts, LIMITS_AHEAD};
pub use known::Known;
pub use limits::span;
pub use links::Links;
pub use plan::PlanState;
pub use view::Views;
