//! Guesses of a mapping's fields, from names of columns and from what stands below them.

use chrono::{DateTime, NaiveDateTime};

use crate::import::mapping::{
    Columns, DurationFormat, EnergyRules, EnergyUnit, FileRules, Mapping, Swapped, Times, Words, Zone,
};
use crate::import::table::Table;

/// Rows that are looked at.
const SAMPLE: usize = 500;
/// Formats of dates, before a time of day.
const DATES: [&str; 9] =
    ["%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y-%m-%dT00:00:00"];
/// Formats of times of day.
const CLOCKS: [&str; 4] = ["%H:%M:%S%.f", "%H:%M", "%I:%M:%S %p", "%I:%M %p"];

/// Returns the delimiter that cuts most lines into as many fields, and into more than one.
pub(super) fn delimiter(bytes: &[u8]) -> char {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(20_000)]);
    let count = |sign: char| {
        let counts: Vec<usize> = text.lines().take(20).map(|line| line.matches(sign).count()).collect();
        let first = counts.first().copied().unwrap_or(0);
        if first == 0 { 0 } else { counts.iter().filter(|count| **count == first).count() * 100 + first }
    };
    [',', ';', '\t', '|'].into_iter().rev().max_by_key(|sign| count(*sign)).unwrap_or(',')
}

/// Guesses a mapping and tells what is to be checked.
pub(super) fn mapping(mut file: FileRules, table: &Table) -> (Mapping, Vec<String>) {
    let mut notes = Vec::new();
    let header = Header { table, taken: Vec::new() };
    file.unnamed_columns = table.header.iter().any(String::is_empty);
    let words = ["NA", "NaN", "nan", "null", "NULL", "None", "-"];
    file.null_words = words.into_iter().filter(|word| header.holds(word)).map(str::to_owned).collect();
    let (columns, duration) = columns(header, &mut notes);
    let values = column(table, &columns.energy, &file);
    file.decimal = if values.iter().any(|value| value.contains(',') && !value.contains('.')) { ',' } else { '.' };
    let numbers = values.iter().filter_map(|value| value.replace(',', ".").parse::<f64>().ok()).collect();
    let unit = unit(&columns.energy, numbers, &mut notes);
    let (formats, zone) = times(&joined(table, &columns.arrival, &file), &mut notes);
    let duration_format = duration.as_deref().map_or(DurationFormat::Clock, |name| {
        let clock = column(table, name, &file).iter().any(|value| value.contains(':'));
        let name = name.to_lowercase();
        match name.as_str() {
            _ if clock => DurationFormat::Clock,
            name if name.contains("min") => DurationFormat::Minutes,
            name if name.contains("sec") => DurationFormat::Seconds,
            _ => DurationFormat::Hours,
        }
    });
    let times = Times {
        formats,
        zone,
        zone_is_assumed: matches!(zone, Zone::Wall(_)),
        local_zone: None,
        day_month_swapped: Swapped::Never,
        duration_format,
        duration_surplus_s: 0,
        duration_tolerance_s: 90,
    };
    (Mapping { remarks: Vec::new(), file, columns, times, energy: EnergyRules { unit }, rated_power: None }, notes)
}

struct Header<'a> {
    table: &'a Table,
    taken: Vec<usize>,
}

impl Header<'_> {
    fn holds(&self, word: &str) -> bool {
        self.table.rows.iter().take(SAMPLE).any(|row| row.cells.iter().any(|cell| cell.trim() == word))
    }

    /// Takes the first column with a word in its name and none of the others; earlier words count more.
    fn take(&mut self, words: &[&str], not: &[&str]) -> Option<String> {
        let plain = |name: &str| name.to_lowercase().replace(['_', '-', '.'], " ");
        let fits = |index: &usize, word: &str| {
            let name = plain(&self.table.header[*index]);
            !self.taken.contains(index)
                && !name.is_empty()
                && name.contains(word)
                && !not.iter().any(|word| name.contains(word))
        };
        let found = words.iter().find_map(|word| (0..self.table.header.len()).find(|index| fits(index, word)))?;
        self.taken.push(found);
        Some(self.table.header[found].clone())
    }

    /// Takes a column for a time, and the one with the time of day where the first has only the date.
    fn take_time(&mut self, words: &[&str]) -> Words {
        let not = ["zone", "hour", "hr", "duration", "energy", "kwh", "soc", "estimated", "requested"];
        let dates: Vec<String> = words.iter().map(|word| format!("{word} date")).collect();
        let dates: Vec<&str> = dates.iter().map(String::as_str).collect();
        let clocks: Vec<String> = words.iter().map(|word| format!("{word} time")).collect();
        let clocks: Vec<&str> = clocks.iter().map(String::as_str).collect();
        let mut with_clock = not.to_vec();
        with_clock.push("time");
        if let Some(date) = self.take(&dates, &with_clock) {
            let clock = self.take(&clocks, &["zone"]);
            return std::iter::once(date).chain(clock).collect();
        }
        self.take(words, &not).into_iter().collect()
    }
}

