//! Charge detail records.

use chrono::{DateTime, TimeDelta};
use headroom_domain::location::Supply;
use headroom_domain::{Energy, PartyId};
use serde_json::Value;

use super::price::cost;
use super::{Notes, Origin, read, token};
use crate::received::{Received, Rejected};
use crate::roaming::{AuthMethod, Cdr, CdrKey, CdrPlace, CdrToken, Cost, Dimension, Measure, Period, TokenKind};
use crate::wire::base::{Number, Timestamp};
use crate::wire::cdrs as wire;
use crate::wire::check::NOT_AVAILABLE;
use crate::wire::locations::PowerType;
use crate::wire::sessions::{self, DimensionType};
use crate::wire::types::Price;

/// Reads a charge detail record.
pub(crate) fn cdr(origin: Origin<'_>, raw: Value) -> Result<Received<Cdr>, Rejected> {
    let (read, mut notes) = read::read::<wire::Cdr>(&raw, &wire::Cdr::CLASS, origin, &["tariffs"])?;
    let Some(energy_wh) = Energy::try_new(read.total_energy.get() * 1000.0).ok() else {
        return Err(notes.rejected(raw, "total_energy", "no energy in kWh"));
    };
    let periods = lower_periods(&read.charging_periods, &mut notes);
    let mut costs = |price: Option<&Price>, path: &str| lower_cost(price, path, &mut notes);
    let total_cost = costs(read.total_cost.as_ref(), "total_cost");
    let fixed_cost = costs(read.total_fixed_cost.as_ref(), "total_fixed_cost");
    let energy_cost = costs(read.total_energy_cost.as_ref(), "total_energy_cost");
    let time_cost = costs(read.total_time_cost.as_ref(), "total_time_cost");
    let parking_cost = costs(read.total_parking_cost.as_ref(), "total_parking_cost");
    let reservation_cost = costs(read.total_reservation_cost.as_ref(), "total_reservation_cost");
    let (started_at, ended_at) = (read.start_date_time.0, read.end_date_time.0);
    let at = notes.or_else(read.last_updated, "last_updated", "long ago", || Timestamp(DateTime::UNIX_EPOCH));
    let party = PartyId::new(&read.country_code, &read.party_id);
    let value = Cdr {
        key: CdrKey { partner: origin.partner.clone(), party, id: read.id },
        started_at,
        ended_at,
        session_id: read.session_id,
        token: read.cdr_token.map(lower_token),
        auth_method: read.auth_method.as_ref().and_then(lower_method),
        authorization_reference: read.authorization_reference,
        place: read.cdr_location.map(lower_place),
        meter_id: read.meter_id,
        currency: read.currency,
        tariff_ids: read.tariffs.iter().map(|tariff| tariff.id.clone()).collect(),
        periods,
        energy_wh,
        duration: read.total_time.as_ref().and_then(hours).unwrap_or(ended_at - started_at),
        parking: read.total_parking_time.as_ref().and_then(hours),
        total_cost,
        fixed_cost,
        energy_cost,
        time_cost,
        parking_cost,
        reservation_cost,
        remark: read.remark,
        invoice_id: read.invoice_reference_id,
        is_credit: read.credit.unwrap_or(false),
        credit_reference_id: read.credit_reference_id,
        last_updated: at.0,
    };
    Ok(notes.received(value, raw))
}

/// Returns a time in hours as a length; `None` for one beyond all reason.
fn hours(hours: &Number) -> Option<TimeDelta> {
    #[expect(clippy::cast_possible_truncation, reason = "a cast to an integer saturates, and what is too long is none")]
    let milliseconds = (hours.get() * 3_600_000.0).round() as i64;
    TimeDelta::try_milliseconds(milliseconds)
}

fn lower_cost(price: Option<&Price>, path: &str, notes: &mut Notes) -> Option<Cost> {
    let found = cost(price?);
    if found.is_none() {
        notes.warn(path, "a price without an amount before taxes: left out");
    }
    found
}

