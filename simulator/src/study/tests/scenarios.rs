//! What scenarios are made of: recordings, locations, tariffs, carbon, regions, faults.

use std::path::Path;

use headroom_datasets::{RecordedSession, SessionTable, write_sessions_parquet};
use headroom_domain::Energy;

use super::*;

/// Runs a study of one scenario in a folder of its own, with the files that `prepare` puts there.
fn studied(name: &str, manifest: &str, prepare: impl FnOnce(&Path)) -> Vec<PartResult> {
    let folder = folder(name);
    prepare(&folder);
    std::fs::write(folder.join("study.toml"), manifest).unwrap();
    let manifest = Manifest::load(&folder.join("study.toml")).unwrap();
    run(&manifest, &options(folder.join("out"), "1/1"), |_| ControlFlow::Continue(())).unwrap();
    let results = read_results(&folder.join("out")).unwrap();
    std::fs::remove_dir_all(folder).unwrap();
    results
}

fn of<'a>(results: &'a [PartResult], strategy: &str) -> Vec<&'a PartResult> {
    let strategy: Steering = strategy.parse().unwrap();
    results.iter().filter(|one| one.part.strategy == strategy).collect()
}

fn figure(scenario: &ScenarioReport, strategy: &str, group: &str, name: &str) -> Option<f64> {
    let comparison = scenario.strategies.iter().find(|one| one.strategy.to_string() == strategy).unwrap();
    let found = comparison.figures.iter().find(|figure| figure.group == group && figure.name == name);
    found.unwrap().value.map(|value| value.mean)
}

/// A session of 10 kWh at a station of a site; times are of 13 May 2024, UTC.
fn session(site: Option<&str>, station: &str, arrival: &str, departure: &str) -> RecordedSession {
    let at = |time: &str| format!("2024-05-{time}:00Z").parse().unwrap();
    RecordedSession {
        id: format!("{station}-{arrival}"),
        station: station.to_owned(),
        site: site.map(str::to_owned),
        arrival: at(arrival),
        departure: at(departure),
        energy_wh: Energy::from_kwh(10.0),
        stated: None,
        user: None,
    }
}

fn record(folder: &Path, sessions: Vec<RecordedSession>) {
    let table = SessionTable { source: "by hand".to_owned(), time_zone: None, sessions };
    write_sessions_parquet(&folder.join("sessions.parquet"), &table).unwrap();
}

const RECORDED: &str = r#"
name = "recorded"
strategies = ["uncontrolled", "optimized", "optimized/perfect", "optimized/drivers", "optimized/no-margin", "offline"]
[[scenario]]
name = "garage"
sessions = "sessions.parquet"
format = "generic-parquet"
garage = { time_zone = "Europe/Oslo", phases = 3, voltage_v = 230.0, maximum_current_a = 16.0 }
tariff = { file = "prices.toml" }
from = "2024-05-13"
to = "2024-05-14"
days_per_part = 1
"#;

const PRICES: &str = r#"
currency = "NOK"
demand_charge_per_kw = 40.0
[[band]]
price_per_kwh = 2.0
start_time = "06:00"
end_time = "20:00"
[[band]]
price_per_kwh = 1.0
"#;

/// Two locations with two stations each, on two days; two stations share a name.
fn two_locations(folder: &Path) {
    let stays = [("13T08:00", "13T20:00"), ("14T08:00", "14T22:00")];
    let places = [("north", "1"), ("north", "2"), ("south", "1"), ("south", "3")];
    let sessions = places.iter().flat_map(|(site, station)| {
        stays.map(|(arrival, departure)| RecordedSession {
            id: format!("{site}-{station}-{arrival}"),
            ..session(Some(site), station, arrival, departure)
        })
    });
    record(folder, sessions.collect());
    std::fs::write(folder.join("prices.toml"), PRICES).unwrap();
}

#[test]
fn locations_of_a_recording_are_circuits_of_a_feeder_and_are_scored_one_by_one() {
    let manifest = RECORDED.replace("16.0 }", "16.0, location_share = 0.5 }");
    let results = studied("locations", &manifest, two_locations);
    for one in &results {
        let names: Vec<&str> = one.score.nodes.iter().map(|node| node.node.as_str()).collect();
        assert_eq!(names, ["garage", "garage/north", "garage/south"], "{}", one.part.file_stem());
        assert_eq!(one.score.nodes.iter().map(|node| node.sessions).collect::<Vec<_>>(), [4, 2, 2]);
        let below: f64 = one.score.nodes[1..].iter().map(|node| node.delivered_kwh).sum();
        assert!((below - one.score.energy_delivered_kwh).abs() < 1e-9);
    }
    // Two vehicles at once are more than the half that their location carries; steered ones are not.
    let over = |strategy: &str| of(&results, strategy)[0].score.overloads[1].power.overload_min;
    assert!(over("uncontrolled") > 10.0, "{}", over("uncontrolled"));
    assert_eq!(over("optimized"), 0.0);
    let report = Report::new(&results);
    let (nodes, count) = &report.scenarios[0].nodes;
    assert_eq!((nodes.len(), *count), (3, 3));
    assert!(nodes[0].node.starts_with("garage/") && nodes[0].under[0].over_min > Some(10.0), "{nodes:?}");
    assert!(nodes[0].under.last().unwrap().over_min.is_none(), "the bound has no power from moment to moment");
}