fn columns(mut header: Header, notes: &mut Vec<String>) -> (Columns, Option<String>) {
    let arrival =
        header.take_time(&["arrival", "plugin", "plug in", "connection", "connected", "start", "begin", "from"]);
    let departure =
        header.take_time(&["departure", "plugout", "plug out", "disconnect", "unplug", "end", "stop", "until"]);
    let energy =
        header.take(&["delivered", "kwh", "energy", "wh", "consum"], &["request", "cost", "price", "capacity"]);
    let user = header.take(&["user id", "userid", "driver", "rfid", "badge", "token", "customer", "user"], &["type"]);
    let duration = header.take(&["total duration", "duration", "stay", "connection time"], &[]);
    let id = header.take(&["session", "transaction", "charging event", "event", "objectid", "record"], &[]);
    let station = header.take(
        &[
            "evse",
            "station id",
            "station",
            "cp id",
            "charge point",
            "chargepoint",
            "charger",
            "plug id",
            "port",
            "garage",
        ],
        &["type", "city", "address", "power", "hour"],
    );
    let connector = header.take(&["connector", "outlet", "port number"], &["type"]);
    let id = id.or_else(|| header.take(&["id"], &["paid", "side", "grid"]));
    let mut needed = |found: bool, field: &str| {
        if !found {
            notes.push(format!("no column looks like `columns.{field}`: put its name there"));
        }
    };
    needed(!arrival.is_empty(), "arrival");
    needed(!departure.is_empty(), "departure");
    needed(energy.is_some(), "energy");
    needed(station.is_some(), "station");
    let or_unknown = |words: Words| if words.is_empty() { Words::from_iter(["?"]) } else { words };
    let columns = Columns {
        id: id.into_iter().collect(),
        station: or_unknown(station.into_iter().chain(connector).collect()),
        station_otherwise: Words::default(),
        arrival: or_unknown(arrival),
        departure: or_unknown(departure),
        energy: energy.unwrap_or_else(|| "?".to_owned()),
        user,
        duration: duration.clone(),
        charging: None,
        stated_energy: None,
        stated_departure: Words::default(),
        stated_at: Words::default(),
        claimed: None,
        site: None,
    };
    (columns, duration)
}

fn column(table: &Table, name: &str, file: &FileRules) -> Vec<String> {
    joined(table, &Words::from_iter([name]), file)
}

/// Returns what stands in columns, joined by a space, where all of them hold something.
fn joined(table: &Table, names: &Words, file: &FileRules) -> Vec<String> {
    let places: Option<Vec<usize>> =
        names.iter().map(|name| table.header.iter().position(|column| column == name)).collect();
    let places = places.unwrap_or_default();
    let row = |row: &crate::import::table::TextRow| {
        let parts: Option<Vec<&str>> = places.iter().map(|place| row.cells.get(*place).map(str::trim)).collect();
        let parts = parts.filter(|parts| !parts.is_empty())?;
        let told = |part: &&str| !part.is_empty() && !file.null_words.iter().any(|word| word == part);
        parts.iter().all(told).then(|| parts.join(" "))
    };
    table.rows.iter().take(SAMPLE).filter_map(row).collect()
}

fn unit(name: &str, mut values: Vec<f64>, notes: &mut Vec<String>) -> EnergyUnit {
    let name = name.to_lowercase();
    for (word, unit) in [("mwh", EnergyUnit::MWh), ("kwh", EnergyUnit::KWh), ("wh", EnergyUnit::Wh)] {
        if name.contains(word) {
            return unit;
        }
    }
    values.sort_by(f64::total_cmp);
    let median = values.get(values.len() / 2).copied().unwrap_or(0.0);
    let unit = if median > 300.0 { EnergyUnit::Wh } else { EnergyUnit::KWh };
    notes.push(format!("`{name}` does not name its unit; its median of {median} looks like {}: check it", unit.name()));
    unit
}

/// Finds the format that reads most of the times, and whether it has an offset.
fn times(texts: &[String], notes: &mut Vec<String>) -> (Vec<String>, Zone) {
    let mut best: (usize, String, bool) = (0, "%Y-%m-%d %H:%M:%S".to_owned(), false);
    let days_first = |format: &str| format.starts_with("%d");
    for date in DATES {
        for clock in CLOCKS {
            for (between, offset) in [(" ", ""), ("T", ""), (" ", "%#z"), ("T", "%#z"), (" ", " %#z")] {
                let format = format!("{date}{between}{clock}{offset}");
                let reads = |text: &&String| match offset {
                    "" => NaiveDateTime::parse_from_str(text, &format).is_ok(),
                    _ => DateTime::parse_from_str(text, &format).is_ok(),
                };
                let count = texts.iter().filter(reads).count();
                if count > 0 && count == best.0 && days_first(&best.1) && format.starts_with("%m") {
                    notes.push(format!("`{}` and `{format}` read the same times: check which is right", best.1));
                }
                if count > best.0 {
                    best = (count, format, !offset.is_empty());
                }
            }
        }
    }
    // Days since 1899 of the years 2009 to 2064.
    let serial = |text: &&String| text.parse().is_ok_and(|days: f64| (40_000.0..60_000.0).contains(&days));
    let serial = texts.iter().filter(serial).count();
    if serial > best.0 {
        best = (serial, "serial-days".to_owned(), false);
    }
    if best.0 < texts.len() {
        notes.push(format!("`{}` reads {} of {} times: add formats for the others", best.1, best.0, texts.len()));
    }
    let zone = if best.2 { Zone::Offset } else { Zone::Wall(chrono_tz::Tz::UTC) };
    if !best.2 {
        notes.push(
            "times have no offset: put the IANA zone of the sites at `times.zone`, UTC is only a guess".to_owned(),
        );
    }
    (vec![best.1], zone)
}
