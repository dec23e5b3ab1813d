//! The results of a study, wherever its parts were done.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use headroom_datasets::{ResultColumn, write_results as write_columns};

use super::part::{Part, PartResult};
use super::run::StudyError;
use crate::world::{NodeOverload, NodeScore, Overload};

/// Reads the results in a study's folder, in the order of their parts.
pub fn read_results(out: &Path) -> Result<Vec<PartResult>, StudyError> {
    let folder = out.join("parts");
    let file = |source| StudyError::File { path: folder.clone(), source };
    let mut results: BTreeMap<Part, PartResult> = BTreeMap::new();
    for entry in fs::read_dir(&folder).map_err(file)? {
        let path = entry.map_err(file)?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let result = read_result(&path)?;
            results.insert(result.part.clone(), result);
        }
    }
    if results.is_empty() {
        return Err(StudyError::Empty { path: out.to_owned() });
    }
    Ok(results.into_values().collect())
}

fn read_result(path: &PathBuf) -> Result<PartResult, StudyError> {
    let text = fs::read(path).map_err(|source| StudyError::File { path: path.clone(), source })?;
    serde_json::from_slice(&text).map_err(|source| StudyError::NoResult { path: path.clone(), source })
}

/// A column of a table: its name, its meaning, a value per row.
type Column = (&'static str, &'static str, ResultColumn);

/// Writes one row per part as Parquet: what it is, what it is made from, what it came to.
pub fn write_results(path: &Path, results: &[PartResult]) -> Result<(), StudyError> {
    Ok(write_columns(path, &result_columns(results))?)
}

/// Returns the columns that [`write_results`] writes: name, meaning, a value per result.
#[expect(clippy::cast_precision_loss, reason = "counts are below 2^52")]
pub fn result_columns(results: &[PartResult]) -> Vec<Column> {
    let text = |of: fn(&PartResult) -> String| ResultColumn::Text(results.iter().map(of).map(Some).collect());
    let number = |of: fn(&PartResult) -> f64| ResultColumn::Number(results.iter().map(of).map(Some).collect());
    let known = |of: fn(&PartResult) -> Option<f64>| ResultColumn::Number(results.iter().map(of).collect());
    let mut columns = named(results, |result| result).to_vec();
    columns.extend([
        ("sessions", "sessions", number(|one| one.score.sessions as f64)),
        ("asked_kwh", "energy asked for, kWh", number(|one| one.score.energy_asked_kwh)),
        ("needed_kwh", "energy needed, as far as physics allows, kWh", number(|one| one.score.energy_needed_kwh)),
        ("delivered_kwh", "energy delivered, kWh", number(|one| one.score.energy_delivered_kwh)),
        ("shortfall_kwh", "needed energy missed, kWh", number(|one| one.score.shortfall_kwh)),
        (
            "shortfall_left_early_kwh",
            "what of that fell on drivers who left before the time they had stated, kWh",
            number(|one| one.score.shortfall_left_early_kwh),
        ),
        ("sessions_short", "sessions that missed more than 0.1 kWh", number(|one| one.shortfalls_kwh.len() as f64)),
        ("cost", "cost of the energy, in `currency`", number(|one| one.score.cost)),
        (
            "demand_charge_cost",
            "what vehicles add to the demand charge of the part's days by themselves, in `currency`",
            number(|one| one.score.demand_charge_cost),
        ),
        ("currency", "ISO 4217", text(|one| one.score.currency.clone())),
        ("carbon_kg", "carbon of the energy, kg; null: not known", known(|one| one.score.carbon_kg)),
        (
            "least_cost",
            "least cost of the same energies, in `currency`; null: not asked",
            known(|one| one.least.map(|least| least.cost)),
        ),
        (
            "least_demand_charge_cost",
            "demand charge at the least cost, in `currency`; null: not asked",
            known(|one| one.least.map(|least| least.demand_charge_cost)),
        ),
        (
            "regret",
            "cost and demand charge above the least, in `currency`; null: not asked",
            known(|one| one.score.regret),
        ),
        ("peak_kw", "highest power of the site, kW", number(|one| one.score.peak_kw)),
        ("violation_s", "time above the limit, s", number(|one| one.score.violation_s)),
        ("violation_kwh", "energy above the limit, kWh", number(|one| one.score.violation_kwh)),
        (
            "base_load_violation_s",
            "time of the base load alone above it, s",
            number(|one| one.score.base_load_violation_s),
        ),
        ("circuit_violation_s", "time above a circuit's rating, s", number(|one| one.score.circuit_violation_s)),
        ("unbalance_a", "greatest difference of two phases' currents, A", number(|one| one.score.unbalance_a)),
        (
            "shed_15min_kw",
            "what could be shed for 15 min, mean over the hours, kW",
            number(|one| one.flexibility.shed_15min_kw),
        ),
        ("shed_1h_kw", "what could be shed for an hour, kW", number(|one| one.flexibility.shed_1h_kw)),
        ("raise_15min_kw", "what could be drawn more for 15 min, kW", number(|one| one.flexibility.raise_15min_kw)),
        ("raise_1h_kw", "what could be drawn more for an hour, kW", number(|one| one.flexibility.raise_1h_kw)),
        ("profiles_sent", "charging profiles sent", number(|one| one.control.profiles_sent as f64)),
        ("plans", "plans made", number(|one| one.control.plans as f64)),
        ("plans_fallback", "plans by a simple rule, in need", number(|one| one.control.plans_fallback as f64)),
        ("faults", "what went wrong, by its name; empty: nothing", text(|one| one.faults.clone().unwrap_or_default())),
        ("data", "SHA-256 of the recording", text(|one| one.inputs.data.clone())),
        (
            "configuration",
            "SHA-256 of scenario, site, tariff, carbon and faults",
            text(|one| one.inputs.configuration.clone()),
        ),
        ("build", "what names the program", text(|one| one.inputs.build.clone())),
    ]);
    columns
}

