//! Files to signals, by a mapping.

use std::path::{Path, PathBuf};

use super::collector::{Collector, Column, Row};
use super::mapping::ColumnSignal;
use super::table::Table;
use super::time::{TWICE, Timekeeper};
use super::{SignalChoice, SignalError, SignalImport, SignalMapping, Times};

pub(super) fn read(
    paths: &[PathBuf],
    mapping: &SignalMapping,
    choice: &SignalChoice,
) -> Result<SignalImport, SignalError> {
    let named = |path: &PathBuf| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let first = paths.first().map_or(Path::new(""), PathBuf::as_path);
    let reader = Reader::new(first, paths.len(), mapping, choice)?;
    let wanted = reader.wanted();
    let mut collector: Option<Collector> = None;
    for path in paths {
        // Sheets of a file go on counting; another file begins anew.
        let mut time = Timekeeper::new(mapping, reader.start());
        for table in Table::open(path, mapping, &wanted)? {
            let columns = reader.columns(path, &table)?;
            let collector = collector.get_or_insert_with(|| Collector::new(mapping, columns.clone()));
            if !collector.reads(&columns) {
                let rule = "are not those of the file or sheet before";
                return Err(SignalError::broken(path, "columns", rule, "read files of different columns one by one"));
            }
            let mut rows: Vec<usize> = (0..table.height).collect();
            if time.falls(&table) {
                rows.reverse();
                collector.notice(
                    "the rows are in falling order; they were read from the last".to_owned(),
                    &table.at(0),
                    String::new(),
                );
            }
            for row in rows {
                reader.take(&table, row, &columns, &mut time, collector);
            }
        }
    }
    let collector = collector.unwrap_or_else(|| Collector::new(mapping, Vec::new()));
    reader.check_place(first, &collector)?;
    collector.finish(first, paths.iter().map(named).collect())
}

struct Reader<'a> {
    mapping: &'a SignalMapping,
    choice: &'a SignalChoice,
    signals: Vec<&'a ColumnSignal>,
    step_h: f64,
}

impl<'a> Reader<'a> {
    /// Checks that all is given which the mapping asks for.
    fn new(
        path: &Path,
        files: usize,
        mapping: &'a SignalMapping,
        choice: &'a SignalChoice,
    ) -> Result<Self, SignalError> {
        if files == 0 {
            return Err(SignalError::broken(path, "files", "are none", "give at least one"));
        }
        let signals = mapping.signals.iter();
        let chosen = |signal: &&ColumnSignal| choice.signals.is_empty() || choice.signals.contains(&signal.name);
        let reader = Self {
            mapping,
            choice,
            signals: signals.filter(chosen).collect(),
            step_h: f64::from(mapping.step_min) / 60.0,
        };
        if let Some(name) = choice.signals.iter().find(|name| reader.signals.iter().all(|signal| signal.name != **name))
        {
            let names: Vec<&str> = mapping.signals.iter().map(|signal| signal.name.as_str()).collect();
            let rule = format!("names no signal of the mapping: `{}`", names.join("`, `"));
            return Err(SignalError::broken(path, name, rule, "choose among them"));
        }
        if matches!(mapping.time, Times::Counted { .. }) {
            if reader.start().is_none() {
                let remedy = "give the start of the first row, such as 2016-07-31T23:00:00-08:00";
                return Err(SignalError::broken(path, "start", "is not known: the file has no times", remedy));
            }
            if files > 1 {
                return Err(SignalError::broken(path, "files", "have no times", "read them one by one"));
            }
        }
        for signal in &reader.signals {
            signal.conversion(reader.step_h, choice.installed_kw).map_err(|field| {
                let rule = format!("is not given, and the unit of `{}` asks for it", signal.name);
                SignalError::broken(path, field, rule, "give it in the mapping (currency) or beside it (installed_kw)")
            })?;
        }
        Ok(reader)
    }

    fn start(&self) -> Option<chrono::DateTime<chrono::FixedOffset>> {
        let Times::Counted { start, .. } = &self.mapping.time else { return None };
        self.choice.start.or(*start)
    }

