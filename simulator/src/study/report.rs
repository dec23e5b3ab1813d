//! What a study came to: strategies side by side, with confidence over seeds, and why the bound was not reached.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::part::{DayStep, PartResult};
use crate::engine::Strategy;

/// A study's results, scenario by scenario.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// By name.
    pub scenarios: Vec<ScenarioReport>,
    /// What names the programs that made the results; more than one means that they cannot be compared.
    pub builds: BTreeSet<String>,
}

/// A scenario's results.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScenarioReport {
    /// Its name.
    pub name: String,
    /// Its days and seeds, as a person reads them.
    pub covers: String,
    /// SHA-256 of its recording and of its configuration.
    pub inputs: BTreeSet<(String, String)>,
    /// Strategies in order.
    pub strategies: Vec<Comparison>,
    /// What a reader must know: sessions left out, seeds that are missing, why costs are above the bound.
    pub remarks: Vec<String>,
}

/// What a strategy came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Which.
    pub strategy: Strategy,
    /// Its figures, in the order of a table's columns.
    pub figures: Vec<FigureRow>,
    /// Sessions by what they missed: how many missed more than the bound to the left. **Units**: kWh.
    pub shortfalls: Vec<(f64, usize)>,
    /// The day that is shown, of the first seed.
    pub day: Vec<DayStep>,
}

/// A figure over all parts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FigureRow {
    /// What it is.
    pub name: String,
    /// Its unit; empty for a count.
    pub unit: String,
    /// Its value over seeds; absent where it says nothing: the bound moves energy by quarters of an hour, not power.
    pub value: Option<Estimate>,
}

/// A mean over seeds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// Half the width of its 95 % confidence interval (Student's t); absent for fewer than two seeds.
    pub plus_minus: Option<f64>,
}

/// How parts of one seed add up.
#[derive(Clone, Copy)]
enum Fold {
    Sum,
    Highest,
}

type Figure = (&'static str, &'static str, Fold, fn(&PartResult) -> f64);

#[expect(clippy::cast_precision_loss, reason = "counts are below 2^52")]
const FIGURES: [Figure; 10] = [
    ("sessions", "", Fold::Sum, |one| one.score.sessions as f64),
    ("needed", "kWh", Fold::Sum, |one| one.score.energy_needed_kwh),
    ("delivered", "kWh", Fold::Sum, |one| one.score.energy_delivered_kwh),
    ("missed", "kWh", Fold::Sum, |one| one.score.shortfall_kwh),
    ("sessions short", "", Fold::Sum, |one| one.shortfalls_kwh.len() as f64),
    ("cost of energy", "", Fold::Sum, |one| one.score.cost),
    ("peak", "kW", Fold::Highest, |one| one.score.peak_kw),
    ("over the limit", "min", Fold::Sum, |one| one.score.violation_s / 60.0),
    ("over circuits", "min", Fold::Sum, |one| one.score.circuit_violation_s / 60.0),
    ("profiles", "", Fold::Sum, |one| one.control.profiles_sent as f64),
];

/// Figures that need power as it was from moment to moment.
const OF_POWER: [&str; 4] = ["peak", "over the limit", "over circuits", "profiles"];

/// Bounds of the distribution of shortfalls. **Units**: kWh.
const BOUNDS_KWH: [f64; 7] = [0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0];

impl Report {
    /// Makes the report of results.
    pub fn new(results: &[PartResult]) -> Self {
        let mut by_scenario: BTreeMap<&str, Vec<&PartResult>> = BTreeMap::new();
        for result in results {
            by_scenario.entry(&result.part.scenario).or_default().push(result);
        }
        Self {
            scenarios: by_scenario.into_iter().map(|(name, results)| scenario(name, &results)).collect(),
            builds: results.iter().map(|result| result.inputs.build.clone()).collect(),
        }
    }
}

fn scenario(name: &str, results: &[&PartResult]) -> ScenarioReport {
    let mut by_strategy: BTreeMap<Strategy, Vec<&PartResult>> = BTreeMap::new();
    for result in results {
        by_strategy.entry(result.part.strategy).or_default().push(result);
    }
    let seeds: BTreeSet<u64> = results.iter().map(|result| result.part.seed).collect();
    let days =
        results.iter().map(|result| result.part.from).min().zip(results.iter().map(|result| result.part.to).max());
    let days = days.map(|(from, to)| format!("{from} to {to}")).unwrap_or_default();
    let sites: BTreeSet<usize> = results.iter().map(|result| result.part.site).collect();
    let strategies: Vec<Comparison> =
        by_strategy.iter().map(|(strategy, results)| compare(*strategy, results)).collect();
    let mut remarks = incomplete(&by_strategy);
    let left_out: BTreeSet<&String> = results.iter().flat_map(|result| &result.left_out).collect();
    if let Some(first) = left_out.first() {
        remarks.push(format!("{} sessions could not take place, the first of them {first}", left_out.len()));
    }
    remarks.extend(against_the_bound(&by_strategy));
    let counted = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    ScenarioReport {
        name: name.to_owned(),
        covers: format!("{days}, {}, {}", counted(sites.len(), "site"), counted(seeds.len(), "seed")),
        inputs: results.iter().map(|one| (one.inputs.data.clone(), one.inputs.configuration.clone())).collect(),
        strategies,
        remarks,
    }
}

