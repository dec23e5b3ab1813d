//! Tariffs.

use chrono::Weekday;
use headroom_domain::preference::ProfileType;
use headroom_domain::tariff::{
    Dimension, PriceComponent, PriceLimit, Reservation, Restrictions, Tariff, TariffElement, TariffType, TaxIncluded,
};
use headroom_domain::{Current, Energy, Money, Power};

use crate::version::Version;
use crate::wire::base::{List, Number, Timestamp};
use crate::wire::tariffs as wire;

/// Writes a tariff as a version has it: before 2.3.0 prices exclude VAT, which is taken out of prices that include it.
/// Where they include a tax that is not stated they stay as they are, without VAT, so that what is paid is right.
pub(crate) fn tariff(tariff: &Tariff, version: Version) -> wire::Tariff {
    let included = tariff.tax_included;
    wire::Tariff {
        country_code: tariff.party.country_code().to_owned(),
        party_id: tariff.party.party_id().to_owned(),
        id: tariff.id.clone(),
        currency: tariff.currency.clone(),
        r#type: tariff.tariff_type.map(tariff_type),
        tariff_alt_text: List::default(),
        tariff_alt_url: None,
        min_price: tariff.minimum_price.map(|limit| price_limit(limit, version)),
        max_price: tariff.maximum_price.map(|limit| price_limit(limit, version)),
        elements: tariff.elements.iter().map(|one| element(one, included, version)).collect(),
        tax_included: (version >= Version::V230).then(|| tax_included(included)),
        start_date_time: tariff.valid_from.map(Timestamp),
        end_date_time: tariff.valid_until.map(Timestamp),
        energy_mix: None,
        last_updated: Some(Timestamp(tariff.last_updated)),
    }
}

fn tariff_type(tariff_type: TariffType) -> wire::TariffType {
    match tariff_type {
        TariffType::AdHoc => wire::TariffType::AdHocPayment,
        TariffType::Profile(ProfileType::Cheap) => wire::TariffType::ProfileCheap,
        TariffType::Profile(ProfileType::Fast) => wire::TariffType::ProfileFast,
        TariffType::Profile(ProfileType::Green) => wire::TariffType::ProfileGreen,
        TariffType::Profile(ProfileType::Regular) => wire::TariffType::Regular,
    }
}

fn tax_included(included: Option<TaxIncluded>) -> wire::TaxIncluded {
    match included {
        Some(TaxIncluded::Yes) => wire::TaxIncluded::Yes,
        Some(TaxIncluded::NotApplicable) => wire::TaxIncluded::NotApplicable,
        Some(TaxIncluded::No) | None => wire::TaxIncluded::No,
    }
}

fn price_limit(limit: PriceLimit, version: Version) -> wire::PriceLimit {
    let (before, after) = (Some(number(limit.before_tax)), limit.after_tax.map(number));
    let none = wire::PriceLimit { before_taxes: None, after_taxes: None, excl_vat: None, incl_vat: None };
    if version >= Version::V230 {
        wire::PriceLimit { before_taxes: before, after_taxes: after, ..none }
    } else {
        wire::PriceLimit { excl_vat: before, incl_vat: after, ..none }
    }
}

fn element(element: &TariffElement, included: Option<TaxIncluded>, version: Version) -> wire::TariffElement {
    let restrictions = restrictions(&element.restrictions);
    wire::TariffElement {
        price_components: element.components.iter().map(|one| component(one, included, version)).collect(),
        restrictions: (restrictions != wire::Restrictions::default()).then_some(restrictions),
    }
}

fn component(component: &PriceComponent, included: Option<TaxIncluded>, version: Version) -> wire::PriceComponent {
    let price = component.price.as_amount();
    let (price, vat) = match (included, component.vat_percent) {
        (Some(TaxIncluded::Yes), Some(vat)) if version < Version::V230 => (price / (1.0 + vat / 100.0), Some(vat)),
        (Some(TaxIncluded::NotApplicable), _) => (price, None),
        (_, vat) => (price, vat),
    };
    wire::PriceComponent {
        r#type: match component.dimension {
            Dimension::Energy => wire::TariffDimension::Energy,
            Dimension::Flat => wire::TariffDimension::Flat,
            Dimension::Time => wire::TariffDimension::Time,
            Dimension::ParkingTime => wire::TariffDimension::ParkingTime,
        },
        price: exact(price),
        vat: vat.map(exact),
        step_size: Some(component.step_size.into()),
    }
}

fn restrictions(of: &Restrictions) -> wire::Restrictions {
    let hours = &of.hours;
    let kwh = |energy: Energy| exact(energy.as_kwh());
    let kw = |power: Power| exact(power.as_kw());
    let amperes = |current: Current| exact(current.as_a());
    wire::Restrictions {
        start_time: hours.start_time.map(|time| time.format("%H:%M").to_string()),
        end_time: hours.end_time.map(|time| time.format("%H:%M").to_string()),
        start_date: hours.start_date.map(|date| date.to_string()),
        end_date: hours.end_date.map(|date| date.to_string()),
        min_kwh: of.minimum_energy_wh.map(kwh),
        max_kwh: of.maximum_energy_wh.map(kwh),
        min_current: of.minimum_current_a.map(amperes),
        max_current: of.maximum_current_a.map(amperes),
        min_power: of.minimum_power_w.map(kw),
        max_power: of.maximum_power_w.map(kw),
        min_duration: of.minimum_duration_s.map(Number::from),
        max_duration: of.maximum_duration_s.map(Number::from),
        day_of_week: hours.weekdays.iter().map(|day| weekday(*day)).collect(),
        reservation: of.reservation.map(|reservation| match reservation {
            Reservation::Made => wire::ReservationRestrictionType::Reservation,
            Reservation::Expired => wire::ReservationRestrictionType::ReservationExpires,
        }),
    }
}

fn number(money: Money) -> Number {
    exact(money.as_amount())
}

/// Writes a number without the dust of floating point; four decimals are asked for, prices may need more.
fn exact(value: f64) -> Number {
    ((value * 1e9).round() / 1e9).into()
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
