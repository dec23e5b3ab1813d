//! Domain to wire.

mod cdr;
mod client_info;
mod command;
mod location;
mod preference;
mod price;
mod profile;
mod session;
mod tariff;
mod token;

pub(crate) use cdr::cdr;
pub(crate) use client_info::client_info;
pub(crate) use command::{command, outcome as command_outcome, receipt as command_receipt};
pub(crate) use location::location;
pub(crate) use preference::{answer, preference};
pub(crate) use profile::{active_profile, profile, receipt, result};
pub(crate) use session::{session, session_patch};
pub(crate) use tariff::tariff;
pub(crate) use token::{authorization, location_reference, token, token_type};

#[cfg(test)]
mod tests;
