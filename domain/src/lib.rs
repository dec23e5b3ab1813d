//! What Headroom talks about: quantities, time, the grid tree, sessions, limits, schedules.
//!
//! This crate has no I/O, no `async` and no clock of its own: time and chance are arguments.
//!
//! Conventions, everywhere in the project:
//! - **Units**: power in W, energy in Wh, current in A, voltage in V inside; kW and kWh only where people read.
//! - **Sign**: positive is towards the vehicles (import). Directions are named, never signed, at the borders.
//! - **Time**: UTC; intervals are half-open `[start, end)`.
//! - **Zero is zero**: an absent value (`None`) means *not stated*; 0 means zero watts.

pub mod compliance;
pub mod forecast;
pub mod grid;
pub mod ids;
pub mod invariants;
pub mod limit;
pub mod location;
pub mod preference;
pub mod profile;
pub mod reason;
pub mod schedule;
pub mod series;
pub mod session;
pub mod site;
pub mod tariff;
pub mod time;
pub mod timeline;
pub mod units;

pub use ids::{AreaId, LimitId, NodeId, PartnerId, PartyId, SessionId};
pub use time::{Clock, Interval, TimeGrid};
pub use units::{CarbonIntensity, Current, Energy, EnergyPrice, Money, Power, Ratio, Voltage};
