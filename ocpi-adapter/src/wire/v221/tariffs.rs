//! Tariffs (§11). Prices are without VAT.

use serde::{Deserialize, Serialize};

use crate::wire::base::{Timestamp, list, text_enum};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Tariff {
    pub country_code: String,
    pub party_id: String,
    pub id: String,
    pub currency: String,
    #[serde(default, deserialize_with = "list")]
    pub elements: Vec<TariffElement>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_date_time: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_date_time: Option<Timestamp>,
    pub last_updated: Timestamp,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct TariffElement {
    #[serde(default, deserialize_with = "list")]
    pub price_components: Vec<PriceComponent>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restrictions: Option<Restrictions>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PriceComponent {
    #[serde(rename = "type")]
    pub kind: TariffDimension,
    pub price: f64,
    // Absent means one: billing in blocks is nothing that a plan can use.
    #[serde(default)]
    pub step_size: Option<u32>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Restrictions {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_date: Option<String>,
    #[serde(deserialize_with = "list", skip_serializing_if = "Vec::is_empty")]
    pub day_of_week: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_kwh: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_kwh: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_current: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_current: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_power: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_power: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_duration: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_duration: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reservation: Option<String>,
}

text_enum!(TariffDimension {
    Energy = "ENERGY",
    Flat = "FLAT",
    ParkingTime = "PARKING_TIME",
    Time = "TIME",
});
