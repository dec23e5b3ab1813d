//! What became of every row.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

use super::Format;
use super::evidence::{NightEvidence, SwapEvidence};

/// What became of every row of a file: `rows` is `accepted` plus the counts of `rejected`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImportReport {
    /// Name of the file.
    pub file: String,
    /// SHA-256 of the file as it is stored, in hexadecimal.
    #[serde(default)]
    pub sha256: String,
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
    /// Rows, rejected ones too, with the station, the times and the energy of an earlier one: the same session told twice
    /// under two names, unless the source is coarse.
    #[serde(default)]
    pub alike: usize,
    /// What a person should decide: how times or dates are to be read, where the file is doubtful.
    #[serde(default)]
    pub questions: Vec<String>,
    /// What is known of such files, from their mapping.
    #[serde(default)]
    pub remarks: Vec<String>,
    /// Accepted sessions in which the driver said something.
    pub stated: usize,
    /// Stations (plugs) of accepted sessions.
    pub stations: usize,
    /// Sites named in any row, blanks around a name not counted; 0 where none is told.
    #[serde(default)]
    pub sites: usize,
    /// Per station, accepted sessions that begin before an earlier one there has ended. Stations without are left out.
    pub overlaps: BTreeMap<String, usize>,
    /// Accepted sessions that begin while all plugs behind the station's name are taken by earlier ones.
    #[serde(default)]
    pub overlaps_beyond_plugs: usize,
    /// Accepted stays of more than 24 h.
    pub stays_over_24_h: usize,
    /// The longest accepted stay. **Units**: h.
    #[serde(default)]
    pub longest_stay_h: f64,
    /// Accepted sessions that touch a change of clocks.
    #[serde(default)]
    pub clock_changes: ClockChanges,
    /// What dates say of day and month; absent where no arrival is on a day above 12.
    #[serde(default)]
    pub swap: Option<SwapEvidence>,
    /// What hours of day say of the time zone; absent where local times are not known.
    #[serde(default)]
    pub night: Option<NightEvidence>,
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
    /// Rows that were counted under another rule, and to which this one holds as well.
    #[serde(default)]
    pub also: usize,
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
    /// First and last day (UTC) of every week or longer in which no session begins.
    #[serde(default)]
    pub gaps: Vec<(NaiveDate, NaiveDate)>,
}

/// Accepted sessions that touch a change of clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ClockChanges {
    /// With a time in an hour that was skipped.
    pub skipped: usize,
    /// With a time in an hour that was shown twice.
    pub repeated: usize,
    /// With a change between arrival and departure.
    pub across: usize,
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
        for question in &self.questions {
            write!(f, "\n  to decide: {question}")?;
        }
        for (kind, findings) in [("rejected", &self.rejected), ("repaired", &self.repaired), ("noticed", &self.noticed)]
        {
            for finding in findings {
                write!(f, "\n  {kind} {}: {finding}", finding.count)?;
            }
        }
        if self.alike > 0 {
            write!(f, "\n  with station, times and energy of an earlier row: {}", self.alike)?;
        }
        self.write_spans(f)?;
        for remark in &self.remarks {
            write!(f, "\n  known of such files: {remark}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rule)?;
        if self.also > 0 {
            write!(f, "; {} more are counted above", self.also)?;
        }
        self.examples.first().map_or(Ok(()), |example| write!(f, " ({}: `{}`)", example.at, example.value))
    }
}

/// Stations with overlaps that are named one by one; of the others the sum is said.
const STATIONS_NAMED: usize = 5;

impl ImportReport {
    fn write_spans(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.stays_over_24_h > 0 {
            write!(f, "\n  stays over 24 h: {}, the longest of {:.1} h", self.stays_over_24_h, self.longest_stay_h)?;
        }
        let mut overlaps: Vec<_> = self.overlaps.iter().collect();
        overlaps.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        for (station, count) in overlaps.iter().take(STATIONS_NAMED) {
            write!(f, "\n  overlapping sessions at {station}: {count}")?;
        }
        if overlaps.len() > STATIONS_NAMED {
            let rest: usize = overlaps.iter().skip(STATIONS_NAMED).map(|(_, count)| **count).sum();
            write!(f, "\n  overlapping sessions at {} other stations: {rest}", overlaps.len() - STATIONS_NAMED)?;
        }
        if self.overlaps_beyond_plugs > 0 {
            write!(f, "\n  sessions beyond the plugs of their station: {}", self.overlaps_beyond_plugs)?;
        }
        let clocks = self.clock_changes;
        if clocks != ClockChanges::default() {
            write!(f, "\n  clock changes: {} sessions in a skipped hour, ", clocks.skipped)?;
            write!(f, "{} in a repeated hour, {} across a change", clocks.repeated, clocks.across)?;
        }
        if let Some(swap) = self.swap.as_ref().filter(|swap| swap.applied || swap.outside_as_written > 0) {
            let applied = if swap.applied { "swapped, as read" } else { "swapped, which they were not" };
            write!(
                f,
                "\n  day and month: arrivals outside {} to {}: {} as written, ",
                swap.from, swap.to, swap.outside_as_written
            )?;
            write!(f, "{} {applied}; swapping changes {} rows", swap.outside_swapped, swap.rows_changed)?;
        }
        if let Some(night) = &self.night {
            let sure = if night.clear { "" } else { ", which is not clear" };
            write!(f, "\n  fewest arrivals about {} h by {}{sure}", night.quietest_hour, night.zone)?;
        }
        for (first, last) in self.coverage.iter().flat_map(|coverage| &coverage.gaps) {
            write!(f, "\n  no arrivals: {first} to {last}")?;
        }
        Ok(())
    }
}
