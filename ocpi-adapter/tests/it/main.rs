//! Real servers and clients on loopback. Tests named `line_…` are lines of the conformance checklist.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod cdrs;
mod commands;
mod delegation;
mod dialects;
mod edge;
mod emsp_host;
mod hosts;
mod hub;
mod notices;
mod observed;
mod pages;
mod preferences;
mod profiles;
mod registration;
mod routing;
mod sessions;
mod stub;
mod thread;
mod tokens;
mod transport;
mod world;
