//! Names of things. Each is its own type, so that a node can never be passed for a session.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! name {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $type(String);

        impl $type {
            /// Wraps a name as it was received.
            pub fn new(name: impl Into<String>) -> Self {
                Self(name.into())
            }

            /// Returns the name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $type {
            fn from(name: &str) -> Self {
                Self::new(name)
            }
        }

        impl From<String> for $type {
            fn from(name: String) -> Self {
                Self(name)
            }
        }
    };
}

name!(
    /// A place in the grid tree, for example `site-a/circuit-2`.
    NodeId
);
name!(
    /// A session, unique over all partners.
    SessionId
);
name!(
    /// A limit that a utility submitted, for example `utilities/dso-1/limits/4f…`.
    LimitId
);
name!(
    /// A group of connection points that share a limit, as a utility draws it: `gridAreas/{id}`.
    AreaId
);
name!(
    /// An OCPI partner (platform) as the operator calls it in the configuration.
    PartnerId
);

/// A party of the OCPI roaming world: country code and party id, kept in upper case because OCPI compares them
/// without case (OCPI 2.2.1 §16.1, `CiString`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PartyId {
    country_code: String,
    party_id: String,
}

impl PartyId {
    /// Makes a party from its two codes, whatever their case.
    pub fn new(country_code: &str, party_id: &str) -> Self {
        Self { country_code: country_code.to_ascii_uppercase(), party_id: party_id.to_ascii_uppercase() }
    }

    /// Returns the ISO 3166-1 alpha-2 code.
    pub fn country_code(&self) -> &str {
        &self.country_code
    }

    /// Returns the three-character party id.
    pub fn party_id(&self) -> &str {
        &self.party_id
    }
}

impl fmt::Display for PartyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.country_code, self.party_id)
    }
}
