//! What to do: plans every session under the limits of the grid. Pure.

pub mod assemble;
pub mod dispatch;
mod explain;
mod fallback;
mod outcome;
mod problem;
pub mod rolling;
mod room;
mod rows;
pub mod snapshot;
pub mod strategies;
