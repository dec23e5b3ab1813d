//! Sessions and their charging periods (OCPI 2.2.1 §9, §10.4).

use crate::version::Version::V221;
use crate::wire::base::{Number, Timestamp};
use crate::wire::class::{ci, class, since, text};
use crate::wire::text_enum::text_enum;
use crate::wire::tokens::TokenType;
use crate::wire::types::Price;

class! {
    Session = "Session" {
        one country_code: String = ci(2);
        one party_id: String = ci(3);
        one id: String = ci(36);
        one start_date_time: Timestamp;
        may end_date_time: Timestamp;
        one kwh: Number;
        due cdr_token: CdrToken;
        due auth_method: AuthMethod;
        may authorization_reference: String = ci(36);
        one location_id: String = ci(36);
        due evse_uid: String = ci(36);
        due connector_id: String = ci(36);
        may meter_id: String = text(255);
        due currency: String = text(3);
        any charging_periods: ChargingPeriod;
        may total_cost: Price;
        one status: SessionStatus;
        one last_updated: Timestamp;
    }
}

class! {
    CdrToken = "CdrToken" {
        due country_code: String = ci(2), since(V221);
        due party_id: String = ci(3), since(V221);
        due uid: String = ci(36);
        due r#type: TokenType;
        due contract_id: String = ci(36);
    }
}

class! {
    ChargingPeriod = "ChargingPeriod" {
        one start_date_time: Timestamp;
        some dimensions: CdrDimension;
        may tariff_id: String = ci(36);
    }
}

class! {
    CdrDimension = "CdrDimension" {
        one r#type: DimensionType;
        one volume: Number;
    }
}

text_enum!(SessionStatus: "SessionStatus" {
    Active = "ACTIVE",
    Completed = "COMPLETED",
    Invalid = "INVALID",
    Pending = "PENDING",
    Reservation = "RESERVATION",
});

text_enum!(AuthMethod: "AuthMethod" {
    AuthRequest = "AUTH_REQUEST",
    Command = "COMMAND",
    Whitelist = "WHITELIST",
});

text_enum!(DimensionType: "CdrDimensionType" {
    Current = "CURRENT",
    Energy = "ENERGY",
    EnergyExport = "ENERGY_EXPORT",
    EnergyImport = "ENERGY_IMPORT",
    MaxCurrent = "MAX_CURRENT",
    MinCurrent = "MIN_CURRENT",
    MaxPower = "MAX_POWER",
    MinPower = "MIN_POWER",
    ParkingTime = "PARKING_TIME",
    Power = "POWER",
    ReservationTime = "RESERVATION_TIME",
    StateOfCharge = "STATE_OF_CHARGE",
    Time = "TIME",
});
