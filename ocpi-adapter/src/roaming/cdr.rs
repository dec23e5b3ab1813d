//! Charge detail records (OCPI 2.2.1 §10): what a session came to. A wrong one is credited, never changed.

use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::location::Supply;
use headroom_domain::{Energy, Money, PartnerId, PartyId};
use serde::{Deserialize, Serialize};

use super::TokenKind;

/// What names a charge detail record. Ids compare without case (`CiString`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CdrKey {
    /// The partner that told us.
    pub partner: PartnerId,
    /// The CPO that owns it.
    pub party: PartyId,
    /// Its id, at most 39 characters.
    pub id: String,
}

/// An amount in the currency of the record.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// Without taxes.
    pub before_tax: Money,
    /// With taxes, where they are told.
    pub after_tax: Option<Money>,
}

/// How a driver was let charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthMethod {
    /// The eMSP was asked.
    AuthRequest,
    /// The eMSP commanded it.
    Command,
    /// The token was on the list.
    Whitelist,
}

/// The token of a session, as far as a record tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CdrToken {
    /// The eMSP that owns it; 2.2 does not tell.
    pub party: Option<PartyId>,
    /// Its id.
    pub uid: String,
    /// What it is.
    pub kind: TokenKind,
    /// The contract that it stands for.
    pub contract_id: String,
}

/// Where the energy was taken. Texts are as the CPO has them; unknown ones are `#NA`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CdrPlace {
    /// The location.
    pub location_id: String,
    /// What it is called.
    pub name: Option<String>,
    /// Street and number.
    pub address: String,
    /// Town.
    pub city: String,
    /// ISO 3166-1 alpha-3.
    pub country: String,
    /// Degrees with a decimal point.
    pub latitude: String,
    /// Degrees with a decimal point.
    pub longitude: String,
    /// The EVSE in the CPO's platform; absent for an unused reservation.
    pub evse_uid: Option<String>,
    /// The EVSE as drivers know it.
    pub evse_id: Option<String>,
    /// The connector.
    pub connector_id: Option<String>,
    /// What the connector gives.
    pub supply: Option<Supply>,
}

/// What a dimension of a period counts (`CdrDimensionType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    /// A, average.
    Current,
    /// kWh, net.
    Energy,
    /// kWh fed into the grid.
    EnergyExport,
    /// kWh charged.
    EnergyImport,
    /// A, all phases together.
    MaximumCurrent,
    /// A, all phases together.
    MinimumCurrent,
    /// kW.
    MaximumPower,
    /// kW.
    MinimumPower,
    /// h in which the vehicle asks for no power.
    ParkingTime,
    /// kW, average.
    Power,
    /// h reserved and not in use.
    ReservationTime,
    /// Percent.
    StateOfCharge,
    /// h of charging.
    Time,
}

/// A measure of a period.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Measure {
    /// What is counted.
    pub dimension: Dimension,
    /// How much, in the unit of the dimension.
    pub volume: f64,
}

/// A part of a session. It ends when the next begins; the last ends with the session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Period {
    /// When it begins.
    pub start: DateTime<Utc>,
    /// What was measured.
    pub measures: Vec<Measure>,
    /// The tariff that it was billed by.
    pub tariff_id: Option<String>,
}

/// A charge detail record.
///
/// **Sign**: the amounts of a credit are below zero, its energy and times are as in the original.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cdr {
    /// What names it.
    pub key: CdrKey,
    /// When the session began.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: DateTime<Utc>,
    /// The session; absent for an unused reservation.
    pub session_id: Option<String>,
    /// Who charged.
    pub token: Option<CdrToken>,
    /// How the driver was let charge.
    pub auth_method: Option<AuthMethod>,
    /// What the eMSP gave for it.
    pub authorization_reference: Option<String>,
    /// Where.
    pub place: Option<CdrPlace>,
    /// The meter.
    pub meter_id: Option<String>,
    /// ISO 4217.
    pub currency: String,
    /// The tariffs that it was billed by.
    pub tariff_ids: Vec<String>,
    /// The parts of the session, in order.
    pub periods: Vec<Period>,
    /// All energy.
    pub energy_wh: Energy,
    /// From begin to end, charging or not.
    pub duration: TimeDelta,
    /// Of it, without a wish for power.
    pub parking: Option<TimeDelta>,
    /// All of it; absent is not free.
    pub total_cost: Option<Cost>,
    /// Of it, once per session.
    pub fixed_cost: Option<Cost>,
    /// Of it, for energy.
    pub energy_cost: Option<Cost>,
    /// Of it, for time.
    pub time_cost: Option<Cost>,
    /// Of it, for parking.
    pub parking_cost: Option<Cost>,
    /// Of it, for a reservation.
    pub reservation_cost: Option<Cost>,
    /// For people to read.
    pub remark: Option<String>,
    /// The invoice on which it will be.
    pub invoice_id: Option<String>,
    /// Whether it takes another record back.
    pub is_credit: bool,
    /// Which one.
    pub credit_reference_id: Option<String>,
    /// When the owner last changed it.
    pub last_updated: DateTime<Utc>,
}
