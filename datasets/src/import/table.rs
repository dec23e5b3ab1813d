//! Files as tables of text: every cell is read by the mapping, so that what does not parse is told with its row.

mod parquet;
mod workbook;

use csv::{ReaderBuilder, StringRecord};

use super::ImportError;
use super::mapping::{FileRules, Kind};
use super::source::Source;
use crate::file::without_mark;

/// A table of text.
pub(super) struct Table {
    pub(super) header: Vec<String>,
    pub(super) rows: Vec<TextRow>,
}

/// A row and where it stands in the file.
pub(super) struct TextRow {
    pub(super) at: String,
    pub(super) cells: StringRecord,
}

impl Table {
    pub(super) fn read(source: &Source, rules: &FileRules) -> Result<Self, ImportError> {
        match rules.kind {
            Kind::Csv => csv(source, rules.delimiter),
            Kind::Xlsx => workbook::read(source, &rules.sheet),
            Kind::Parquet => parquet::read(source),
        }
    }
}

fn csv(source: &Source, delimiter: char) -> Result<Table, ImportError> {
    let unreadable = |what: String| {
        source.broken(
            "rows",
            format!("do not form a table ({what})"),
            "give UTF-8 text with a header, or name the format that the file has",
        )
    };
    let bytes = without_mark(&source.bytes);
    let mut reader = ReaderBuilder::new()
        .delimiter(u8::try_from(delimiter).unwrap_or(b','))
        .flexible(true)
        .has_headers(false)
        .from_reader(bytes);
    let mut header = None;
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| unreadable(error.to_string()))?;
        if header.is_none() {
            header = Some(record.iter().map(|name| name.trim().to_owned()).collect());
            continue;
        }
        let line = record.position().map_or(0, |position| line_of(bytes, position));
        rows.push(TextRow { at: format!("line {line}"), cells: record });
    }
    let header: Vec<String> = header.ok_or_else(|| unreadable("the file is empty".to_owned()))?;
    Ok(Table { header, rows })
}

/// Returns the line on which a record begins: what the reader says is before the ends of lines that it skips.
fn line_of(bytes: &[u8], position: &csv::Position) -> u64 {
    let rest = usize::try_from(position.byte()).ok().and_then(|from| bytes.get(from..)).unwrap_or_default();
    let skipped = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).filter(|byte| **byte == b'\n');
    position.line() + u64::try_from(skipped.count()).unwrap_or(0)
}
