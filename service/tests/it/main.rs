//! The service as a whole.

mod arrows;
mod command_line;
#[cfg(feature = "simulate")]
mod demo;
#[cfg(feature = "influx")]
mod influx;
mod page;
