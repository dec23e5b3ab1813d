//! What would have happened: replay, vehicles, virtual partners and utility, scores.

#![cfg_attr(test, expect(clippy::float_cmp, reason = "what is set is compared with what was set"))]

mod due;
pub mod engine;
pub mod partners;
pub mod scenario;
pub mod station;
pub mod study;
pub mod vehicle;
pub mod world;

pub use headroom_datasets::{
    Format, SessionTable, fit, inspect, read_sessions, read_sessions_salted, signals, write_sessions_parquet,
    write_signals_parquet,
};
