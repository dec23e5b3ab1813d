//! What will happen: base load with quantiles, and what a vehicle takes of what it is allowed.
//!
//! Everything here is a pure function of its arguments: no clock, no I/O, no `async`, no chance.

pub mod base_load;
pub mod evaluation;
pub mod uptake;

pub use base_load::{DayTypeProfile, Model, configured};
pub use uptake::{Reading, Uptake};
