//! The warnings of an object on its way from wire to domain: told once each, in the order of the object.

use serde_json::Value;

use super::read::{self, Step};
use crate::received::{Received, Rejected, Severity, Warning};
use crate::version::Version;
use crate::wire::v211;

/// So many warnings say enough of one object.
const WARNINGS_MAX: usize = 500;

/// An object on its way: what could be read of it, and the warnings so far.
pub(crate) struct Notes {
    /// The object, with `null` where something was left out.
    pub(super) rest: Value,
    pub(super) warnings: Vec<Warning>,
    pub(super) spelling: Spelling,
}

/// In whose words paths are told: those of the class, or those of 2.1.1.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spelling {
    pub version: Version,
    pub class: &'static str,
}

impl Spelling {
    /// Returns the gravest warnings with the paths of the object as it was sent, in its order.
    fn in_order(self, mut warnings: Vec<Warning>) -> Vec<Warning> {
        if warnings.len() > WARNINGS_MAX {
            warnings.sort_by_key(|warning| std::cmp::Reverse(warning.severity));
            warnings.truncate(WARNINGS_MAX);
        }
        if self.version == Version::V211 {
            for warning in &mut warnings {
                warning.path = v211::sent_path(&warning.path, self.class);
            }
        }
        warnings.sort_by_cached_key(|warning| {
            let mut place = read::parse(&warning.path);
            // A part comes after what is in it, as a consequence after its cause.
            place.push(Step::End);
            place
        });
        warnings
    }

    /// Makes a rejection whose reason is the last warning.
    pub(super) fn rejected(self, raw: Value, mut warnings: Vec<Warning>) -> Rejected {
        let reason = warnings.pop();
        let mut warnings = self.in_order(warnings);
        warnings.extend(self.in_order(reason.into_iter().collect()));
        Rejected { raw, warnings }
    }
}

impl Notes {
    /// Adds a warning of a loss at a path of names and indices, with the scalar that stands there.
    pub(super) fn warn(&mut self, path: impl Into<String>, rule: impl Into<String>) {
        self.add(Severity::Loss, path.into(), rule);
    }

    /// Adds a warning of what is implausible, and used as it is.
    pub(super) fn doubt(&mut self, path: impl Into<String>, rule: impl Into<String>) {
        self.add(Severity::Deviation, path.into(), rule);
    }

    fn add(&mut self, severity: Severity, path: String, rule: impl Into<String>) {
        let value = read::value_at(&self.rest, &path).unwrap_or(&Value::Null);
        let warning = Warning::of(severity, path, rule, value);
        self.warnings.retain(|known| !is_told_by(known, &warning));
        self.warnings.push(warning);
    }

    /// Returns the value, or warns and returns what stands for it.
    pub(super) fn or_else<T>(
        &mut self,
        value: Option<T>,
        path: &str,
        standing: &str,
        default: impl FnOnce() -> T,
    ) -> T {
        value.unwrap_or_else(|| {
            self.warn(path, format!("required by OCPI and absent: taken as {standing}"));
            default()
        })
    }

    /// Returns the paths of the elements of a list that could be read, in order.
    pub(super) fn elements(&self, path: &str) -> Vec<String> {
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
    pub(super) fn received<T>(self, value: T, raw: Value) -> Received<T> {
        Received { value, raw, warnings: self.spelling.in_order(self.warnings) }
    }

    /// Ends in a rejection for a last reason.
    pub(super) fn rejected(mut self, raw: Value, path: &str, rule: &str) -> Rejected {
        self.warn(path, rule);
        self.given_up(raw)
    }

    /// Ends in a rejection for what was warned of last.
    pub(super) fn given_up(self, raw: Value) -> Rejected {
        self.spelling.rejected(raw, self.warnings)
    }
}

/// Joins what is not as the standard has it with what was left out because of it.
pub(super) fn joined(checked: Vec<Warning>, lost: Vec<Warning>) -> Vec<Warning> {
    let is_new = |known: &Warning| lost.iter().all(|lost| !is_told_by(known, lost));
    let mut warnings: Vec<_> = checked.into_iter().filter(is_new).collect();
    warnings.extend(lost);
    warnings
}

/// Tells whether a later warning makes an earlier one idle: what was made of a part says more than what is wrong with
/// it, and of what was left out it no longer matters.
fn is_told_by(known: &Warning, later: &Warning) -> bool {
    let is_above = !later.path.is_empty() && known.severity < later.severity && is_within(&known.path, &later.path);
    is_above || (known.path == later.path && known.severity <= later.severity)
}

fn is_within(path: &str, part: &str) -> bool {
    path.strip_prefix(part).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}
