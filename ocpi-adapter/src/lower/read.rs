//! Reads an object, leaving out as little as possible of what is broken.

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;

use super::Origin;
use super::notes::{Notes, Spelling, joined};
use crate::received::{Rejected, Warning};
use crate::wire::check::{Extent, below, check, unwrap_lists};
use crate::wire::class::Class;
use crate::wire::v211;

/// So many broken parts in one object make it hopeless; each costs one more reading.
const BROKEN_PARTS_MAX: usize = 500;

const LEFT_OUT: &str = ": left out";

/// A step of a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    Index(usize),
    Key(String),
    /// No further step.
    End,
}

/// Reads a class from an object and warns of every deviation from it.
///
/// What cannot be read is left out, the smallest part first: a broken optional field, else the object around it, for
/// example one EVSE of a location.
///
/// Elements of the lists named in `atoms` are never read in part: half a price is a wrong price.
///
/// **Errors**: the object itself cannot do without what is broken.
pub(crate) fn read<T: DeserializeOwned>(
    raw: &Value,
    class: &Class,
    origin: Origin<'_>,
    atoms: &[&str],
) -> Result<(T, Notes), Rejected> {
    let spelling = Spelling { version: origin.version, class: class.name };
    let mut rest = v211::modern(raw, class.name, origin.version, origin.owner);
    let checked = check(&rest, class, origin.version, Extent::Whole);
    unwrap_lists(&mut rest, class);
    let mut lost: Vec<Warning> = Vec::new();
    // Most objects are whole, and reading without paths takes half the time.
    if let Ok(value) = T::deserialize(&rest) {
        return Ok((value, Notes { rest, warnings: joined(checked, lost), spelling }));
    }
    loop {
        let error = match serde_path_to_error::deserialize::<_, T>(&rest) {
            Ok(value) => return Ok((value, Notes { rest, warnings: joined(checked, lost), spelling })),
            Err(error) => error,
        };
        let steps = steps_of(error.path());
        let rule = error.inner().to_string();
        let broken = breakable(&rest, steps.clone(), atoms);
        if broken.is_empty() || lost.len() >= BROKEN_PARTS_MAX {
            let reason = reason(&mut lost, &steps, rule);
            lost.push(reason);
            return Err(spelling.rejected(raw.clone(), joined(checked, lost)));
        }
        let part = step_into(&mut rest, &broken).map(Value::take).unwrap_or_default();
        lost.push(Warning::loss(write(&broken), format!("{rule}{LEFT_OUT}"), &part));
    }
}

/// Returns why an object is of no use.
fn reason(lost: &mut Vec<Warning>, steps: &[Step], rule: String) -> Warning {
    if lost.len() >= BROKEN_PARTS_MAX {
        return Warning::loss(write(steps), format!("{rule}: too many parts are broken"), &Value::Null);
    }
    let absent = rule.strip_prefix("missing field `").and_then(|rule| rule.strip_suffix('`'));
    let path = absent.map_or_else(|| write(steps), |field| below(&write(steps), field));
    // What was left out before and turns out to be needed has its warning already.
    match lost.iter().position(|warning| warning.path == path) {
        Some(index) => {
            let known = lost.remove(index);
            Warning { rule: known.rule.trim_end_matches(LEFT_OUT).to_owned(), ..known }
        }
        None => Warning::loss(
            path,
            if absent.is_some() { "required by OCPI: absent".to_owned() } else { rule },
            &Value::Null,
        ),
    }
}

/// Returns the smallest part around an error that can still be left out; empty for the object itself.
fn breakable(rest: &Value, mut steps: Vec<Step>, atoms: &[&str]) -> Vec<Step> {
    if matches!(steps.first(), Some(Step::Key(key)) if atoms.contains(&key.as_str())) {
        steps.truncate(2);
    }
    while !steps.is_empty() && steps.iter().try_fold(rest, |at, step| child(at, step)).is_none_or(Value::is_null) {
        steps.pop();
    }
    steps
}

fn steps_of(path: &serde_path_to_error::Path) -> Vec<Step> {
    let steps = path.iter().map_while(|segment| match segment {
        Segment::Seq { index } => Some(Step::Index(*index)),
        Segment::Map { key } => Some(Step::Key(key.clone())),
        Segment::Enum { .. } | Segment::Unknown => None,
    });
    steps.collect()
}

fn child<'a>(value: &'a Value, step: &Step) -> Option<&'a Value> {
    match step {
        Step::Key(key) => value.get(key),
        Step::Index(index) => value.get(index),
        Step::End => None,
    }
}

fn step_into<'a>(value: &'a mut Value, steps: &[Step]) -> Option<&'a mut Value> {
    steps.iter().try_fold(value, |value, step| match step {
        Step::Key(key) => value.get_mut(key),
        Step::Index(index) => value.get_mut(index),
        Step::End => None,
    })
}

fn write(steps: &[Step]) -> String {
    let mut path = String::new();
    for step in steps {
        match step {
            Step::Key(key) if path.is_empty() => path.push_str(key),
            Step::Key(key) => path = format!("{path}.{key}"),
            Step::Index(index) => path = format!("{path}[{index}]"),
            Step::End => {}
        }
    }
    path
}

/// Returns what stands at a path such as `evses[2].status`.
pub(crate) fn value_at<'a>(raw: &'a Value, path: &str) -> Option<&'a Value> {
    parse(path).iter().try_fold(raw, child)
}

/// Takes a path apart.
pub(super) fn parse(path: &str) -> Vec<Step> {
    let names = path.split(['.', '[']).filter(|name| !name.is_empty());
    let steps = names.map(|name| match name.strip_suffix(']').and_then(|index| index.parse().ok()) {
        Some(index) => Step::Index(index),
        None => Step::Key(name.to_owned()),
    });
    steps.collect()
}
