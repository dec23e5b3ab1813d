//! The cells of a row by the names of their columns.

use std::collections::BTreeMap;

use csv::StringRecord;

use crate::import::ImportError;
use crate::import::collector::Rejection;
use crate::import::mapping::{FileRules, Mapping, Words};
use crate::import::source::Source;

/// Finds the columns that a mapping reads.
pub(super) fn columns<'a>(
    source: &Source,
    mapping: &'a Mapping,
    header: &[String],
) -> Result<BTreeMap<&'a str, usize>, ImportError> {
    if let (false, Some(unnamed)) = (mapping.file.unnamed_columns, header.iter().position(String::is_empty)) {
        let remedy = "name it in the file, or set `file.unnamed_columns = true` in the mapping to leave it unread";
        return Err(source.broken(&format!("column {}", unnamed + 1), "has no name", remedy));
    }
    let mut found = BTreeMap::new();
    for (field, name) in mapping.columns_read() {
        let mut places = header.iter().enumerate().filter(|(_, column)| *column == name).map(|(index, _)| index);
        let remedy = format!("correct `{field}` of the mapping, or name the format that the file has");
        let Some(place) = places.next() else {
            let rule = format!("is no column of the file, which has `{}`", header.join("`, `"));
            return Err(source.broken(name, rule, &remedy));
        };
        if places.next().is_some() {
            return Err(source.broken(name, "is the name of more than one column", "give columns names of their own"));
        }
        found.insert(name, place);
    }
    Ok(found)
}

/// Tells whether a row has the fields of the header; more are no harm where they are empty.
pub(super) fn is_whole(cells: &StringRecord, columns: usize) -> bool {
    cells.len() >= columns && cells.iter().skip(columns).all(|cell| cell.trim().is_empty())
}

pub(super) struct Cells<'a> {
    columns: &'a BTreeMap<&'a str, usize>,
    rules: &'a FileRules,
    row: &'a StringRecord,
}

impl<'a> Cells<'a> {
    pub(super) fn new(columns: &'a BTreeMap<&'a str, usize>, rules: &'a FileRules, row: &'a StringRecord) -> Self {
        Self { columns, rules, row }
    }

    /// Returns what stands in a column, trimmed; nothing where it is empty or a word for nothing.
    pub(super) fn get(&self, name: &str) -> Option<&'a str> {
        let text = self.row.get(*self.columns.get(name)?)?.trim();
        let null = text.is_empty() || self.rules.null_words.iter().any(|word| word == text);
        (!null).then_some(text)
    }

    /// Returns a number, with the decimal sign of the file.
    pub(super) fn number(&self, name: &str) -> Option<f64> {
        let text = self.get(name)?;
        match self.rules.decimal {
            ',' if text.contains('.') => None,
            ',' => text.replace(',', ".").parse().ok(),
            _ => text.parse().ok(),
        }
    }

    /// Joins what is there; nothing where nothing is.
    pub(super) fn joined(&self, names: &Words, between: &str) -> Option<String> {
        let parts: Vec<&str> = names.iter().filter_map(|name| self.get(name)).collect();
        (!parts.is_empty()).then(|| parts.join(between))
    }

    /// Joins all of them by `-`. **Errors**: the first that is empty.
    pub(super) fn all(&self, names: &Words) -> Result<String, Rejection> {
        let part = |name| self.get(name).ok_or_else(|| Rejection::new(format!("`{name}` must not be empty"), ""));
        Ok(names.iter().map(part).collect::<Result<Vec<_>, _>>()?.join("-"))
    }
}
