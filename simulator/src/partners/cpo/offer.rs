//! What the virtual CPO offers by OCPI: its location, its tariff, its sessions.

use headroom_domain::location::{Connector, Evse, Location, Place, Supply};
use headroom_domain::site::{SiteError, SiteEvse};
use headroom_domain::tariff::Tariff;
use headroom_domain::{Current, PartnerId, PartyId, Voltage};

use crate::scenario::Scenario;

const TARIFF: &str = "TOU-1";

/// The one connector of every EVSE.
pub(super) const CONNECTOR: &str = "1";

/// What does not change while the virtual CPO runs.
#[derive(Debug, Clone)]
pub(super) struct Offer {
    pub(super) party: PartyId,
    pub(super) location: Location,
    pub(super) tariff: Tariff,
}

impl Offer {
    pub(super) fn new(scenario: &Scenario) -> Result<Self, SiteError> {
        let (site, since) = (&scenario.site, scenario.window.start);
        let (country, place) = place(site.time_zone);
        let party = PartyId::new(country, "VCP");
        let partner = PartnerId::new("virtual-cpo");
        let evses = site.evses.iter().map(evse).collect::<Result<Vec<_>, _>>()?;
        let location = Location {
            partner: partner.clone(),
            party: party.clone(),
            id: site.id.clone(),
            name: site.name.clone(),
            place,
            time_zone: site.time_zone,
            evses,
            last_updated: since,
        };
        let tariff = Tariff {
            partner,
            party: party.clone(),
            id: TARIFF.to_owned(),
            currency: scenario.tariff.currency.clone(),
            tariff_type: None,
            tax_included: None,
            minimum_price: None,
            maximum_price: None,
            valid_from: None,
            valid_until: None,
            elements: scenario.tariff.elements().into_iter().map(Into::into).collect(),
            incomplete: false,
            last_updated: since,
        };
        Ok(Self { party, location, tariff })
    }
}

fn evse(evse: &SiteEvse) -> Result<Evse, SiteError> {
    let wiring = evse.wiring()?;
    let supply = match u8::try_from(evse.phases.len()) {
        Ok(phases @ 1..=3) => Supply::Ac { phases },
        _ => Supply::Dc,
    };
    let connector = Connector {
        id: CONNECTOR.to_owned(),
        supply,
        voltage_v: Voltage::from_v(evse.voltage_v),
        maximum_current_a: Current::from_a(evse.maximum_current_a),
        maximum_power_w: wiring.maximum_power(),
        tariff_ids: vec![TARIFF.to_owned()],
    };
    Ok(Evse {
        uid: evse.uid.clone(),
        takes_profiles: true,
        takes_preferences: true,
        out_of_use: false,
        connectors: vec![connector],
    })
}

fn place(time_zone: chrono_tz::Tz) -> (&'static str, Place) {
    let place = |address: &str, city: &str, country: &str, latitude: &str, longitude: &str| Place {
        address: address.to_owned(),
        city: city.to_owned(),
        country: country.to_owned(),
        latitude: latitude.to_owned(),
        longitude: longitude.to_owned(),
    };
    if time_zone.name().starts_with("America/") {
        ("US", place("1 Virtual Boulevard", "Pasadena", "USA", "34.137700", "-118.125300"))
    } else {
        ("NL", place("Virtuele Kade 1", "Amsterdam", "NLD", "52.370200", "4.895200"))
    }
}