#[test]
fn a_months_demand_charge_is_that_of_its_highest_part_and_not_their_sum() {
    let results = studied("months", RECORDED, two_locations);
    let parts = of(&results, "uncontrolled");
    assert_eq!(parts.len(), 2);
    let highest = |of: fn(&MonthDemand) -> f64| parts.iter().flat_map(|one| &one.months).map(of).fold(0.0, f64::max);
    let expected = 40.0 * (highest(|month| month.import_kw) - highest(|month| month.base_kw));
    let report = Report::new(&results);
    let [scenario] = &report.scenarios[..] else { panic!("{report:?}") };
    let charge = figure(scenario, "uncontrolled", "Money", "demand charge").unwrap();
    assert!((charge - expected).abs() < 1e-6, "{charge} {expected}");
    let sum: f64 = parts.iter().map(|one| one.score.demand_charge_cost).sum();
    assert!(charge < 0.7 * sum, "{charge} {sum}");
    assert!(scenario.remarks.iter().any(|remark| remark.contains("billed by itself")), "{:?}", scenario.remarks);
    assert_eq!(parts[0].score.currency, "NOK");
}

#[test]
fn what_is_above_the_least_is_split_into_causes_that_add_up() {
    let results = studied("causes", RECORDED, two_locations);
    for one in results.iter().filter(|one| one.part.strategy.strategy.steers()) {
        assert!(one.score.regret.unwrap() > -1e-6, "{}: {:?}", one.part.file_stem(), one.score.regret);
    }
    assert!(of(&results, "offline").iter().chain(&of(&results, "uncontrolled")).all(|one| one.least.is_none()));
    let report = Report::new(&results);
    let causes = report.scenarios[0].causes.as_ref().unwrap();
    assert_eq!(causes.causes.len(), 4);
    let sum = |of: fn(&Cause) -> f64| causes.causes.iter().map(of).sum::<f64>();
    assert!((sum(|cause| cause.percent) - causes.total.percent).abs() < 1e-9);
    assert!((sum(|cause| cause.energy) - causes.total.energy).abs() < 1e-9);
    let above = figure(&report.scenarios[0], "optimized", "Money", "above the least").unwrap();
    assert!((above - causes.total.percent).abs() < 1e-9);
    assert!(causes.verdict.starts_with(&format!("For the energy that it delivered, optimized costs {above:.1} %")));
}

#[test]
fn a_utilitys_tariff_prices_each_day_by_its_season() {
    let tariff = r#"{ "name": "by hand", "effective": "2024-01-01", "schedule": [
        { "id": "spring", "effective_start": "01-01", "effective_end": "05-13", "dow_mask": "ALL",
          "times": [0], "tariffs": [0.1], "demand_charge": 0.0 },
        { "id": "autumn", "effective_start": "05-14", "effective_end": "12-31", "dow_mask": "ALL",
          "times": [0], "tariffs": [0.3], "demand_charge": 2.0 } ] }"#;
    let manifest = RECORDED.replace(r#"{ file = "prices.toml" }"#, r#"{ file = "tou.json", currency = "USD" }"#);
    let results = studied("seasons", &manifest, |folder| {
        two_locations(folder);
        std::fs::write(folder.join("tou.json"), tariff).unwrap();
    });
    let per_kwh = |one: &PartResult| one.score.cost / one.score.energy_delivered_kwh;
    for strategy in ["uncontrolled", "optimized"] {
        let parts = of(&results, strategy);
        assert!((per_kwh(parts[0]) - 0.1).abs() < 1e-9 && (per_kwh(parts[1]) - 0.3).abs() < 1e-9, "{strategy}");
        assert_eq!((parts[0].demand_charge_per_kw, parts[1].demand_charge_per_kw), (Some(0.0), Some(2.0)));
    }
}

#[test]
fn carbon_is_that_of_the_energy_where_it_is_known() {
    let carbon = r#"carbon = { files = ["carbon.csv"], mapping = "generic-csv" }"#;
    let manifest = format!("{RECORDED}{carbon}\n");
    let results = studied("carbon", &manifest, |folder| {
        two_locations(folder);
        let quarter = |index: i64| {
            let start: chrono::DateTime<chrono::Utc> = "2024-05-12T00:00:00Z".parse().unwrap();
            format!("{},200.0\n", (start + chrono::TimeDelta::minutes(15 * index)).to_rfc3339())
        };
        let rows: String = (0..600).map(quarter).collect();
        std::fs::write(folder.join("carbon.csv"), format!("time,carbon_g_per_kwh\n{rows}")).unwrap();
    });
    for one in &results {
        let expected = 0.2 * one.score.energy_delivered_kwh;
        assert!((one.score.carbon_kg.unwrap() - expected).abs() < 0.01 * expected, "{}", one.part.file_stem());
    }
}

