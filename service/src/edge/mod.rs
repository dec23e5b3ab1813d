//! Where the outside meets the service: partners over OCPI, utilities over gRPC, meters over REST.
//!
//! Each edge turns what arrives into a change of the record, durable where it must be, and calls the control loop.

pub mod admin;
mod lint;
pub mod meter;
pub mod ocpi;
pub mod partners;
pub mod pull;
mod rhythm;
pub mod utility;
