//! Real servers and clients on loopback. Tests named `line_…` are lines of the conformance checklist.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod dialects;
mod edge;
mod hosts;
mod pages;
mod preferences;
mod profiles;
mod registration;
mod sessions;
mod stub;
mod thread;
mod transport;
mod world;
