//! What in an object is not as the standard has it.
//!
//! Nothing is changed here and nothing refused: every deviation becomes a warning with its path, the rule and the value.

use std::fmt;

use serde_json::{Map, Value};

use super::base::Timestamp;
use super::class::{Card, Class, Field, Kind};
use crate::received::{Severity, Warning};
use crate::version::Version;

/// Stands for a required text that cannot be filled (OCPI 2.2.1 §16, `#NA`).
pub(crate) const NOT_AVAILABLE: &str = "#NA";

/// The longest address.
pub(crate) const URL_MAX: usize = 255;

/// So many warnings say enough of one object.
const WARNINGS_MAX: usize = 1000;

/// Whether an object has to be whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// As after a PUT, a POST or a GET.
    Whole,
    /// As in a PATCH: what is absent stays as it was.
    #[cfg_attr(not(test), allow(dead_code, reason = "our receivers check a PATCH when it is merged, as a whole"))]
    Part,
}

/// Returns every deviation of an object from its class.
pub(crate) fn check(object: &Value, class: &Class, version: Version, extent: Extent) -> Vec<Warning> {
    let mut found = Found { version, warnings: Vec::new() };
    match object {
        Value::Object(fields) => found.fields(fields, class, extent, &Path::Root),
        _ => found.warn(&Path::Root, format!("{} is an object", class.name), object),
    }
    found.warnings
}

/// Puts lists right that stand where objects belong: a list of one is its element, any other is nothing.
pub(crate) fn unwrap_lists(object: &mut Value, class: &Class) {
    let Value::Object(fields) = object else { return };
    for field in class.fields {
        let (Kind::Class(class), Some(value)) = (field.kind, fields.get_mut(field.name)) else { continue };
        match (value, field.card) {
            (Value::Array(items), Card::Any | Card::Some) => {
                for item in items {
                    unwrap_list(item, class);
                }
            }
            (value, _) => unwrap_list(value, class),
        }
    }
}

fn unwrap_list(value: &mut Value, class: &Class) {
    if let Value::Array(items) = value {
        *value = if items.len() == 1 { items.remove(0) } else { Value::Null };
    }
    unwrap_lists(value, class);
}

/// Where a value stands. It becomes a text only where something is wrong, which is rare.
enum Path<'a> {
    Root,
    Field(&'a Path<'a>, &'a str),
    Item(&'a Path<'a>, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Field(Self::Root, name) => f.write_str(name),
            Self::Field(within, name) => write!(f, "{within}.{name}"),
            Self::Item(within, index) => write!(f, "{within}[{index}]"),
        }
    }
}

struct Found {
    version: Version,
    warnings: Vec<Warning>,
}

impl Found {
    fn warn(&mut self, path: &Path<'_>, rule: impl Into<String>, value: &Value) {
        self.add(Severity::Deviation, path, rule, value);
    }

    fn add(&mut self, severity: Severity, path: &Path<'_>, rule: impl Into<String>, value: &Value) {
        if self.warnings.len() < WARNINGS_MAX {
            self.warnings.push(Warning::of(severity, path.to_string(), rule, value));
        }
    }

    fn fields(&mut self, object: &Map<String, Value>, class: &Class, extent: Extent, path: &Path<'_>) {
        for field in class.fields {
            let path = Path::Field(path, field.name);
            let value = object.get(field.name).unwrap_or(&Value::Null);
            let due = matches!(field.card, Card::One | Card::Some) && field.versions.contain(self.version);
            match (value, field.card) {
                (Value::Null, _) if due && extent == Extent::Whole => {
                    self.warn(&path, format!("required by OCPI {} in {}", self.version, class.name), &Value::Null);
                }
                (Value::Null, _) => continue,
                (value, Card::One | Card::Optional) => self.value(value, field.kind, &path),
                (value, Card::Any | Card::Some) => self.list(value, field, extent, &path),
            }
            if !field.versions.contain(self.version) {
                let rule = format!("no field of {} in OCPI {}, but in another version", class.name, self.version);
                self.add(Severity::Note, &path, rule, value);
            }
        }
        for (name, value) in object {
            if class.fields.iter().all(|field| field.name != name) {
                let rule = format!("no field of {} in OCPI: kept, and not used", class.name);
                self.add(Severity::Note, &Path::Field(path, name), rule, value);
            }
        }
    }