/// Writes one row per part and place (connection point or circuit) as Parquet: what its sessions came to, and what it
/// carried too much.
pub fn write_nodes(path: &Path, results: &[PartResult]) -> Result<(), StudyError> {
    Ok(write_columns(path, &node_columns(results))?)
}

/// Returns the columns that [`write_nodes`] writes: name, meaning, a value per result and place.
#[expect(clippy::cast_precision_loss, reason = "counts are below 2^52")]
pub fn node_columns(results: &[PartResult]) -> Vec<Column> {
    let rows: Vec<(&PartResult, &NodeScore, NodeOverload)> = results
        .iter()
        .flat_map(|one| {
            one.score.nodes.iter().map(move |node| {
                let found = one.score.overloads.iter().find(|overload| overload.node == node.node);
                let none =
                    || NodeOverload { node: node.node.clone(), power: Overload::default(), phases: Default::default() };
                (one, node, found.cloned().unwrap_or_else(none))
            })
        })
        .collect();
    let number =
        |of: &dyn Fn(&NodeScore) -> f64| ResultColumn::Number(rows.iter().map(|row| Some(of(row.1))).collect());
    let over =
        |of: &dyn Fn(&NodeOverload) -> f64| ResultColumn::Number(rows.iter().map(|row| Some(of(&row.2))).collect());
    let mut columns = named(&rows, |row| row.0).to_vec();
    columns.extend([
        (
            "node",
            "connection point or circuit",
            ResultColumn::Text(rows.iter().map(|row| Some(row.1.node.clone())).collect()),
        ),
        ("sessions", "sessions", number(&|node| node.sessions as f64)),
        ("needed_kwh", "energy needed, as far as physics allows, kWh", number(&|node| node.needed_kwh)),
        ("delivered_kwh", "energy delivered, kWh", number(&|node| node.delivered_kwh)),
        ("shortfall_kwh", "needed energy missed, kWh", number(&|node| node.shortfall_kwh)),
        ("sessions_short", "sessions that missed more than 0.1 kWh", number(&|node| node.sessions_short as f64)),
        ("cost", "cost of the energy", number(&|node| node.cost)),
        ("over_min", "time of its power above its limit or rating, min", over(&|node| node.power.overload_min)),
        ("over_kwh", "energy above it, kWh", over(&|node| node.power.overload_kwh)),
        ("over_l1_min", "time of the current on L1 above its rating, min", over(&|node| node.phases[0].overload_min)),
        ("over_l1_kwh", "energy above it, kWh", over(&|node| node.phases[0].overload_kwh)),
        ("over_l2_min", "the same on L2, min", over(&|node| node.phases[1].overload_min)),
        ("over_l2_kwh", "the same on L2, kWh", over(&|node| node.phases[1].overload_kwh)),
        ("over_l3_min", "the same on L3, min", over(&|node| node.phases[2].overload_min)),
        ("over_l3_kwh", "the same on L3, kWh", over(&|node| node.phases[2].overload_kwh)),
    ]);
    columns
}

/// Returns the columns that say which part a row is of.
#[expect(clippy::cast_precision_loss, reason = "sites are fewer than 2^52")]
fn named<T>(rows: &[T], part: impl Fn(&T) -> &PartResult) -> [Column; 6] {
    let text = |of: fn(&Part) -> String| ResultColumn::Text(rows.iter().map(|row| Some(of(&part(row).part))).collect());
    let sites = rows.iter().map(|row| Some(part(row).part.site as f64)).collect();
    [
        ("scenario", "name of the scenario", text(|part| part.scenario.clone())),
        ("site", "which of its sites or feeders, from 0", ResultColumn::Number(sites)),
        ("from", "first day", text(|part| part.from.to_string())),
        ("to", "last day", text(|part| part.to.to_string())),
        ("strategy", "how it was steered", text(|part| part.strategy.to_string())),
        ("seed", "seed of what is left to chance", text(|part| part.seed.to_string())),
    ]
}
