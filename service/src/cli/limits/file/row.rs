//! The header and the lines of the file.

use std::collections::BTreeMap;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use csv::StringRecord;
use headroom_domain::limit::{LimitInterval, LimitKind, Target};
use headroom_domain::{Interval, Power};

use super::{Defaults, Mistake};
use crate::cli::utility::target;

/// All that a file may have.
const COLUMNS: [&str; 12] = [
    "target",
    "programme",
    "kind",
    "revision",
    "start_time",
    "end_time",
    "import_limit_w",
    "import_limit_kw",
    "export_limit_w",
    "export_limit_kw",
    "priority",
    "reason",
];

/// What every file must have.
const NEEDED: [&str; 3] = ["target", "start_time", "end_time"];

/// A column in W and the same in kW.
const POWERS: [(&str, &str); 2] = [("import_limit_w", "import_limit_kw"), ("export_limit_w", "export_limit_kw")];

const KINDS: [(&str, LimitKind); 3] =
    [("scheduled", LimitKind::Scheduled), ("emergency", LimitKind::Emergency), ("test", LimitKind::Test)];

/// Which column is where.
pub(super) struct Header {
    places: BTreeMap<&'static str, usize>,
    width: usize,
}

/// A line that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) line: u64,
    pub(super) target: Target,
    pub(super) programme: String,
    pub(super) kind: LimitKind,
    pub(super) revision: Option<i64>,
    pub(super) priority: Option<i32>,
    pub(super) item: LimitInterval,
    pub(super) reason: String,
}

impl Header {
    pub(super) fn read(names: &StringRecord) -> Result<Self, Vec<Mistake>> {
        let mut rules = Vec::new();
        let mut places = BTreeMap::new();
        let mut unknown = Vec::new();
        for (place, name) in names.iter().enumerate() {
            match COLUMNS.iter().find(|known| known.eq_ignore_ascii_case(name)) {
                None => unknown.push(format!("{name:?}")),
                Some(known) if places.insert(*known, place).is_some() => {
                    rules.push(format!("column {known} is there twice: remove one"));
                }
                Some(_) => {}
            }
        }
        if names.len() < 2 && names.iter().any(|name| name.contains([';', '\t'])) {
            rules.push("columns are separated by commas: save it so".to_owned());
        } else if !unknown.is_empty() {
            let unknown = unknown.join(", ");
            rules
                .push(format!("unknown column(s) {unknown}: correct or remove them; there are {}", COLUMNS.join(", ")));
        }
        let missing = NEEDED.iter().filter(|needed| !places.contains_key(*needed));
        rules.extend(missing.map(|needed| format!("column {needed} is missing: add it")));
        for (watts, kilowatts) in POWERS {
            if places.contains_key(watts) && places.contains_key(kilowatts) {
                rules.push(format!("{watts} and {kilowatts} are both there: keep one"));
            }
        }
        if POWERS.iter().all(|(watts, kilowatts)| !places.contains_key(watts) && !places.contains_key(kilowatts)) {
            rules.push("no column states a limit: add import_limit_w or export_limit_w".to_owned());
        }
        if rules.is_empty() {
            return Ok(Self { places, width: names.len() });
        }
        Err(rules.into_iter().map(|rule| Mistake::new(1, "", rule)).collect())
    }

