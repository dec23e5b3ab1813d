//! Sessions.

use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::session::{Session, SessionKey, SessionStatus};
use headroom_domain::{Energy, PartyId, Power, Ratio};
use serde_json::Value;

use super::{Notes, Origin, read};
use crate::received::{Received, Rejected};
use crate::wire::check;
use crate::wire::sessions::{self as wire, DimensionType};

/// More energy in one session than any vehicle takes: the sender counts in Wh.
const ENERGY_KWH_MAX: f64 = 1000.0;

/// More power than any connector gives (a Megawatt Charging System gives 3 750 kW): the sender counts in W.
const POWER_KW_MAX: f64 = 5000.0;

/// More current than any connector gives (a Megawatt Charging System gives 3 000 A).
const CURRENT_A_MAX: f64 = 4000.0;

/// So far clocks may be apart.
const CLOCKS_APART: TimeDelta = TimeDelta::hours(1);

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
    doubt_times(&read, status, origin.now, &mut notes);
    let energy_wh = lower_energy(read.kwh.get(), &mut notes);
    doubt_dimensions(&read, &mut notes);
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
        energy_wh,
        power_w: last_power(&read.charging_periods),
        state_of_charge: last_charge(&read.charging_periods),
        last_updated: read.last_updated.0,
    };
    Ok(notes.received(value, raw))
}

fn lower_energy(energy_kwh: f64, notes: &mut Notes) -> Energy {
    if energy_kwh < 0.0 {
        notes.warn("kwh", "energy is 0 or more: taken as 0");
    }
    if energy_kwh > ENERGY_KWH_MAX {
        notes.doubt("kwh", "more than any vehicle takes: OCPI wants kWh");
    }
    Energy::try_new(energy_kwh * 1000.0).unwrap_or_default().or_zero()
}

/// Doubts times that cannot be. They are used as they are: nobody knows a better one.
fn doubt_times(session: &wire::Session, status: SessionStatus, now: DateTime<Utc>, notes: &mut Notes) {
    let (start, end) = (session.start_date_time, session.end_date_time);
    let is_planned = matches!(status, SessionStatus::Pending | SessionStatus::Reserved);
    let dated = [
        ("start_date_time", Some(start).filter(|_| !is_planned)),
        ("end_date_time", end.filter(|_| !is_planned)),
        ("last_updated", Some(session.last_updated)),
    ];
    for (field, at) in dated {
        if at.is_some_and(|at| at.0 > now + CLOCKS_APART) {
            notes.doubt(field, "in the future: are the clocks right?");
        }
    }
    if end.is_some_and(|end| end < start) {
        notes.doubt("end_date_time", "before start_date_time");
    }
}

/// Warns of measurements that cannot be; those of power and of the state of charge are not used.
fn doubt_dimensions(session: &wire::Session, notes: &mut Notes) {
    let session_kwh = session.kwh.get().max(0.0);
    let paths = notes.elements("charging_periods");
    for (period, path) in session.charging_periods.iter().zip(paths) {
        let paths = notes.elements(&check::below(&path, "dimensions"));
        for (dimension, path) in period.dimensions.iter().zip(paths) {
            let (path, volume) = (check::below(&path, "volume"), dimension.volume.get());
            if let Some(rule) = unused(&dimension.r#type, volume) {
                notes.warn(path, rule);
            } else if let Some(rule) = doubtful(&dimension.r#type, volume, session_kwh) {
                notes.doubt(path, rule);
            }
        }
    }
}

/// Returns why a measurement that we plan with is not used.
fn unused(kind: &DimensionType, volume: f64) -> Option<&'static str> {
    match kind {
        DimensionType::Power if volume.abs() > POWER_KW_MAX => {
            Some("more than any connector gives: OCPI wants kW: not used")
        }
        DimensionType::StateOfCharge if !(0.0..=100.0).contains(&volume) => {
            Some("a state of charge is 0 to 100 percent: not used")
        }
        _ => None,
    }
}

/// Returns what is odd about a measurement that we do not plan with.
fn doubtful(kind: &DimensionType, volume: f64, session_kwh: f64) -> Option<&'static str> {
    use DimensionType as Kind;
    let is_energy = matches!(kind, Kind::Energy | Kind::EnergyImport | Kind::EnergyExport);
    match kind {
        // Twice as much leaves room for a session total that lags behind.
        Kind::Energy if volume > 2.0 * session_kwh + 1.0 => {
            Some("more than the whole session, and more than any lag explains: OCPI wants kWh")
        }
        _ if is_energy && volume > ENERGY_KWH_MAX => Some("more than any vehicle takes: OCPI wants kWh"),
        Kind::EnergyImport | Kind::EnergyExport | Kind::ParkingTime | Kind::ReservationTime | Kind::Time
            if volume < 0.0 =>
        {
            Some("0 or more")
        }
        Kind::MinPower | Kind::MaxPower if volume.abs() > POWER_KW_MAX => {
            Some("more than any connector gives: OCPI wants kW")
        }
        Kind::Current | Kind::MinCurrent | Kind::MaxCurrent if volume.abs() > CURRENT_A_MAX => {
            Some("more than any connector gives: OCPI wants A")
        }
        _ => None,
    }
}

/// Returns the power of the last charging period.
fn last_power(periods: &[wire::ChargingPeriod]) -> Option<Power> {
    let last = periods.iter().max_by_key(|period| period.start_date_time)?;
    Power::try_new(volume(last, &DimensionType::Power)? * 1000.0).ok()
}

/// Returns the last state of charge that there is.
fn last_charge(periods: &[wire::ChargingPeriod]) -> Option<Ratio> {
    let percent = periods.iter().rev().find_map(|period| volume(period, &DimensionType::StateOfCharge))?;
    Some(Ratio::from_ratio(percent / 100.0))
}

/// Returns a measurement of a period, when it is one that is used.
fn volume(period: &wire::ChargingPeriod, kind: &DimensionType) -> Option<f64> {
    let found = period.dimensions.iter().find(|dimension| dimension.r#type == *kind)?;
    Some(found.volume.get()).filter(|volume| unused(kind, *volume).is_none())
}
