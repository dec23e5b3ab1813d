//! What a partner sent: the value, what was wrong with it, and what it looked like.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How much a remark weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Allowed, and worth knowing: a field that the standard does not have.
    Note,
    /// Against the standard, and forgiven: nothing is lost.
    #[default]
    Deviation,
    /// Against the standard, and something was left out or guessed because of it.
    Loss,
}

/// A remark on a part of what a partner sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Warning {
    /// How much it weighs.
    #[serde(default)]
    pub severity: Severity,
    /// Where, as a path into the object, for example `evses[2].connectors[0].max_voltage`; empty for the object itself.
    pub path: String,
    /// What is wrong and what was made of it.
    pub rule: String,
    /// What stood there; `null` when nothing did, or something too large to repeat.
    pub value: Value,
}

impl Warning {
    /// Makes a warning; objects and lists are not repeated in it.
    pub(crate) fn of(severity: Severity, path: impl Into<String>, rule: impl Into<String>, value: &Value) -> Self {
        let value = if value.is_object() || value.is_array() { Value::Null } else { value.clone() };
        Self { severity, path: path.into(), rule: rule.into(), value }
    }

    /// Makes a warning of a loss.
    pub(crate) fn loss(path: impl Into<String>, rule: impl Into<String>, value: &Value) -> Self {
        Self::of(Severity::Loss, path, rule, value)
    }

    /// Returns the path with `[]` for every index, so that the same mistake in many elements is one.
    pub fn place(&self) -> String {
        let mut place = String::with_capacity(self.path.len());
        let mut inside = false;
        for c in self.path.chars() {
            inside = c == '[' || (inside && c != ']');
            if !inside || c == '[' {
                place.push(c);
            }
        }
        place
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

/// What a partner tells that is no object of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MessageKind {
    /// Who it is, where a link is made or renewed.
    Credentials,
    /// What a driver said of a session.
    Preference,
    /// What is in force at a station.
    ActiveProfile,
    /// What a station made of a request about profiles.
    ProfileResult,
    /// What it answers at once to a request about profiles.
    ProfileReceipt,
}

/// What was wrong with a message of a partner.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// What it told.
    pub kind: MessageKind,
    /// The session or the request that it is about.
    pub about: Option<String>,
    /// What was wrong with it. Where it could not be used, one of them is a loss.
    pub warnings: Vec<Warning>,
}
