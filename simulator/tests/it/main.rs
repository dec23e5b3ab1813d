//! The virtual partners over real HTTP and gRPC, against hosts that keep everything in memory.

mod cpo;
mod emsp;
mod recorded;
mod service;
mod utility;
