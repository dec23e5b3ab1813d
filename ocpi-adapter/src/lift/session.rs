//! Sessions.

use headroom_domain::session::{Session, SessionStatus};
use serde::Serialize;

use crate::wire::base::Number;
use crate::wire::base::Timestamp;
use crate::wire::sessions as wire;
use crate::wire::tokens::TokenType;

/// What a CPO pushes while a session goes on.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct SessionPatch {
    status: wire::SessionStatus,
    kwh: Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_date_time: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_date_time: Option<Timestamp>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    charging_periods: Vec<wire::ChargingPeriod>,
    last_updated: Timestamp,
}

pub(crate) fn session(session: &Session) -> wire::Session {
    let party = &session.key.party;
    wire::Session {
        country_code: party.country_code().to_owned(),
        party_id: party.party_id().to_owned(),
        id: session.key.id.clone(),
        start_date_time: Timestamp(session.started_at),
        end_date_time: session.ended_at.map(Timestamp),
        kwh: four_decimals(session.energy_wh.as_kwh()).into(),
        // A smart charging service has no use for who drives, so nobody is named.
        cdr_token: Some(wire::CdrToken {
            country_code: Some(party.country_code().to_owned()),
            party_id: Some(party.party_id().to_owned()),
            uid: Some("#NA".to_owned()),
            r#type: Some(TokenType::Other),
            contract_id: Some("#NA".to_owned()),
        }),
        auth_method: Some(wire::AuthMethod::Whitelist),
        authorization_reference: None,
        location_id: session.location_id.clone(),
        evse_uid: Some(session.evse_uid.clone().unwrap_or_else(|| "#NA".to_owned())),
        connector_id: Some(session.connector_id.clone().unwrap_or_else(|| "#NA".to_owned())),
        meter_id: None,
        // ISO 4217 for "no currency".
        currency: Some("XXX".to_owned()),
        charging_periods: period(session).into_iter().collect(),
        total_cost: None,
        status: status(session.status),
        last_updated: Timestamp(session.last_updated),
    }
}

/// Returns what may have changed, with what was last measured as one more period (OCPI 2.2.1 §9.2.2).
pub(crate) fn session_patch(session: &Session) -> SessionPatch {
    SessionPatch {
        status: status(session.status),
        kwh: four_decimals(session.energy_wh.as_kwh()).into(),
        start_date_time: Some(Timestamp(session.started_at)),
        end_date_time: session.ended_at.map(Timestamp),
        charging_periods: period(session).into_iter().collect(),
        last_updated: Timestamp(session.last_updated),
    }
}

fn status(status: SessionStatus) -> wire::SessionStatus {
    match status {
        SessionStatus::Pending => wire::SessionStatus::Pending,
        SessionStatus::Reserved => wire::SessionStatus::Reservation,
        SessionStatus::Active => wire::SessionStatus::Active,
        SessionStatus::Completed => wire::SessionStatus::Completed,
        SessionStatus::Invalid => wire::SessionStatus::Invalid,
    }
}

/// Returns what was last measured, as a period; `None` when nothing was.
fn period(session: &Session) -> Option<wire::ChargingPeriod> {
    let power = session.power_w.map(|power| (wire::DimensionType::Power, power.as_kw()));
    let charge = session.state_of_charge.map(|ratio| (wire::DimensionType::StateOfCharge, ratio.as_ratio() * 100.0));
    let measured = power.into_iter().chain(charge);
    let dimensions: Vec<_> = measured
        .map(|(kind, volume)| wire::CdrDimension { r#type: kind, volume: four_decimals(volume).into() })
        .collect();
    (!dimensions.is_empty()).then_some(wire::ChargingPeriod {
        start_date_time: Timestamp(session.last_updated),
        dimensions: dimensions.into(),
        tariff_id: None,
    })
}

fn four_decimals(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}
