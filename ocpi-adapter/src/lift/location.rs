//! Locations.

use headroom_domain::location::{Connector, Evse, Location, Supply};

use crate::wire::base::Timestamp;
use crate::wire::v221::locations as wire;

pub(crate) fn location(location: &Location) -> wire::Location {
    let last_updated = Timestamp(location.last_updated);
    wire::Location {
        country_code: location.party.country_code().to_owned(),
        party_id: location.party.party_id().to_owned(),
        id: location.id.clone(),
        publish: Some(true),
        name: Some(location.name.clone()),
        address: Some(location.place.address.clone()),
        city: Some(location.place.city.clone()),
        country: Some(location.place.country.clone()),
        coordinates: Some(wire::GeoLocation {
            latitude: location.place.latitude.clone(),
            longitude: location.place.longitude.clone(),
        }),
        evses: location.evses.iter().map(|evse| lift_evse(evse, last_updated)).collect(),
        time_zone: Some(location.time_zone.name().to_owned()),
        last_updated,
    }
}

fn lift_evse(evse: &Evse, last_updated: Timestamp) -> wire::Evse {
    let mut capabilities = Vec::new();
    if evse.takes_profiles {
        capabilities.push(wire::Capability::Profiles);
    }
    if evse.takes_preferences {
        capabilities.push(wire::Capability::Preferences);
    }
    wire::Evse {
        uid: evse.uid.clone(),
        status: if evse.out_of_use { wire::Status::OutOfOrder } else { wire::Status::Available },
        capabilities,
        connectors: evse.connectors.iter().map(|connector| lift_connector(connector, last_updated)).collect(),
        last_updated: Some(last_updated),
    }
}

fn lift_connector(connector: &Connector, last_updated: Timestamp) -> wire::Connector {
    let (power_type, standard, format) = match connector.supply {
        Supply::Ac { phases: 1 } => (wire::PowerType::Ac1Phase, "IEC_62196_T2", "SOCKET"),
        Supply::Ac { phases: 2 } => (wire::PowerType::Ac2Phase, "IEC_62196_T2", "SOCKET"),
        Supply::Ac { .. } => (wire::PowerType::Ac3Phase, "IEC_62196_T2", "SOCKET"),
        Supply::Dc => (wire::PowerType::Dc, "IEC_62196_T2_COMBO", "CABLE"),
    };
    wire::Connector {
        id: connector.id.clone(),
        standard: Some(standard.to_owned()),
        format: Some(format.to_owned()),
        power_type,
        max_voltage: connector.voltage_v.as_v(),
        max_amperage: connector.maximum_current_a.as_a(),
        max_electric_power: Some(connector.maximum_power_w.as_w()),
        tariff_ids: connector.tariff_ids.clone(),
        last_updated: Some(last_updated),
    }
}
