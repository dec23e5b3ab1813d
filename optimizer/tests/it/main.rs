//! The optimizer through its public door.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod answers;
mod assembling;
mod assets;
mod cases;
mod checking;
mod clipping;
mod dispatching;
mod goals;
mod impacts;
mod messages;
mod movable;
mod networks;
mod plans;
mod scene;
