//! Wall times to instants: the hour that a clock change skips, the hour that it repeats.

use chrono::{DateTime, MappedLocalTime, NaiveDateTime, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

/// What a written time can mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// One instant.
    One(DateTime<Utc>),
    /// The clock showed it twice.
    Repeated(DateTime<Utc>, DateTime<Utc>),
    /// The clock skipped it; read with the offset before the change, which moves it forward.
    Skipped(DateTime<Utc>),
}

impl Reading {
    /// Reads a wall time of a zone.
    pub(super) fn of(zone: Tz, wall: NaiveDateTime) -> Self {
        match zone.from_local_datetime(&wall) {
            MappedLocalTime::Single(time) => Self::One(time.to_utc()),
            MappedLocalTime::Ambiguous(first, second) => Self::Repeated(first.to_utc(), second.to_utc()),
            MappedLocalTime::None => {
                // A gap is an hour nearly everywhere and a day at most (Samoa 2011).
                let before =
                    (1..=25).find_map(|hours| zone.from_local_datetime(&(wall - TimeDelta::hours(hours))).latest());
                let offset_s = before.map_or(0, |time| time.offset().fix().local_minus_utc());
                Self::Skipped((wall - TimeDelta::seconds(i64::from(offset_s))).and_utc())
            }
        }
    }

    fn meanings(self) -> (DateTime<Utc>, Option<DateTime<Utc>>) {
        match self {
            Self::One(time) | Self::Skipped(time) => (time, None),
            Self::Repeated(first, second) => (first, Some(second)),
        }
    }
}

/// Arrival and departure, settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stay {
    pub(super) arrival: DateTime<Utc>,
    pub(super) departure: DateTime<Utc>,
    /// Whether one of them was taken as the second of two equal hours.
    pub(super) second: bool,
}

/// Settles which of two equal hours is meant: the one that fits the length of the stay best; without a length the
/// first that puts the departure after the arrival; else the first.
pub(super) fn settle(arrival: Reading, departure: Reading, length: Option<TimeDelta>) -> Stay {
    let ((first_in, second_in), (first_out, second_out)) = (arrival.meanings(), departure.meanings());
    let mut stays = Vec::with_capacity(4);
    for (arrival, late_in) in std::iter::once((first_in, false)).chain(second_in.map(|time| (time, true))) {
        for (departure, late_out) in std::iter::once((first_out, false)).chain(second_out.map(|time| (time, true))) {
            stays.push(Stay { arrival, departure, second: late_in || late_out });
        }
    }
    let stay_of = |stay: &Stay| stay.departure - stay.arrival;
    let best = match length {
        Some(length) => stays.iter().min_by_key(|stay| (stay_of(stay) - length).abs()),
        None => stays.iter().find(|stay| stay_of(stay) > TimeDelta::zero()),
    };
    best.copied().unwrap_or(Stay { arrival: first_in, departure: first_out, second: false })
}
