//! Columns of texts, from whatever a file is.

mod frame;

use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::Path;

use calamine::{Data, Reader, Xlsx};

use super::{SignalError, SignalMapping, TableFormat};
use crate::file::File;

/// The columns of a file that were asked for, as texts, so that a value that does not parse is told and not lost.
pub(super) struct Table {
    /// Name of the sheet; empty for files without.
    sheet: String,
    pub(super) height: usize,
    columns: BTreeMap<String, Vec<Option<String>>>,
    /// All names, for errors.
    names: Vec<String>,
}

impl Table {
    /// Reads a file: a table, or one per sheet.
    pub(super) fn open(path: &Path, mapping: &SignalMapping, wanted: &[String]) -> Result<Vec<Self>, SignalError> {
        let file = File::read(path).map_err(|source| SignalError::Unreadable { path: path.to_owned(), source })?;
        let not = |what: &str, error: &dyn std::fmt::Display| {
            let rule = format!("is no {what} ({})", error.to_string().lines().next().unwrap_or_default());
            SignalError::broken(path, "the file", rule, "give a file of that format, or the mapping that fits it")
        };
        match mapping.format {
            TableFormat::Csv => {
                let columns = frame::csv(&file, mapping.separator, wanted);
                Ok(vec![Self::of(columns.map_err(|error| not("table of separated values", &error))?)])
            }
            TableFormat::Parquet => {
                let columns = frame::parquet(file, wanted);
                Ok(vec![Self::of(columns.map_err(|error| not("Parquet", &error))?)])
            }
            TableFormat::Xlsx => sheets(&file, wanted).map_err(|error| not("xlsx", &error)),
        }
    }

    fn of(columns: frame::Columns) -> Self {
        let frame::Columns { names, height, texts } = columns;
        Self { sheet: String::new(), height, columns: texts, names }
    }

    pub(super) fn has(&self, column: &str) -> bool {
        self.columns.contains_key(column)
    }

    /// Returns what stands in a row, trimmed; `None` when it is empty.
    pub(super) fn text(&self, column: &str, row: usize) -> Option<&str> {
        let text = self.columns.get(column)?.get(row)?.as_deref()?.trim();
        (!text.is_empty()).then_some(text)
    }

    /// Says where a row stands in its file; the header is line 1.
    pub(super) fn at(&self, row: usize) -> String {
        if self.sheet.is_empty() { format!("line {}", row + 2) } else { format!("{} line {}", self.sheet, row + 2) }
    }

    /// Returns the error of a column that is not there.
    pub(super) fn without(&self, path: &Path, column: &str) -> SignalError {
        let rule = format!("is no column of the file, which has `{}`", self.names.join("`, `"));
        SignalError::broken(path, column, rule, "give the mapping that fits the file")
    }
}

fn sheets(file: &File, wanted: &[String]) -> Result<Vec<Table>, calamine::XlsxError> {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(file.bytes.as_slice()))?;
    let mut tables = Vec::new();
    for sheet in book.sheet_names() {
        let range = book.worksheet_range(&sheet)?;
        let mut rows = range.rows();
        let Some(header) = rows.next() else { continue };
        let names: Vec<String> = header.iter().map(|cell| cell_text(cell).unwrap_or_default()).collect();
        let mut columns: BTreeMap<String, Vec<Option<String>>> = BTreeMap::new();
        let kept: Vec<usize> = (0..names.len()).filter(|index| wanted.contains(&names[*index])).collect();
        let mut height = 0;
        for row in rows {
            height += 1;
            for index in &kept {
                columns.entry(names[*index].clone()).or_default().push(row.get(*index).and_then(cell_text));
            }
        }
        tables.push(Table { sheet, height, columns, names });
    }
    Ok(tables)
}

fn cell_text(cell: &Data) -> Option<String> {
    match cell {
        Data::Empty | Data::Error(_) => None,
        Data::DateTime(time) => time.as_datetime().map(|time| time.format("%Y-%m-%d %H:%M:%S").to_string()),
        other => Some(other.to_string()),
    }
}
