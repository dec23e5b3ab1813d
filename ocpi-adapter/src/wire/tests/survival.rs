//! What nobody knows survives.

use proptest::prelude::*;
use serde_json::{Value, json};

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
    fn no_object_makes_reading_or_checking_fail_badly(text in "\\PC{0,40}", number in any::<i64>(), depth in 0_usize..4) {
        let leaf = [Value::Null, text.clone().into(), number.into(), json!([]), json!({ "a": text })];
        for leaf in leaf {
            let nested = (0..depth).fold(leaf, |inside, _| json!([inside]));
            let object = json!({ "id": nested, "evses": nested, "coordinates": nested, "last_updated": nested });
            let class = crate::wire::locations::Location::CLASS;
            let extent = crate::wire::check::Extent::Whole;
            let warnings = crate::wire::check::check(&object, &class, crate::version::Version::V221, extent);
            prop_assert!(!warnings.is_empty());
        }
    }
}
