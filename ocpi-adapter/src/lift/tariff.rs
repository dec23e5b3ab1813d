//! Tariffs.

use chrono::Weekday;
use headroom_domain::tariff::{EnergyPriceElement, Tariff};

use crate::wire::base::{List, Timestamp};
use crate::wire::tariffs as wire;

pub(crate) fn tariff(tariff: &Tariff) -> wire::Tariff {
    wire::Tariff {
        country_code: tariff.party.country_code().to_owned(),
        party_id: tariff.party.party_id().to_owned(),
        id: tariff.id.clone(),
        currency: tariff.currency.clone(),
        r#type: None,
        tariff_alt_text: List::default(),
        tariff_alt_url: None,
        min_price: None,
        max_price: None,
        elements: tariff.elements.iter().map(element).collect(),
        tax_included: Some(wire::TaxIncluded::No),
        start_date_time: tariff.valid_from.map(Timestamp),
        end_date_time: tariff.valid_until.map(Timestamp),
        energy_mix: None,
        last_updated: Some(Timestamp(tariff.last_updated)),
    }
}

fn element(element: &EnergyPriceElement) -> wire::TariffElement {
    let restrictions = wire::Restrictions {
        start_time: element.start_time.map(|time| time.format("%H:%M").to_string()),
        end_time: element.end_time.map(|time| time.format("%H:%M").to_string()),
        start_date: element.start_date.map(|date| date.to_string()),
        end_date: element.end_date.map(|date| date.to_string()),
        day_of_week: element.weekdays.iter().map(|day| weekday(*day)).collect(),
        ..wire::Restrictions::default()
    };
    wire::TariffElement {
        price_components: vec![wire::PriceComponent {
            r#type: wire::TariffDimension::Energy,
            price: element.price_per_kwh.as_per_kwh().into(),
            vat: None,
            step_size: Some(1_u32.into()),
        }]
        .into(),
        restrictions: (restrictions != wire::Restrictions::default()).then_some(restrictions),
    }
}

fn weekday(day: Weekday) -> wire::DayOfWeek {
    match day {
        Weekday::Mon => wire::DayOfWeek::Monday,
        Weekday::Tue => wire::DayOfWeek::Tuesday,
        Weekday::Wed => wire::DayOfWeek::Wednesday,
        Weekday::Thu => wire::DayOfWeek::Thursday,
        Weekday::Fri => wire::DayOfWeek::Friday,
        Weekday::Sat => wire::DayOfWeek::Saturday,
        Weekday::Sun => wire::DayOfWeek::Sunday,
    }
}
