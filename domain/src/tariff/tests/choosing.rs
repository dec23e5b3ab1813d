use super::*;
use crate::location::{Connector, Location, Place, Supply};
use crate::units::Voltage;

fn connector(tariff_ids: &[&str]) -> Connector {
    Connector {
        id: "1".to_owned(),
        supply: Supply::Dc,
        voltage_v: Voltage::from_v(400.0),
        maximum_current_a: Current::from_a(125.0),
        maximum_power_w: Power::from_kw(50.0),
        tariff_ids: tariff_ids.iter().map(ToString::to_string).collect(),
    }
}

fn location() -> Location {
    let text = String::new;
    Location {
        partner: PartnerId::new("cpo"),
        party: PartyId::new("NL", "STK"),
        id: "L1".to_owned(),
        name: text(),
        place: Place { address: text(), city: text(), country: text(), latitude: text(), longitude: text() },
        time_zone: Berlin,
        evses: Vec::new(),
        last_updated: start(),
    }
}

fn of_type(id: &str, tariff_type: Option<TariffType>) -> Tariff {
    Tariff { id: id.to_owned(), tariff_type, ..tariff(Vec::new()) }
}

fn chosen<'a>(ids: &[&str], tariffs: &'a [Tariff], wanted: TariffType) -> Option<&'a str> {
    choose(&location(), &connector(ids), tariffs, wanted, start()).map(|tariff| tariff.id.as_str())
}

const CHEAP: TariffType = TariffType::Profile(ProfileType::Cheap);
const FAST: TariffType = TariffType::Profile(ProfileType::Fast);
const GREEN: TariffType = TariffType::Profile(ProfileType::Green);
const REGULAR: TariffType = TariffType::Profile(ProfileType::Regular);

#[test]
fn line_74_a_connector_has_one_tariff_for_each_preference() {
    let types =
        [("cheap", CHEAP), ("fast", FAST), ("green", GREEN), ("regular", REGULAR), ("adhoc", TariffType::AdHoc)];
    let tariffs = types.map(|(id, one)| of_type(id, Some(one)));
    let ids = types.map(|(id, _)| id);
    for (id, wanted) in types {
        assert_eq!(chosen(&ids, &tariffs, wanted), Some(id));
    }
    assert_eq!(chosen(&ids[2..], &tariffs, CHEAP), Some("regular"), "no cheap tariff: no preference is in force");
    assert_eq!(chosen(&ids[..4], &tariffs, TariffType::AdHoc), None, "no price for those without a contract");
}

#[test]
fn line_74_a_tariff_without_a_type_holds_where_none_has_the_type() {
    let tariffs = [of_type("all", None), of_type("FAST", Some(FAST))];
    for wanted in [CHEAP, GREEN, REGULAR, TariffType::AdHoc] {
        assert_eq!(chosen(&["fast", "all"], &tariffs, wanted), Some("all"));
    }
    assert_eq!(chosen(&["fast", "all"], &tariffs, FAST), Some("FAST"), "ids differ in nothing but case");
}

#[test]
fn line_74_of_several_versions_the_latest_valid_one_holds_and_others_tariffs_do_not() {
    let day = TimeDelta::days(1);
    let from = |id: &str, from, until| Tariff { valid_from: from, valid_until: until, ..of_type(id, Some(REGULAR)) };
    let foreign = Tariff { party: PartyId::new("DE", "ALL"), ..from("foreign", Some(start()), None) };
    let tariffs = [
        from("old", None, None),
        from("now", Some(start() - day), Some(start() + day)),
        from("over", Some(start() - day), Some(start())),
        from("next", Some(start() + day), None),
        foreign,
    ];
    let ids = ["old", "now", "over", "next", "foreign"];
    assert_eq!(chosen(&ids, &tariffs, REGULAR), Some("now"));
    assert_eq!(chosen(&["old", "over"], &tariffs, REGULAR), Some("old"));
}
