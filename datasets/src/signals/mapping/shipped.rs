//! Mappings by name and from files.

use std::path::Path;

use super::SignalMapping;
use crate::signals::SignalError;

/// 31 days.
const LONGEST_STEP_MIN: u32 = 44_640;

/// Name and text of the shipped mappings.
macro_rules! shipped {
    ($($name:literal),* $(,)?) => {
        const SHIPPED: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../../mappings/signals/", $name, ".toml")))),*];
    };
}
shipped!(
    "aep",
    "citylearn-building",
    "citylearn-carbon",
    "citylearn-pricing",
    "eia",
    "epftoolbox-de",
    "ercot",
    "generic-csv",
    "generic-parquet",
    "openstef",
    "openstef-substation",
    "sgip-moer",
);

impl SignalMapping {
    /// Returns the names of the shipped mappings.
    pub fn shipped_names() -> impl Iterator<Item = &'static str> {
        SHIPPED.iter().map(|(name, _)| *name)
    }

    /// Returns a shipped mapping. **Errors**: no mapping of that name.
    pub fn shipped(name: &str) -> Result<Self, SignalError> {
        let found = SHIPPED.iter().find(|(shipped, _)| *shipped == name);
        let (_, text) = found.ok_or_else(|| {
            let names: Vec<&str> = Self::shipped_names().collect();
            let rule = format!("is not shipped; there are `{}`", names.join("`, `"));
            SignalError::broken(Path::new("mapping"), name, rule, "give one of these or the path of a TOML file")
        })?;
        Self::from_toml(Path::new(name), text)
    }

    /// Reads a mapping from a TOML file.
    pub fn read(path: &Path) -> Result<Self, SignalError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| SignalError::Unreadable { path: path.to_owned(), source })?;
        Self::from_toml(path, &text)
    }

    /// Reads a mapping from TOML; `path` names it in errors.
    pub fn from_toml(path: &Path, text: &str) -> Result<Self, SignalError> {
        let mapping: Self = toml::from_str(text).map_err(|error| {
            SignalError::broken(path, "mapping", format!("is no mapping ({error})"), "correct the field that is named")
        })?;
        if !(1..=LONGEST_STEP_MIN).contains(&mapping.step_min) {
            let rule = format!("is {}", mapping.step_min);
            return Err(SignalError::broken(
                path,
                "step_min",
                rule,
                "give the length of an interval, 1 to 44640 minutes",
            ));
        }
        if mapping.signals.is_empty() {
            return Err(SignalError::broken(path, "signal", "is empty", "name at least one column"));
        }
        Ok(mapping)
    }
}
