//! The file of a submission: CSV with a line for each interval.

use std::fmt;

use csv::{ReaderBuilder, StringRecord, Trim};
use headroom_grid_api::LimitDraft;

use groups::Groups;
use row::Header;

mod groups;
mod row;
#[cfg(test)]
mod tests;

/// What holds where the file says nothing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Defaults<'a> {
    /// Of lines without a programme.
    pub(super) programme: Option<&'a str>,
    /// Of lines without a revision; further limits of one target and programme count up from it. Absent: each line must
    /// state its own.
    pub(super) revision: Option<i64>,
}

/// A limit, and where in the file it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct Planned {
    /// As it is to be submitted.
    pub(in crate::cli) draft: LimitDraft,
    /// The line of each of its intervals.
    pub(super) lines: Vec<u64>,
}

impl Planned {
    /// Returns the line that a field of the limit was read from: of its interval if it is one's, else the first.
    pub(super) fn line_of(&self, field: &str) -> Option<u64> {
        let index = |rest: &str| rest.split_once(']')?.0.parse::<usize>().ok();
        let index = field.split_once("intervals[").and_then(|(_, rest)| index(rest));
        self.lines.get(index.unwrap_or_default()).copied()
    }
}

/// What is wrong in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mistake {
    /// Counts from 1, the header.
    line: u64,
    /// As the header calls it; empty when it is about the whole line.
    column: String,
    /// The rule and the remedy.
    rule: String,
}

impl Mistake {
    fn new(line: u64, column: impl Into<String>, rule: impl Into<String>) -> Self {
        Self { line, column: column.into(), rule: rule.into() }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, column, rule } = self;
        let place = if column.is_empty() { String::new() } else { format!(", {column}") };
        write!(f, "line {line}{place}: {rule}")
    }
}

/// Everything that is wrong in a file, in the order of its lines.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} mistake(s), nothing was sent\n{}", .0.len(), listed(.0))]
pub(super) struct Mistakes(Vec<Mistake>);

fn listed(mistakes: &[Mistake]) -> String {
    mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Reads limits. Lines of one target, programme, kind, revision and priority make one, whatever stands between them.
///
/// **Errors**: every mistake that can be seen without asking the server.
pub(super) fn read(text: &str, defaults: &Defaults<'_>) -> Result<Vec<Planned>, Mistakes> {
    // Spreadsheets like to begin a file with a mark of its encoding.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = ReaderBuilder::new().flexible(true).trim(Trim::All).from_reader(text.as_bytes());
    let header = match reader.headers() {
        Ok(names) => Header::read(names).map_err(Mistakes)?,
        Err(error) => return Err(Mistakes(vec![unreadable(&error)])),
    };
    let (mut groups, mut mistakes) = (Groups::default(), Vec::new());
    for record in reader.records() {
        match record
            .map_err(|error| vec![unreadable(&error)])
            .and_then(|record| header.row(&record, line_of(&record, text), defaults))
        {
            Ok(row) => mistakes.extend(groups.take(row)),
            Err(wrong) => mistakes.extend(wrong),
        }
    }
    let (limits, wrong) = groups.limits(&header, defaults);
    mistakes.extend(wrong);
    if limits.is_empty() && mistakes.is_empty() {
        mistakes.push(Mistake::new(1, "", "nothing follows the header: add a line for each interval"));
    }
    mistakes.sort_by_key(|mistake| mistake.line);
    if mistakes.is_empty() { Ok(limits) } else { Err(Mistakes(mistakes)) }
}

/// Returns the line of a record. The reader counts from where it began to look for it, before empty lines.
fn line_of(record: &StringRecord, text: &str) -> u64 {
    let Some(position) = record.position() else { return 1 };
    let begin = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let skipped = text.bytes().skip(begin).take_while(|byte| matches!(byte, b'\r' | b'\n'));
    skipped.filter(|byte| *byte == b'\n').fold(position.line(), |line, _| line + 1)
}

fn unreadable(error: &csv::Error) -> Mistake {
    let line = error.position().map_or(1, csv::Position::line);
    Mistake::new(line, "", format!("it cannot be read as CSV ({error}): save it as CSV in UTF-8"))
}
