//! Sites for days that come without one.

use chrono::{Datelike, NaiveDate, NaiveTime, Weekday};
use headroom_domain::grid::Phase;
use headroom_domain::site::{Circuit, DriverDefaults, EnergyPriceTable, PriceBand, SafeMode, Site, SiteEvse};

/// EVSEs of the synthetic workplace.
const WORKPLACE_EVSES: usize = 36;

/// Circuits of the synthetic workplace.
const WORKPLACE_CIRCUITS: usize = 3;

/// Makes the synthetic workplace: three circuits of twelve three-phase EVSEs, every fourth with 22 kW, else 11 kW.
///
/// Stations offer nothing before they are told, and nothing when they hear no more: that is the only safe rate at
/// which so many EVSEs fit beside the building under a utility's limit.
pub(super) fn workplace(base_load_kw: f64) -> Site {
    let circuits = (1..=WORKPLACE_CIRCUITS).map(|number| Circuit {
        id: format!("circuit-{number}"),
        parent: None,
        import_limit_kw: Some(90.0),
        phase_current_a: Some(160.0),
    });
    let per_circuit = WORKPLACE_EVSES / WORKPLACE_CIRCUITS;
    let evses = (0..WORKPLACE_EVSES).map(|index| SiteEvse {
        uid: format!("EVSE-{:02}", index + 1),
        circuit: Some(format!("circuit-{}", index / per_circuit + 1)),
        phases: (0..3).map(|turn| Phase::ALL[(index + turn) % 3]).collect(),
        voltage_v: 230.0,
        maximum_current_a: if index % 4 == 3 { 32.0 } else { 16.0 },
    });
    Site {
        id: "workplace".to_owned(),
        name: "Workplace Amsterdam".to_owned(),
        time_zone: chrono_tz::Europe::Amsterdam,
        import_capacity_kw: 220.0,
        margin_kw: 3.0,
        base_load_kw,
        base_load_guard: 0.99,
        safe_mode: paused(60.0),
        defaults: DriverDefaults { energy_kwh: 15.0, stay_h: 6.0, ..DriverDefaults::default() },
        energy_price: None,
        demand_charge_per_kw: None,
        circuits: circuits.collect(),
        evses: evses.collect(),
    }
}

/// Makes a site of the stations seen in a recording: single-phase 208 V, 32 A, as at the Caltech garage of ACN-Data. Capacity and base
/// load are for the caller to set.
pub(super) fn garage(stations: &[String]) -> Site {
    let evses = stations.iter().enumerate().map(|(index, station)| SiteEvse {
        uid: station.clone(),
        circuit: None,
        phases: vec![Phase::ALL[index % 3]],
        voltage_v: 208.0,
        maximum_current_a: 32.0,
    });
    Site {
        id: "garage".to_owned(),
        name: "Campus garage".to_owned(),
        time_zone: chrono_tz::America::Los_Angeles,
        import_capacity_kw: 0.0,
        margin_kw: 3.0,
        base_load_kw: 0.0,
        base_load_guard: 0.99,
        safe_mode: paused(60.0),
        defaults: DriverDefaults { energy_kwh: 10.0, stay_h: 4.0, ..DriverDefaults::default() },
        energy_price: None,
        demand_charge_per_kw: None,
        circuits: Vec::new(),
        evses: evses.collect(),
    }
}

/// Stations that offer nothing before they are told, and nothing when they hear no more.
pub(crate) fn paused(import_limit_kw: f64) -> SafeMode {
    SafeMode { import_limit_kw, rate_a: 0.0, station_default_a: 0.0, tail_after_min: 90 }
}

/// Makes Dutch prices: dear in the morning and the evening, cheap under the midday sun and at night.
pub(crate) fn dutch_prices() -> EnergyPriceTable {
    let bands = vec![
        band(0.34, Some((7, 0)), Some((10, 0))),
        band(0.21, Some((11, 0)), Some((16, 0))),
        band(0.38, Some((17, 0)), Some((21, 0))),
        band(0.27, None, None),
    ];
    EnergyPriceTable { currency: "EUR".to_owned(), bands }
}

/// Makes the prices of Southern California Edison's TOU-EV-4 of 2019, the tariff of the recorded sites, for a day.
pub(super) fn californian_prices(date: NaiveDate) -> EnergyPriceTable {
    let summer = (6..=9).contains(&date.month());
    let [night, day, peak] = if summer { [0.056_23, 0.092_5, 0.266_68] } else { [0.060_87, 0.074_92, 0.086_9] };
    let weekend = PriceBand { weekdays: vec![Weekday::Sat, Weekday::Sun], ..band(night, None, None) };
    let bands = vec![
        weekend,
        band(peak, Some((12, 0)), Some((18, 0))),
        band(day, Some((8, 0)), Some((23, 0))),
        band(night, None, None),
    ];
    EnergyPriceTable { currency: "USD".to_owned(), bands }
}

fn band(price_per_kwh: f64, start: Option<(u32, u32)>, end: Option<(u32, u32)>) -> PriceBand {
    let time = |clock: Option<(u32, u32)>| clock.and_then(|(hour, minute)| NaiveTime::from_hms_opt(hour, minute, 0));
    PriceBand { price_per_kwh, start_time: time(start), end_time: time(end), weekdays: Vec::new() }
}
