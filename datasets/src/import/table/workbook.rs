//! Sheets of a workbook as text. Times become days since 1899-12-30, as spreadsheets count them: what is a time says the
//! mapping, by the time format `serial-days`.

use std::io::Cursor;

use calamine::{Data, Reader, Xlsx};
use chrono::{NaiveDate, NaiveDateTime};
use csv::StringRecord;

use super::{Table, TextRow};
use crate::import::ImportError;
use crate::import::source::Source;

/// Reads a sheet by its name; without one, the first.
pub(super) fn read(source: &Source, sheet: &str) -> Result<Table, ImportError> {
    let unreadable = |what: &str| {
        let rule = format!("cannot be read ({what})");
        source.broken("the workbook", rule, "save it as xlsx again, or name the format that the file has")
    };
    let mut book: Xlsx<_> =
        Xlsx::new(Cursor::new(source.bytes.as_slice())).map_err(|error| unreadable(&error.to_string()))?;
    let names = book.sheet_names();
    let found = names.iter().find(|name| sheet.is_empty() || *name == sheet);
    let found = found.ok_or_else(|| unreadable(&format!("it has no sheet `{sheet}`, but `{}`", names.join("`, `"))))?;
    let cells = book.worksheet_range(found).map_err(|error| unreadable(&error.to_string()))?;
    let first = cells.start().map_or(0, |(row, _)| row as usize);
    let mut rows = cells.rows();
    let header = rows.next().ok_or_else(|| unreadable("its sheet is empty"))?;
    let row = |(at, cells): (usize, &[Data])| TextRow {
        at: format!("row {}", first + at + 2),
        cells: StringRecord::from(cells.iter().map(text).collect::<Vec<_>>()),
    };
    let is_filled = |(_, cells): &(usize, &[Data])| cells.iter().any(|cell| *cell != Data::Empty);
    let rows = rows.enumerate().filter(is_filled).map(row).collect();
    Ok(Table { header: header.iter().map(|name| text(name).trim().to_owned()).collect(), rows })
}

fn text(cell: &Data) -> String {
    match cell {
        Data::Empty | Data::Error(_) => String::new(),
        Data::DateTime(time) => time.as_datetime().map_or_else(String::new, serial_days),
        other => other.to_string(),
    }
}

/// Returns an instant as days, whichever year the workbook counts from.
fn serial_days(at: NaiveDateTime) -> String {
    let since = at - NaiveDate::from_ymd_opt(1899, 12, 30).unwrap_or_default().and_time(chrono::NaiveTime::MIN);
    (since.as_seconds_f64() / 86_400.0).to_string()
}
