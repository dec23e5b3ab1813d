//! Tokens and charge detail records.

use chrono::TimeDelta;
use headroom_domain::preference::ProfileType;
use headroom_domain::{Energy, Money, PartyId};

use super::*;
use crate::lower::cdr::cdr;
use crate::lower::token::token;
use crate::roaming::{Cdr, Cost, Dimension, TokenKind, Whitelist};
use crate::wire::tests::standard;

fn read<T>(lower: Lower<T>, path: &str, version: Version) -> Option<Received<T>> {
    let text = std::fs::read_to_string(standard()?.join(path)).unwrap();
    let (partner, dialect) = (PartnerId::new("p"), Dialect::default());
    let origin = Origin { partner: &partner, dialect: &dialect, version, owner: None, now: now() };
    Some(lower(origin, serde_json::from_str(&text).unwrap()).unwrap())
}

#[test]
fn the_official_tokens_are_read_whole() {
    for (folder, version) in [("2.2.1", Version::V221), ("2.3.0", Version::V230)] {
        let path = format!("{folder}/tokens/token_example_2_full_rfid.json");
        let Some(full) = read(token, &path, version) else { return };
        assert_eq!((full.value.key.kind, full.value.whitelist), (TokenKind::Rfid, Whitelist::Allowed));
        assert_eq!(full.value.default_profile_type, Some(ProfileType::Green));
        let path = format!("{folder}/tokens/token_example_1_app_user.json");
        let Some(app) = read(token, &path, version) else { return };
        assert_eq!((app.value.key.kind, full.warnings.len() + app.warnings.len()), (TokenKind::AppUser, 0));
    }
}

#[test]
fn the_official_records_say_the_same_in_both_versions() {
    let cdr_of = |folder: &str, version| read(cdr, &format!("{folder}/cdrs/cdr_example.json"), version);
    let Some((old, new)) = cdr_of("2.2.1", Version::V221).zip(cdr_of("2.3.0", Version::V230)) else { return };
    let Cdr { energy_wh, duration, total_cost, periods, tariff_ids, key, .. } = &old.value;
    assert_eq!((key.party.clone(), key.id.as_str()), (PartyId::new("BE", "BEC"), "12345"));
    assert_eq!((*energy_wh, tariff_ids.as_slice()), (Energy::from_kwh(15.342), &["12".to_owned()][..]));
    assert_eq!(*duration, TimeDelta::milliseconds(7_102_800));
    let expected = Cost { before_tax: Money::from_amount(4.0), after_tax: Some(Money::from_amount(4.4)) };
    assert_eq!((*total_cost, new.value.total_cost), (Some(expected), Some(expected)));
    assert_eq!(periods[0].measures[0].dimension, Dimension::Time);
}

#[test]
fn a_record_of_the_field_is_read_and_what_it_lacks_is_said() {
    let Some(seen) = read(cdr, "observed/mockhub_cdr_push.json", Version::V221) else { return };
    assert_eq!(seen.value.energy_wh, Energy::from_kwh(41.26));
    assert_eq!(seen.value.token.unwrap().party, None);
    assert_eq!(seen.value.place.unwrap().city, "#NA");
    assert!(paths(&seen.warnings).contains(&"cdr_location.coordinates"));
}

#[test]
fn a_token_whose_whitelist_is_no_word_is_always_asked_about() {
    let raw = json!({ "country_code": "NL", "party_id": "MSP", "uid": "1", "type": "BRAIN", "contract_id": "C",
                      "issuer": "I", "valid": true, "whitelist": "MAYBE", "last_updated": "2026-03-09T11:00:00Z" });
    let read = lower(token, raw).unwrap();
    assert_eq!(
        (read.value.whitelist, read.value.key.kind),
        (Whitelist::Never, TokenKind::Unlisted("BRAIN".to_owned()))
    );
    assert_eq!(paths(&read.warnings), ["type", "whitelist"]);
}
