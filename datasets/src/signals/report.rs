//! What became of every row of signals.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::SignalUnit;
use crate::Finding;

/// What became of every row: `rows` is `accepted` plus the counts of `rejected`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SignalReport {
    /// Names of the files.
    pub files: Vec<String>,
    /// Name of the mapping.
    pub mapping: String,
    /// Rows read, without those that a filter or the choice of a place leaves aside.
    pub rows: usize,
    /// Rows left aside by a filter or the choice of a place.
    pub aside: usize,
    /// Rows that count, the repaired ones included.
    pub accepted: usize,
    /// What was changed, most frequent first.
    pub repaired: Vec<Finding>,
    /// Why rows were left out, most frequent first.
    pub rejected: Vec<Finding>,
    /// What is odd and was left as it is, most frequent first.
    pub noticed: Vec<Finding>,
    /// Signal by signal.
    pub signals: Vec<SignalSummary>,
}

/// A signal in short.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SignalSummary {
    /// Its name.
    pub name: String,
    /// Of its values.
    pub unit: SignalUnit,
    /// Rows, with and without value.
    pub rows: usize,
    /// Rows without value.
    pub without_value: usize,
    /// Lowest and highest value; absent when there is none.
    pub range: Option<(f64, f64)>,
    /// Values below zero.
    pub below_zero: usize,
    /// Values that are exactly zero.
    pub zero: usize,
    /// Values at the highest; many of them tell that the source is capped there.
    pub at_highest: usize,
    /// First and last instant; absent when there is no row.
    pub span: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// Stretches within the span without any row.
    pub gaps: usize,
    /// Intervals that these stretches would hold.
    pub missing: usize,
}

impl SignalReport {
    /// Returns how many rows a rule of rejection, repair or notice caught whose text holds `part`.
    pub fn count(&self, part: &str) -> usize {
        let findings = self.rejected.iter().chain(&self.repaired).chain(&self.noticed);
        findings.filter(|finding| finding.rule.contains(part)).map(|finding| finding.count).sum()
    }
}

impl fmt::Display for SignalReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rejected: usize = self.rejected.iter().map(|finding| finding.count).sum();
        write!(f, "{} as {}: {} rows, ", self.files.join(", "), self.mapping, self.rows)?;
        write!(f, "{} accepted, {rejected} rejected", self.accepted)?;
        if self.aside > 0 {
            write!(f, ", {} of other places left aside", self.aside)?;
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
        for signal in &self.signals {
            write!(f, "\n  {} in {}: {} rows", signal.name, signal.unit, signal.rows)?;
            if let Some((first, last)) = signal.span {
                write!(f, ", {} to {}", first.format("%Y-%m-%d %H:%MZ"), last.format("%Y-%m-%d %H:%MZ"))?;
            }
            if let Some((lowest, highest)) = signal.range {
                write!(f, ", {lowest:.4} to {highest:.4}, ")?;
                write!(
                    f,
                    "{} below zero, {} at zero, {} at the highest",
                    signal.below_zero, signal.zero, signal.at_highest
                )?;
            }
            write!(
                f,
                ", {} without value, {} intervals missing in {} gaps",
                signal.without_value, signal.missing, signal.gaps
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for SignalUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kw => f.write_str("kW"),
            Self::PricePerKwh { currency } => write!(f, "{currency}/kWh"),
            Self::GPerKwh => f.write_str("g/kWh"),
        }
    }
}
