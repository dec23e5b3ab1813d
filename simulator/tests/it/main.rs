//! The virtual partners over real HTTP and gRPC, against hosts that keep everything in memory.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on fails, and a skipped one says so"
)]

mod cpo;
mod emsp;
mod recorded;
mod roaming;
mod service;
mod utility;
