//! Domain to wire.

mod location;
mod preference;
mod profile;
mod session;
mod tariff;

pub(crate) use location::location;
pub(crate) use preference::{answer, preference};
pub(crate) use profile::{active_profile, profile, receipt, result};
pub(crate) use session::{session, session_patch};
pub(crate) use tariff::tariff;

#[cfg(test)]
mod tests;
