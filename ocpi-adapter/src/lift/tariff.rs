//! Tariffs.

use chrono::Weekday;
use headroom_domain::tariff::{EnergyPriceElement, Tariff};

use crate::wire::base::Timestamp;
use crate::wire::v221::tariffs as wire;

pub(crate) fn tariff(tariff: &Tariff) -> wire::Tariff {
    wire::Tariff {
        country_code: tariff.party.country_code().to_owned(),
        party_id: tariff.party.party_id().to_owned(),
        id: tariff.id.clone(),
        currency: tariff.currency.clone(),
        elements: tariff.elements.iter().map(element).collect(),
        start_date_time: tariff.valid_from.map(Timestamp),
        end_date_time: tariff.valid_until.map(Timestamp),
        last_updated: Timestamp(tariff.last_updated),
    }
}

fn element(element: &EnergyPriceElement) -> wire::TariffElement {
    let restrictions = wire::Restrictions {
        start_time: element.start_time.map(|time| time.format("%H:%M").to_string()),
        end_time: element.end_time.map(|time| time.format("%H:%M").to_string()),
        start_date: element.start_date.map(|date| date.to_string()),
        end_date: element.end_date.map(|date| date.to_string()),
        day_of_week: element.weekdays.iter().map(|day| weekday(*day).to_owned()).collect(),
        ..wire::Restrictions::default()
    };
    wire::TariffElement {
        price_components: vec![wire::PriceComponent {
            kind: wire::TariffDimension::Energy,
            price: element.price_per_kwh.as_per_kwh(),
            step_size: Some(1),
        }],
        restrictions: (restrictions != wire::Restrictions::default()).then_some(restrictions),
    }
}

fn weekday(day: Weekday) -> &'static str {
    match day {
        Weekday::Mon => "MONDAY",
        Weekday::Tue => "TUESDAY",
        Weekday::Wed => "WEDNESDAY",
        Weekday::Thu => "THURSDAY",
        Weekday::Fri => "FRIDAY",
        Weekday::Sat => "SATURDAY",
        Weekday::Sun => "SUNDAY",
    }
}
