//! Charging profiles (OCPI 2.2.1 §14), the same in all versions.

use crate::wire::base::{Number, Timestamp};
use crate::wire::class::{INT, URL, class};
use crate::wire::text_enum::text_enum;

class! {
    SetChargingProfile = "SetChargingProfile" {
        one charging_profile: ChargingProfile;
        one response_url: String = URL;
    }
}

class! {
    ChargingProfile = "ChargingProfile" {
        may start_date_time: Timestamp;
        may duration: Number = INT;
        one charging_rate_unit: ChargingRateUnit;
        may min_charging_rate: Number;
        any charging_profile_period: ChargingProfilePeriod;
    }
}

class! {
    ChargingProfilePeriod = "ChargingProfilePeriod" {
        one start_period: Number = INT;
        one limit: Number;
    }
}

class! {
    ActiveChargingProfile = "ActiveChargingProfile" {
        one start_date_time: Timestamp;
        one charging_profile: ChargingProfile;
    }
}

class! {
    ChargingProfileResponse = "ChargingProfileResponse" {
        one result: ResponseType;
        due timeout: Number = INT;
    }
}

class! {
    /// Also `ChargingProfileResult` and `ClearProfileResult`, which have no profile.
    ActiveChargingProfileResult = "ActiveChargingProfileResult" {
        one result: ResultType;
        may profile: ActiveChargingProfile;
    }
}

text_enum!(ChargingRateUnit: "ChargingRateUnit" {
    Watts = "W",
    Amperes = "A",
});

text_enum!(ResponseType: "ChargingProfileResponseType" {
    Accepted = "ACCEPTED",
    NotSupported = "NOT_SUPPORTED",
    Rejected = "REJECTED",
    TooOften = "TOO_OFTEN",
    UnknownSession = "UNKNOWN_SESSION",
});

text_enum!(ResultType: "ChargingProfileResultType" {
    Accepted = "ACCEPTED",
    Rejected = "REJECTED",
    Unknown = "UNKNOWN",
});
