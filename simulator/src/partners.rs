//! Programs that stand for a CPO, an eMSP and a utility, over real HTTP and gRPC.
//!
//! All read one [`crate::scenario::Scenario`] and share its clock. The virtual CPO holds the physical truth.

pub mod cli;
pub mod cpo;
pub mod emsp;
pub mod link;
mod report;
pub mod roaming;
pub mod utility;
