//! What became of every row.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

use super::Format;

/// What became of every row of a file: `rows` is `accepted` plus the counts of `rejected`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImportReport {
    /// Name of the file.
    pub file: String,
    /// How it was read.
    pub format: Format,
    /// Rows read.
    pub rows: usize,
    /// Rows that became sessions, the repaired ones included.
    pub accepted: usize,
    /// What was changed in accepted rows, most frequent first.
    pub repaired: Vec<Finding>,
    /// Why rows were left out, most frequent first.
    pub rejected: Vec<Finding>,
    /// What is odd in accepted rows and was left as it is, most frequent first.
    pub noticed: Vec<Finding>,
    /// Accepted sessions in which the driver said something.
    pub stated: usize,
    /// Stations (plugs) of accepted sessions.
    pub stations: usize,
    /// Per station, accepted sessions that begin before an earlier one there has ended. Stations without are left out.
    pub overlaps: BTreeMap<String, usize>,
    /// Accepted stays of more than 24 h.
    pub stays_over_24_h: usize,
    /// What time the accepted sessions cover; absent when there is none.
    pub coverage: Option<Coverage>,
}

/// A rule, how many rows it caught, and the first of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The column and the rule.
    pub rule: String,
    /// Rows.
    pub count: usize,
    /// The first few.
    pub examples: Vec<Example>,
}

/// A row that a rule caught.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Example {
    /// Where: `line 14` of a csv (the header is line 1), `_items[3]` of a JSON.
    pub at: String,
    /// What stood there.
    pub value: String,
}

/// What time sessions cover.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// First arrival.
    pub first_arrival: DateTime<Utc>,
    /// Last departure.
    pub last_departure: DateTime<Utc>,
    /// Days (UTC) from the first arrival to the last, both counted.
    pub days: usize,
    /// Days (UTC) on which a session begins.
    pub days_with_arrivals: usize,
}

impl fmt::Display for ImportReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rejected: usize = self.rejected.iter().map(|finding| finding.count).sum();
        write!(f, "{}: {} rows, {} accepted, {rejected} rejected; ", self.file, self.rows, self.accepted)?;
        write!(f, "{} with a driver's word; {} stations", self.stated, self.stations)?;
        if let Some(coverage) = &self.coverage {
            let (first, last) = (coverage.first_arrival, coverage.last_departure);
            write!(f, "; {} to {}", first.format("%Y-%m-%d %H:%MZ"), last.format("%Y-%m-%d %H:%MZ"))?;
            write!(f, ", arrivals on {} of {} days", coverage.days_with_arrivals, coverage.days)?;
        }
        for (kind, findings) in [("rejected", &self.rejected), ("repaired", &self.repaired), ("noticed", &self.noticed)]
        {
            for finding in findings {
                write!(f, "\n  {kind} {}: {}", finding.count, finding.rule)?;
                if let Some(example) = finding.examples.first() {
                    write!(f, " ({}: `{}`)", example.at, example.value)?;
                }
            }
        }
        if self.stays_over_24_h > 0 {
            write!(f, "\n  stays over 24 h: {}", self.stays_over_24_h)?;
        }
        for (station, count) in &self.overlaps {
            write!(f, "\n  overlapping sessions at {station}: {count}")?;
        }
        Ok(())
    }
}
