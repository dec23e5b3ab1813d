//! Where rows become sessions or findings, by rules that hold for every format.

use chrono::{DateTime, NaiveDateTime, Offset, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use headroom_domain::units::hours;
use std::collections::BTreeSet;

use super::evidence::{NightEvidence, SwapEvidence};
use super::mapped::Written;
use super::report::{ClockChanges, ImportReport};
use super::source::Source;
use super::spans::{coverage, overlaps};
use super::wall::Stay;
use super::{Format, Import, ImportError};
use crate::findings::Findings;
use crate::session::RecordedSession;

/// Mean power over a stay above which a unit is doubted: no car charges so much.
const DOUBTED_KW: f64 = 350.0;
/// Energy of a session above which it is doubted: no car's battery holds so much.
const DOUBTED_KWH: f64 = 250.0;
/// Mean power may be this much above what a plug is rated for: meters and ratings are rounded.
const RATING_TOLERANCE: f64 = 1.1;

/// A row that cannot be used.
#[derive(Debug)]
pub(super) struct Rejection {
    pub(super) rule: String,
    pub(super) value: String,
}

impl Rejection {
    pub(super) fn new(rule: impl Into<String>, value: impl Into<String>) -> Self {
        Self { rule: rule.into(), value: value.into() }
    }
}

/// A row that can be used.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) session: RecordedSession,
    /// (rule, value) of what was changed.
    pub(super) repairs: Vec<(String, String)>,
    /// (rule, value) of what is odd and was left.
    pub(super) notices: Vec<(String, String)>,
    /// What people's clocks showed.
    pub(super) local: Option<Local>,
    /// What the plug can do.
    pub(super) rated_kw: Option<f64>,
    /// Where an earlier row stands that says the same in all but its name.
    pub(super) repeats: Option<String>,
}

impl Row {
    pub(super) fn new(session: RecordedSession) -> Self {
        Self { session, repairs: Vec::new(), notices: Vec::new(), local: None, rated_kw: None, repeats: None }
    }
}

/// A stay by people's clocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Local {
    pub(super) arrival: NaiveDateTime,
    pub(super) in_gap: bool,
    pub(super) in_fold: bool,
    /// Whether clocks changed between arrival and departure.
    pub(super) across: bool,
}

impl Local {
    pub(super) fn new(zone: Option<Tz>, written: Written, stay: Stay) -> Self {
        let none = Self { arrival: written.local, in_gap: false, in_fold: false, across: false };
        zone.map_or(none, |zone| Self::in_zone(zone, stay.arrival, stay.departure))
    }

    pub(super) fn in_zone(zone: Tz, arrival: DateTime<Utc>, departure: DateTime<Utc>) -> Self {
        let local = |time: DateTime<Utc>| zone.from_utc_datetime(&time.naive_utc());
        let (arrival, departure) = (local(arrival), local(departure));
        Self {
            arrival: arrival.naive_local(),
            in_gap: false,
            in_fold: false,
            across: arrival.offset().fix() != departure.offset().fix(),
        }
    }
}

/// Collects rows and counts what happens to them.
#[derive(Default)]
pub(super) struct Collector {
    rows: usize,
    sessions: Vec<RecordedSession>,
    ids: BTreeSet<String>,
    repaired: Findings,
    rejected: Findings,
    noticed: Findings,
    clock_changes: ClockChanges,
    arrivals_by_hour: [usize; 24],
    told: BTreeSet<(String, DateTime<Utc>, DateTime<Utc>, u64)>,
    alike: usize,
    /// The zone of the hours of day; empty: as the texts say.
    pub(super) zone: String,
    pub(super) remarks: Vec<String>,
    pub(super) questions: Vec<String>,
    pub(super) sites: BTreeSet<String>,
    pub(super) swap: Option<SwapEvidence>,
    /// Plugs that share a station's name; 0 is read as 1.
    pub(super) plugs_per_station: u32,
}

impl Collector {
    /// Takes the next row; `at` says where it stands in the file. Of several faults the first one counts.
    pub(super) fn take(&mut self, at: &str, row: Result<Row, Vec<Rejection>>) {
        self.rows += 1;
        let faults = match row {
            Ok(row) => {
                let faults = self.faults(&row);
                let RecordedSession { station, arrival, departure, energy_wh, .. } = &row.session;
                let told = (station.clone(), *arrival, *departure, energy_wh.as_wh().to_bits());
                self.alike += usize::from(!self.told.insert(told));
                if faults.is_empty() {
                    self.accept(at, row);
                }
                faults
            }
            Err(faults) => faults,
        };
        for (index, fault) in faults.into_iter().enumerate() {
            if index == 0 {
                self.rejected.note(fault.rule, at, fault.value);
            } else {
                self.rejected.note_also(fault.rule, at, fault.value);
            }
        }
    }

    fn accept(&mut self, at: &str, row: Row) {
        for (rule, value) in oddities(&row) {
            self.noticed.note(rule, at, value);
        }
        for (rule, value) in row.repairs {
            self.repaired.note(rule, at, value);
        }
        for (rule, value) in row.notices {
            self.noticed.note(rule, at, value);
        }
        if let Some(local) = row.local {
            self.clock_changes.skipped += usize::from(local.in_gap);
            self.clock_changes.repeated += usize::from(local.in_fold);
            self.clock_changes.across += usize::from(local.across);
            let hour = usize::try_from(local.arrival.hour()).unwrap_or(0);
            self.arrivals_by_hour[hour % 24] += 1;
        }
        self.ids.insert(row.session.id.clone());
        self.sessions.push(row.session);
    }