fn lower_periods(periods: &[sessions::ChargingPeriod], notes: &mut Notes) -> Vec<Period> {
    let paths = notes.elements("charging_periods");
    let lowered = periods.iter().zip(paths).map(|(period, path)| {
        let mut measures = Vec::new();
        for (index, measured) in period.dimensions.iter().enumerate() {
            match dimension(&measured.r#type) {
                Some(dimension) => measures.push(Measure { dimension, volume: measured.volume.get() }),
                None => {
                    notes.warn(format!("{path}.dimensions[{index}].type"), "no dimension that OCPI knows: left out");
                }
            }
        }
        Period { start: period.start_date_time.0, measures, tariff_id: period.tariff_id.clone() }
    });
    let mut lowered: Vec<_> = lowered.collect();
    lowered.sort_by_key(|period| period.start);
    lowered
}

fn dimension(kind: &DimensionType) -> Option<Dimension> {
    match kind {
        DimensionType::Current => Some(Dimension::Current),
        DimensionType::Energy => Some(Dimension::Energy),
        DimensionType::EnergyExport => Some(Dimension::EnergyExport),
        DimensionType::EnergyImport => Some(Dimension::EnergyImport),
        DimensionType::MaxCurrent => Some(Dimension::MaximumCurrent),
        DimensionType::MinCurrent => Some(Dimension::MinimumCurrent),
        DimensionType::MaxPower => Some(Dimension::MaximumPower),
        DimensionType::MinPower => Some(Dimension::MinimumPower),
        DimensionType::ParkingTime => Some(Dimension::ParkingTime),
        DimensionType::Power => Some(Dimension::Power),
        DimensionType::ReservationTime => Some(Dimension::ReservationTime),
        DimensionType::StateOfCharge => Some(Dimension::StateOfCharge),
        DimensionType::Time => Some(Dimension::Time),
        DimensionType::Unlisted(_) => None,
    }
}

fn lower_method(method: &sessions::AuthMethod) -> Option<AuthMethod> {
    match method {
        sessions::AuthMethod::AuthRequest => Some(AuthMethod::AuthRequest),
        sessions::AuthMethod::Command => Some(AuthMethod::Command),
        sessions::AuthMethod::Whitelist => Some(AuthMethod::Whitelist),
        sessions::AuthMethod::Unlisted(_) => None,
    }
}

fn lower_token(token: sessions::CdrToken) -> CdrToken {
    let party = token.country_code.zip(token.party_id);
    CdrToken {
        party: party.map(|(country, party)| PartyId::new(&country, &party)),
        uid: token.uid.unwrap_or_else(|| NOT_AVAILABLE.to_owned()),
        kind: token.r#type.as_ref().map_or(TokenKind::Other, token::kind),
        contract_id: token.contract_id.unwrap_or_else(|| NOT_AVAILABLE.to_owned()),
    }
}

fn lower_place(place: wire::CdrLocation) -> CdrPlace {
    let text = |text: Option<String>| text.unwrap_or_else(|| NOT_AVAILABLE.to_owned());
    let named = |name: Option<String>| name.filter(|name| !name.is_empty() && name != NOT_AVAILABLE);
    let coordinates = place.coordinates.map(|at| (at.latitude, at.longitude));
    let (latitude, longitude) = coordinates.unzip();
    CdrPlace {
        location_id: place.id,
        name: place.name,
        address: text(place.address),
        city: text(place.city),
        country: text(place.country),
        latitude: text(latitude),
        longitude: text(longitude),
        evse_uid: named(place.evse_uid),
        evse_id: named(place.evse_id),
        connector_id: named(place.connector_id),
        supply: place.connector_power_type.as_ref().and_then(|power_type| match power_type {
            PowerType::Ac1Phase => Some(Supply::Ac { phases: 1 }),
            PowerType::Ac2Phase | PowerType::Ac2PhaseSplit => Some(Supply::Ac { phases: 2 }),
            PowerType::Ac3Phase => Some(Supply::Ac { phases: 3 }),
            PowerType::Dc => Some(Supply::Dc),
            PowerType::Unlisted(_) => None,
        }),
    }
}
