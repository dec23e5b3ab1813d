//! The running service and its command line.
//!
//! [`run::serve`] puts the parts together: the edges ([`edge`]) take in what partners, utilities and meters say and keep
//! it ([`store`]); the control loop ([`control`]) plans and dispatches; [`http`] shows it; [`telemetry`] tells it on.

pub mod cli;
pub mod config;
pub mod control;
pub mod edge;
pub mod findings;
pub mod http;
pub mod run;
pub mod store;
pub mod telemetry;
