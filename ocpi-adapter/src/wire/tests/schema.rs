//! Our tables against those of the standard.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{json_of, registry, standard};
use crate::version::Version;
use crate::wire::class::{Card, Class, Field, Kind, UNBOUNDED};

/// Where we differ on purpose, as `version place: the standard's / ours`.
const EXCEPTIONS: &[&str] = &[
    // Not a module of ours.
    "2.3.0 InvoiceReconciliationRecord: class / -",
    // The envelope is read by hand, because it may hold anything (`envelope`).
    "2.2 Response format: class / -",
    "2.2.1 Response format: class / -",
    "2.3.0 Response format: class / -",
    // Read and written as ActiveChargingProfileResult, which has their only field: what was asked says which it is.
    "2.2 ChargingProfileResult: class / -",
    "2.2.1 ChargingProfileResult: class / -",
    "2.3.0 ChargingProfileResult: class / -",
    "2.2 ClearProfileResult: class / -",
    "2.2.1 ClearProfileResult: class / -",
    "2.3.0 ClearProfileResult: class / -",
    // Later versions allow more; who sends it in 2.2 is understood.
    "2.2 CdrLocation.postal_code: string(10) 1 / string(10) ?",
    "2.2 Location.address: string(45) 1 / string(255) 1",
    "2.2 Location.state: string(20) ? / string(45) ?",
    "2.2 SignedData.public_key: CiString(512) ? / string(512) ?",
    "2.2 SignedData.url: CiString(512) ? / string(512) ?",
    "2.2 SignedValue.plain_data: CiString(512) 1 / string(5000) 1",
    "2.2 SignedValue.signed_data: CiString(512) 1 / string(5000) 1",
    // A Price before 2.3.0: the same fields under another name.
    "2.2 PriceLimit: - / class",
    "2.2 Tariff.max_price: Price ? / PriceLimit ?",
    "2.2 Tariff.min_price: Price ? / PriceLimit ?",
    "2.2.1 PriceLimit: - / class",
    "2.2.1 Tariff.max_price: Price ? / PriceLimit ?",
    "2.2.1 Tariff.min_price: Price ? / PriceLimit ?",
    // Hubs go on calling themselves so.
    "2.3.0 Role: - / HUB",
];

#[test]
fn classes_fields_types_lengths_cardinalities_and_enums_are_those_of_the_standard() {
    let Some(root) = standard() else { return };
    let mut found = BTreeSet::new();
    for version in [Version::V22, Version::V221, Version::V230] {
        let schema = json_of(root.join(format!("schema-{version}.json")));
        let mut differ = |place: &str, theirs: Option<String>, ours: Option<String>| {
            if theirs != ours {
                let [theirs, ours] = [theirs, ours].map(|said| said.unwrap_or_else(|| "-".to_owned()));
                found.insert(format!("{version} {place}: {theirs} / {ours}"));
            }
        };
        compare_classes(&schema["classes"], version, &mut differ);
        compare_enums(&schema["enums"], version, &mut differ);
    }
    let expected: BTreeSet<_> = EXCEPTIONS.iter().map(|line| (*line).to_owned()).collect();
    let unexpected: Vec<_> = found.symmetric_difference(&expected).collect();
    assert!(unexpected.is_empty(), "{unexpected:#?}");
}

type Differ<'a> = &'a mut dyn FnMut(&str, Option<String>, Option<String>);