    fn wanted(&self) -> Vec<String> {
        let mut wanted: Vec<String> = match &self.mapping.time {
            Times::Instant { column, .. } | Times::Local { column, .. } => vec![column.clone()],
            Times::DayHour { day_column, hour_column, repeated_column, .. } => {
                [day_column, hour_column].into_iter().chain(repeated_column).cloned().collect()
            }
            Times::Counted { month_column, hour_column, .. } => {
                month_column.iter().chain(hour_column).cloned().collect()
            }
        };
        wanted.extend(self.mapping.place_column.clone());
        wanted.extend(self.mapping.filters.iter().map(|filter| filter.column.clone()));
        wanted.extend(self.signals.iter().flat_map(|signal| signal.columns()).map(|(column, _)| column));
        wanted
    }

    /// Returns the columns of values that a table has. **Errors**: one that it lacks.
    fn columns(&self, path: &Path, table: &Table) -> Result<Vec<Column>, SignalError> {
        let optional: Vec<String> = self
            .signals
            .iter()
            .filter(|signal| signal.optional)
            .flat_map(|signal| signal.columns())
            .map(|(name, _)| name)
            .collect();
        if let Some(missing) = self.wanted().iter().find(|name| !table.has(name) && !optional.contains(name)) {
            return Err(table.without(path, missing));
        }
        let mut columns = Vec::new();
        for signal in &self.signals {
            let (unit, factor) = signal
                .conversion(self.step_h, self.choice.installed_kw)
                .map_err(|field| SignalError::broken(path, field, "is not given", "give it"))?;
            for (name, ahead_min) in signal.columns() {
                if table.has(&name) {
                    let signal = (*signal).clone();
                    columns.push(Column { name, ahead_min, factor, unit: unit.clone(), signal });
                }
            }
        }
        if columns.is_empty() {
            let rule = "have none of the mapping's signals";
            return Err(SignalError::broken(path, "columns", rule, "give the mapping that fits the file"));
        }
        Ok(columns)
    }

    fn take(&self, table: &Table, row: usize, columns: &[Column], time: &mut Timekeeper<'_>, into: &mut Collector) {
        let is = |column: &String, value: &String| table.text(column, row) == Some(value.as_str());
        if let Some(column) = &self.mapping.place_column {
            into.place(table.text(column, row).unwrap_or_default());
        }
        let chosen = self.mapping.place_column.as_ref().zip(self.choice.place.as_ref());
        let aside = self.mapping.filters.iter().any(|filter| !is(&filter.column, &filter.value))
            || chosen.is_some_and(|(column, place)| !is(column, place));
        if aside {
            into.aside();
            return;
        }
        let at = table.at(row);
        let placed = match time.place(table, row) {
            Ok(placed) => placed,
            Err((rule, value)) => return into.reject(rule, &at, value),
        };
        let values = columns.iter().map(|column| self.value(table, row, column, &at, into)).collect();
        for (rule, value) in placed.notices {
            into.notice(rule, &at, value);
        }
        let (interval, again) = (placed.interval, placed.again);
        if again.is_some() {
            into.repair(TWICE, &at, interval.start.to_rfc3339());
        }
        into.take(Row { interval, again, values, at });
    }

    fn value(&self, table: &Table, row: usize, column: &Column, at: &str, into: &mut Collector) -> Option<f64> {
        let text = table.text(&column.name, row).filter(|text| !self.mapping.null.iter().any(|null| null == text))?;
        let parsed = if self.mapping.decimal_comma { text.replace(',', ".").parse() } else { text.parse::<f64>() };
        // Adding zero turns -0.0 into 0.0.
        let value = parsed.ok().map(|value| value * column.factor + 0.0).filter(|value| value.is_finite());
        if value.is_none() {
            let rule = format!("`{}` must be a number; the value was left out", column.name);
            into.repair(&rule, at, text.to_owned());
        }
        value
    }

    /// Says which places there are when none or an unknown one was chosen.
    fn check_place(&self, path: &Path, collector: &Collector) -> Result<(), SignalError> {
        let Some(column) = &self.mapping.place_column else { return Ok(()) };
        let places: Vec<&str> = collector.places().collect();
        match &self.choice.place {
            Some(place) if places.contains(&place.as_str()) => Ok(()),
            None if places.len() == 1 => Ok(()),
            chosen => {
                let rule = match chosen {
                    Some(place) => format!("has no `{place}`"),
                    None => "holds several places".to_owned(),
                };
                let remedy = format!("choose one of `{}`", places.join("`, `"));
                Err(SignalError::broken(path, column, rule, &remedy))
            }
        }
    }
}
