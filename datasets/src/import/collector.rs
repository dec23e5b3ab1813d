//! Where rows become sessions or findings, by rules that hold for every format.

use chrono::{DateTime, TimeDelta, Utc};
use std::collections::{BTreeMap, BTreeSet};

use super::report::{Coverage, Example, Finding, ImportReport};
use super::source::Source;
use super::{Format, Import, ImportError};
use crate::session::RecordedSession;

/// Examples kept per rule.
const EXAMPLES: usize = 5;
/// Mean power over a stay above which a unit is doubted: no car charges so much.
const DOUBTED_KW: f64 = 350.0;

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

/// A row that can be used: (rule, value) of what was changed and of what is odd.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) session: RecordedSession,
    pub(super) repairs: Vec<(String, String)>,
    pub(super) notices: Vec<(String, String)>,
}

type Findings = BTreeMap<String, Finding>;

/// Collects rows and counts what happens to them.
#[derive(Default)]
pub(super) struct Collector {
    rows: usize,
    sessions: Vec<RecordedSession>,
    ids: BTreeSet<String>,
    repaired: Findings,
    rejected: Findings,
    noticed: Findings,
}

impl Collector {
    /// Takes the next row; `at` says where it stands in the file.
    pub(super) fn take(&mut self, at: &str, row: Result<Row, Rejection>) {
        self.rows += 1;
        match row.and_then(|row| self.check(row)) {
            Ok(row) => {
                for (rule, value) in row.repairs {
                    note(&mut self.repaired, rule, at, value);
                }
                for (rule, value) in row.notices {
                    note(&mut self.noticed, rule, at, value);
                }
                self.ids.insert(row.session.id.clone());
                self.sessions.push(row.session);
            }
            Err(rejection) => note(&mut self.rejected, rejection.rule, at, rejection.value),
        }
    }

    fn check(&self, mut row: Row) -> Result<Row, Rejection> {
        let session = &row.session;
        let stay = session.departure - session.arrival;
        if session.id.is_empty() || session.station.is_empty() {
            return Err(Rejection::new("the session or its station has no name", &session.id));
        }
        if self.ids.contains(&session.id) {
            return Err(Rejection::new("a session of that name was read before", &session.id));
        }
        if session.arrival.timestamp() < SENTINEL_BEFORE_S || session.departure.timestamp() < SENTINEL_BEFORE_S {
            return Err(Rejection::new("arrival or departure before 2000 stands for a time not known", span(session)));
        }
        if stay <= TimeDelta::zero() {
            return Err(Rejection::new("the departure must be later than the arrival", span(session)));
        }
        if session.energy_wh.as_wh() <= 0.0 {
            return Err(Rejection::new(
                "the energy delivered must be more than 0 kWh",
                session.energy_wh.as_kwh().to_string(),
            ));
        }
        let mean_kw = session.energy_wh.as_kwh() / headroom_domain::units::hours(stay);
        if mean_kw > DOUBTED_KW {
            let value =
                format!("{:.1} kWh in {:.2} h", session.energy_wh.as_kwh(), headroom_domain::units::hours(stay));
            row.notices.push((
                format!("mean power over the stay is above {DOUBTED_KW} kW: check the unit of the energy"),
                value,
            ));
        }
        Ok(row)
    }

    /// Sorts the sessions and writes the report.
    pub(super) fn finish(mut self, source: &Source, format: Format) -> Result<Import, ImportError> {
        let rejected = by_count(self.rejected);
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
        let day = TimeDelta::hours(24);
        let report = ImportReport {
            file: source.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
            format,
            rows: self.rows,
            accepted: self.sessions.len(),
            repaired: by_count(self.repaired),
            rejected,
            noticed: by_count(self.noticed),
            stated: self.sessions.iter().filter(|session| session.stated.is_some()).count(),
            stations: self.sessions.iter().map(|session| &session.station).collect::<BTreeSet<_>>().len(),
            overlaps: overlaps(&self.sessions),
            stays_over_24_h: self.sessions.iter().filter(|session| session.departure - session.arrival > day).count(),
            coverage: coverage(&self.sessions),
        };
        Ok(Import { sessions: self.sessions, report })
    }
}

/// 2000-01-01. **Units**: s since 1970.
const SENTINEL_BEFORE_S: i64 = 946_684_800;

fn span(session: &RecordedSession) -> String {
    format!("{} to {}", session.arrival.to_rfc3339(), session.departure.to_rfc3339())
}

fn note(findings: &mut Findings, rule: String, at: &str, value: String) {
    let finding =
        findings.entry(rule).or_insert_with_key(|rule| Finding { rule: rule.clone(), count: 0, examples: Vec::new() });
    finding.count += 1;
    if finding.examples.len() < EXAMPLES {
        finding.examples.push(Example { at: at.to_owned(), value });
    }
}

fn by_count(findings: Findings) -> Vec<Finding> {
    let mut findings: Vec<Finding> = findings.into_values().collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.count));
    findings
}

/// Counts, per station, sessions that begin before an earlier one has ended. The sessions are sorted by arrival.
fn overlaps(sessions: &[RecordedSession]) -> BTreeMap<String, usize> {
    let mut until: BTreeMap<&str, DateTime<Utc>> = BTreeMap::new();
    let mut counts = BTreeMap::new();
    for session in sessions {
        let before = until.get(session.station.as_str()).copied();
        if before.is_some_and(|end| session.arrival < end) {
            *counts.entry(session.station.clone()).or_insert(0) += 1;
        }
        until.insert(&session.station, before.map_or(session.departure, |end| end.max(session.departure)));
    }
    counts
}

fn coverage(sessions: &[RecordedSession]) -> Option<Coverage> {
    let (first, last) = (sessions.first()?, sessions.last()?);
    let days: BTreeSet<_> = sessions.iter().map(|session| session.arrival.date_naive()).collect();
    let span = last.arrival.date_naive() - first.arrival.date_naive();
    Some(Coverage {
        first_arrival: first.arrival,
        last_departure: sessions.iter().map(|session| session.departure).max()?,
        days: usize::try_from(span.num_days()).unwrap_or(0) + 1,
        days_with_arrivals: days.len(),
    })
}
