//! Tariffs: the price of energy and when it holds.

use chrono::{DateTime, NaiveDate, NaiveTime, Weekday};
use headroom_domain::tariff::{EnergyPriceElement, Tariff};
use headroom_domain::{EnergyPrice, PartyId};
use serde_json::Value;

use super::{Notes, Origin, read};
use crate::received::{Received, Rejected};
use crate::wire::base::Timestamp;
use crate::wire::tariffs::{self as wire, TariffDimension};

/// Reads a tariff. Elements that are no plain price of energy over time are left out and warned of.
pub(crate) fn tariff(origin: Origin<'_>, raw: Value) -> Result<Received<Tariff>, Rejected> {
    let (read, mut notes) = read::read::<wire::Tariff>(&raw, &wire::Tariff::CLASS, origin, &["elements"])?;
    let paths = notes.elements("elements");
    let elements = read.elements.iter().zip(paths);
    let elements = elements.filter_map(|(element, path)| lower_element(element, &mut notes, &path)).collect();
    let value = Tariff {
        partner: origin.partner.clone(),
        party: PartyId::new(&read.country_code, &read.party_id),
        id: read.id,
        currency: read.currency,
        valid_from: read.start_date_time.map(|at| at.0),
        valid_until: read.end_date_time.map(|at| at.0),
        elements,
        last_updated: notes
            .or_else(read.last_updated, "last_updated", "long ago", || Timestamp(DateTime::UNIX_EPOCH))
            .0,
    };
    Ok(notes.received(value, raw))
}

fn lower_element(element: &wire::TariffElement, notes: &mut Notes, path: &str) -> Option<EnergyPriceElement> {
    for (index, component) in element.price_components.iter().enumerate() {
        if component.r#type != TariffDimension::Energy {
            let path = format!("{path}.price_components[{index}].type");
            notes.warn(path, "only the price of energy is planned with: left out");
        }
    }
    let energy = element.price_components.iter().find(|component| component.r#type == TariffDimension::Energy)?;
    match lower_restrictions(element.restrictions.as_ref()) {
        Ok(times) => {
            Some(EnergyPriceElement { price_per_kwh: EnergyPrice::try_new(energy.price.get()).ok()?, ..times })
        }
        Err((field, rule)) => {
            notes.warn(format!("{path}.restrictions.{field}"), format!("{rule}: the element is left out"));
            None
        }
    }
}

const ALWAYS: EnergyPriceElement = EnergyPriceElement {
    price_per_kwh: EnergyPrice::ZERO,
    start_time: None,
    end_time: None,
    start_date: None,
    end_date: None,
    weekdays: Vec::new(),
};

/// Returns when an element holds, with a price of zero.
fn lower_restrictions(
    restrictions: Option<&wire::Restrictions>,
) -> Result<EnergyPriceElement, (&'static str, &'static str)> {
    const UNPLANNED: &str = "a price that depends on the session itself is not planned with";
    let Some(restrictions) = restrictions else { return Ok(ALWAYS) };
    let limits = [
        ("min_kwh", &restrictions.min_kwh),
        ("max_kwh", &restrictions.max_kwh),
        ("min_current", &restrictions.min_current),
        ("max_current", &restrictions.max_current),
        ("min_power", &restrictions.min_power),
        ("max_power", &restrictions.max_power),
        ("min_duration", &restrictions.min_duration),
        ("max_duration", &restrictions.max_duration),
    ];
    if let Some((field, _)) = limits.iter().find(|(_, limit)| limit.is_some()) {
        return Err((field, UNPLANNED));
    }
    if restrictions.reservation.is_some() {
        return Err(("reservation", "it prices a reservation"));
    }
    let weekdays = restrictions.day_of_week.iter().map(weekday).collect::<Option<Vec<_>>>();
    Ok(EnergyPriceElement {
        price_per_kwh: EnergyPrice::ZERO,
        start_time: time(restrictions.start_time.as_deref()).ok_or(("start_time", "no time such as 13:30"))?,
        end_time: time(restrictions.end_time.as_deref()).ok_or(("end_time", "no time such as 13:30"))?,
        start_date: date(restrictions.start_date.as_deref()).ok_or(("start_date", "no date such as 2026-01-31"))?,
        end_date: date(restrictions.end_date.as_deref()).ok_or(("end_date", "no date such as 2026-01-31"))?,
        weekdays: weekdays.ok_or(("day_of_week", "no day such as MONDAY"))?,
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