    /// Returns what the file calls the column that a field of a limit was read from; empty when it was read from none.
    pub(super) fn column_of(&self, field: &str) -> &'static str {
        let field = field.rsplit('.').next().unwrap_or_default();
        let (watts, kilowatts) = POWERS.into_iter().find(|(watts, _)| *watts == field).unwrap_or_default();
        let spelled = if self.places.contains_key(kilowatts) { kilowatts } else { watts };
        if spelled.is_empty() {
            COLUMNS.into_iter().find(|column| *column == field).unwrap_or_default()
        } else {
            spelled
        }
    }

    /// Reads the record that begins on a line. **Errors**: every cell that is wrong.
    pub(super) fn row(&self, record: &StringRecord, line: u64, defaults: &Defaults<'_>) -> Result<Row, Vec<Mistake>> {
        if record.len() != self.width {
            let (cells, width) = (record.len(), self.width);
            let rule =
                format!("it has {cells} cell(s) where the header has {width}: put cells with commas into quotes");
            return Err(vec![Mistake::new(line, "", rule)]);
        }
        let mut cells = Cells { header: self, record, line, wrong: Vec::new() };
        let target = cells.needed("target", target);
        let stated = cells.text("programme").or(defaults.programme).map(ToOwned::to_owned);
        if stated.is_none() {
            cells.fault("programme", "it is empty: fill it in, or give one for all with --programme");
        }
        let kind = cells.optional("kind", kind);
        if cells.text("revision").is_none() && defaults.revision.is_none() {
            cells.fault("revision", "it is empty: a repetition must be the same, so fill it in, or give --revision");
        }
        let revision = cells.optional("revision", whole);
        let priority = cells.optional("priority", whole);
        let interval = cells.needed("start_time", instant).zip(cells.needed("end_time", instant));
        let [maximum_import_w, maximum_export_w] = POWERS.map(|(watts, kilowatts)| {
            let power = cells.optional(watts, |text| power(text, 1.0));
            power.or(cells.optional(kilowatts, power_in_kw))
        });
        let reason = cells.text("reason").unwrap_or_default().to_owned();
        match (target, stated, interval) {
            (Some(target), Some(programme), Some((start, end))) if cells.wrong.is_empty() => {
                let item = LimitInterval { interval: Interval { start, end }, maximum_import_w, maximum_export_w };
                let kind = kind.unwrap_or(LimitKind::Scheduled);
                Ok(Row { line, target, programme, kind, revision, priority, item, reason })
            }
            _ => Err(cells.wrong),
        }
    }
}

/// The cells of a line, and what was wrong in them so far.
struct Cells<'a> {
    header: &'a Header,
    record: &'a StringRecord,
    line: u64,
    wrong: Vec<Mistake>,
}

impl<'a> Cells<'a> {
    /// Returns what a cell says; nothing when it is empty or there is no such column.
    fn text(&self, column: &str) -> Option<&'a str> {
        let place = *self.header.places.get(column)?;
        self.record.get(place).filter(|text| !text.is_empty())
    }

    fn fault(&mut self, column: &str, rule: impl Into<String>) {
        self.wrong.push(Mistake::new(self.line, column, rule));
    }

    fn optional<T>(&mut self, column: &str, read: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        match read(self.text(column)?) {
            Ok(value) => Some(value),
            Err(rule) => {
                self.fault(column, rule);
                None
            }
        }
    }

    fn needed<T>(&mut self, column: &str, read: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        if self.text(column).is_none() {
            self.fault(column, "it is empty: fill it in");
        }
        self.optional(column, read)
    }
}

fn kind(text: &str) -> Result<LimitKind, String> {
    let known = KINDS.into_iter().find(|(word, _)| word.eq_ignore_ascii_case(text));
    known.map(|(_, kind)| kind).ok_or_else(|| format!("{text:?} is no kind: write scheduled, emergency or test"))
}

fn whole<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{text:?} is no whole number, or too large: correct it"))
}

fn instant(text: &str) -> Result<DateTime<Utc>, String> {
    let read = DateTime::parse_from_rfc3339(text).map_err(|_| {
        format!("{text:?} is no time of RFC 3339 with its zone: write it as 2026-11-20T12:00:00Z or with +01:00")
    })?;
    Ok(read.to_utc())
}

fn power_in_kw(text: &str) -> Result<Power, String> {
    power(text, 1000.0)
}

/// Reads a power in units of so many watts. It has no fraction of a watt: the interface has none.
fn power(text: &str, unit_w: f64) -> Result<Power, String> {
    let stated: f64 =
        text.parse().map_err(|_| format!("{text:?} is no number: write it with a point, without a unit"))?;
    let power = Power::try_new(stated * unit_w).map_err(|error| error.to_string())?;
    let whole = Power::from_w(power.as_w().round());
    // What is nearer than this is an error of the conversion from kW.
    if (power.as_w() - whole.as_w()).abs() > 1e-4 {
        return Err(format!("{text} has a fraction of a watt: round it"));
    }
    Ok(whole)
}
