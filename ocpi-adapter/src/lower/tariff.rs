//! Tariffs, whole: an element with a broken part is left out, never read without it.

use chrono::{DateTime, NaiveDate, NaiveTime, Weekday};
use headroom_domain::preference::ProfileType;
use headroom_domain::tariff::{
    Dimension, LocalHours, PriceComponent, PriceLimit, Reservation, Restrictions, Tariff, TariffElement, TariffType,
    TaxIncluded,
};
use headroom_domain::{Current, Energy, Money, PartyId, Power};
use serde_json::Value;

use super::{Notes, Origin, read};
use crate::received::{Received, Rejected, Severity};
use crate::version::Version;
use crate::wire::base::{Number, Timestamp};
use crate::wire::tariffs as wire;

/// What bears on prices: where a part of it is lost, costs are a guess.
const PRICES: [&str; 6] = ["elements", "min_price", "max_price", "tax_included", "start_date_time", "end_date_time"];

/// Why a part cannot be used: its path within the element, and the rule.
type Broken = (String, &'static str);

/// Reads a tariff. Elements that cannot be read whole are left out and warned of.
pub(crate) fn tariff(origin: Origin<'_>, raw: Value) -> Result<Received<Tariff>, Rejected> {
    let (read, mut notes) = read::read::<wire::Tariff>(&raw, &wire::Tariff::CLASS, origin, &["elements"])?;
    let Ok(tariff_type) = read.r#type.as_ref().map(tariff_type).transpose() else {
        return Err(notes.rejected(raw, "type", "no TariffType of OCPI: without it the tariff would hold for all"));
    };
    if notes.lost("type") {
        return Err(notes.rejected(raw, "type", "a text is needed: without it the tariff would hold for all"));
    }
    let paths = notes.elements("elements");
    let elements = read.elements.iter().zip(paths);
    let elements = elements.filter_map(|(element, path)| lower_element(element, &mut notes, &path)).collect();
    let minimum_price = read.min_price.as_ref().and_then(|limit| price_limit(limit, &mut notes, "min_price"));
    let maximum_price = read.max_price.as_ref().and_then(|limit| price_limit(limit, &mut notes, "max_price"));
    let tax_included = tax_included(&read, origin.version, &mut notes);
    let last_updated =
        notes.or_else(read.last_updated, "last_updated", "long ago", || Timestamp(DateTime::UNIX_EPOCH)).0;
    let value = Tariff {
        partner: origin.partner.clone(),
        party: PartyId::new(&read.country_code, &read.party_id),
        id: read.id,
        currency: read.currency,
        tariff_type,
        tax_included,
        minimum_price,
        maximum_price,
        valid_from: read.start_date_time.map(|at| at.0),
        valid_until: read.end_date_time.map(|at| at.0),
        elements,
        incomplete: PRICES.iter().any(|field| notes.lost(field)),
        last_updated,
    };
    Ok(notes.received(value, raw))
}

impl Notes {
    /// Tells whether something at or below a field was left out or guessed.
    fn lost(&self, field: &str) -> bool {
        let within = |path: &str| path.strip_prefix(field).is_some_and(|rest| rest.is_empty() || !is_name(rest));
        self.warnings.iter().any(|warning| warning.severity == Severity::Loss && within(&warning.path))
    }
}

fn is_name(rest: &str) -> bool {
    !rest.starts_with(['[', '.'])
}

fn tariff_type(wire: &wire::TariffType) -> Result<TariffType, ()> {
    match wire {
        wire::TariffType::AdHocPayment => Ok(TariffType::AdHoc),
        wire::TariffType::ProfileCheap => Ok(TariffType::Profile(ProfileType::Cheap)),
        wire::TariffType::ProfileFast => Ok(TariffType::Profile(ProfileType::Fast)),
        wire::TariffType::ProfileGreen => Ok(TariffType::Profile(ProfileType::Green)),
        wire::TariffType::Regular => Ok(TariffType::Profile(ProfileType::Regular)),
        wire::TariffType::Unlisted(_) => Err(()),
    }
}

