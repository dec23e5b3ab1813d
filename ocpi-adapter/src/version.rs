//! Versions of OCPI.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A version of OCPI, as two platforms agree on it when they register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub enum Version {
    /// 2.1.1 of 2017: read only (locations, sessions, tariffs, CDRs), without smart charging.
    #[serde(rename = "2.1.1")]
    V211,
    /// 2.2 of 2019, with its second revision of 2020.
    #[serde(rename = "2.2")]
    V22,
    /// 2.2.1 of 2021, with its second revision of 2023.
    #[default]
    #[serde(rename = "2.2.1")]
    V221,
    /// 2.3.0 of 2025, with its second edition of 2026.
    #[serde(rename = "2.3.0")]
    V230,
}

impl Version {
    /// All versions that we speak, oldest first.
    pub const ALL: [Self; 4] = [Self::V211, Self::V22, Self::V221, Self::V230];

    /// Returns how the version is called on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V211 => "2.1.1",
            Self::V22 => "2.2",
            Self::V221 => "2.2.1",
            Self::V230 => "2.3.0",
        }
    }

    /// Reads a version; `None` for one that we do not speak.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.as_str() == text.trim())
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
