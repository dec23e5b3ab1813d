//! Messages exactly as on the wire, one folder per version.
//!
//! The types hold the fields that are read or written here; all others stay in the raw object that is kept beside.
//! Reading is tolerant: unknown fields are ignored, `null` is absent (in lists too), enum values that nobody knows
//! survive as text. What a field means, and whether an object without it is of use, is decided in `lower`.

pub(crate) mod base;
pub(crate) mod v221;
