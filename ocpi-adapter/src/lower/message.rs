//! Messages that are no objects: wishes, results, verdicts. They are taken whole or not at all, since half a wish is
//! another wish; what in them is not as the standard has it is told all the same.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::notes::joined;
use super::read::value_at;
use crate::received::Warning;
use crate::version::Version;
use crate::wire::check::{Extent, below, check};
use crate::wire::class::Class;

/// A message as it was understood.
pub(crate) struct Heard<T> {
    /// What it means, or why it cannot be used.
    pub value: Result<T, String>,
    /// What in it is not as the standard has it.
    pub warnings: Vec<Warning>,
}

/// Reads a message of a class and makes of it what `lower` does.
pub(crate) fn read<T: DeserializeOwned, U>(
    raw: &Value,
    class: &Class,
    version: Version,
    lower: impl FnOnce(T) -> Result<U, String>,
) -> Heard<U> {
    let (path, rule, value) = match serde_path_to_error::deserialize::<_, T>(raw) {
        Ok(message) => match lower(message) {
            Ok(value) => return Heard { value: Ok(value), warnings: warnings(raw, class, version, None) },
            Err(rule) => (String::new(), rule.clone(), Err(rule)),
        },
        Err(error) => {
            let (path, rule) = (error.path().to_string(), error.inner().to_string());
            let problem = format!("{path}: {rule}");
            (path, rule, Err(problem))
        }
    };
    Heard { value, warnings: warnings(raw, class, version, Some((&path, &rule))) }
}

/// Returns what in a message is not as the standard has it; last, where and why it could not be used.
pub(crate) fn warnings(raw: &Value, class: &Class, version: Version, refused: Option<(&str, &str)>) -> Vec<Warning> {
    let checked = check(raw, class, version, Extent::Whole);
    let refused = refused.map(|(path, rule)| {
        let path = path.trim_matches('.');
        let absent = rule.strip_prefix("missing field `").and_then(|rule| rule.strip_suffix('`'));
        match absent {
            Some(field) => Warning::loss(below(path, field), "required by OCPI: absent", &Value::Null),
            None => Warning::loss(path, rule, value_at(raw, path).unwrap_or(&Value::Null)),
        }
    });
    joined(checked, refused.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::lower::preference::preference;
    use crate::received::Severity::{Deviation, Loss, Note};
    use crate::wire::preferences::ChargingPreferences;

    fn told(raw: &Value) -> (bool, Vec<(crate::received::Severity, String)>) {
        let now = chrono::DateTime::UNIX_EPOCH;
        let read = read(raw, &ChargingPreferences::CLASS, Version::V221, |said| preference(&said, now));
        (read.value.is_ok(), read.warnings.into_iter().map(|warning| (warning.severity, warning.path)).collect())
    }

    #[test]
    fn a_wish_is_taken_whole_or_not_at_all_and_each_mistake_in_it_is_told_once() {
        assert_eq!(told(&json!({ "profile_type": "FAST" })), (true, vec![]));
        let odd = told(&json!({ "profile_type": "FAST", "energy_need": "12.5", "mood": 1 }));
        assert_eq!(odd.1.last(), Some(&(Note, "mood".to_owned())));
        assert_eq!(told(&json!({ "energy_need": 1 })), (false, vec![(Loss, "profile_type".to_owned())]));
        let late = told(&json!({ "profile_type": "FAST", "departure_time": "soon" }));
        assert_eq!(late, (false, vec![(Loss, "departure_time".to_owned())]));
        let unlisted = told(&json!({ "profile_type": "QUICK" }));
        assert_eq!(unlisted, (false, vec![(Deviation, "profile_type".to_owned()), (Loss, String::new())]));
        assert!(!told(&json!([])).0);
    }
}
