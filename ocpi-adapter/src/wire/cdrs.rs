//! Charge detail records (OCPI 2.2.1 §10).

use crate::version::Version::V221;
use crate::wire::base::{Number, Timestamp};
use crate::wire::class::{INT, ci, class, since, text};
use crate::wire::locations::{ConnectorFormat, ConnectorType, GeoLocation, PowerType};
use crate::wire::sessions::{AuthMethod, CdrToken, ChargingPeriod};
use crate::wire::tariffs::Tariff;
use crate::wire::types::Price;

class! {
    Cdr = "CDR" {
        one country_code: String = ci(2);
        one party_id: String = ci(3);
        one id: String = ci(39);
        one start_date_time: Timestamp;
        one end_date_time: Timestamp;
        may session_id: String = ci(36);
        due cdr_token: CdrToken;
        due auth_method: AuthMethod;
        may authorization_reference: String = ci(36);
        due cdr_location: CdrLocation;
        may meter_id: String = text(255);
        one currency: String = text(3);
        any tariffs: Tariff;
        some charging_periods: ChargingPeriod;
        may signed_data: SignedData;
        due total_cost: Price;
        may total_fixed_cost: Price;
        one total_energy: Number;
        may total_energy_cost: Price;
        due total_time: Number;
        may total_time_cost: Price;
        may total_parking_time: Number;
        may total_parking_cost: Price;
        may total_reservation_cost: Price;
        may remark: String = text(255);
        may invoice_reference_id: String = ci(39);
        may credit: bool;
        may credit_reference_id: String = ci(39);
        may home_charging_compensation: bool, since(V221);
        due last_updated: Timestamp;
    }
}

class! {
    CdrLocation = "CdrLocation" {
        one id: String = ci(36);
        may name: String = text(255);
        due address: String = text(45);
        due city: String = text(45);
        may postal_code: String = text(10);
        may state: String = text(20), since(V221);
        due country: String = text(3);
        due coordinates: GeoLocation;
        due evse_uid: String = ci(36);
        due evse_id: String = ci(48);
        due connector_id: String = ci(36);
        due connector_standard: ConnectorType;
        due connector_format: ConnectorFormat;
        due connector_power_type: PowerType;
    }
}

class! {
    SignedData = "SignedData" {
        due encoding_method: String = ci(36);
        may encoding_method_version: Number = INT;
        may public_key: String = text(512);
        some signed_values: SignedValue;
        may url: String = text(512);
    }
}

class! {
    SignedValue = "SignedValue" {
        due nature: String = ci(32);
        due plain_data: String = text(5000);
        one signed_data: String = text(5000);
    }
}
