//! What partners send that is not as the standard has it, in the form that people and programs read: grouped by
//! module, place, rule and severity, with one example each. Neither secrets nor identities of drivers are in it.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use headroom_ocpi_adapter::{Severity, Warning};
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[cfg(test)]
mod tests;

/// A kind of mistake.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The module of the object.
    pub module: String,
    /// Where in the object, with `[]` for every index; empty for the object itself.
    pub place: String,
    /// What is wrong and what was made of it.
    pub rule: String,
    /// How much it weighs.
    pub severity: Severity,
    /// At how many paths of objects it was found, and in how many messages. An object that is sent again with the same
    /// mistake is not counted again, unless it was without it in between.
    pub count: u64,
    /// When it was first seen, where that is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_seen: Option<DateTime<Utc>>,
    /// When it was last seen, where that is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<DateTime<Utc>>,
    /// One case.
    pub example: Example,
}

/// One case of a mistake.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Example {
    /// The object's id; absent where it has none or where it would name a driver.
    pub id: Option<String>,
    /// Where in that object.
    pub path: String,
    /// What stood there.
    pub value: Value,
}

impl Finding {
    /// Orders the gravest first, then the most frequent, then by place.
    pub fn order(first: &Self, second: &Self) -> Ordering {
        let key = |finding: &Self| (std::cmp::Reverse(finding.severity), std::cmp::Reverse(finding.count));
        let name = |finding: &Self| (finding.module.clone(), finding.place.clone(), finding.rule.clone());
        key(first).cmp(&key(second)).then_with(|| name(first).cmp(&name(second)))
    }
}

/// How many warnings there are of each weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Weights {
    /// Something was left out or guessed.
    pub losses: u64,
    /// Forgiven, nothing lost.
    pub deviations: u64,
    /// Allowed, and worth knowing.
    pub notes: u64,
}

impl Weights {
    /// Adds up findings.
    pub fn of<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Self {
        let mut weights = Self::default();
        for finding in findings {
            *match finding.severity {
                Severity::Loss => &mut weights.losses,
                Severity::Deviation => &mut weights.deviations,
                Severity::Note => &mut weights.notes,
            } += finding.count;
        }
        weights
    }
}

/// Findings while objects come in.
#[derive(Debug, Default)]
pub struct Tally(BTreeMap<(String, String, String, Severity), Finding>);

impl Tally {
    /// Counts the warnings of an object.
    pub fn add(&mut self, module: &str, raw: &Value, warnings: &[Warning]) {
        for warning in warnings {
            let key = (module.to_owned(), warning.place(), general(&warning.rule), warning.severity);
            let finding = self.0.entry(key).or_insert_with_key(|(module, place, rule, severity)| Finding {
                module: module.clone(),
                place: place.clone(),
                rule: rule.clone(),
                severity: *severity,
                count: 0,
                first_seen: None,
                last_seen: None,
                example: Example {
                    id: example_id(module, raw),
                    path: warning.path.clone(),
                    value: shown_value(module, &warning.path, &warning.value),
                },
            });
            finding.count += 1;
        }
    }

    /// Returns the findings in order.
    pub fn findings(self) -> Vec<Finding> {
        let mut findings: Vec<_> = self.0.into_values().collect();
        findings.sort_by(Finding::order);
        findings
    }
}

/// The module of driver tokens: its objects are named by what drivers carry.
const TOKENS: &str = "tokens";

/// What names a driver or a vehicle, wherever it stands (OCPI 2.2.1 §10.4, §12.4; 2.3.0 §8.4).
const IDENTITIES: [&str; 10] = [
    "cdr_token",
    "token",
    "contract_id",
    "auth_id",
    "visual_number",
    "group_id",
    "authorization_reference",
    "license_plate",
    "driver_id",
    "signed_data",
];

/// Most characters of a value that are repeated.
const SHOWN_MAX: usize = 80;

/// Returns a rule without the value that a reader's error repeats, so that each value is not a rule of its own.
pub fn general(rule: &str) -> String {
    let repeats = ["invalid type: ", "invalid value: ", "unknown variant "].iter().any(|start| rule.starts_with(start));
    let quote = rule.find(['"', '`']).filter(|_| repeats);
    let end = quote.and_then(|start| Some((start, rule.rfind(", expected")?))).filter(|(start, end)| start < end);
    match end.or_else(|| quoted(rule)) {
        Some((start, end)) => format!("{}…{}", &rule[..start], &rule[end..]),
        None => rule.to_owned(),
    }
}

/// Returns where in one of our own rules the value stands, with its quotes: `"soon" is no time`, `type "X": send Y`.
fn quoted(rule: &str) -> Option<(usize, usize)> {
    let end = ["\" is no ", "\": send "].iter().find_map(|end| rule.rfind(end))?;
    rule[..end].find('"').map(|start| (start, end + 1))
}

/// Returns the id by which an object may be named in a report.
pub fn example_id(module: &str, raw: &Value) -> Option<String> {
    if module == TOKENS { None } else { object_id(raw) }
}

/// Returns the id of an object as it was sent. That of a token names a driver.
pub fn object_id(raw: &Value) -> Option<String> {
    let id = raw.get("id").or_else(|| raw.get("uid"))?;
    let id = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
    Some(id.chars().filter(|c| !c.is_control()).take(SHOWN_MAX).collect())
}

/// Returns a value as it may stand in a report: cut, and withheld where it names a driver.
pub fn shown_value(module: &str, path: &str, value: &Value) -> Value {
    let mut names = path.split(['.', '[', ']']);
    let personal = module == TOKENS || names.any(|name| IDENTITIES.contains(&name));
    match value {
        Value::Null | Value::Bool(_) => value.clone(),
        _ if personal => Value::from("(withheld)"),
        Value::String(text) if text.chars().count() > SHOWN_MAX => {
            Value::from(text.chars().take(SHOWN_MAX).chain(['…']).collect::<String>())
        }
        _ => value.clone(),
    }
}
