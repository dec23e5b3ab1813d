mod scenarios;

use std::ops::ControlFlow;
use std::path::PathBuf;

use super::*;
use crate::engine::Strategy;

/// A feeder of two small sites, as its circuits.
const SITE: &str = r#"
id = "feeder"
name = "Feeder"
time_zone = "Europe/Amsterdam"
import_capacity_kw = 30.0
margin_kw = 1.0
[safe_mode]
import_limit_kw = 20.0
rate_a = 0.0
station_default_a = 0.0
[energy_price]
currency = "EUR"
[[energy_price.band]]
price_per_kwh = 0.4
start_time = "08:00"
end_time = "12:00"
[[energy_price.band]]
price_per_kwh = 0.2
[base_load]
peak_kw = 5.0
[[circuit]]
id = "one"
import_limit_kw = 15.0
[[circuit]]
id = "other"
[[evse]]
uid = "E1"
circuit = "one"
phases = ["L1", "L2", "L3"]
voltage_v = 230.0
maximum_current_a = 16.0
[[evse]]
uid = "E2"
circuit = "one"
phases = ["L2", "L3", "L1"]
voltage_v = 230.0
maximum_current_a = 16.0
[[evse]]
uid = "E3"
circuit = "other"
phases = ["L3", "L1", "L2"]
voltage_v = 230.0
maximum_current_a = 16.0
"#;

const MANIFEST: &str = r#"
name = "two feeders"
strategies = ["uncontrolled", "optimized"]
seeds = [1, 2]
power = true
[[scenario]]
name = "feeders"
site = "site.toml"
from = "2024-05-13"
to = "2024-05-14"
sites = 2
days_per_part = 1
"#;

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("headroom-study-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("site.toml"), SITE).unwrap();
    std::fs::write(folder.join("study.toml"), MANIFEST).unwrap();
    folder
}

const GO_ON: ControlFlow<()> = ControlFlow::Continue(());

fn options(out: PathBuf, shard: &str) -> StudyOptions {
    StudyOptions { out, shard: shard.parse().unwrap(), jobs: 2, build: "test".to_owned() }
}

fn bytes(out: &std::path::Path) -> Vec<(String, Vec<u8>)> {
    let read = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.unwrap().path();
        (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(path).unwrap())
    };
    let mut files: Vec<_> = std::fs::read_dir(out.join("parts")).unwrap().map(read).collect();
    files.sort();
    files
}

