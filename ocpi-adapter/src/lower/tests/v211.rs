//! 2.1.1, by its own examples.

use headroom_domain::session::SessionStatus;
use headroom_domain::{Energy, Power};

use super::*;
use crate::lower::location::{check_evse, location};
use crate::lower::{read::read, session::session, tariff::tariff};
use crate::partner;
use crate::platform::v211::read as credentials;
use crate::version::Version::V211;
use crate::wire::cdrs::Cdr;
use crate::wire::credentials::Role;
use crate::wire::tests::{json_of, standard};
use crate::wire::versions::{Version as Listed, VersionDetails};

fn example(name: &str) -> Option<Value> {
    standard().map(|root| json_of(root.join("2.1.1").join(name)))
}

#[test]
fn a_location_of_2_1_1_is_read_and_belongs_to_its_sender() {
    let Some(raw) = example("mod_locations/line0431.json") else { return };
    let received = lower_in(V211, location, raw.clone()).unwrap();
    assert_eq!(told(&received.warnings), [(Loss, "time_zone")]);
    assert_eq!(received.raw, raw, "the raw object stays as it was sent");
    let value = received.value;
    assert_eq!((value.party.to_string().as_str(), value.name.as_str(), value.evses.len()), ("NL-EXA", "Gent Zuid", 2));
    let connector = &value.evses[0].connectors[0];
    assert_eq!((connector.maximum_power_w, &connector.tariff_ids), (Power::from_w(10_560.0), &vec!["11".to_owned()]));
}

#[test]
fn sessions_of_2_1_1_are_read_and_warned_of_in_their_own_words() {
    let Some(raw) = example("mod_sessions/line0327.json") else { return };
    let received = lower_in(V211, session, raw.clone()).unwrap();
    let expected = ["charging_periods[0].dimensions[0].volume", "charging_periods[1].dimensions[0].volume"];
    assert_eq!(told(&received.warnings), expected.map(|path| (Deviation, path)));
    let value = received.value;
    assert_eq!((value.location_id.as_str(), value.evse_uid.as_deref()), ("LOC1", Some("3256")));
    assert_eq!((value.connector_id.as_deref(), value.status), (Some("1"), SessionStatus::Completed));
    assert_eq!((value.energy_wh, value.ended_at.is_some()), (Energy::from_kwh(41.0), true));
    assert_eq!(lower_in(V211, session, example("mod_sessions/line0244.json").unwrap()).unwrap().warnings, []);

    let broken = with(raw.clone(), json!({ "end_datetime": "never", "total_cost": "much", "auth_id": 7, "color": 1 }));
    let broken = lower_in(V211, session, broken).unwrap().warnings;
    let expected = [(Loss, "auth_id"), (Note, "color"), (Loss, "end_datetime"), (Loss, "total_cost")];
    let found = told(&broken).into_iter().filter(|(_, path)| !path.starts_with("charging_periods"));
    assert_eq!(found.collect::<Vec<_>>(), expected);
    let rejected = lower_in(V211, session, with(raw, json!({ "start_datetime": null }))).unwrap_err();
    assert_eq!(rejected.reason(), "start_datetime: required by OCPI: absent");
}

#[test]
fn a_session_of_2_1_1_without_a_known_sender_is_rejected() {
    let Some(raw) = example("mod_sessions/line0244.json") else { return };
    let (partner, dialect) = (PartnerId::new("cpo-1"), Dialect::default());
    let rejected = session(Origin { version: V211, ..origin(&partner, &dialect) }, raw).unwrap_err();
    assert_eq!(rejected.warnings.last().unwrap().path, "country_code");
}

#[test]
fn a_cdr_of_2_1_1_is_read() {
    let Some(raw) = example("mod_cdrs/line0249.json") else { return };
    let (partner, dialect, owner) = (PartnerId::new("cpo-1"), Dialect::default(), PartyId::new("NL", "EXA"));
    let origin = Origin { version: V211, owner: Some(&owner), ..origin(&partner, &dialect) };
    let (cdr, notes) = read::<Cdr>(&raw, &Cdr::CLASS, origin, &[]).unwrap();
    assert_eq!((cdr.country_code.as_str(), cdr.total_energy), ("NL", 15.342.into()));
    assert_eq!(cdr.total_cost.unwrap().excl_vat.unwrap().get().to_string(), "4");
    assert_eq!(cdr.cdr_token.unwrap().contract_id.as_deref(), Some("DE8ACC12E46L89"));
    let place = cdr.cdr_location.unwrap();
    assert_eq!((place.evse_uid.as_deref(), place.connector_id.as_deref()), (Some("3256"), Some("1")));
    let received = notes.received((), raw);
    // The example puts a price into quotes.
    assert_eq!(told(&received.warnings), [(Deviation, "tariffs[0].elements[0].price_components[0].price")]);
}

#[test]
fn tariffs_of_2_1_1_are_read() {
    let names = ["line0293", "line0309", "line0333", "line0359", "line0427"];
    for name in names {
        let Some(raw) = example(&format!("mod_tariffs/{name}.json")) else { return };
        let received = lower_in(V211, tariff, raw).unwrap();
        assert!(received.warnings.iter().all(|warning| warning.path.starts_with("elements[")), "{name}");
        assert_eq!(received.value.party, PartyId::new("NL", "EXA"));
    }
}

#[test]
fn an_evse_of_2_1_1_is_checked_in_its_own_words() {
    let Some(raw) = example("mod_locations/line0328.json") else { return };
    let (partner, dialect) = (PartnerId::new("cpo-1"), Dialect::default());
    let rejected = check_evse(Origin { version: V211, ..origin(&partner, &dialect) }, &raw).unwrap_err();
    let expected = [
        (Loss, "connectors[0]"),
        (Loss, "floor_level"),
        (Deviation, "last_updated"),
        (Loss, "physical_reference"),
        (Loss, "connectors"),
    ];
    assert_eq!(told(&rejected.warnings), expected);
}

#[test]
fn credentials_versions_and_details_of_2_1_1_are_read() {
    let Some(raw) = example("credentials/line0094.json") else { return };
    let parties = credentials(&raw, V211, &partner::Role::Scsp).unwrap().roles;
    assert_eq!((parties.len(), &parties[0].role), (1, &Role::Cpo));
    assert_eq!((parties[0].country_code.as_str(), parties[0].party_id.as_str()), ("NL", "EXA"));
    let raw = example("version_information_endpoint/line0049.json").unwrap();
    let versions: Vec<Listed> = serde_json::from_value(raw).unwrap();
    assert_eq!(Version::parse(versions[0].version.as_str()), Some(V211));
    let raw = example("version_information_endpoint/line0150.json").unwrap();
    let details: VersionDetails = serde_json::from_value(raw).unwrap();
    assert!(details.endpoints.iter().all(|endpoint| endpoint.role.is_none()));
}
