//! The figures of a comparison: what is said of a strategy, by the parts of one seed.

use std::collections::BTreeMap;

use crate::engine::Strategy;
use crate::study::part::PartResult;

/// A figure: its group, its name, its unit and what it is of the parts of one seed; `None` where it says nothing.
pub(super) struct Figure {
    pub(super) group: &'static str,
    pub(super) name: &'static str,
    pub(super) unit: Unit,
    pub(super) of: fn(&[&PartResult]) -> Option<f64>,
}

/// The unit of a figure.
#[derive(Clone, Copy)]
pub(super) enum Unit {
    Fixed(&'static str),
    Currency,
    CurrencyPerKwh,
}

const fn figure(
    group: &'static str,
    name: &'static str,
    unit: &'static str,
    of: fn(&[&PartResult]) -> Option<f64>,
) -> Figure {
    Figure { group, name, unit: Unit::Fixed(unit), of }
}

const fn money(name: &'static str, unit: Unit, of: fn(&[&PartResult]) -> Option<f64>) -> Figure {
    Figure { group: "Money", name, unit, of }
}

const SERVICE: &str = "Drivers";
const GRID: &str = "Grid";
const OFFER: &str = "Could be moved";
const CONTROL: &str = "Control";

/// In the order of the report.
#[expect(clippy::cast_precision_loss, reason = "counts are below 2^52")]
pub(super) const FIGURES: &[Figure] = &[
    figure(SERVICE, "sessions", "", |parts| sum(parts, |one| one.score.sessions as f64)),
    figure(SERVICE, "needed", "kWh", |parts| sum(parts, |one| one.score.energy_needed_kwh)),
    figure(SERVICE, "delivered", "kWh", |parts| sum(parts, |one| one.score.energy_delivered_kwh)),
    figure(SERVICE, "missed", "kWh", |parts| sum(parts, |one| one.score.shortfall_kwh)),
    figure(SERVICE, "missed of needed", "%", |parts| {
        let missed = sum(parts, |one| one.score.shortfall_kwh)?;
        percent(missed, sum(parts, |one| one.score.energy_needed_kwh)?)
    }),
    figure(SERVICE, "… by drivers who left early", "kWh", |parts| {
        sum(parts, |one| one.score.shortfall_left_early_kwh)
    }),
    figure(SERVICE, "sessions short", "", |parts| sum(parts, |one| one.shortfalls_kwh.len() as f64)),
    money("energy", Unit::Currency, energy_cost),
    money("demand charge", Unit::Currency, demand_charge),
    money("together", Unit::Currency, total_cost),
    money("together per kWh", Unit::CurrencyPerKwh, |parts| {
        Some(total_cost(parts)? / sum(parts, |one| one.score.energy_delivered_kwh)?).filter(|cost| cost.is_finite())
    }),
    Figure { group: "Money", name: "above the least", unit: Unit::Fixed("%"), of: above_the_least },
    figure("Carbon", "of the energy", "kg", |parts| parts.iter().map(|one| one.score.carbon_kg).sum::<Option<f64>>()),
    figure(GRID, "peak of a site", "kW", |parts| of_power(parts, highest(parts, |one| one.score.peak_kw))),
    figure(GRID, "over the limit", "min", |parts| of_power(parts, sum(parts, |one| one.score.violation_s / 60.0))),
    figure(GRID, "over the limit", "kWh", |parts| of_power(parts, sum(parts, |one| one.score.violation_kwh))),
    figure(GRID, "over circuits", "min", |parts| {
        of_power(parts, sum(parts, |one| one.score.circuit_violation_s / 60.0))
    }),
    figure(GRID, "base load over the limit", "min", |parts| {
        of_power(parts, sum(parts, |one| one.score.base_load_violation_s / 60.0))
    }),
    figure(GRID, "unbalance", "A", |parts| of_power(parts, highest(parts, |one| one.score.unbalance_a))),
    figure(OFFER, "less for 15 min", "kW", |parts| daily(parts, |one| one.flexibility.shed_15min_kw)),
    figure(OFFER, "less for 1 h", "kW", |parts| daily(parts, |one| one.flexibility.shed_1h_kw)),
    figure(OFFER, "more for 15 min", "kW", |parts| daily(parts, |one| one.flexibility.raise_15min_kw)),
    figure(OFFER, "more for 1 h", "kW", |parts| daily(parts, |one| one.flexibility.raise_1h_kw)),
    figure(CONTROL, "profiles per session", "", |parts| {
        let sessions = sum(parts, |one| one.score.sessions as f64)?;
        of_control(parts, Some(sum(parts, |one| one.control.profiles_sent as f64)? / sessions.max(1.0)))
    }),
    figure(CONTROL, "plans", "", |parts| of_control(parts, sum(parts, |one| one.control.plans as f64))),
    figure(CONTROL, "… by a simple rule, in need", "", |parts| {
        // The rules of other strategies are no fallback.
        let optimized = parts.iter().all(|one| one.part.strategy.strategy == Strategy::Optimized);
        sum(parts, |one| one.control.plans_fallback as f64).filter(|_| optimized)
    }),
];

#[expect(clippy::unnecessary_wraps, reason = "figures that say nothing are none; a sum always says something")]
fn sum(parts: &[&PartResult], of: fn(&PartResult) -> f64) -> Option<f64> {
    Some(parts.iter().map(|one| of(one)).sum())
}

fn highest(parts: &[&PartResult], of: fn(&PartResult) -> f64) -> Option<f64> {
    parts.iter().map(|one| of(one)).reduce(f64::max)
}

/// Returns a mean over days, of all sites together.
fn daily(parts: &[&PartResult], of: fn(&PartResult) -> f64) -> Option<f64> {
    let mut by_site: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
    for one in parts {
        let days = ((one.part.to - one.part.from).num_days() + 1) as f64;
        let (sum, all) = by_site.entry(one.part.site).or_default();
        (*sum, *all) = (*sum + of(one) * days, *all + days);
    }
    of_power(parts, Some(by_site.values().map(|(sum, days)| sum / days).sum()))
}

/// Says nothing for the bound, which moves energy by quarters of an hour and not power from moment to moment.
fn of_power(parts: &[&PartResult], value: Option<f64>) -> Option<f64> {
    value.filter(|_| parts.iter().all(|one| one.part.strategy.strategy != Strategy::Offline))
}

/// Says nothing where there is no controller.
fn of_control(parts: &[&PartResult], value: Option<f64>) -> Option<f64> {
    value.filter(|_| parts.iter().all(|one| one.part.strategy.strategy.steers()))
}

fn energy_cost(parts: &[&PartResult]) -> Option<f64> {
    sum(parts, |one| one.score.cost)
}

fn total_cost(parts: &[&PartResult]) -> Option<f64> {
    Some(energy_cost(parts)? + demand_charge(parts).unwrap_or(0.0))
}

/// Returns what vehicles add to the demand charges: of every site and month the highest over all its parts counts.
pub(super) fn demand_charge(parts: &[&PartResult]) -> Option<f64> {
    let mut months: BTreeMap<(usize, &str), (f64, f64, f64)> = BTreeMap::new();
    for one in parts {
        for month in &one.months {
            let (price, import, base) = months.entry((one.part.site, &month.month)).or_default();
            *price = price.max(one.demand_charge_per_kw?);
            (*import, *base) = (import.max(month.import_kw), base.max(month.base_kw));
        }
    }
    Some(months.values().map(|(price, import, base)| price * (import - base).max(0.0)).sum())
}

/// Returns by how much the parts cost more than their energies would have at best, each part by itself.
fn above_the_least(parts: &[&PartResult]) -> Option<f64> {
    let regret = parts.iter().map(|one| one.score.regret).sum::<Option<f64>>()?;
    let least = parts.iter().map(|one| one.least.map(|least| least.total())).sum::<Option<f64>>()?;
    percent(regret, least)
}

/// Returns a share in percent; `None` of nothing.
pub(super) fn percent(part: f64, whole: f64) -> Option<f64> {
    (whole.abs() > 1e-9).then(|| 100.0 * part / whole)
}
