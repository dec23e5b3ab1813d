//! Locations, EVSEs and connectors.

use chrono_tz::Tz;
use headroom_domain::location::{Connector, Evse, Location, Place, Supply};
use headroom_domain::{Current, PartyId, Power, Voltage};
use serde_json::Value;

use super::{Notes, Origin, read};
use crate::received::{Received, Rejected};
use crate::wire::check::below;
use crate::wire::locations as wire;

/// Reads a location. EVSEs that cannot be used are left out and warned of, removed ones are left out.
pub(crate) fn location(origin: Origin<'_>, raw: Value) -> Result<Received<Location>, Rejected> {
    let (read, mut notes) = read::read::<wire::Location>(&raw, &wire::Location::CLASS, origin, &[])?;
    let paths = notes.elements("evses");
    let evses = read.evses.iter().zip(paths);
    let evses = evses.filter_map(|(evse, path)| lower_evse(evse, origin, &mut notes, &path)).collect();
    let value = Location {
        partner: origin.partner.clone(),
        party: PartyId::new(&read.country_code, &read.party_id),
        name: read.name.or_else(|| read.address.clone()).unwrap_or_else(|| read.id.clone()),
        id: read.id,
        place: lower_place(read.address, read.city, read.country, read.coordinates, &mut notes),
        time_zone: lower_time_zone(read.time_zone.as_deref(), &mut notes),
        evses,
        last_updated: read.last_updated.0,
    };
    Ok(notes.received(value, raw))
}

/// Checks an EVSE that is pushed alone: it is removed, or of use.
pub(crate) fn check_evse(origin: Origin<'_>, raw: &Value) -> Result<(), Rejected> {
    let (read, mut notes) = read::read::<wire::Evse>(raw, &wire::Evse::CLASS, origin, &[])?;
    let usable = lower_evse(&read, origin, &mut notes, "").is_some();
    if usable || read.status == wire::Status::Removed {
        return Ok(());
    }
    Err(notes.given_up(raw.clone()))
}

/// Checks a connector that is pushed alone.
pub(crate) fn check_connector(origin: Origin<'_>, raw: &Value) -> Result<(), Rejected> {
    let (read, mut notes) = read::read::<wire::Connector>(raw, &wire::Connector::CLASS, origin, &[])?;
    match lower_connector(&read, &mut notes, "") {
        Some(_) => Ok(()),
        None => Err(notes.given_up(raw.clone())),
    }
}

fn lower_place(
    address: Option<String>,
    city: Option<String>,
    country: Option<String>,
    coordinates: Option<wire::GeoLocation>,
    notes: &mut Notes,
) -> Place {
    let nowhere = || wire::GeoLocation { latitude: "0.00000".to_owned(), longitude: "0.00000".to_owned() };
    for (field, digits, degrees) in [("latitude", 2, 90.0), ("longitude", 3, 180.0)] {
        let stated = coordinates.as_ref().map(|at| if digits == 2 { &at.latitude } else { &at.longitude });
        if stated.is_some_and(|text| !is_coordinate(text, digits, degrees)) {
            let rule = format!("up to {digits} digits, a point and 5 to 7 decimals, at most {degrees} degrees");
            notes.doubt(below("coordinates", field), rule);
        }
    }
    let coordinates = notes.or_else(coordinates, "coordinates", "0, 0", nowhere);
    Place {
        address: notes.or_else(address, "address", "empty", String::new),
        city: notes.or_else(city, "city", "empty", String::new),
        country: notes.or_else(country, "country", "empty", String::new),
        latitude: coordinates.latitude,
        longitude: coordinates.longitude,
    }
}

/// Tells whether a text is a coordinate such as `-3.72994` (OCPI 2.2.1 §8.4, `GeoLocation`).
fn is_coordinate(text: &str, digits: usize, degrees: f64) -> bool {
    let Some((whole, decimals)) = text.strip_prefix('-').unwrap_or(text).split_once('.') else { return false };
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    (1..=digits).contains(&whole.len())
        && (5..=7).contains(&decimals.len())
        && are_digits(whole)
        && are_digits(decimals)
        && text.parse().is_ok_and(|angle: f64| angle.abs() <= degrees)
}

