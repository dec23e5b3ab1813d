//! What a file itself says of how it is to be read: whether day and month were swapped, whether people sleep at night.

use chrono::{NaiveDate, NaiveDateTime, TimeDelta};
use serde::{Deserialize, Serialize};

use super::mapped::{Written, swapped};
use super::mapping::Swapped;

/// What dates say of day and month.
///
/// The period of the file is taken from arrivals on days 13 to 31, which cannot be misread, with 12 days on either side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwapEvidence {
    /// First day of the period.
    pub from: NaiveDate,
    /// Last day of the period.
    pub to: NaiveDate,
    /// Rows in which swapping changes the arrival or the departure.
    pub rows_changed: usize,
    /// Rows whose arrival is outside the period as it is written.
    pub outside_as_written: usize,
    /// Rows whose arrival is outside the period with day and month swapped.
    pub outside_swapped: usize,
    /// Whether the sessions were read swapped.
    pub applied: bool,
}

impl SwapEvidence {
    /// Returns what a person should look at, where the reading is doubtful.
    pub(super) fn question(&self) -> Option<String> {
        let (written, swapped) = (self.outside_as_written, self.outside_swapped);
        let (better, worse, remedy) = if self.applied {
            (written, swapped, "leave out `times.day_month_swapped`")
        } else {
            (swapped, written, "set `times.day_month_swapped = \"days_up_to_12\"`")
        };
        (worse >= ROWS_THAT_COUNT && better * 10 < worse).then(|| {
            format!("{worse} arrivals are outside {} to {}, and {better} otherwise: {remedy}?", self.from, self.to)
        })
    }
}

/// Fewer rows than this are single mistakes.
const ROWS_THAT_COUNT: usize = 5;

/// Collects dates.
#[derive(Default)]
pub(super) struct SwapCount {
    arrivals: Vec<NaiveDateTime>,
    changed: usize,
}

impl SwapCount {
    pub(super) fn take(&mut self, arrival: Option<&Written>, departure: Option<&Written>) {
        let changes = |time: &Written| swapped(time.raw) != time.raw;
        self.changed += usize::from(arrival.is_some_and(changes) || departure.is_some_and(changes));
        self.arrivals.extend(arrival.map(|time| time.raw));
    }

    pub(super) fn evidence(&self, rule: Swapped) -> Option<SwapEvidence> {
        let sure = || self.arrivals.iter().filter(|time| swapped(**time) == **time && !both_low(**time));
        let (first, last) = (sure().min()?.date(), sure().max()?.date());
        let margin = TimeDelta::days(12);
        let (from, to) = (first - margin, last + margin);
        let outside = |date: NaiveDate| date < from || date > to;
        Some(SwapEvidence {
            from,
            to,
            rows_changed: self.changed,
            outside_as_written: self.arrivals.iter().filter(|time| outside(time.date())).count(),
            outside_swapped: self.arrivals.iter().filter(|time| outside(swapped(**time).date())).count(),
            applied: rule == Swapped::DaysUpTo12,
        })
    }
}

/// Whether day and month are equal, so that swapping does not show.
fn both_low(time: NaiveDateTime) -> bool {
    use chrono::Datelike;
    time.day() == time.month()
}

/// What the hours of arrivals say of the time zone: somewhere in the night nearly nobody arrives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NightEvidence {
    /// The zone of the hours, or `offset`: as the texts say.
    pub zone: String,
    /// Accepted arrivals by local hour of day. **Shape**: 24.
    pub arrivals: Vec<usize>,
    /// The middle of the three hours with the fewest arrivals.
    pub quietest_hour: usize,
    /// Whether it is clear: at least 200 arrivals, and in those hours less than a quarter of the mean.
    pub clear: bool,
}

impl NightEvidence {
    pub(super) fn of(zone: &str, arrivals: &[usize; 24]) -> Option<Self> {
        let total: usize = arrivals.iter().sum();
        let around = |hour: usize| arrivals[(hour + 23) % 24] + arrivals[hour] + arrivals[(hour + 1) % 24];
        let fewest = (0..24).map(around).min()?;
        // Of several as quiet the middle one: a site closed from 20 h to 6 h is quiet about 1 h.
        let quiet = |hour: usize| around(hour % 24) == fewest;
        let runs = (0..24).filter(|hour| quiet(*hour) && !quiet(hour + 23));
        let length = |start: usize| (0..24).take_while(|step| quiet(start + step)).count();
        let (start, length) =
            runs.map(|start| (start, length(start))).max_by_key(|(_, length)| *length).unwrap_or((0, 1));
        Some(Self {
            zone: zone.to_owned(),
            arrivals: arrivals.to_vec(),
            quietest_hour: (start + (length - 1) / 2) % 24,
            clear: total >= 200 && fewest * 24 * 4 < total * 3,
        })
    }

    /// Returns what a person should look at: a quietest hour that is not at night, and the shift that would mend it.
    pub(super) fn question(&self) -> Option<String> {
        if !self.clear || self.quietest_hour < 6 {
            return None;
        }
        let shift_h = match self.quietest_hour {
            hour @ ..15 => format!("-{}", hour - 3),
            hour => format!("+{}", 27 - hour),
        };
        Some(format!(
            "the fewest arrivals are about {} h by {}, which should be at night: times {shift_h} h would put it at 3 h; \
             check `times.zone`, or say with `times.local_zone` where people live",
            self.quietest_hour, self.zone
        ))
    }
}
