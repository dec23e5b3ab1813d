//! OCPI 2.2.1.

pub(crate) mod credentials;
pub(crate) mod locations;
pub(crate) mod preferences;
pub(crate) mod profiles;
pub(crate) mod sessions;
pub(crate) mod tariffs;
pub(crate) mod versions;

/// How this version is called on the wire.
pub(crate) const VERSION: &str = "2.2.1";
