//! Many runs from one manifest: scenarios, strategies and seeds, cut into parts that any machine can do.
//!
//! A part is one strategy over a few days of one site with one seed. It knows what it is made from: its key is a hash of
//! data, configuration and build. So parts that are done are not done again, the shards of a study can run anywhere, and
//! the same part has the same bytes wherever it ran.

mod flexibility;
mod garage;
mod ground;
mod manifest;
mod measure;
mod part;
mod region;
mod report;
mod results;
mod run;
mod signal;
mod steering;
#[cfg(test)]
mod tests;
mod work;

pub use flexibility::Flexibility;
pub use garage::GarageEntry;
pub use manifest::{Manifest, ManifestError, ScenarioEntry};
pub use part::{DayStep, Inputs, Least, MonthDemand, Part, PartResult, digest};
pub use region::RegionEntry;
pub use report::{Cause, Causes, Comparison, Estimate, FigureRow, NodeFigures, NodeReport, Report, ScenarioReport};
pub use results::{node_columns, read_results, result_columns, write_nodes, write_results};
pub use run::{NoShard, Progress, Shard, StudyError, StudyOptions, run};
pub use signal::{CarbonEntry, TariffEntry};
pub use steering::{Knowledge, Steering, UnknownSteering};
