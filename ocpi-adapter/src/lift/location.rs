//! Locations.

use headroom_domain::location::{Connector, Evse, Location, Supply};

use crate::wire::base::{List, Timestamp};
use crate::wire::locations as wire;

pub(crate) fn location(location: &Location) -> wire::Location {
    let last_updated = Timestamp(location.last_updated);
    wire::Location {
        country_code: location.party.country_code().to_owned(),
        party_id: location.party.party_id().to_owned(),
        id: location.id.clone(),
        publish: Some(true),
        publish_allowed_to: List::default(),
        name: Some(location.name.clone()),
        address: Some(location.place.address.clone()),
        city: Some(location.place.city.clone()),
        postal_code: None,
        state: None,
        country: Some(location.place.country.clone()),
        coordinates: Some(wire::GeoLocation {
            latitude: location.place.latitude.clone(),
            longitude: location.place.longitude.clone(),
        }),
        related_locations: List::default(),
        parking_type: None,
        evses: location.evses.iter().map(|evse| lift_evse(evse, last_updated)).collect(),
        parking_places: List::default(),
        directions: List::default(),
        operator: None,
        suboperator: None,
        owner: None,
        facilities: List::default(),
        time_zone: Some(location.time_zone.name().to_owned()),
        opening_times: None,
        charging_when_closed: None,
        images: List::default(),
        energy_mix: None,
        help_phone: None,
        last_updated,
    }
}

fn lift_evse(evse: &Evse, last_updated: Timestamp) -> wire::Evse {
    let mut capabilities = Vec::new();
    if evse.takes_profiles {
        capabilities.push(wire::Capability::ChargingProfileCapable);
    }
    if evse.takes_preferences {
        capabilities.push(wire::Capability::ChargingPreferencesCapable);
    }
    wire::Evse {
        uid: evse.uid.clone(),
        evse_id: None,
        status: if evse.out_of_use { wire::Status::OutOfOrder } else { wire::Status::Available },
        status_schedule: List::default(),
        capabilities: capabilities.into(),
        connectors: evse.connectors.iter().map(|connector| lift_connector(connector, last_updated)).collect(),
        floor_level: None,
        coordinates: None,
        physical_reference: None,
        directions: List::default(),
        parking_restrictions: List::default(),
        parking: List::default(),
        images: List::default(),
        accepted_service_providers: List::default(),
        last_updated: Some(last_updated),
    }
}

fn lift_connector(connector: &Connector, last_updated: Timestamp) -> wire::Connector {
    use wire::ConnectorFormat::{Cable, Socket};
    use wire::ConnectorType::{Iec62196T2 as T2, Iec62196T2Combo as T2Combo};
    let (power_type, standard, format) = match connector.supply {
        Supply::Ac { phases: 1 } => (wire::PowerType::Ac1Phase, T2, Socket),
        Supply::Ac { phases: 2 } => (wire::PowerType::Ac2Phase, T2, Socket),
        Supply::Ac { .. } => (wire::PowerType::Ac3Phase, T2, Socket),
        Supply::Dc => (wire::PowerType::Dc, T2Combo, Cable),
    };
    wire::Connector {
        id: connector.id.clone(),
        standard: Some(standard),
        format: Some(format),
        power_type,
        max_voltage: connector.voltage_v.as_v().floor().into(),
        max_amperage: connector.maximum_current_a.as_a().floor().into(),
        max_electric_power: Some(connector.maximum_power_w.as_w().floor().into()),
        tariff_ids: connector.tariff_ids.clone().into(),
        terms_and_conditions: None,
        capabilities: List::default(),
        last_updated: Some(last_updated),
    }
}