fn compare(strategy: Strategy, results: &[&PartResult]) -> Comparison {
    let figure = |(name, unit, fold, of): Figure| {
        let mut by_seed: BTreeMap<u64, f64> = BTreeMap::new();
        for result in results {
            let value = by_seed.entry(result.part.seed).or_insert(0.0);
            *value = match fold {
                Fold::Sum => *value + of(result),
                Fold::Highest => value.max(of(result)),
            };
        }
        let values: Vec<f64> = by_seed.into_values().collect();
        let currency = results.first().map(|one| one.score.currency.clone()).unwrap_or_default();
        let unit = if name.starts_with("cost") { currency } else { unit.to_owned() };
        // The bound sends nothing, and gives the energy of a quarter hour at once.
        let is_told = strategy != Strategy::Offline || !OF_POWER.contains(&name);
        FigureRow { name: name.to_owned(), unit, value: is_told.then(|| Estimate::of(&values)) }
    };
    let missed = || results.iter().flat_map(|one| &one.shortfalls_kwh);
    Comparison {
        strategy,
        figures: FIGURES.into_iter().map(figure).collect(),
        shortfalls: BOUNDS_KWH.map(|bound| (bound, missed().filter(|missed| **missed > bound).count())).to_vec(),
        day: results.iter().find(|one| !one.day.is_empty()).map(|one| one.day.clone()).unwrap_or_default(),
    }
}

impl Estimate {
    /// Returns the mean of values and how sure it is.
    pub fn of(values: &[f64]) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "there are fewer than 2^52 seeds")]
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count.max(1.0);
        let spread = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
        let plus_minus =
            (values.len() > 1).then(|| student(values.len() - 1) * (spread / (count - 1.0) / count).sqrt());
        Self { mean, plus_minus }
    }
}

/// Returns the 97.5 % quantile of Student's t; from 30 degrees of freedom on, that of 30.
fn student(degrees: usize) -> f64 {
    const QUANTILES: [f64; 30] = [
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
        2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
    ];
    QUANTILES[degrees.clamp(1, QUANTILES.len()) - 1]
}

/// Says which strategies lack parts that others have.
fn incomplete(by_strategy: &BTreeMap<Strategy, Vec<&PartResult>>) -> Vec<String> {
    let most = by_strategy.values().map(Vec::len).max().unwrap_or(0);
    let lacking = by_strategy.iter().filter(|(_, results)| results.len() < most);
    let say = |(strategy, results): (&Strategy, &Vec<&PartResult>)| {
        format!("{strategy} has {} of {most} parts: its sums cannot be compared yet", results.len())
    };
    lacking.map(say).collect()
}

/// Says how far the optimizer is from perfect foresight, and why.
fn against_the_bound(by_strategy: &BTreeMap<Strategy, Vec<&PartResult>>) -> Option<String> {
    let bound = by_strategy.get(&Strategy::Offline)?;
    let ours = by_strategy.get(&Strategy::Optimized)?;
    let sum = |results: &[&PartResult], of: fn(&PartResult) -> f64| results.iter().map(|one| of(one)).sum::<f64>();
    let per_kwh = |results: &[&PartResult]| {
        sum(results, |one| one.score.cost) / sum(results, |one| one.score.energy_delivered_kwh)
    };
    let above = 100.0 * (per_kwh(ours) / per_kwh(bound) - 1.0);
    let missed = sum(ours, |one| one.score.shortfall_kwh) - sum(bound, |one| one.score.shortfall_kwh);
    let early = sum(ours, |one| one.score.shortfall_left_early_kwh);
    above.is_finite().then(|| {
        format!(
            "optimized pays {above:.1} % more per kWh than with perfect foresight and misses {missed:.1} kWh more, \
             {early:.1} kWh of all it misses with drivers who left before the time they had stated; what remains is paid \
             for not knowing who comes next, how much they need, and what else the site will draw"
        )
    })
}
