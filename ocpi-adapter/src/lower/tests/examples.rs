//! Every official example that we lower, in every version.

use super::*;
use crate::lower::location::{check_evse, location};
use crate::lower::{session::session, tariff::tariff};
use crate::wire::tests::{json_of, standard};

/// Returns the whole examples of a class: file, version, object.
fn examples(class: &str) -> Vec<(String, Version, Value)> {
    let Some(root) = standard() else { return Vec::new() };
    let index = json_of(root.join("INDEX.json"));
    let entries = index.as_array().unwrap().iter().filter(|entry| entry["class"] == class);
    let found = entries.filter_map(|entry| {
        let file = entry["file"].as_str().unwrap().to_owned();
        let version = Version::parse(entry["version"].as_str()?).filter(|_| !file.contains("_patch_"))?;
        let raw = json_of(root.join(&file));
        Some((file, version, raw))
    });
    found.collect()
}

const WH: [&str; 2] = ["charging_periods[0].dimensions[0].volume", "charging_periods[1].dimensions[0].volume"];

#[test]
fn sessions_are_read_and_those_that_count_in_wh_are_told() {
    for (file, version, raw) in examples("Session") {
        let received = lower_in(version, session, raw).unwrap();
        let expected = if file.ends_with("_2_short_finished.json") { &WH[..] } else { &[] };
        let expected: Vec<_> = expected.iter().map(|path| (Deviation, *path)).collect();
        assert_eq!(told(&received.warnings), expected, "{file}");
    }
}

#[test]
fn the_patch_that_counts_in_wh_is_told_once_it_is_merged() {
    let Some(root) = standard() else { return };
    for version in ["2.2", "2.2.1", "2.3.0"] {
        let sessions = root.join(version).join("sessions");
        let mut whole = json_of(sessions.join("session_example_1_simple_start.json"));
        let patch = json_of(sessions.join("session_patch_example_charging_period.json"));
        whole = with(whole, patch);
        let received = lower_in(Version::parse(version).unwrap(), session, whole).unwrap();
        assert_eq!(told(&received.warnings), [(Deviation, "charging_periods[0].dimensions[0].volume")]);
    }
}

#[test]
fn locations_are_read_without_a_word() {
    for (file, version, raw) in examples("Location") {
        let received = lower_in(version, location, raw).unwrap();
        assert_eq!(told(&received.warnings), [], "{file}");
    }
}

#[test]
fn tariffs_are_read_and_the_one_without_a_date_is_told() {
    for (file, version, raw) in examples("Tariff") {
        let received = lower_in(version, tariff, raw).unwrap();
        let found: Vec<_> =
            told(&received.warnings).into_iter().filter(|(_, path)| !path.starts_with("elements[")).collect();
        let expected =
            if file.ends_with("tariff_put_example.json") { vec![(Loss, "last_updated")] } else { Vec::new() };
        assert_eq!(found, expected, "{file}");
    }
}

#[test]
fn the_evse_whose_connector_has_no_power_is_of_no_use() {
    let faulty = examples("EVSE").into_iter().filter(|(file, ..)| file.ends_with("location_put_example_add_evse.json"));
    for (file, _, raw) in faulty {
        let rejected = lower_part(check_evse, &raw).unwrap_err();
        let expected = [(Loss, "connectors[0]"), (Note, "floor"), (Loss, "physical_reference"), (Loss, "connectors")];
        assert_eq!(told(&rejected.warnings), expected, "{file}");
    }
}
