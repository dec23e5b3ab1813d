//! Tables by their mapping.

mod cells;
mod times;

use std::collections::BTreeMap;

use chrono::TimeDelta;
use headroom_domain::Energy;

use super::collector::{Collector, Local, Rejection, Row};
use super::evidence::SwapCount;
use super::mapping::{Mapping, RatedPower};
use super::source::Source;
use super::table::{Table, TextRow};
use super::wall::{Reading, settle};
use super::{Format, Import, ImportError};
use crate::session::{RecordedSession, Stated};
use cells::Cells;
use times::duration;
pub(super) use times::{Written, swapped};

/// Reads the sessions of a table.
pub(super) fn read(source: &Source, mapping: &Mapping, format: &Format) -> Result<Import, ImportError> {
    let table = Table::read(source, &mapping.file)?;
    let mut collector = Collector::default();
    collector.plugs_per_station = mapping.file.plugs_per_station;
    collector.remarks.extend(mapping.remarks.iter().cloned());
    if let Some(zone) = mapping.local_zone() {
        zone.name().clone_into(&mut collector.zone);
        if mapping.times.zone_is_assumed {
            collector.questions.push(format!("the source does not state its time zone; {} was taken", zone.name()));
        }
    }
    let columns = cells::columns(source, mapping, &table.header)?;
    let mut reader = TableReader { source, mapping, columns, seen: BTreeMap::new(), swap: SwapCount::default() };
    for row in &table.rows {
        let cells = Cells::new(&reader.columns, &mapping.file, &row.cells);
        if let Some(site) = mapping.columns.site.as_deref().and_then(|name| cells.get(name)) {
            collector.sites.insert(site.to_owned());
        }
        let read = if cells::is_whole(&row.cells, table.header.len()) {
            reader.row(row)
        } else {
            let rule = format!("a row must have the {} fields of the header", table.header.len());
            Err(vec![Rejection::new(rule, format!("{} fields", row.cells.len()))])
        };
        collector.take(&row.at, read);
    }
    collector.swap = reader.swap.evidence(mapping.times.day_month_swapped);
    collector.finish(source, format)
}

/// Tells whether a table has the columns of a mapping and, in most of its first rows, times that it can read.
pub(super) fn fits(mapping: &Mapping, table: &Table) -> bool {
    let has = |name: &str| table.header.iter().filter(|column| *column == name).count() == 1;
    let places: BTreeMap<&str, usize> = mapping
        .columns_read()
        .into_iter()
        .filter_map(|(_, name)| Some((name, table.header.iter().position(|column| column == name)?)))
        .collect();
    let times = &mapping.times;
    let reads = |row: &&TextRow| {
        let cells = Cells::new(&places, &mapping.file, &row.cells);
        let text = cells.joined(&mapping.columns.arrival, " ").unwrap_or_default();
        Written::parse(times, &mapping.columns.arrival, &text).is_ok()
    };
    let looked_at = table.rows.len().min(50);
    mapping.columns_read().iter().all(|(_, name)| has(name))
        && table.rows.iter().take(looked_at).filter(reads).count() * 10 >= looked_at * 9
}

struct TableReader<'a> {
    source: &'a Source,
    mapping: &'a Mapping,
    columns: BTreeMap<&'a str, usize>,
    /// Where rows stood first, by all that they say but their id.
    seen: BTreeMap<String, String>,
    swap: SwapCount,
}

