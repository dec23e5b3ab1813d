//! The service as a whole.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::float_cmp,
    reason = "a test that cannot go on fails, a skipped one says so, and what is exactly zero is compared exactly"
)]

mod arrows;
mod command_line;
#[cfg(feature = "simulate")]
mod demo;
#[cfg(feature = "influx")]
mod influx;
mod kill;
mod page;
mod partners;
mod running;
mod utility;
mod utility_cli;
