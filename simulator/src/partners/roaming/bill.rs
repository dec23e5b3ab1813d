//! Charge detail records: what a session cost by its tariff.

use chrono::TimeDelta;
use headroom_domain::location::Location;
use headroom_domain::tariff::{Amount, Tariff, Usage, cost};
use headroom_ocpi_adapter::roaming::{AuthMethod, Cdr, CdrKey, CdrPlace, CdrToken, Cost, Dimension, Measure, Period};

use super::cpo::Charging;

/// Returns the record of an ended session; `None` when its tariff does not say what it cost.
pub(super) fn cdr(charging: &Charging, location: &Location, tariff: &Tariff) -> Option<Cdr> {
    let session = &charging.session;
    let ended_at = session.ended_at?;
    let usage = Usage {
        periods: charging.usage.clone(),
        end: ended_at,
        time_zone: location.time_zone,
        reservation_expired: false,
    };
    let bill = cost(&usage, std::slice::from_ref(tariff)).ok()?;
    let evse = session.evse_uid.clone()?;
    let connector = location.evse(&evse)?.connector(None)?;
    let place = &location.place;
    Some(Cdr {
        key: CdrKey {
            partner: session.key.partner.clone(),
            party: session.key.party.clone(),
            id: format!("C-{}", session.key.id),
        },
        started_at: session.started_at,
        ended_at,
        session_id: Some(session.key.id.clone()),
        token: Some(CdrToken {
            party: Some(charging.token.key.party.clone()),
            uid: charging.token.key.uid.clone(),
            kind: charging.token.key.kind.clone(),
            contract_id: charging.token.contract_id.clone(),
        }),
        auth_method: Some(if charging.by_command { AuthMethod::Command } else { AuthMethod::AuthRequest }),
        authorization_reference: charging.reference.clone(),
        place: Some(CdrPlace {
            location_id: location.id.clone(),
            name: Some(location.name.clone()),
            address: place.address.clone(),
            city: place.city.clone(),
            country: place.country.clone(),
            latitude: place.latitude.clone(),
            longitude: place.longitude.clone(),
            evse_id: Some(format!("NL*RCP*{evse}")),
            evse_uid: Some(evse),
            connector_id: session.connector_id.clone(),
            supply: Some(connector.supply),
        }),
        meter_id: None,
        currency: tariff.currency.clone(),
        tariff_ids: vec![tariff.id.clone()],
        periods: charging.usage.iter().map(period).collect(),
        energy_wh: session.energy_wh,
        duration: ended_at - session.started_at,
        parking: Some(hours(charging.usage.iter().map(|period| period.parking_h).sum())),
        total_cost: amount(&bill.total),
        fixed_cost: amount(&bill.fixed),
        energy_cost: amount(&bill.energy),
        time_cost: amount(&bill.time),
        parking_cost: amount(&bill.parking),
        reservation_cost: None,
        remark: None,
        invoice_id: None,
        is_credit: false,
        credit_reference_id: None,
        last_updated: ended_at,
    })
}

fn period(used: &headroom_domain::tariff::UsagePeriod) -> Period {
    let measure = |dimension, volume| Measure { dimension, volume };
    let mut measures = vec![measure(Dimension::Energy, used.energy_wh.as_kwh())];
    let times = [(Dimension::Time, used.time_h), (Dimension::ParkingTime, used.parking_h)];
    measures.extend(times.into_iter().filter(|(_, hours)| *hours > 0.0).map(|(what, hours)| measure(what, hours)));
    Period { start: used.start, measures, tariff_id: used.tariff_id.clone() }
}

fn amount(amount: &Amount) -> Option<Cost> {
    Some(Cost { before_tax: amount.before_tax?, after_tax: amount.after_tax })
}

fn hours(hours: f64) -> TimeDelta {
    #[expect(clippy::cast_possible_truncation, reason = "a day has few milliseconds")]
    TimeDelta::milliseconds((hours * 3_600_000.0).round() as i64)
}
