//! What a partner sent: the value, what was wrong with it, and what it looked like.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A remark on a part of what a partner sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Warning {
    /// Where, as a path into the object, for example `evses[2].connectors[0].max_voltage`.
    pub path: String,
    /// What is wrong and what was made of it.
    pub rule: String,
    /// What stood there; `null` when nothing did.
    pub value: Value,
}

impl Warning {
    pub(crate) fn new(path: impl Into<String>, rule: impl Into<String>, value: Value) -> Self {
        Self { path: path.into(), rule: rule.into(), value }
    }
}

/// An object of a partner that could be read, perhaps without its broken parts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Received<T> {
    /// What it means.
    pub value: T,
    /// The object as the partner sent it; after a partial update, as merged.
    pub raw: Value,
    /// What was wrong with it; empty when nothing was.
    pub warnings: Vec<Warning>,
}

/// An object of a partner that could not be read at all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rejected {
    /// The object as the partner sent it.
    pub raw: Value,
    /// What was wrong with it; the last one is why it was rejected.
    pub warnings: Vec<Warning>,
}

impl Rejected {
    /// Returns the reason in one line.
    pub fn reason(&self) -> String {
        self.warnings
            .last()
            .map_or_else(|| "unreadable".to_owned(), |warning| format!("{}: {}", warning.path, warning.rule))
    }
}
