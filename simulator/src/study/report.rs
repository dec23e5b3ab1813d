//! What a study came to: strategies side by side, with confidence over seeds, and why the bound was not reached.

mod causes;
mod figures;
mod nodes;

use std::collections::{BTreeMap, BTreeSet};

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

pub use causes::{Cause, Causes};
use figures::{FIGURES, Unit};
pub use nodes::{NodeFigures, NodeReport};

use super::part::{DayStep, PartResult};
use super::steering::Steering;

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
    /// By whose clock its days are counted.
    pub time_zone: Tz,
    /// SHA-256 of its recording and of its configuration.
    pub inputs: BTreeSet<(String, String)>,
    /// Strategies in order.
    pub strategies: Vec<Comparison>,
    /// Why the optimizer costs more than it could; absent where it was not simulated.
    pub causes: Option<Causes>,
    /// The circuits where most was too much or missed, and how many there are.
    pub nodes: (Vec<NodeReport>, usize),
    /// What a reader must know: sessions left out, seeds that are missing, what a bound does not hold.
    pub remarks: Vec<String>,
}

/// What a strategy came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Which.
    pub strategy: Steering,
    /// Its figures, in the order of a table's rows.
    pub figures: Vec<FigureRow>,
    /// Sessions by what they missed: how many missed more than the bound to the left. **Units**: kWh.
    pub shortfalls: Vec<(f64, usize)>,
    /// The day that is shown, of the first seed.
    pub day: Vec<DayStep>,
}

/// A figure over all parts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FigureRow {
    /// What it is about: drivers, money, grid.
    pub group: String,
    /// What it is.
    pub name: String,
    /// Its unit; empty for a count.
    pub unit: String,
    /// Its value over seeds; absent where it says nothing.
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
            scenarios: by_scenario.into_iter().filter_map(|(name, results)| scenario(name, &results)).collect(),
            builds: results.iter().map(|result| result.inputs.build.clone()).collect(),
        }
    }
}

/// Returns the report of a scenario's results; `None` without any.
fn scenario(name: &str, results: &[&PartResult]) -> Option<ScenarioReport> {
    let mut by_strategy: BTreeMap<Steering, Vec<&PartResult>> = BTreeMap::new();
    for result in results {
        by_strategy.entry(result.part.strategy).or_default().push(result);
    }
    let strategies: Vec<Comparison> =
        by_strategy.iter().map(|(strategy, results)| compare(*strategy, results)).collect();
    Some(ScenarioReport {
        name: name.to_owned(),
        covers: covers(results),
        time_zone: results.first()?.time_zone,
        inputs: results.iter().map(|one| (one.inputs.data.clone(), one.inputs.configuration.clone())).collect(),
        strategies,
        causes: causes::causes(&by_strategy),
        nodes: nodes::nodes(&by_strategy),
        remarks: remarks(&by_strategy, results),
    })
}

/// Says which days, how many sites and seeds, and what went wrong.
fn covers(results: &[&PartResult]) -> String {
    let (from, to) =
        (results.iter().map(|result| result.part.from).min(), results.iter().map(|result| result.part.to).max());
    let days = from.zip(to).map(|(from, to)| format!("{from} to {to}")).unwrap_or_default();
    let sites: BTreeSet<usize> = results.iter().map(|result| result.part.site).collect();
    // Circuits of a site or feeder stand beside its connection point.
    let circuits: BTreeMap<usize, usize> =
        results.iter().map(|result| (result.part.site, result.score.nodes.len().saturating_sub(1))).collect();
    let circuits: usize = circuits.values().sum();
    let seeds: BTreeSet<u64> = results.iter().map(|result| result.part.seed).collect();
    let counted = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let circuits = if circuits > 0 { format!(" with {}", counted(circuits, "circuit")) } else { String::new() };
    let faults = results.iter().find_map(|one| one.faults.as_ref());
    let faults = faults.map(|name| format!(", with the faults “{name}”")).unwrap_or_default();
    let (points, seeds) = (counted(sites.len(), "connection point"), counted(seeds.len(), "seed"));
    format!("{days}, {points}{circuits}, {seeds}{faults}")
}

fn remarks(by_strategy: &BTreeMap<Steering, Vec<&PartResult>>, results: &[&PartResult]) -> Vec<String> {
    let mut remarks = incomplete(by_strategy);
    let left_out: BTreeSet<&String> = results.iter().flat_map(|result| &result.left_out).collect();
    if let Some(first) = left_out.first() {
        remarks.push(format!("{} sessions could not take place, the first of them {first}", left_out.len()));
    }
    let inexact = results.iter().filter(|one| one.least.is_some_and(|least| !least.is_exact)).count();
    if inexact > 0 {
        remarks.push(format!("the least cost of {inexact} parts was not found to its end: it may be lower still"));
    }
    let months = |one: &&&PartResult| one.demand_charge_per_kw.is_some_and(|price| price > 0.0);
    let parts = results.iter().filter(months).map(|one| (one.part.site, one.part.from)).collect::<BTreeSet<_>>();
    let sites = parts.iter().map(|(site, _)| site).collect::<BTreeSet<_>>().len();
    if parts.len() > sites {
        remarks.push(
            "the demand charge is that of the highest quarter hour of each month over all parts; what is above the least \
             counts each part as if it were billed by itself"
                .to_owned(),
        );
    }
    remarks
}

fn compare(strategy: Steering, results: &[&PartResult]) -> Comparison {
    let mut by_seed: BTreeMap<u64, Vec<&PartResult>> = BTreeMap::new();
    for result in results {
        by_seed.entry(result.part.seed).or_default().push(result);
    }
    let currency = results.first().map(|one| one.score.currency.clone()).unwrap_or_default();
    let figure = |figure: &figures::Figure| {
        let unit = match figure.unit {
            Unit::Fixed(unit) => unit.to_owned(),
            Unit::Currency => currency.clone(),
            Unit::CurrencyPerKwh => format!("{currency}/kWh"),
        };
        let values: Option<Vec<f64>> = by_seed.values().map(|parts| (figure.of)(parts)).collect();
        let value = values.map(|values| Estimate::of(&values));
        FigureRow { group: figure.group.to_owned(), name: figure.name.to_owned(), unit, value }
    };
    let missed = || results.iter().flat_map(|one| &one.shortfalls_kwh);
    Comparison {
        strategy,
        figures: FIGURES.iter().map(figure).collect(),
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
fn incomplete(by_strategy: &BTreeMap<Steering, Vec<&PartResult>>) -> Vec<String> {
    let most = by_strategy.values().map(Vec::len).max().unwrap_or(0);
    let lacking = by_strategy.iter().filter(|(_, results)| results.len() < most);
    let say = |(strategy, results): (&Steering, &Vec<&PartResult>)| {
        format!("{strategy} has {} of {most} parts: its sums cannot be compared yet", results.len())
    };
    lacking.map(say).collect()
}
