//! Sessions.

use headroom_domain::session::{Session, SessionKey, SessionStatus};
use headroom_domain::{Energy, PartyId, Power, Ratio};
use serde_json::Value;

use super::{Notes, Origin, read};
use crate::received::{Received, Rejected};
use crate::wire::check;
use crate::wire::sessions::{self as wire, DimensionType};

/// More energy in one charging period than any vehicle takes: the sender counts in Wh.
const PERIOD_KWH_MAX: f64 = 1000.0;

/// Reads a session.
pub(crate) fn session(origin: Origin<'_>, raw: Value) -> Result<Received<Session>, Rejected> {
    let (read, mut notes) = read::read::<wire::Session>(&raw, &wire::Session::CLASS, origin, &[])?;
    let status = match &read.status {
        wire::SessionStatus::Active => SessionStatus::Active,
        wire::SessionStatus::Completed => SessionStatus::Completed,
        wire::SessionStatus::Invalid => SessionStatus::Invalid,
        wire::SessionStatus::Pending => SessionStatus::Pending,
        wire::SessionStatus::Reservation => SessionStatus::Reserved,
        // The prose says so where the list says `RESERVATION` (OCPI 2.2.1 §9.2).
        wire::SessionStatus::Unlisted(text) if text == "RESERVED" => SessionStatus::Reserved,
        wire::SessionStatus::Unlisted(_) => return Err(notes.rejected(raw, "status", "no status that OCPI knows")),
    };
    if read.kwh.get() < 0.0 {
        notes.warn("kwh", "energy is 0 or more: taken as 0");
    }
    let (power_w, state_of_charge) = lower_last_period(&read.charging_periods, &mut notes);
    if read.evse_uid.is_none() {
        notes.warn("evse_uid", "required by OCPI and absent: the session cannot be steered");
    }
    let named = |name: Option<String>| name.filter(|name| !name.is_empty() && name != check::NOT_AVAILABLE);
    let party = PartyId::new(&read.country_code, &read.party_id);
    let value = Session {
        key: SessionKey { partner: origin.partner.clone(), party, id: read.id },
        status,
        location_id: read.location_id,
        evse_uid: named(read.evse_uid),
        connector_id: named(read.connector_id),
        started_at: read.start_date_time.0,
        ended_at: read.end_date_time.map(|at| at.0),
        energy_wh: Energy::try_new(read.kwh.get() * 1000.0).unwrap_or_default().or_zero(),
        power_w,
        state_of_charge,
        last_updated: read.last_updated.0,
    };
    Ok(notes.received(value, raw))
}

/// Returns power of the last charging period and the last state of charge.
fn lower_last_period(periods: &[wire::ChargingPeriod], notes: &mut Notes) -> (Option<Power>, Option<Ratio>) {
    let paths = notes.elements("charging_periods");
    for (period, path) in periods.iter().zip(paths) {
        for (index, dimension) in period.dimensions.iter().enumerate() {
            if dimension.r#type == DimensionType::Energy && dimension.volume.get() > PERIOD_KWH_MAX {
                notes.warn(format!("{path}.dimensions[{index}].volume"), "more than any vehicle takes: OCPI wants kWh");
            }
        }
    }
    let last = periods.iter().max_by_key(|period| period.start_date_time);
    let power = last.and_then(|period| volume(period, &DimensionType::Power));
    let power = power.and_then(|power_kw| Power::try_new(power_kw * 1000.0).ok());
    let charge = periods.iter().rev().find_map(|period| volume(period, &DimensionType::StateOfCharge));
    let charge = charge.filter(|percent| (0.0..=100.0).contains(percent));
    (power, charge.map(|percent| Ratio::from_ratio(percent / 100.0)))
}

fn volume(period: &wire::ChargingPeriod, kind: &DimensionType) -> Option<f64> {
    period.dimensions.iter().find(|dimension| dimension.r#type == *kind).map(|dimension| dimension.volume.get())
}
