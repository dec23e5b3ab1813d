use super::*;
use crate::time::TimeGrid;

fn grid() -> TimeGrid {
    TimeGrid::uniform(start(), TimeDelta::hours(1), 3)
}

fn outlook() -> Outlook {
    Outlook {
        started_at: start(),
        energy_wh: Energy::ZERO,
        power_w: Power::from_kw(10.0),
        current_a: None,
        cost_so_far: None,
    }
}

#[track_caller]
fn check(tariff: &Tariff, outlook: &Outlook, expected: [f64; 3]) {
    let found = tariff.marginal_prices(outlook, &grid(), chrono_tz::UTC);
    for (found, expected) in found.iter().zip(expected) {
        is_near(found.as_per_kwh(), expected);
    }
    assert_eq!(found.len(), 3);
}

#[test]
fn tiers_by_energy_and_by_time_of_day_show_in_the_price_of_the_next_kwh() {
    let tier = Restrictions { maximum_energy_wh: Some(Energy::from_kwh(15.0)), ..always() };
    let tiers = tariff(vec![energy(0.9, between((12, 0), (13, 0))), energy(0.2, tier), energy(0.4, always())]);
    check(&tiers, &outlook(), [0.2, 0.3, 0.9]);
    check(&tiers, &Outlook { energy_wh: Energy::from_kwh(20.0), ..outlook() }, [0.4, 0.4, 0.9]);
}

#[test]
fn the_price_of_time_is_spread_over_what_is_drawn() {
    let timed = tariff(vec![element(&[component(Dimension::Time, 2.0), component(Dimension::Energy, 0.1)], always())]);
    check(&timed, &outlook(), [0.3, 0.3, 0.3]);
    check(&timed, &Outlook { power_w: Power::from_kw(4.0), ..outlook() }, [0.6, 0.6, 0.6]);
    check(&timed, &Outlook { power_w: Power::ZERO, ..outlook() }, [0.1, 0.1, 0.1]);
}

#[test]
fn below_the_minimum_and_beyond_the_maximum_price_a_kwh_costs_nothing_more() {
    let mut limited = tariff(vec![energy(0.5, always())]);
    limited.maximum_price = Some(limit(12.5, None));
    let started = Outlook { cost_so_far: Some(Money::from_amount(5.0)), ..outlook() };
    check(&limited, &started, [0.5, 0.25, 0.0]);
    limited.maximum_price = None;
    limited.minimum_price = Some(limit(7.5, None));
    check(&limited, &Outlook { cost_so_far: Some(Money::ZERO), ..outlook() }, [0.0, 0.25, 0.5]);
    check(&limited, &outlook(), [0.5, 0.5, 0.5]);
}

#[test]
fn prices_over_time_leave_out_what_depends_on_the_session_and_taxes() {
    let vat = PriceComponent { vat_percent: Some(25.0), ..component(Dimension::Energy, 0.5) };
    let slow = Restrictions { maximum_power_w: Some(Power::from_kw(4.0)), ..always() };
    let fee = element(&[component(Dimension::Flat, 1.0)], always());
    let elements = vec![energy(0.1, slow), fee, energy(0.2, between((22, 0), (6, 0))), element(&[vat], always())];
    let including = Tariff { tax_included: Some(TaxIncluded::Yes), ..tariff(elements) };
    assert_eq!(including.energy_prices().len(), 2);
    let price = |text: &str| including.energy_price_at(at(text), Berlin).map(EnergyPrice::as_per_kwh);
    assert_eq!(price("2026-01-12T22:00:00Z"), Some(0.2));
    assert_eq!(price("2026-01-12T12:00:00Z"), Some(0.4));
}
