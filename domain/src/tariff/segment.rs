//! Periods split at the instants where a restriction starts or ceases to match.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveTime, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use super::Tariff;
use super::restriction::Moment;
use crate::units::{Energy, seconds};

/// Parts of a period smaller than this share of it are none.
const SHARE_MIN: f64 = 1e-12;

/// A stretch of a session in which everything runs evenly.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub start: DateTime<Utc>,
    pub end: DateTime<Utc>,
    /// From when its duration counts.
    pub since: DateTime<Utc>,
    /// What the session took before.
    pub energy_before_wh: f64,
    /// What it takes in the span.
    pub energy_wh: f64,
    pub power_w: Option<f64>,
    pub current_a: Option<f64>,
}

/// A part of a span in which every restriction of a tariff matches or does not.
#[derive(Debug, Clone, Copy)]
pub(super) struct Segment {
    /// The shares of the span at which it starts and ends.
    pub from: f64,
    pub to: f64,
    /// Its middle.
    pub moment: Moment,
}

impl Segment {
    pub(super) fn share(&self) -> f64 {
        self.to - self.from
    }
}

impl Span {
    /// Returns the parts in order; at least one.
    pub(super) fn segments(&self, tariff: &Tariff, time_zone: Tz) -> Vec<Segment> {
        let mut cuts = self.cuts(tariff, time_zone);
        cuts.retain(|cut| (SHARE_MIN..1.0 - SHARE_MIN).contains(cut));
        cuts.extend([0.0, 1.0]);
        cuts.sort_by(f64::total_cmp);
        cuts.dedup_by(|later, earlier| *later - *earlier < SHARE_MIN);
        let segment = |pair: &[f64]| {
            let middle = f64::midpoint(pair[0], pair[1]);
            Segment { from: pair[0], to: pair[1], moment: self.moment(middle, time_zone) }
        };
        cuts.windows(2).map(segment).collect()
    }

    /// Returns the instant at a share of the span.
    pub(super) fn instant(&self, share: f64) -> DateTime<Utc> {
        #[expect(clippy::cast_possible_truncation, reason = "a share of a span that fits")]
        let after_ms = (seconds(self.end - self.start) * 1000.0 * share).round() as i64;
        self.start + TimeDelta::milliseconds(after_ms)
    }

    fn moment(&self, share: f64, time_zone: Tz) -> Moment {
        Moment {
            local: self.instant(share).with_timezone(&time_zone).naive_local(),
            duration_s: seconds(self.start - self.since) + seconds(self.end - self.start) * share,
            energy_wh: self.energy_before_wh + self.energy_wh * share,
            power_w: self.power_w,
            current_a: self.current_a,
        }
    }

    fn cuts(&self, tariff: &Tariff, time_zone: Tz) -> Vec<f64> {
        let length_s = seconds(self.end - self.start);
        let before_s = seconds(self.start - self.since);
        let mut cuts = Vec::new();
        for restrictions in tariff.elements.iter().map(|element| &element.restrictions) {
            let energies = restrictions.minimum_energy_wh.into_iter().chain(restrictions.maximum_energy_wh);
            cuts.extend(energies.map(|edge| (Energy::as_wh(edge) - self.energy_before_wh) / self.energy_wh));
            let durations = restrictions.minimum_duration_s.into_iter().chain(restrictions.maximum_duration_s);
            cuts.extend(durations.map(|edge| (f64::from(edge) - before_s) / length_s));
        }
        let edges: BTreeSet<NaiveTime> =
            tariff.elements.iter().flat_map(|element| element.restrictions.hours.edges()).collect();
        let at = local_instants(&edges, (self.start, self.end), time_zone);
        cuts.extend(at.into_iter().map(|at| seconds(at - self.start) / length_s));
        cuts
    }
}

/// Returns the instants between two at which a local clock shows, or jumps over, one of the times of day.
fn local_instants(
    times: &BTreeSet<NaiveTime>,
    (start, end): (DateTime<Utc>, DateTime<Utc>),
    time_zone: Tz,
) -> Vec<DateTime<Utc>> {
    if times.is_empty() || start >= end {
        return Vec::new();
    }
    let date = |at: DateTime<Utc>| at.with_timezone(&time_zone).date_naive();
    let mut found = Vec::new();
    for day in date(start).iter_days().take_while(|day| *day <= date(end)) {
        let local = times.iter().map(|time| day.and_time(*time).and_local_timezone(time_zone));
        found.extend(local.flat_map(|local| [local.earliest(), local.latest()]).flatten().map(|at| at.to_utc()));
    }
    let mut from = start;
    while from < end {
        let to = end.min(from + TimeDelta::days(1));
        found.extend(offset_change(from, to, time_zone));
        from = to;
    }
    found.retain(|at| start < *at && *at < end);
    found
}

/// Returns when the offset changed between two instants, to the millisecond; `None` when it is the same.
fn offset_change(mut from: DateTime<Utc>, mut to: DateTime<Utc>, time_zone: Tz) -> Option<DateTime<Utc>> {
    let offset = |at: DateTime<Utc>| time_zone.offset_from_utc_datetime(&at.naive_utc()).fix();
    let before = offset(from);
    if before == offset(to) {
        return None;
    }
    while to - from > TimeDelta::milliseconds(1) {
        let middle = from + (to - from) / 2;
        if offset(middle) == before { from = middle } else { to = middle }
    }
    Some(to)
}