#[test]
fn shards_give_the_bytes_of_the_whole_and_what_is_done_is_not_done_again() {
    let folder = folder("shards");
    let manifest = Manifest::load(&folder.join("study.toml")).unwrap();
    let whole = run(&manifest, &options(folder.join("whole"), "1/1"), |_| GO_ON).unwrap();
    assert_eq!((whole.parts, whole.done, whole.found), (16, 16, 0));
    for shard in ["1/3", "2/3", "3/3"] {
        run(&manifest, &options(folder.join("shards"), shard), |_| GO_ON).unwrap();
    }
    assert_eq!(bytes(&folder.join("whole")), bytes(&folder.join("shards")));
    std::fs::remove_file(folder.join("whole/parts/feeders.1.2024-05-14.optimized.2.json")).unwrap();
    std::fs::write(folder.join("whole/parts/feeders.0.2024-05-13.optimized.1.json"), "{ cut").unwrap();
    let again = run(&manifest, &options(folder.join("whole"), "1/1"), |_| GO_ON).unwrap();
    assert_eq!((again.done, again.found), (16, 14));
    assert_eq!(bytes(&folder.join("whole")), bytes(&folder.join("shards")));
    let other = StudyOptions { build: "another".to_owned(), ..options(folder.join("whole"), "1/1") };
    assert_eq!(run(&manifest, &other, |_| GO_ON).unwrap().found, 0);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_study_that_is_told_to_stop_stops_between_parts_and_goes_on_where_it_was() {
    let folder = folder("stop");
    let manifest = Manifest::load(&folder.join("study.toml")).unwrap();
    let alone = StudyOptions { jobs: 1, ..options(folder.join("out"), "1/1") };
    let stopped = run(&manifest, &alone, |progress| if progress.done == 3 { ControlFlow::Break(()) } else { GO_ON });
    assert!(matches!(stopped, Err(StudyError::Stopped)), "{stopped:?}");
    let again = run(&manifest, &alone, |_| GO_ON).unwrap();
    assert_eq!((again.done, again.found), (16, 3));
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_report_compares_what_was_done_and_says_what_was_not() {
    let folder = folder("report");
    let manifest = Manifest::load(&folder.join("study.toml")).unwrap();
    run(&manifest, &options(folder.join("out"), "1/1"), |_| GO_ON).unwrap();
    std::fs::remove_file(folder.join("out/parts/feeders.1.2024-05-14.optimized.2.json")).unwrap();
    let results = read_results(&folder.join("out")).unwrap();
    write_results(&folder.join("out/results.parquet"), &results).unwrap();
    write_nodes(&folder.join("out/nodes.parquet"), &results).unwrap();
    let report = Report::new(&results);
    let [feeders] = &report.scenarios[..] else { panic!("{report:?}") };
    assert_eq!(feeders.covers, "2024-05-13 to 2024-05-14, 2 connection points with 4 circuits, 2 seeds");
    assert!(feeders.remarks.iter().any(|remark| remark.contains("optimized has 7 of 8 parts")), "{feeders:?}");
    let [uncontrolled, optimized] = &feeders.strategies[..] else { panic!("{feeders:?}") };
    let figure =
        |of: &Comparison, name: &str| of.figures.iter().find(|figure| figure.name == name).unwrap().value.unwrap();
    assert!(figure(uncontrolled, "over the limit").mean > 0.0);
    assert_eq!(figure(optimized, "over the limit").mean, 0.0);
    assert!(figure(uncontrolled, "sessions").plus_minus.is_some());
    assert_eq!((optimized.strategy, optimized.day.len()), (Strategy::Optimized.into(), 288));
    // What a day shows is what the vehicles took in it.
    let shown: f64 = optimized.day.iter().map(|step| step.vehicles_kw / 12.0).sum();
    let part =
        results.iter().find(|one| one.part.strategy == Strategy::Optimized.into() && !one.day.is_empty()).unwrap();
    assert!((shown - part.score.energy_delivered_kwh).abs() < 1e-6, "{shown} {}", part.score.energy_delivered_kwh);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_mean_comes_with_its_confidence() {
    let one = Estimate::of(&[3.0]);
    assert_eq!((one.mean, one.plus_minus), (3.0, None));
    let three = Estimate::of(&[1.0, 2.0, 3.0]);
    assert_eq!(three.mean, 2.0);
    assert!((three.plus_minus.unwrap() - 4.303 / 3.0_f64.sqrt()).abs() < 1e-9);
}

#[test]
fn a_manifest_that_cannot_be_followed_names_the_field_and_the_remedy() {
    let folder = folder("manifest");
    let with = |from: &str, to: &str| {
        let path = folder.join("broken.toml");
        std::fs::write(&path, MANIFEST.replacen(from, to, 1)).unwrap();
        Manifest::load(&path).unwrap_err().to_string()
    };
    assert!(with("seeds = [1, 2]", "seeds = [1, 1]").contains("`seeds` names one twice: give each once"));
    assert!(with("to = \"2024-05-14\"", "to = \"2024-05-12\"").contains("`scenario[0].to` is before `from`"));
    assert!(with("site = \"site.toml\"", "").contains("`scenario[0].site` is missing"));
    assert!(
        with("days_per_part = 1", "days_per_part = 0").contains("`scenario[0].days_per_part` is 0: give 1 or more")
    );
    assert!(with("sites = 2", "limit_share = nan").contains("`scenario[0].limit_share` must be 0 to 10"));
    assert!(with("name = \"feeders\"", "name = \"../up\"").contains("`scenario[0].name` must be letters"));
    assert!(
        with("sites = 2", "faults = \"silence\"").contains("`scenario[0].faults` is not among [faults]: add it there")
    );
    assert!(with("sites = 2", "region = { sites = 2 }").contains("`scenario[0].region` makes its own sites"));
    assert!(with("sites = 2", "garage = {}").contains("`scenario[0].garage` goes with `sessions`"));
    assert!(with("sites = 2", "tariff = { file = \"tou.json\" }").contains("`scenario[0].tariff.currency` is missing"));
    assert!(with("\"optimized\"", "\"optimized/prefect\"").contains("`prefect` after the strategy is not known"));
    assert!(with("\"uncontrolled\"", "\"uncontrolled/perfect\"").contains("`uncontrolled` reckons with no forecast"));
    assert!("0/3".parse::<Shard>().is_err() && "4/3".parse::<Shard>().is_err() && "2".parse::<Shard>().is_err());
    std::fs::remove_dir_all(folder).unwrap();
}