    fn faults(&self, row: &Row) -> Vec<Rejection> {
        let session = &row.session;
        let mut faults = Vec::new();
        let mut unless = |holds: bool, rule: &str, value: &dyn Fn() -> String| {
            if !holds {
                faults.push(Rejection::new(rule, value()));
            }
        };
        let named = !session.id.is_empty() && !session.station.is_empty();
        unless(named, "the session or its station has no name", &|| session.id.clone());
        unless(!self.ids.contains(&session.id), "a session of that name was read before", &|| session.id.clone());
        let known =
            session.arrival.timestamp() >= SENTINEL_BEFORE_S && session.departure.timestamp() >= SENTINEL_BEFORE_S;
        unless(known, "arrival or departure before 2000 stands for a time not known", &|| span(session));
        let lasts = session.departure > session.arrival;
        unless(lasts, "the departure must be later than the arrival", &|| span(session));
        let charged = session.energy_wh.as_wh() > 0.0;
        unless(charged, "the energy delivered must be more than 0 kWh", &|| session.energy_wh.as_kwh().to_string());
        let first = row.repeats.as_deref();
        unless(first.is_none(), "the row repeats an earlier one in all but its name", &|| {
            format!("as {}", first.unwrap_or_default())
        });
        faults
    }

    /// Sorts the sessions and writes the report.
    pub(super) fn finish(mut self, source: &Source, format: &Format) -> Result<Import, ImportError> {
        let rejected = self.rejected.by_count();
        if let (true, Some(most)) = (self.sessions.is_empty(), rejected.first()) {
            let example = most.examples.first().map(|example| format!("{}: `{}`", example.at, example.value));
            return Err(ImportError::NothingUsable {
                path: source.path.clone(),
                rows: self.rows,
                reason: most.rule.clone(),
                example: example.unwrap_or_default(),
                remedy: format!("give a file in the format `{format}`, or name the format that it has"),
            });
        }
        self.sessions.sort_by(|left, right| (left.arrival, &left.id).cmp(&(right.arrival, &right.id)));
        let zone = if self.zone.is_empty() { "offset" } else { &self.zone };
        let night =
            NightEvidence::of(zone, &self.arrivals_by_hour).filter(|night| night.arrivals.iter().any(|n| *n > 0));
        self.questions.extend(self.swap.as_ref().and_then(SwapEvidence::question));
        self.questions.extend(night.as_ref().and_then(NightEvidence::question));
        let stays = || self.sessions.iter().map(|session| session.departure - session.arrival);
        let report = ImportReport {
            file: source.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
            sha256: source.sha256(),
            format: format.clone(),
            rows: self.rows,
            accepted: self.sessions.len(),
            repaired: self.repaired.by_count(),
            rejected,
            noticed: self.noticed.by_count(),
            questions: self.questions,
            remarks: self.remarks,
            alike: self.alike,
            stated: self.sessions.iter().filter(|session| session.stated.is_some()).count(),
            stations: self.sessions.iter().map(|session| &session.station).collect::<BTreeSet<_>>().len(),
            sites: self.sites.len(),
            overlaps: overlaps(&self.sessions, 1),
            overlaps_beyond_plugs: overlaps(&self.sessions, self.plugs_per_station.max(1)).values().sum(),
            stays_over_24_h: stays().filter(|stay| *stay > TimeDelta::hours(24)).count(),
            longest_stay_h: stays().max().map_or(0.0, hours),
            clock_changes: self.clock_changes,
            swap: self.swap,
            night,
            coverage: coverage(&self.sessions),
        };
        Ok(Import { sessions: self.sessions, report })
    }
}

/// Tells what is odd in a session by itself.
fn oddities(row: &Row) -> Vec<(String, String)> {
    let (kwh, stay_h) = (row.session.energy_wh.as_kwh(), hours(row.session.departure - row.session.arrival));
    // A minute more, as many sources know no more than the minute.
    let mean_kw = kwh / (stay_h + 1.0 / 60.0);
    let value = || format!("{kwh:.1} kWh in {stay_h:.2} h");
    let mut odd = Vec::new();
    if mean_kw > DOUBTED_KW {
        odd.push((format!("mean power over the stay is above {DOUBTED_KW} kW: check the unit of the energy"), value()));
    } else if let Some(rated_kw) = row.rated_kw.filter(|rated_kw| mean_kw > rated_kw * RATING_TOLERANCE) {
        odd.push((format!("mean power over the stay is above the {rated_kw} kW of the plug"), value()));
    }
    if kwh > DOUBTED_KWH {
        odd.push((format!("more than {DOUBTED_KWH} kWh in a session: no car takes so much"), value()));
    }
    odd
}

/// 2000-01-01. **Units**: s since 1970.
const SENTINEL_BEFORE_S: i64 = 946_684_800;

fn span(session: &RecordedSession) -> String {
    format!("{} to {}", session.arrival.to_rfc3339(), session.departure.to_rfc3339())
}
