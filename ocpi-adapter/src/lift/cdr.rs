//! Charge detail records.

use headroom_domain::location::Supply;

use super::price::{amount, price};
use super::token::token_type;
use crate::roaming::{AuthMethod, Cdr, CdrPlace, CdrToken, Cost, Dimension, Period};
use crate::version::Version;
use crate::wire::base::{List, Timestamp};
use crate::wire::cdrs as wire;
use crate::wire::check::NOT_AVAILABLE;
use crate::wire::locations::{ConnectorFormat, ConnectorType, GeoLocation, PowerType};
use crate::wire::sessions::{self, CdrDimension, DimensionType};

/// Lifts a charge detail record into the words of a version. Tariffs are not repeated: the periods name them.
pub(crate) fn cdr(cdr: &Cdr, version: Version) -> wire::Cdr {
    let priced = |cost: Option<&Cost>| cost.map(|cost| price(cost, version));
    let hours = |time: chrono::TimeDelta| amount(headroom_domain::units::hours(time));
    wire::Cdr {
        country_code: cdr.key.party.country_code().to_owned(),
        party_id: cdr.key.party.party_id().to_owned(),
        id: cdr.key.id.clone(),
        start_date_time: Timestamp(cdr.started_at),
        end_date_time: Timestamp(cdr.ended_at),
        session_id: cdr.session_id.clone(),
        cdr_token: cdr.token.as_ref().map(|token| lift_token(token, version)),
        auth_method: cdr.auth_method.map(lift_method),
        authorization_reference: cdr.authorization_reference.clone(),
        cdr_location: cdr.place.as_ref().map(lift_place),
        meter_id: cdr.meter_id.clone(),
        currency: cdr.currency.clone(),
        tariffs: List::default(),
        charging_periods: cdr.periods.iter().map(lift_period).collect(),
        signed_data: None,
        total_cost: priced(cdr.total_cost.as_ref()),
        total_fixed_cost: priced(cdr.fixed_cost.as_ref()),
        total_energy: amount(cdr.energy_wh.as_kwh()),
        total_energy_cost: priced(cdr.energy_cost.as_ref()),
        total_time: Some(hours(cdr.duration)),
        total_time_cost: priced(cdr.time_cost.as_ref()),
        total_parking_time: cdr.parking.map(hours),
        total_parking_cost: priced(cdr.parking_cost.as_ref()),
        total_reservation_cost: priced(cdr.reservation_cost.as_ref()),
        remark: cdr.remark.clone(),
        invoice_reference_id: cdr.invoice_id.clone(),
        credit: cdr.is_credit.then_some(true),
        credit_reference_id: cdr.credit_reference_id.clone(),
        home_charging_compensation: None,
        last_updated: Some(Timestamp(cdr.last_updated)),
    }
}

fn lift_period(period: &Period) -> sessions::ChargingPeriod {
    let dimensions = period
        .measures
        .iter()
        .map(|measure| CdrDimension { r#type: dimension(measure.dimension), volume: amount(measure.volume) });
    sessions::ChargingPeriod {
        start_date_time: Timestamp(period.start),
        dimensions: dimensions.collect(),
        tariff_id: period.tariff_id.clone(),
    }
}

fn dimension(dimension: Dimension) -> DimensionType {
    match dimension {
        Dimension::Current => DimensionType::Current,
        Dimension::Energy => DimensionType::Energy,
        Dimension::EnergyExport => DimensionType::EnergyExport,
        Dimension::EnergyImport => DimensionType::EnergyImport,
        Dimension::MaximumCurrent => DimensionType::MaxCurrent,
        Dimension::MinimumCurrent => DimensionType::MinCurrent,
        Dimension::MaximumPower => DimensionType::MaxPower,
        Dimension::MinimumPower => DimensionType::MinPower,
        Dimension::ParkingTime => DimensionType::ParkingTime,
        Dimension::Power => DimensionType::Power,
        Dimension::ReservationTime => DimensionType::ReservationTime,
        Dimension::StateOfCharge => DimensionType::StateOfCharge,
        Dimension::Time => DimensionType::Time,
    }
}

fn lift_method(method: AuthMethod) -> sessions::AuthMethod {
    match method {
        AuthMethod::AuthRequest => sessions::AuthMethod::AuthRequest,
        AuthMethod::Command => sessions::AuthMethod::Command,
        AuthMethod::Whitelist => sessions::AuthMethod::Whitelist,
    }
}

fn lift_token(token: &CdrToken, version: Version) -> sessions::CdrToken {
    let party = token.party.as_ref().filter(|_| version >= Version::V221);
    sessions::CdrToken {
        country_code: party.map(|party| party.country_code().to_owned()),
        party_id: party.map(|party| party.party_id().to_owned()),
        uid: Some(token.uid.clone()),
        r#type: Some(token_type(&token.kind)),
        contract_id: Some(token.contract_id.clone()),
    }
}

fn lift_place(place: &CdrPlace) -> wire::CdrLocation {
    let named = |name: Option<&String>| Some(name.map_or_else(|| NOT_AVAILABLE.to_owned(), Clone::clone));
    let connector = place.supply.map(|supply| match supply {
        Supply::Ac { phases: 1 } => (ConnectorType::Iec62196T2, ConnectorFormat::Socket, PowerType::Ac1Phase),
        Supply::Ac { phases: 2 } => (ConnectorType::Iec62196T2, ConnectorFormat::Socket, PowerType::Ac2Phase),
        Supply::Ac { .. } => (ConnectorType::Iec62196T2, ConnectorFormat::Socket, PowerType::Ac3Phase),
        Supply::Dc => (ConnectorType::Iec62196T2Combo, ConnectorFormat::Cable, PowerType::Dc),
    });
    let (standard, format, power_type) = match connector {
        Some((standard, format, power_type)) => (Some(standard), Some(format), Some(power_type)),
        None => (None, None, None),
    };
    wire::CdrLocation {
        id: place.location_id.clone(),
        name: place.name.clone(),
        address: Some(place.address.clone()),
        city: Some(place.city.clone()),
        postal_code: None,
        state: None,
        country: Some(place.country.clone()),
        coordinates: Some(GeoLocation { latitude: place.latitude.clone(), longitude: place.longitude.clone() }),
        evse_uid: named(place.evse_uid.as_ref()),
        evse_id: named(place.evse_id.as_ref()),
        connector_id: named(place.connector_id.as_ref()),
        connector_standard: standard,
        connector_format: format,
        connector_power_type: power_type,
    }
}
