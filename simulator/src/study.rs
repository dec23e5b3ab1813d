//! Many runs from one manifest: scenarios, strategies and seeds, cut into parts that any machine can do.
//!
//! A part is one strategy over a few days of one site with one seed. It knows what it is made from: its key is a hash of
//! data, configuration and build. So parts that are done are not done again, the shards of a study can run anywhere, and
//! the same part has the same bytes wherever it ran.

mod ground;
mod manifest;
mod part;
mod report;
mod results;
mod run;
#[cfg(test)]
mod tests;

pub use manifest::{Manifest, ManifestError, ScenarioEntry};
pub use part::{DayStep, Inputs, Part, PartResult, digest};
pub use report::{Comparison, Estimate, FigureRow, Report, ScenarioReport};
pub use results::{read_results, result_columns, write_results};
pub use run::{NoShard, Progress, Shard, StudyError, StudyOptions, run};
