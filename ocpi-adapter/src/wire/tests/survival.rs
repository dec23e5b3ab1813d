//! What nobody knows survives.

use chrono::DateTime;
use headroom_domain::PartnerId;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::lower::Origin;
use crate::lower::location::location;
use crate::partner::Dialect;
use crate::received::Severity;
use crate::version::Version;
use crate::wire::locations::{Capability, Evse};
use crate::wire::sessions::Session;

proptest! {
    #[test]
    fn words_that_no_enum_lists_are_written_as_they_were_read(word in "[A-Z][A-Z0-9_]{2,30}_NEW") {
        let session = json!({
            "country_code": "NL", "party_id": "STK", "id": "101", "start_date_time": "2026-03-09T10:17:09Z", "kwh": 1.5,
            "auth_method": word, "location_id": "L", "currency": "EUR", "status": word,
            "cdr_token": { "uid": "1", "type": word, "contract_id": "C" },
            "charging_periods": [
                { "start_date_time": "2026-03-09T10:17:09Z", "dimensions": [{ "type": word, "volume": 0.25 }] }
            ],
            "last_updated": "2026-03-09T11:17:09Z"
        });
        let read: Session = serde_json::from_value(session.clone()).unwrap();
        prop_assert_eq!(serde_json::to_value(read).unwrap(), session);
        let evse = json!({ "uid": "1", "status": word, "capabilities": [word, "RESERVABLE"] });
        let read: Evse = serde_json::from_value(evse.clone()).unwrap();
        prop_assert_eq!(&read.capabilities[0], &Capability::Unlisted(word));
        prop_assert_eq!(serde_json::to_value(read).unwrap(), evse);
    }

    #[test]
    fn numbers_keep_their_value_to_the_last_digit(volume in any::<f64>().prop_filter("finite", |v| v.is_finite())) {
        let dimension = json!({ "type": "ENERGY", "volume": volume });
        let read: crate::wire::sessions::CdrDimension = serde_json::from_value(dimension.clone()).unwrap();
        prop_assert_eq!(serde_json::to_value(read).unwrap(), dimension);
    }

    #[test]
    fn fields_that_nobody_knows_stay_in_the_raw_object_and_are_notes(
        fields in prop::collection::btree_map("x_[a-z_]{1,20}", any::<i64>(), 0..6),
        of_evse in prop::collection::btree_map("x_[a-z_]{1,20}", "\\PC{0,40}", 0..6),
    ) {
        let connector = json!({
            "id": "1", "standard": "MCS_NEW", "format": "CABLE", "power_type": "DC", "max_voltage": 900,
            "max_amperage": 3000, "last_updated": "2026-03-09T11:17:09Z"
        });
        let mut evse = json!({
            "uid": "E", "status": "AVAILABLE", "connectors": [connector], "last_updated": "2026-03-09T11:17:09Z"
        });
        let mut sent = json!({
            "country_code": "NL", "party_id": "STK", "id": "L", "publish": true, "address": "Street 1", "city": "Delft",
            "country": "NLD", "coordinates": { "latitude": "52.00000", "longitude": "4.36000" },
            "time_zone": "Europe/Amsterdam", "last_updated": "2026-03-09T11:17:09Z"
        });
        for (name, value) in &of_evse {
            evse[name.as_str()] = value.as_str().into();
        }
        for (name, value) in &fields {
            sent[name.as_str()] = (*value).into();
        }
        sent["evses"] = json!([evse]);
        let (partner, dialect) = (PartnerId::new("p"), Dialect::default());
        let now = DateTime::UNIX_EPOCH;
        let origin = Origin { partner: &partner, dialect: &dialect, version: Version::V230, owner: None, now };
        let received = location(origin, sent.clone()).unwrap();
        prop_assert_eq!(received.raw, sent);
        prop_assert_eq!(received.warnings.len(), fields.len() + of_evse.len());
        prop_assert!(received.warnings.iter().all(|warning| warning.severity == Severity::Note));
    }

    #[test]
    fn reading_never_panics_and_says_why_it_refuses(mut changes in prop::collection::vec((any_place(), any_json()), 1..4)) {
        let mut sent = json!({
            "country_code": "NL", "party_id": "STK", "id": "L", "publish": true, "address": "Street 1", "city": "Delft",
            "country": "NLD", "coordinates": { "latitude": "52.00000", "longitude": "4.36000" },
            "time_zone": "Europe/Amsterdam", "last_updated": "2026-03-09T11:17:09Z", "evses": [{
                "uid": "E", "status": "AVAILABLE", "last_updated": "2026-03-09T11:17:09Z", "connectors": [{
                    "id": "1", "standard": "CHADEMO", "format": "CABLE", "power_type": "DC", "max_voltage": 900,
                    "max_amperage": 100, "last_updated": "2026-03-09T11:17:09Z"
                }]
            }]
        });
        for (place, value) in changes.drain(..) {
            if let Some(part) = sent.pointer_mut(place) {
                *part = value;
            }
        }
        let (partner, dialect) = (PartnerId::new("p"), Dialect::default());
        for version in Version::ALL {
            let now = DateTime::UNIX_EPOCH;
            let origin = Origin { partner: &partner, dialect: &dialect, version, owner: None, now };
            match location(origin, sent.clone()) {
                Ok(received) => prop_assert_eq!(&received.raw, &sent),
                Err(rejected) => prop_assert!(!rejected.reason().is_empty() && rejected.raw == sent),
            }
        }
    }
}

fn any_place() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "",
        "/id",
        "/coordinates",
        "/coordinates/latitude",
        "/evses",
        "/evses/0",
        "/evses/0/uid",
        "/last_updated",
        "/evses/0/connectors",
        "/evses/0/connectors/0",
        "/evses/0/connectors/0/max_voltage",
        "/time_zone",
    ])
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,30}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("(id|uid|[a-z]{1,8})", inner, 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}
