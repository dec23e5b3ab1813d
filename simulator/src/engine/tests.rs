use super::*;
use crate::scenario::Scenario;

#[test]
fn strategies_are_called_by_their_names() {
    for name in ["uncontrolled", "equal-share", "optimized"] {
        assert_eq!(name.parse::<Strategy>().unwrap().to_string(), name);
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
fn equal_share_breaks_no_limit() {
    let (score, _) = scored(Strategy::EqualShare);
    assert_eq!((score.violation_s, score.circuit_violation_s), (0.0, 0.0));
    assert!(score.energy_delivered_kwh > 0.5 * score.energy_needed_kwh);
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
