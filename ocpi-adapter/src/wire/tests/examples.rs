//! Every official example: read as its class, checked, and written as it was.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{json_of, registry, standard};
use crate::received::Severity::{self, Deviation, Note};
use crate::version::Version;
use crate::wire::base::Timestamp;
use crate::wire::check::{Extent, check};
use crate::wire::{cdrs, credentials, locations, parking, sessions, tariffs, tokens, types, versions};

type Rewrite = fn(&Value) -> Result<Value, String>;

fn through<T: DeserializeOwned + Serialize>(sent: &Value) -> Result<Value, String> {
    let read: T = serde_path_to_error::deserialize(sent).map_err(|error| error.to_string())?;
    Ok(serde_json::to_value(read).unwrap())
}

/// Returns how an example of a class is read and written.
fn rewrite(class: &str) -> Rewrite {
    match class {
        "CDR" => through::<cdrs::Cdr>,
        "Connector" => through::<locations::Connector>,
        "Credentials" => through::<credentials::Credentials>,
        "Data" => through::<versions::VersionDetails>,
        "DisplayText" => through::<types::DisplayText>,
        "EVSE" => through::<locations::Evse>,
        "EnergyMix" => through::<types::EnergyMix>,
        "Hours" => through::<parking::Hours>,
        "Location" => through::<locations::Location>,
        "Session" => through::<sessions::Session>,
        "Tariff" => through::<tariffs::Tariff>,
        "Token" => through::<tokens::Token>,
        "Version" => through::<versions::Version>,
        class => panic!("no class {class}"),
    }
}

/// An official example.
struct Example {
    file: String,
    version: Version,
    class: String,
    /// The objects in it: one, or those of a list.
    objects: Vec<Value>,
    extent: Extent,
    /// What is wrong with it, as its index says.
    faults: Vec<(Severity, String)>,
}

fn examples() -> Vec<Example> {
    let Some(root) = standard() else { return Vec::new() };
    let index = json_of(root.join("INDEX.json"));
    let entries = index.as_array().unwrap().iter().filter_map(|entry| {
        let version = Version::parse(entry["version"].as_str()?).filter(|version| *version >= Version::V22)?;
        let (wrapping, class) = entry["class"].as_str()?.rsplit_once(':').unwrap_or(("", entry["class"].as_str()?));
        // The envelope of an error, which holds no object.
        if class == "Response" {
            return None;
        }
        let file = entry["file"].as_str().unwrap().to_owned();
        let content = json_of(root.join(&file));
        let faults = entry["schema_problems"].as_array().unwrap();
        Some(Example {
            version,
            objects: objects(wrapping, content),
            class: class.to_owned(),
            extent: if file.contains("_patch_") { Extent::Part } else { Extent::Whole },
            faults: faults.iter().map(|fault| fault_of(fault.as_str().unwrap())).collect(),
            file,
        })
    });
    entries.collect()
}

fn objects(wrapping: &str, content: Value) -> Vec<Value> {
    let inside = |list: Value| list.as_array().unwrap().clone();
    match wrapping {
        "" => vec![content],
        "LIST" => inside(content),
        "RESP" => vec![content["data"].clone()],
        "RESP*" => inside(content["data"].clone()),
        "WRAP" => content.as_object().unwrap().values().cloned().collect(),
        wrapping => panic!("no wrapping {wrapping}"),
    }
}

/// Reads a fault such as `$.connectors[0].power_type: required (1) field missing on Connector`.
fn fault_of(fault: &str) -> (Severity, String) {
    let (path, rule) = fault.split_once(": ").unwrap();
    let severity = if rule.starts_with("field not defined") { Note } else { Deviation };
    (severity, path.trim_start_matches("$.").to_owned())
}

#[test]
fn examples_have_the_faults_that_are_known_of_them_and_no_other() {
    let (classes, _) = registry();
    let mut counts: BTreeMap<Version, usize> = BTreeMap::new();
    for example in examples() {
        let mut found = Vec::new();
        for object in &example.objects {
            let warnings = check(object, classes[example.class.as_str()], example.version, example.extent);
            found.extend(warnings.into_iter().map(|warning| (warning.severity, warning.path)));
        }
        let mut expected = example.faults;
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{}", example.file);
        *counts.entry(example.version).or_default() += 1;
    }
    if !counts.is_empty() {
        assert_eq!(counts.into_values().collect::<Vec<_>>(), [60, 59, 61]);
    }
}

#[test]
fn examples_without_known_faults_are_written_as_they_were_read() {
    let whole = examples().into_iter().filter(|example| example.extent == Extent::Whole && example.faults.is_empty());
    for example in whole {
        for object in &example.objects {
            let written = rewrite(&example.class)(object).unwrap_or_else(|error| panic!("{}: {error}", example.file));
            assert_eq!(with_plain_times(written), with_plain_times(object.clone()), "{}", example.file);
        }
    }
}

#[test]
fn examples_with_known_faults_are_read_unless_they_are_of_no_use() {
    let faulty = examples().into_iter().filter(|example| example.extent == Extent::Whole && !example.faults.is_empty());
    for example in faulty {
        let read = rewrite(&example.class)(&example.objects[0]);
        // Its connector has no power, and a number stands where a text belongs.
        assert_eq!(read.is_err(), example.file.ends_with("location_put_example_add_evse.json"), "{read:?}");
    }
}

#[test]
fn the_example_that_is_no_json_is_refused_and_the_error_says_where() {
    let Some(root) = standard() else { return };
    let text = std::fs::read(root.join("invalid/2.2.1-2.3.0_hubclientinfo_put.txt")).unwrap();
    let error = serde_json::from_slice::<Value>(&text).unwrap_err();
    assert_eq!(error.to_string(), "trailing comma at line 6 column 1");
}

/// Writes all times alike: a missing `Z` and a fraction of nought say the same.
fn with_plain_times(mut value: Value) -> Value {
    match &mut value {
        Value::String(text) => {
            if let Some(at) = Timestamp::parse(text) {
                *text = at.to_string();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| *item = with_plain_times(item.take())),
        Value::Object(fields) => fields.values_mut().for_each(|field| *field = with_plain_times(field.take())),
        _ => {}
    }
    value
}