#[test]
fn a_vehicle_that_stays_can_shed_what_it_draws_and_one_that_must_leave_cannot() {
    let offered = |departure: &str| {
        let results = studied(&format!("flexibility-{}", &departure[3..5]), RECORDED, |folder| {
            // Three phases at 16 A are 11 kW: ten kWh take most of an hour.
            record(folder, vec![session(None, "1", "13T10:00", departure)]);
            std::fs::write(folder.join("prices.toml"), PRICES).unwrap();
        });
        let found = of(&results, "uncontrolled")[0];
        // A mean over 24 hours of what was drawn in one of them.
        (24.0 * found.flexibility.shed_15min_kw, found.score.energy_delivered_kwh, found.flexibility)
    };
    let (stays_kw, got_kwh, all) = offered("13T20:00");
    assert!(got_kwh > 9.0, "{got_kwh}");
    assert!(stays_kw > 3.0, "{stays_kw}");
    // Nothing more can be drawn by who charges at the most.
    assert!(all.raise_15min_kw < 0.01 && all.shed_1h_kw <= all.shed_15min_kw + 1e-9, "{all:?}");
    let (leaves_kw, ..) = offered("13T10:30");
    assert!(leaves_kw < 0.1 * stays_kw, "{leaves_kw} {stays_kw}");
}

const REGION: &str = r#"
name = "region"
strategies = ["uncontrolled", "edf"]
seeds = [1, 2]
[[scenario]]
name = "region"
from = "2025-03-04"
to = "2025-03-05"
days_per_part = 1
limit_share = 0.5
[scenario.region]
sites = 10
sites_per_feeder = 6
"#;

#[test]
fn a_region_is_feeders_of_sites_in_their_shares_and_every_part_is_another() {
    let results = studied("region", REGION, |_| ());
    // Two feeders, two days, two seeds.
    assert_eq!(of(&results, "edf").len(), 8);
    let first = of(&results, "edf")[0];
    let kinds: Vec<&str> = first.score.nodes[1..]
        .iter()
        .map(|node| node.node.trim_start_matches("feeder-01/").trim_end_matches(|letter: char| !letter.is_alphabetic()))
        .collect();
    let count = |kind: &str| kinds.iter().filter(|one| **one == kind).count();
    assert_eq!((kinds.len(), count("home"), count("workplace")), (6, 3, 1), "{kinds:?}");
    let sessions: Vec<f64> = of(&results, "uncontrolled").iter().map(|one| one.score.energy_needed_kwh).collect();
    assert!(sessions.iter().all(|needed| *needed > 0.0), "{sessions:?}");
    let mut different = sessions.clone();
    different.sort_by(f64::total_cmp);
    different.dedup();
    assert_eq!(different.len(), sessions.len(), "parts repeat each other: {sessions:?}");
    assert!(of(&results, "edf").iter().all(|one| one.score.violation_s == 0.0));
    let report = Report::new(&results);
    assert_eq!(report.scenarios[0].covers, "2025-03-04 to 2025-03-05, 2 connection points with 10 circuits, 2 seeds");
}

#[test]
fn what_goes_wrong_is_chosen_by_name_and_said() {
    let faults = r#"
faults = "lossy"
[faults.lossy]
callbacks_lost = 0.5
"#;
    let manifest = MANIFEST.replace("seeds = [1, 2]", "seeds = [1]").replace("sites = 2", r#"faults = "lossy""#);
    let manifest = manifest + &faults.replace(r#"faults = "lossy""#, "");
    let results = studied("faults", &manifest, |_| ());
    assert!(of(&results, "optimized").iter().all(|one| one.control.messages_lost > 0));
    assert!(Report::new(&results).scenarios[0].covers.ends_with("with the faults “lossy”"));
    let quiet = MANIFEST.replace("seeds = [1, 2]", "seeds = [1]").replace("sites = 2\n", "");
    let quiet = studied("no-faults", &quiet, |_| ());
    assert_ne!(quiet[0].inputs.configuration, results[0].inputs.configuration);
}

#[test]
fn recordings_are_looked_for_beside_the_manifest_and_then_in_the_folder_of_data() {
    let folder = folder("data");
    let data = folder.join("recordings");
    std::fs::create_dir_all(&data).unwrap();
    std::fs::write(folder.join("prices.toml"), PRICES).unwrap();
    std::fs::write(data.join("prices.toml"), PRICES).unwrap();
    std::fs::write(folder.join("study.toml"), RECORDED).unwrap();
    let manifest = Manifest::load_with(&folder.join("study.toml"), Some(&data)).unwrap();
    let [scenario] = &manifest.scenarios[..] else { panic!("{manifest:?}") };
    assert_eq!(scenario.sessions.as_deref(), Some(data.join("sessions.parquet").as_path()));
    assert_eq!(scenario.tariff.as_ref().map(|tariff| tariff.file.clone()), Some(folder.join("prices.toml")));
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn the_shipped_studies_can_be_followed() {
    let deploy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy");
    for manifest in ["study.example.toml", "studies/strategies.toml"] {
        Manifest::load(&deploy.join(manifest)).unwrap();
    }
}
