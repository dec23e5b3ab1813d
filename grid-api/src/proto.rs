//! What the build makes of `proto/`. It stays inside the crate.

#![expect(
    unreachable_pub,
    unused_qualifications,
    clippy::pedantic,
    clippy::allow_attributes_without_reason,
    reason = "generated; the documentation is in the proto files"
)]

tonic::include_proto!("headroom.utility.v1");

/// All files with their comments and imports, for reflection.
pub(crate) const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
