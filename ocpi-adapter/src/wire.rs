//! Messages exactly as on the wire, one file per module, for all versions at once.
//!
//! A class lists every field of the standard with its type, how often it is there and in which versions: that is how an
//! object is read and written, and the table that it is checked by (`check`). Reading is tolerant: unknown fields are
//! ignored here and kept in the raw object beside, `null` is absent (in lists too), enum values that nobody knows survive
//! as text. What a field means, and whether an object without it is of use, is decided in `lower`.
//!
//! 2.1.1 is another dialect: its objects are rewritten as those of 2.2.1 before they are read (`v211`).

pub(crate) mod base;
pub(crate) mod cdrs;
pub(crate) mod check;
pub(crate) mod class;
pub(crate) mod clients;
pub(crate) mod commands;
pub(crate) mod credentials;
pub(crate) mod locations;
pub(crate) mod parking;
pub(crate) mod preferences;
pub(crate) mod profiles;
pub(crate) mod sessions;
pub(crate) mod tariffs;
mod text_enum;
pub(crate) mod tokens;
pub(crate) mod types;
pub(crate) mod v211;
pub(crate) mod versions;

#[cfg(test)]
pub(crate) mod tests;
