//! The results of a study, wherever its parts were done.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use headroom_datasets::{ResultColumn, write_results as write_columns};

use super::part::{Part, PartResult};
use super::run::StudyError;

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

/// Writes one row per part as Parquet: what it is, what it is made from, what it came to.
pub fn write_results(path: &Path, results: &[PartResult]) -> Result<(), StudyError> {
    Ok(write_columns(path, &result_columns(results))?)
}

/// Returns the columns that [`write_results`] writes: name, meaning, a value per result.
#[expect(clippy::cast_precision_loss, reason = "counts are below 2^52")]
pub fn result_columns(results: &[PartResult]) -> Vec<(&'static str, &'static str, ResultColumn)> {
    let text = |of: fn(&PartResult) -> String| ResultColumn::Text(results.iter().map(of).map(Some).collect());
    let number = |of: fn(&PartResult) -> f64| ResultColumn::Number(results.iter().map(of).map(Some).collect());
    vec![
        ("scenario", "name of the scenario", text(|one| one.part.scenario.clone())),
        ("site", "which of its sites, from 0", number(|one| one.part.site as f64)),
        ("from", "first day", text(|one| one.part.from.to_string())),
        ("to", "last day", text(|one| one.part.to.to_string())),
        ("strategy", "how it was steered", text(|one| one.part.strategy.to_string())),
        ("seed", "seed of what is left to chance", text(|one| one.part.seed.to_string())),
        ("sessions", "sessions", number(|one| one.score.sessions as f64)),
        ("needed_kwh", "energy needed, kWh", number(|one| one.score.energy_needed_kwh)),
        ("delivered_kwh", "energy delivered, kWh", number(|one| one.score.energy_delivered_kwh)),
        ("shortfall_kwh", "needed energy missed, kWh", number(|one| one.score.shortfall_kwh)),
        ("sessions_short", "sessions that missed more than 0.1 kWh", number(|one| one.shortfalls_kwh.len() as f64)),
        ("cost", "cost of the energy, in `currency`", number(|one| one.score.cost)),
        ("currency", "ISO 4217", text(|one| one.score.currency.clone())),
        ("peak_kw", "highest power of the site, kW", number(|one| one.score.peak_kw)),
        ("violation_s", "time above the limit, s", number(|one| one.score.violation_s)),
        ("circuit_violation_s", "time above a circuit's rating, s", number(|one| one.score.circuit_violation_s)),
        ("profiles_sent", "charging profiles sent", number(|one| one.control.profiles_sent as f64)),
        ("data", "SHA-256 of the recording", text(|one| one.inputs.data.clone())),
        ("configuration", "SHA-256 of scenario and site", text(|one| one.inputs.configuration.clone())),
        ("build", "what names the program", text(|one| one.inputs.build.clone())),
    ]
}
