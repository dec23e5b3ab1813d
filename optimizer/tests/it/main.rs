//! The optimizer through its public door.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod answers;
mod assembling;
mod assets;
mod cases;
mod checking;
mod dispatching;
mod goals;
mod messages;
mod networks;
mod plans;
mod scene;