fn compare_classes(schema: &Value, version: Version, differ: Differ<'_>) {
    let (classes, _) = registry();
    // A class of which no field is in a version is not in it.
    let ours = |name: &str| classes.get(name).copied().filter(|class| is_in(class, version));
    let class_names = schema.as_object().unwrap().keys().map(String::as_str);
    let names: BTreeSet<&str> = class_names.chain(classes.keys().copied()).collect();
    for name in names {
        let (theirs, ours) = (schema.get(name), ours(name));
        let (Some(theirs), Some(ours)) = (theirs, ours) else {
            differ(name, theirs.map(|_| "class".to_owned()), ours.map(|_| "class".to_owned()));
            continue;
        };
        let theirs = theirs["fields"].as_object().unwrap();
        let field_of = |name: &str| {
            let field = ours.fields.iter().find(|field| field.name == name);
            field.filter(|field| field.versions.contain(version))
        };
        let fields: BTreeSet<&str> =
            theirs.keys().map(String::as_str).chain(ours.fields.iter().map(|f| f.name)).collect();
        for field in fields {
            let said = theirs
                .get(field)
                .map(|field| format!("{} {}", type_of(&field["type"]), field["card"].as_str().unwrap()));
            differ(&format!("{name}.{field}"), said, field_of(field).map(write));
        }
    }
}

/// Classes that 2.3.0 brought have no fields of their own versions: they are reached by fields that have.
fn is_in(class: &Class, version: Version) -> bool {
    const NEW_IN_230: [&str; 3] = ["EVSEParking", "Parking", "TaxAmount"];
    version >= Version::V230 || !NEW_IN_230.contains(&class.name)
}

fn compare_enums(schema: &Value, version: Version, differ: Differ<'_>) {
    const NEW_IN_230: [&str; 5] =
        ["ConnectorCapability", "EVSEPosition", "ParkingDirection", "TaxIncluded", "VehicleType"];
    let (_, enums) = registry();
    let names = schema.as_object().unwrap().keys().map(String::as_str).chain(enums.keys().copied());
    for name in names.collect::<BTreeSet<_>>() {
        let ours = enums.get(name).filter(|_| version >= Version::V230 || !NEW_IN_230.contains(&name));
        let (Some(theirs), Some(ours)) = (schema.get(name), ours) else {
            differ(name, schema.get(name).map(|_| "enum".to_owned()), ours.map(|_| "enum".to_owned()));
            continue;
        };
        let is_open = |open: bool| Some(format!("open {open}"));
        differ(name, is_open(theirs["open"].as_bool().unwrap()), is_open(ours.open && version >= Version::V230));
        let theirs: BTreeSet<&str> =
            theirs["values"].as_array().unwrap().iter().map(|value| value.as_str().unwrap()).collect();
        let listed = ours.values.iter().filter(|(_, since)| *since <= version);
        let ours: BTreeSet<&str> = listed.map(|(value, _)| *value).collect();
        for value in theirs.symmetric_difference(&ours) {
            let only = |set: &BTreeSet<&str>| set.get(value).map(|value| (*value).to_owned());
            differ(name, only(&theirs), only(&ours));
        }
    }
}

/// The tables spell some types in several ways.
fn type_of(spelled: &Value) -> String {
    let spelled = spelled.as_str().unwrap().replace('[', "(").replace(']', ")").replace("String(", "string(");
    let spelled = spelled.replace("Cistring(", "CiString(");
    if spelled.starts_with("int(") { "int".to_owned() } else { spelled }
}

fn write(field: &Field) -> String {
    let kind = match field.kind {
        Kind::CiString(UNBOUNDED) => "CiString".to_owned(),
        Kind::CiString(length) => format!("CiString({length})"),
        Kind::Text(UNBOUNDED) => "string".to_owned(),
        Kind::Text(length) => format!("string({length})"),
        Kind::Url => "URL".to_owned(),
        Kind::DateTime => "DateTime".to_owned(),
        Kind::Number => "number".to_owned(),
        Kind::Int => "int".to_owned(),
        Kind::Boolean => "boolean".to_owned(),
        Kind::Enum(listed) => listed.name.to_owned(),
        Kind::Class(class) => class.name.to_owned(),
    };
    let card = match field.card {
        Card::One => "1",
        Card::Optional => "?",
        Card::Any => "*",
        Card::Some => "+",
    };
    format!("{kind} {card}")
}