/// Before 2.3.0 prices exclude VAT, and no field says so.
fn tax_included(read: &wire::Tariff, version: Version, notes: &mut Notes) -> Option<TaxIncluded> {
    if version < Version::V230 {
        return None;
    }
    match &read.tax_included {
        Some(wire::TaxIncluded::Yes) => Some(TaxIncluded::Yes),
        Some(wire::TaxIncluded::No) => Some(TaxIncluded::No),
        Some(wire::TaxIncluded::NotApplicable) => Some(TaxIncluded::NotApplicable),
        Some(wire::TaxIncluded::Unlisted(_)) => {
            notes.warn("tax_included", "YES, NO or N/A: taken as prices without VAT, as in OCPI 2.2.1");
            None
        }
        None => {
            notes.warn("tax_included", "required by OCPI 2.3.0 and absent: taken as prices without VAT");
            None
        }
    }
}

fn price_limit(limit: &wire::PriceLimit, notes: &mut Notes, path: &str) -> Option<PriceLimit> {
    let money = |number: Option<&Number>| number.and_then(|number| Money::try_new(number.get()).ok());
    let Some(before_tax) = money(limit.before_taxes.as_ref().or(limit.excl_vat.as_ref())) else {
        notes.warn(path, "an amount without taxes is needed: the limit is left out");
        return None;
    };
    Some(PriceLimit { before_tax, after_tax: money(limit.after_taxes.as_ref().or(limit.incl_vat.as_ref())) })
}

fn lower_element(element: &wire::TariffElement, notes: &mut Notes, path: &str) -> Option<TariffElement> {
    let restrictions = element.restrictions.as_ref().map_or_else(|| Ok(Restrictions::default()), lower_restrictions);
    let components = element.price_components.iter().enumerate();
    let components = components.map(|(index, component)| lower_component(component, index)).collect::<Result<_, _>>();
    match (components, restrictions) {
        (Ok(components), Ok(restrictions)) => {
            warn_of_steps(element, notes, path);
            warn_of_reservation(element, notes, path);
            Some(TariffElement { components, restrictions })
        }
        (Err((field, rule)), _) | (_, Err((field, rule))) => {
            notes.warn(format!("{path}.{field}"), format!("{rule}: the element is left out"));
            None
        }
    }
}

/// What no reservation has, an element for reservations cannot price (OCPI 2.2.1 §11.4.3).
fn warn_of_reservation(element: &wire::TariffElement, notes: &mut Notes, path: &str) {
    if element.restrictions.as_ref().is_none_or(|restrictions| restrictions.reservation.is_none()) {
        return;
    }
    for (index, component) in element.price_components.iter().enumerate() {
        if matches!(component.r#type, wire::TariffDimension::Energy | wire::TariffDimension::ParkingTime) {
            let path = format!("{path}.price_components[{index}].type");
            notes.warn(path, "a reservation has only FLAT and TIME: the component prices nothing");
        }
    }
}

fn warn_of_steps(element: &wire::TariffElement, notes: &mut Notes, path: &str) {
    for (index, component) in element.price_components.iter().enumerate() {
        if component.step_size.is_none() && component.r#type != wire::TariffDimension::Flat {
            let path = format!("{path}.price_components[{index}].step_size");
            notes.warn(path, "required by OCPI and absent: taken as 1");
        }
    }
}

fn lower_component(component: &wire::PriceComponent, index: usize) -> Result<PriceComponent, Broken> {
    let broken = |field: &str, rule| (format!("price_components[{index}].{field}"), rule);
    let dimension = match component.r#type {
        wire::TariffDimension::Energy => Dimension::Energy,
        wire::TariffDimension::Flat => Dimension::Flat,
        wire::TariffDimension::Time => Dimension::Time,
        wire::TariffDimension::ParkingTime => Dimension::ParkingTime,
        wire::TariffDimension::Unlisted(_) => return Err(broken("type", "no dimension such as ENERGY")),
    };
    let vat_percent = component.vat.as_ref().map(Number::get);
    if vat_percent.is_some_and(|vat| !(0.0..=100.0).contains(&vat)) {
        return Err(broken("vat", "no percentage from 0 to 100"));
    }
    let step_size = component.step_size.as_ref().map_or(1, Number::count);
    if component.step_size.as_ref().is_some_and(|step| step.get() < 0.0) {
        return Err(broken("step_size", "no step of 0 or more"));
    }
    let price = Money::try_new(component.price.get()).map_err(|_| broken("price", "no number"))?;
    Ok(PriceComponent { dimension, price, vat_percent, step_size })
}

