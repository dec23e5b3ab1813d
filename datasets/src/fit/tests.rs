//! What is generated is what was asked for, and what is fitted to it gives the same again.

use chrono::{DateTime, NaiveDate, TimeDelta, TimeZone, Utc, Weekday};
use chrono_tz::America::Los_Angeles;
use headroom_domain::Energy;
use proptest::prelude::*;

use super::{
    FitError, FitFrame, FleetParameters, GeneratedSite, STAY_LEVELS, SiteKind, SiteSessions, fit, generate, normal,
};
use crate::session::RecordedSession;

fn first() -> NaiveDate {
    NaiveDate::from_ymd_opt(2023, 1, 2).unwrap()
}

fn sites(evses: &[usize]) -> Vec<GeneratedSite> {
    evses.iter().enumerate().map(|(at, evses)| GeneratedSite { name: format!("site-{at}"), evses: *evses }).collect()
}

fn near(what: &str, found: f64, asked: f64, share: f64, least: f64) {
    let tolerance = (asked.abs() * share).max(least);
    assert!((found - asked).abs() <= tolerance, "{what}: {found}, asked {asked} within {tolerance}");
}

fn frame(parameters: &FleetParameters) -> FitFrame {
    FitFrame {
        kind: parameters.kind,
        source: parameters.source.clone(),
        time_zone: parameters.time_zone,
        maximum_kw: parameters.maximum_kw,
    }
}

const WEEK: [Weekday; 7] =
    [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];

/// Tolerances: a year of a hundred plugs gives some ten thousand sessions.
fn agrees(kind: SiteKind) {
    let asked = FleetParameters::shipped(kind).unwrap();
    let made = generate(&asked, &sites(&[60, 40]), first(), 365, 7);
    let sessions: Vec<RecordedSession> = made.iter().flat_map(SiteSessions::recorded).collect();
    let found = fit(&sessions, &frame(&asked)).unwrap();
    for day in WEEK {
        let sum = |parameters: &FleetParameters| parameters.arrivals_per_free_h.of(day).iter().sum::<f64>();
        near(&format!("{kind} {day} arrivals"), sum(&found), sum(&asked), 0.1, 0.02);
    }
    for (found, asked) in found.stay.iter().zip(&asked.stay) {
        for (at, level) in STAY_LEVELS.iter().enumerate() {
            // Some hundred stays in the smallest band: what is found at a level was asked for near it.
            let (least, most) = (asked.at(level - 0.08), asked.at(level + 0.08));
            let stay = found.quantiles_h[at];
            let what = format!("{kind} stay from {} at {level}: {stay}, asked {least} to {most}", asked.from_hour);
            assert!((least * 0.98..=most * 1.02).contains(&stay), "{what}");
        }
    }
    near("energy", found.energy.median_kwh, asked.energy.median_kwh, 0.05, 0.0);
    near("sigma", found.energy.sigma, asked.energy.sigma, 0.05, 0.0);
    near("with stay", found.energy.with_stay, asked.energy.with_stay, 0.1, 0.04);
    near("share", found.statements.share, asked.statements.share, 0.0, 0.02);
    near("with departure", found.statements.with_departure, asked.statements.with_departure, 0.0, 0.02);
    if asked.statements.share > 0.0 {
        near("over-asking", found.statements.over_asking, asked.statements.over_asking, 0.03, 0.0);
        near("its sigma", found.statements.over_asking_sigma, asked.statements.over_asking_sigma, 0.06, 0.005);
        near("stay said", found.statements.stay_said, asked.statements.stay_said, 0.03, 0.0);
        near("its sigma", found.statements.stay_said_sigma, asked.statements.stay_said_sigma, 0.06, 0.005);
    }
}

#[test]
fn a_generated_year_of_a_workplace_fitted_again_gives_its_parameters() {
    agrees(SiteKind::Workplace);
}

#[test]
fn a_generated_year_of_homes_fitted_again_gives_its_parameters() {
    agrees(SiteKind::Home);
}

#[test]
fn a_generated_year_of_public_plugs_fitted_again_gives_its_parameters() {
    agrees(SiteKind::Public);
}