impl TableReader<'_> {
    fn row(&mut self, row: &TextRow) -> Result<Row, Vec<Rejection>> {
        let mapping = self.mapping;
        let cells = Cells::new(&self.columns, &mapping.file, &row.cells);
        let names = &mapping.columns;
        let mut faults = Vec::new();
        let mut note = |fault: Rejection| faults.push(fault);
        let departure = match cells.joined(&names.departure, " ") {
            None => {
                let first = names.departure.iter().next().unwrap_or_default();
                let session = cells.joined(&names.id, "-").unwrap_or_default();
                note(Rejection::new(format!("`{first}` is empty: a session open at export"), session));
                None
            }
            Some(text) => Written::parse(&mapping.times, &names.departure, &text).map_err(&mut note).ok(),
        };
        let arrival = cells.joined(&names.arrival, " ").unwrap_or_default();
        let arrival = Written::parse(&mapping.times, &names.arrival, &arrival).map_err(&mut note).ok();
        let id = if names.id.is_empty() { Ok(row.at.clone()) } else { cells.all(&names.id) };
        let id = id.map_err(&mut note).ok();
        let station = match cells.all(&names.station) {
            Err(_) if !names.station_otherwise.is_empty() => cells.all(&names.station_otherwise),
            station => station,
        };
        let station = station.map_err(&mut note).ok();
        let energy_wh = self.energy(&cells, &names.energy).map_err(&mut note).ok();
        self.swap.take(arrival.as_ref(), departure.as_ref());
        let (Some(arrival), Some(departure), Some(id), Some(station), Some(energy_wh)) =
            (arrival, departure, id, station, energy_wh)
        else {
            return Err(faults);
        };
        let (mut repairs, mut notices) = (Vec::new(), Vec::new());
        let stay = self.stay(&cells, arrival, departure, &mut repairs, &mut notices);
        let user = names.user.as_deref().and_then(|name| cells.get(name)).map(|user| self.source.driver(user));
        let site = names.site.as_deref().and_then(|name| cells.get(name)).map(str::to_owned);
        let (arrival_at, departure_at) = (stay.0.arrival, stay.0.departure);
        let mut session = RecordedSession {
            id,
            station,
            arrival: arrival_at,
            departure: departure_at,
            energy_wh,
            stated: None,
            site,
            user,
        };
        session.stated = self.stated(&cells, &session, &mut repairs);
        Ok(Row {
            local: Some(stay.1),
            rated_kw: mapping.rated_power.as_ref().and_then(|rated| rated_kw(rated, &cells)),
            repeats: self.repeats(row),
            repairs,
            notices,
            ..Row::new(session)
        })
    }

    fn energy(&self, cells: &Cells, name: &str) -> Result<Energy, Rejection> {
        let text = cells.get(name).ok_or_else(|| Rejection::new(format!("`{name}` must not be empty"), ""))?;
        let value = cells.number(name).and_then(|value| Energy::try_new(value * self.mapping.energy.unit.wh()).ok());
        value.ok_or_else(|| Rejection::new(format!("`{name}` must be a number"), text))
    }

    /// Settles arrival and departure, and says what had to be settled.
    fn stay(
        &self,
        cells: &Cells,
        arrival: Written,
        departure: Written,
        repairs: &mut Vec<(String, String)>,
        notices: &mut Vec<(String, String)>,
    ) -> (super::wall::Stay, Local) {
        let times = &self.mapping.times;
        let length = self.mapping.columns.duration.as_deref().and_then(|name| {
            let text = cells.get(name)?;
            let length = duration(times.duration_format, text, cells.number(name));
            if length.is_none() {
                notices.push((format!("`{name}` must be a duration; it was not used"), text.to_owned()));
            }
            length.map(|length| (name, length - TimeDelta::seconds(times.duration_surplus_s)))
        });
        let (arrives, departs) = (arrival.reading(times.zone), departure.reading(times.zone));
        let stay = settle(arrives, departs, length.map(|(_, length)| length));
        let mut local = Local::new(self.mapping.local_zone(), arrival, stay);
        for (reading, written) in [(arrives, arrival), (departs, departure)] {
            match reading {
                Reading::One(_) => {}
                Reading::Skipped(time) => {
                    local.in_gap = true;
                    let rule = "a time in the hour that a clock change skips was moved forward by its length";
                    repairs.push((rule.to_owned(), format!("{} is {}", written.local, time.to_rfc3339())));
                }
                Reading::Repeated(_, second) => {
                    local.in_fold = true;
                    let is_second = [stay.arrival, stay.departure].contains(&second) && stay.second;
                    let which = match (is_second, length) {
                        (false, _) => "was read as the first of the two",
                        (true, Some(_)) => "was read as the second, as the duration says",
                        (true, None) => "was read as the second, so that the departure comes after the arrival",
                    };
                    let rule = format!("a time in the hour that a clock change repeats {which}");
                    notices.push((rule, written.local.to_string()));
                }
            }
        }
        if arrival.swapped || departure.swapped {
            let rule = "day and month were swapped back (days up to 12, arrival and departure each for itself)";
            repairs.push((rule.to_owned(), format!("{} to {}", arrival.local, departure.local)));
        }
        if let Some((name, length)) = length {
            let apart = (stay.departure - stay.arrival) - length;
            if apart.abs() > TimeDelta::seconds(times.duration_tolerance_s) {
                let rule = format!("`{name}` is not the time from arrival to departure; the times were taken");
                notices.push((rule, format!("{:+.2} h apart", headroom_domain::units::hours(apart))));
            }
        }
        if let Some(name) = self.mapping.columns.charging.as_deref() {
            let charging = cells.get(name).and_then(|text| duration(times.duration_format, text, cells.number(name)));
            let longest = (stay.departure - stay.arrival) + TimeDelta::seconds(times.duration_tolerance_s);
            if charging.is_some_and(|charging| charging > longest) {
                let value = cells.get(name).unwrap_or_default().to_owned();
                notices.push((format!("`{name}` is more than the time from arrival to departure"), value));
            }
        }
        (stay, local)
    }

    /// Returns the driver's word; a part that cannot be is left out and said.
    fn stated(&self, cells: &Cells, session: &RecordedSession, repairs: &mut Vec<(String, String)>) -> Option<Stated> {
        let names = &self.mapping.columns;
        if let Some(claimed) = names.claimed.as_deref() {
            match cells.get(claimed).map(str::to_ascii_lowercase).as_deref() {
                Some("true" | "1" | "yes") => {}
                Some("false" | "0" | "no") => return None,
                other => {
                    let rule = format!("`{claimed}` must be True or False; the driver's word was left out");
                    repairs.push((rule, other.unwrap_or_default().to_owned()));
                    return None;
                }
            }
        }
        let energy_wh = names.stated_energy.as_deref().and_then(|name| {
            let energy = self.energy(cells, name).ok().filter(|energy| *energy > Energy::ZERO);
            if energy.is_none() && (cells.get(name).is_some() || names.claimed.is_some()) {
                let rule = format!("`{name}` must be more than 0 {}; it was left out", self.mapping.energy.unit.name());
                repairs.push((rule, cells.get(name).unwrap_or_default().to_owned()));
            }
            energy
        });
        let time = |words: &super::mapping::Words| {
            let text = cells.joined(words, " ")?;
            let written = Written::parse(&self.mapping.times, words, &text).ok()?;
            Some(settle(Reading::One(session.arrival), written.reading(self.mapping.times.zone), None).departure)
        };
        let departure = time(&names.stated_departure).filter(|departure| *departure > session.arrival);
        if departure.is_none() && !names.stated_departure.is_empty() {
            let text = cells.joined(&names.stated_departure, " ");
            if text.is_some() || names.claimed.is_some() {
                let first = names.stated_departure.iter().next().unwrap_or_default();
                let rule = format!("`{first}` must be later than the arrival; it was left out");
                repairs.push((rule, text.unwrap_or_default()));
            }
        }
        let known_from = time(&names.stated_at).unwrap_or(session.arrival);
        (energy_wh.is_some() || departure.is_some()).then_some(Stated { energy_wh, departure, known_from })
    }

    /// Returns where an earlier row said the same in all but its id.
    fn repeats(&mut self, row: &TextRow) -> Option<String> {
        if self.mapping.file.keep_repeated_rows {
            return None;
        }
        let ids: Vec<usize> =
            self.mapping.columns.id.iter().filter_map(|name| self.columns.get(name).copied()).collect();
        let said: Vec<&str> =
            row.cells.iter().enumerate().filter(|(index, _)| !ids.contains(index)).map(|(_, cell)| cell).collect();
        let said = said.join("\u{1f}");
        let first = self.seen.get(&said).cloned();
        if first.is_none() {
            self.seen.insert(said, row.at.clone());
        }
        first
    }
}

/// Returns what the plug of a row can do: the number before `kW` in its text, or by the longest word found there.
fn rated_kw(rated: &RatedPower, cells: &Cells) -> Option<f64> {
    let told = rated.column.as_deref().and_then(|name| cells.get(name)).and_then(|text| {
        let number = text.find("kW").and_then(|end| {
            let before = text[..end].trim_end();
            let digits = before.rfind(|sign: char| !sign.is_ascii_digit() && sign != '.').map_or(0, |at| at + 1);
            // What stands before the number may be a sign of more bytes than one.
            before.get(digits..)?.parse::<f64>().ok().filter(|kw| *kw > 0.0)
        });
        let word = || {
            rated.words_kw.iter().filter(|(word, _)| text.contains(word.as_str())).max_by_key(|(word, _)| word.len())
        };
        number.or_else(|| word().map(|(_, kw)| *kw))
    });
    told.or(rated.kw)
}