fn lower_restrictions(wire: &wire::Restrictions) -> Result<Restrictions, Broken> {
    let broken = |field: &str, rule| (format!("restrictions.{field}"), rule);
    let level = |field, number: &Option<Number>, factor: f64| match number.as_ref().map(Number::get) {
        Some(value) if value < 0.0 || !(value * factor).is_finite() => Err(broken(field, "no number of 0 or more")),
        value => Ok(value.map(|value| value * factor)),
    };
    let seconds =
        |field, number: &Option<Number>| level(field, number, 1.0).map(|_| number.as_ref().map(Number::count));
    let time = |field, text: &Option<String>| time(text.as_deref()).ok_or(broken(field, "no time such as 13:30"));
    let date = |field, text: &Option<String>| date(text.as_deref()).ok_or(broken(field, "no date such as 2026-01-31"));
    let weekdays = wire.day_of_week.iter().map(weekday).collect::<Option<Vec<_>>>();
    let hours = LocalHours {
        start_time: time("start_time", &wire.start_time)?,
        end_time: time("end_time", &wire.end_time)?,
        start_date: date("start_date", &wire.start_date)?,
        end_date: date("end_date", &wire.end_date)?,
        weekdays: weekdays.ok_or(broken("day_of_week", "no day such as MONDAY"))?,
    };
    let reservation = match &wire.reservation {
        None => None,
        Some(wire::ReservationRestrictionType::Reservation) => Some(Reservation::Made),
        Some(wire::ReservationRestrictionType::ReservationExpires) => Some(Reservation::Expired),
        Some(wire::ReservationRestrictionType::Unlisted(_)) => {
            return Err(broken("reservation", "RESERVATION or RESERVATION_EXPIRES"));
        }
    };
    Ok(Restrictions {
        hours,
        minimum_energy_wh: level("min_kwh", &wire.min_kwh, 1000.0)?.map(Energy::from_wh),
        maximum_energy_wh: level("max_kwh", &wire.max_kwh, 1000.0)?.map(Energy::from_wh),
        minimum_current_a: level("min_current", &wire.min_current, 1.0)?.map(Current::from_a),
        maximum_current_a: level("max_current", &wire.max_current, 1.0)?.map(Current::from_a),
        minimum_power_w: level("min_power", &wire.min_power, 1000.0)?.map(Power::from_w),
        maximum_power_w: level("max_power", &wire.max_power, 1000.0)?.map(Power::from_w),
        minimum_duration_s: seconds("min_duration", &wire.min_duration)?,
        maximum_duration_s: seconds("max_duration", &wire.max_duration)?,
        reservation,
    })
}

/// Returns `None` for a text that is no time, `Some(None)` for no text.
#[expect(clippy::option_option, reason = "absent and broken differ")]
fn time(text: Option<&str>) -> Option<Option<NaiveTime>> {
    match text {
        None => Some(None),
        Some("24:00") => Some(Some(NaiveTime::MIN)),
        Some(text) => NaiveTime::parse_from_str(text, "%H:%M")
            .or_else(|_| NaiveTime::parse_from_str(text, "%H:%M:%S"))
            .ok()
            .map(Some),
    }
}

#[expect(clippy::option_option, reason = "absent and broken differ")]
fn date(text: Option<&str>) -> Option<Option<NaiveDate>> {
    text.map_or(Some(None), |text| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(Some))
}

fn weekday(day: &wire::DayOfWeek) -> Option<Weekday> {
    match day {
        wire::DayOfWeek::Monday => Some(Weekday::Mon),
        wire::DayOfWeek::Tuesday => Some(Weekday::Tue),
        wire::DayOfWeek::Wednesday => Some(Weekday::Wed),
        wire::DayOfWeek::Thursday => Some(Weekday::Thu),
        wire::DayOfWeek::Friday => Some(Weekday::Fri),
        wire::DayOfWeek::Saturday => Some(Weekday::Sat),
        wire::DayOfWeek::Sunday => Some(Weekday::Sun),
        wire::DayOfWeek::Unlisted(_) => None,
    }
}