#[test]
fn a_generated_year_of_a_depot_fitted_again_gives_its_parameters() {
    agrees(SiteKind::Depot);
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_gives_others() {
    let parameters = FleetParameters::shipped(SiteKind::Workplace).unwrap();
    let bytes = |seed| serde_json::to_string(&generate(&parameters, &sites(&[3, 5]), first(), 20, seed)).unwrap();
    assert_eq!(bytes(1), bytes(1));
    assert_ne!(bytes(1), bytes(2));
}

#[test]
fn a_site_does_not_change_with_its_neighbours_and_a_plug_not_with_more_plugs() {
    let parameters = FleetParameters::shipped(SiteKind::Home).unwrap();
    let alone = generate(&parameters, &sites(&[4]), first(), 30, 3);
    let among = generate(&parameters, &sites(&[4, 9]), first(), 30, 3);
    assert_eq!(alone[0], among[0]);
    let more = generate(&parameters, &sites(&[6]), first(), 30, 3);
    let of_first: Vec<_> = more[0].sessions.iter().filter(|session| session.evse < 4).cloned().collect();
    assert_eq!(alone[0].sessions, of_first);
}

#[test]
fn parameters_written_as_toml_are_read_the_same() {
    for kind in SiteKind::ALL {
        let parameters = FleetParameters::shipped(kind).unwrap();
        assert_eq!((parameters.kind, kind.to_string().parse()), (kind, Ok(kind)));
        assert_eq!(FleetParameters::from_toml(&parameters.to_toml().unwrap()).unwrap(), parameters);
    }
    assert!("garage".parse::<SiteKind>().is_err());
}

#[test]
fn parameters_that_cannot_be_name_the_field() {
    let good = FleetParameters::shipped(SiteKind::Depot).unwrap();
    let wrong = |change: fn(&mut FleetParameters)| {
        let mut parameters = good.clone();
        change(&mut parameters);
        parameters.check().unwrap_err().to_string()
    };
    assert!(wrong(|p| p.statements.share = 1.2).starts_with("`statements.share` is 1.2"));
    assert!(wrong(|p| p.arrivals_per_free_h.sun[3] = -1.0).contains("arrivals_per_free_h"));
    assert!(wrong(|p| p.stay[2].quantiles_h[4] = 0.0).contains("stay[9].quantiles_h"));
    assert!(wrong(|p| p.stay[2].quantiles_h.swap(0, 12)).contains("never fall"));
    assert!(wrong(|p| drop(p.stay.pop())).starts_with("`stay` is 5"));
    assert!(wrong(|p| p.energy.median_kwh = f64::NAN).contains("energy.median_kwh"));
    assert!(FleetParameters::from_toml("kind = 1").unwrap_err().to_string().contains("kind"));
}

/// A session of an hour with 5 kWh at noon in Los Angeles.
fn noon(day: i64, station: &str) -> RecordedSession {
    let arrival: DateTime<Utc> = Utc.with_ymd_and_hms(2023, 5, 1, 19, 0, 0).unwrap() + TimeDelta::days(day);
    RecordedSession {
        id: format!("{station}-{day}"),
        station: station.to_owned(),
        arrival,
        departure: arrival + TimeDelta::hours(1),
        energy_wh: Energy::from_kwh(5.0),
        stated: None,
        site: None,
        user: None,
    }
}

#[test]
fn arrivals_are_counted_in_local_hours_over_the_time_a_plug_was_free() {
    let mut sessions: Vec<RecordedSession> = (0..71).map(|day| noon(day, "a")).collect();
    // At `b` a vehicle stands through all of it: that plug is never free.
    sessions.push(RecordedSession { departure: sessions[70].departure, ..noon(0, "b") });
    let frame =
        FitFrame { kind: SiteKind::Workplace, source: "typed".to_owned(), time_zone: Los_Angeles, maximum_kw: 7.0 };
    let found = fit(&sessions, &frame).unwrap();
    // On a Monday at noon `a` is taken from 12:00 on: no free time remains but what the floor of an hour gives.
    assert!(found.arrivals_per_free_h.of(Weekday::Tue)[12] >= 10.0);
    assert!(found.arrivals_per_free_h.of(Weekday::Tue)[11].abs() < 1e-9);
    near("energy", found.energy.median_kwh, 5.0, 1e-5, 0.0);
    near("sigma", found.energy.sigma, 0.0, 0.0, 1e-5);
    assert!((found.statements.share).abs() < 1e-9);
}

#[test]
fn too_few_sessions_are_refused() {
    let few: Vec<RecordedSession> = (0..40).map(|day| noon(day, "a")).collect();
    let frame = FitFrame { kind: SiteKind::Home, source: String::new(), time_zone: Los_Angeles, maximum_kw: 7.0 };
    assert!(matches!(fit(&few, &frame), Err(FitError::TooFew { given: 40, .. })));
    assert!(matches!(fit(&[], &frame), Err(FitError::TooFew { given: 0, .. })));
}

#[test]
fn the_normal_quantiles_are_those_of_the_tables() {
    for (level, asked) in [(0.5, 0.0), (0.975, 1.959_964), (0.01, -2.326_348), (0.001, -3.090_232), (0.841_345, 1.0)] {
        assert!((normal::quantile(level) - asked).abs() < 2e-6, "{level}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn no_two_vehicles_stand_at_one_plug_and_each_could_have_charged(seed in 0_u64..1000, evses in 1_usize..8, which in 0_usize..4) {
        let parameters = FleetParameters::shipped(SiteKind::ALL[which]).unwrap();
        let made = generate(&parameters, &sites(&[evses]), first(), 21, seed);
        let start = parameters.time_zone.from_local_datetime(&first().and_hms_opt(0, 0, 0).unwrap()).unwrap().to_utc();
        for evse in 0..evses {
            let mut free_from = start;
            for session in made[0].sessions.iter().filter(|session| session.evse == evse) {
                prop_assert!(session.arrival >= free_from && session.departure > session.arrival);
                prop_assert!(session.arrival < start + TimeDelta::days(21));
                free_from = session.departure;
                let stay_h = headroom_domain::units::hours(session.departure - session.arrival);
                let needed_kwh = session.energy_needed_wh.as_kwh();
                prop_assert!(needed_kwh > 0.0 && needed_kwh <= (parameters.maximum_kw * stay_h).max(0.1) + 1e-3);
                let free_kwh = session.vehicle.battery_wh.as_kwh() * (1.0 - session.vehicle.arrival_soc.as_ratio());
                prop_assert!(needed_kwh <= free_kwh + 1e-6);
                if let Some(stated) = session.stated {
                    prop_assert!(stated.known_from >= session.arrival);
                    prop_assert!(stated.departure.is_none_or(|leaving| leaving > session.arrival));
                }
            }
        }
    }
}
