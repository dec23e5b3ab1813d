//! Reads an object, leaving out as little as possible of what is broken.

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;

use super::{Notes, Origin};
use crate::received::{Rejected, Warning};
use crate::wire::check::{Extent, check};
use crate::wire::class::Class;

/// So many broken parts in one object make it hopeless; each costs one more reading.
const BROKEN_PARTS_MAX: usize = 500;

#[derive(Debug, Clone, PartialEq)]
enum Step {
    Key(String),
    Index(usize),
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
    let checked = check(raw, class, origin.version, Extent::Whole);
    let with_checked = |lost: Vec<Warning>| {
        let is_new = |warning: &Warning| lost.iter().all(|lost| lost.path != warning.path);
        checked.iter().filter(|warning| is_new(warning)).cloned().chain(lost.iter().cloned()).collect()
    };
    let mut rest = raw.clone();
    let mut warnings: Vec<Warning> = Vec::new();
    loop {
        let error = match serde_path_to_error::deserialize::<_, T>(&rest) {
            Ok(value) => return Ok((value, Notes { rest, warnings: with_checked(warnings) })),
            Err(error) => error,
        };
        let steps = steps_of(error.path());
        let rule = error.inner().to_string();
        let broken = breakable(&rest, steps.clone(), atoms);
        if broken.is_empty() || warnings.len() >= BROKEN_PARTS_MAX {
            // What was left out before and turns out to be needed has its warning already.
            let path = write(&steps);
            match warnings.iter().position(|warning| warning.path == path) {
                Some(index) => {
                    let reason = warnings.remove(index);
                    warnings.push(reason);
                }
                None => warnings.push(Warning::loss(path, rule, &Value::Null)),
            }
            return Err(Rejected { raw: raw.clone(), warnings: with_checked(warnings) });
        }
        let Some(part) = step_into(&mut rest, &broken) else {
            return Err(Rejected { raw: raw.clone(), warnings: with_checked(warnings) });
        };
        warnings.push(Warning::loss(write(&broken), format!("{rule}: left out"), &part.take()));
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
    }
}

fn step_into<'a>(value: &'a mut Value, steps: &[Step]) -> Option<&'a mut Value> {
    steps.iter().try_fold(value, |value, step| match step {
        Step::Key(key) => value.get_mut(key),
        Step::Index(index) => value.get_mut(index),
    })
}

fn write(steps: &[Step]) -> String {
    let mut path = String::new();
    for step in steps {
        match step {
            Step::Key(key) if path.is_empty() => path.push_str(key),
            Step::Key(key) => path = format!("{path}.{key}"),
            Step::Index(index) => path = format!("{path}[{index}]"),
        }
    }
    path
}

/// Returns what stands at a path such as `evses[2].status`.
pub(crate) fn value_at<'a>(raw: &'a Value, path: &str) -> Option<&'a Value> {
    let steps = path.split(['.', '[']).map(|step| step.trim_end_matches(']')).filter(|step| !step.is_empty());
    steps.into_iter().try_fold(raw, |at, step| match at {
        Value::Array(items) => step.parse::<usize>().ok().and_then(|index| items.get(index)),
        _ => at.get(step),
    })
}
