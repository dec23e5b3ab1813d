//! Wire to domain, with warnings that carry the JSON path.

pub(crate) mod cdr;
pub(crate) mod client_info;
pub(crate) mod command;
pub(crate) mod location;
pub(crate) mod preference;
mod price;
pub(crate) mod profile;
mod read;
pub(crate) mod session;
pub(crate) mod tariff;
pub(crate) mod token;

use headroom_domain::PartnerId;
use serde_json::Value;

use crate::partner::Dialect;
use crate::received::{Received, Rejected, Warning};
use crate::version::Version;

/// From whom an object came, and how that partner speaks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin<'a> {
    pub partner: &'a PartnerId,
    pub dialect: &'a Dialect,
    pub version: Version,
}

/// Reads an object of a partner.
pub(crate) type Lower<T> = fn(Origin<'_>, Value) -> Result<Received<T>, Rejected>;

/// An object on its way: what could be read of it, and the warnings so far.
pub(crate) struct Notes {
    /// The object, with `null` where something was left out.
    rest: Value,
    warnings: Vec<Warning>,
}

impl Notes {
    /// Adds a warning at a path of names and indices, with the scalar that stands there.
    fn warn(&mut self, path: impl Into<String>, rule: impl Into<String>) {
        let path = path.into();
        let value = read::value_at(&self.rest, &path).unwrap_or(&Value::Null);
        let warning = Warning::loss(path, rule, value);
        // What was made of it says more than that it is wrong.
        self.warnings.retain(|known| known.path != warning.path);
        self.warnings.push(warning);
    }

    /// Returns the value, or warns and returns what stands for it.
    fn or_else<T>(&mut self, value: Option<T>, path: &str, standing: &str, default: impl FnOnce() -> T) -> T {
        value.unwrap_or_else(|| {
            self.warn(path, format!("required by OCPI and absent: taken as {standing}"));
            default()
        })
    }

    /// Returns the paths of the elements of a list that could be read, in order.
    fn elements(&self, path: &str) -> Vec<String> {
        match read::value_at(&self.rest, path) {
            Some(Value::Array(items)) => {
                let kept = items.iter().enumerate().filter(|(_, item)| !item.is_null());
                kept.map(|(index, _)| format!("{path}[{index}]")).collect()
            }
            Some(Value::Null) | None => Vec::new(),
            Some(_) => vec![path.to_owned()],
        }
    }

    /// Ends in an object.
    fn received<T>(self, value: T, raw: Value) -> Received<T> {
        Received { value, raw, warnings: self.warnings }
    }

    /// Ends in a rejection for a last reason.
    fn rejected(mut self, raw: Value, path: &str, rule: &str) -> Rejected {
        self.warn(path, rule);
        Rejected { raw, warnings: self.warnings }
    }
}

#[cfg(test)]
mod tests;
