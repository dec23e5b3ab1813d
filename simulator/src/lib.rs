//! What would have happened: replay, vehicles, virtual partners and utility, scores.

mod due;
pub mod engine;
pub mod partners;
pub mod scenario;
pub mod station;
pub mod vehicle;
pub mod world;

pub use headroom_datasets::{Format, read_sessions};