fn lower_time_zone(name: Option<&str>, notes: &mut Notes) -> Tz {
    name.and_then(|name| name.parse().ok()).unwrap_or_else(|| {
        notes.warn("time_zone", "no IANA time zone: taken as UTC, so times in tariffs may be off");
        Tz::UTC
    })
}

fn lower_evse(evse: &wire::Evse, origin: Origin<'_>, notes: &mut Notes, path: &str) -> Option<Evse> {
    use wire::{Capability, Status};
    let out_of_use = match &evse.status {
        Status::Removed => return None,
        Status::Blocked | Status::Inoperative | Status::OutOfOrder | Status::Planned => true,
        Status::Available | Status::Charging | Status::Reserved | Status::Unknown => false,
        Status::Unlisted(_) => {
            notes.warn(below(path, "status"), "no status that OCPI knows: taken as in use");
            false
        }
    };
    let paths = notes.elements(&below(path, "connectors"));
    let connectors = evse.connectors.iter().zip(paths);
    let connectors: Vec<_> = connectors.filter_map(|(found, path)| lower_connector(found, notes, &path)).collect();
    if connectors.is_empty() {
        notes.warn(below(path, "connectors"), "no connector whose power is known: the EVSE is left out");
        return None;
    }
    Some(Evse {
        uid: evse.uid.clone(),
        takes_profiles: origin.dialect.assume_profile_capable
            || evse.capabilities.contains(&Capability::ChargingProfileCapable),
        takes_preferences: evse.capabilities.contains(&Capability::ChargingPreferencesCapable),
        out_of_use,
        connectors,
    })
}

fn lower_connector(connector: &wire::Connector, notes: &mut Notes, path: &str) -> Option<Connector> {
    use wire::PowerType;
    let supply = match &connector.power_type {
        PowerType::Ac1Phase => Supply::Ac { phases: 1 },
        PowerType::Ac2Phase | PowerType::Ac2PhaseSplit => Supply::Ac { phases: 2 },
        PowerType::Ac3Phase => Supply::Ac { phases: 3 },
        PowerType::Dc => Supply::Dc,
        PowerType::Unlisted(_) => {
            notes.warn(below(path, "power_type"), "no power type that OCPI knows: the connector is left out");
            return None;
        }
    };
    let (volts, amperes) = (connector.max_voltage.get(), connector.max_amperage.get());
    if volts <= 0.0 || amperes <= 0.0 {
        notes.warn(below(path, "max_amperage"), "voltage and amperage are above zero: the connector is left out");
        return None;
    }
    let mut voltage = Voltage::try_new(volts).ok()?;
    if connector.power_type == PowerType::Ac3Phase && volts > 300.0 {
        voltage = voltage / 3.0_f64.sqrt();
        notes.warn(below(path, "max_voltage"), "OCPI wants line to neutral: taken as line to line, divided by √3");
    }
    let current = Current::try_new(amperes).ok()?;
    let phases = match supply {
        Supply::Ac { phases } => f64::from(phases),
        Supply::Dc => 1.0,
    };
    let mut power = Power::try_new(current.as_a() * voltage.as_v() * phases).ok()?;
    match connector.max_electric_power.as_ref().map(|power| Power::try_new(power.get())) {
        Some(Ok(stated)) if stated > Power::ZERO => power = power.min(stated),
        Some(_) => notes.warn(below(path, "max_electric_power"), "a power is above zero: not used"),
        None => {}
    }
    Some(Connector {
        id: connector.id.clone(),
        supply,
        voltage_v: voltage,
        maximum_current_a: current,
        maximum_power_w: power,
        tariff_ids: connector.tariff_ids.to_vec(),
    })
}