    fn list(&mut self, value: &Value, field: &Field, extent: Extent, path: &Path<'_>) {
        let Value::Array(items) = value else {
            self.warn(path, "a list: taken as a list of one", value);
            return self.value(value, field.kind, path);
        };
        if items.is_empty() && field.card == Card::Some && extent == Extent::Whole {
            self.warn(path, "a list of at least one", value);
        }
        for (index, item) in items.iter().enumerate() {
            let path = Path::Item(path, index);
            match item {
                Value::Null => self.warn(&path, "no null in a list: left out", item),
                item => self.value(item, field.kind, &path),
            }
        }
    }

    fn value(&mut self, value: &Value, kind: Kind, path: &Path<'_>) {
        match (kind, value) {
            (Kind::Class(class), Value::Object(fields)) => self.fields(fields, class, Extent::Whole, path),
            (Kind::Class(class), Value::Array(items)) if items.len() == 1 => {
                self.warn(path, format!("an object: {}, no list: its only element is taken", class.name), value);
                self.value(&items[0], kind, path);
            }
            (Kind::Class(class), Value::Array(_)) => {
                self.add(Severity::Loss, path, format!("an object: {}, no list: left out", class.name), value);
            }
            (Kind::Class(class), _) => self.warn(path, format!("an object: {}", class.name), value),
            (Kind::CiString(_) | Kind::Text(_) | Kind::Url | Kind::DateTime | Kind::Enum(_), Value::String(text)) => {
                if let Some(rule) = broken_rule(text, kind, self.version) {
                    self.warn(path, rule, value);
                }
            }
            (Kind::Number, Value::Number(_)) | (Kind::Boolean, Value::Bool(_)) => {}
            (Kind::Int, Value::Number(number)) if number.as_f64().is_some_and(|number| number.fract() == 0.0) => {}
            (kind, _) => self.warn(path, expected(kind), value),
        }
    }
}

/// Returns the rule that a text breaks, when it breaks one.
fn broken_rule(text: &str, kind: Kind, version: Version) -> Option<String> {
    let too_long = |length: usize| text.chars().count() > length;
    match kind {
        Kind::CiString(length) if too_long(length) => Some(format!("at most {length} characters (CiString({length}))")),
        Kind::CiString(_) if !text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) => {
            Some("printable ASCII only (CiString)".to_owned())
        }
        Kind::Text(length) if too_long(length) => Some(format!("at most {length} characters (string({length}))")),
        Kind::Text(_) if text.chars().any(char::is_control) => Some("no control characters (string)".to_owned()),
        Kind::Url if too_long(URL_MAX) => Some(format!("at most {URL_MAX} characters (URL)")),
        Kind::Url if url::Url::parse(text).is_err() => Some("an absolute address (URL)".to_owned()),
        Kind::DateTime => broken_time(text),
        Kind::Enum(listed) if !listed.allows(text, version) && text != NOT_AVAILABLE => {
            Some(format!("no value of {} in OCPI {version}: kept as it is", listed.name))
        }
        _ => None,
    }
}

/// Only UTC, with `Z` or nothing, and with few shapes (OCPI 2.2.1 §16.1).
fn broken_time(text: &str) -> Option<String> {
    if Timestamp::parse(text).is_none() {
        return Some("no time: send 2026-01-31T12:00:00Z".to_owned());
    }
    let bare = text.strip_suffix('Z').unwrap_or(text);
    if bare.contains(['+', ' ', 'z']) || bare.get(11..).is_some_and(|time| time.contains('-')) {
        return Some("always UTC, with Z or nothing: the offset was reckoned in".to_owned());
    }
    (text.len() > 25).then(|| "at most 25 characters (DateTime)".to_owned())
}

fn expected(kind: Kind) -> &'static str {
    match kind {
        Kind::Number => "a number, without quotes",
        Kind::Int => "a whole number, without quotes",
        Kind::Boolean => "true or false, without quotes",
        _ => "a text",
    }
}

pub(crate) fn below(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
