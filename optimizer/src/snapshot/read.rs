//! A saved problem from its JSON.

use super::{Snapshot, SnapshotError};

/// A text that is no saved problem.
#[derive(Debug, thiserror::Error)]
pub enum NoProblem {
    /// It is not spelled as one.
    #[error("it is not a saved problem")]
    Spelling(#[from] serde_path_to_error::Error<serde_json::Error>),
    /// It breaks a rule.
    #[error("it is no problem that can be planned")]
    Rule(#[from] SnapshotError),
}

impl Snapshot {
    /// Reads a saved problem and checks it.
    ///
    /// **Errors**: the first field, by its JSON path, that is misspelled or breaks a rule.
    pub fn from_json(text: &str) -> Result<Self, NoProblem> {
        let snapshot: Self = serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_str(text))?;
        snapshot.check()?;
        Ok(snapshot)
    }
}
