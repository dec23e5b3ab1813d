//! Sessions to parameters.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;
use headroom_domain::time::floor_to;
use headroom_domain::units::hours;

use super::generate::LEAST_KWH;
use super::normal;
use super::{EnergyNeed, FitError, FitFrame, FleetParameters, STAY_BANDS, STAY_LEVELS, Statements, StayBand, Week};
use crate::session::{RecordedSession, Stated};

const LEAST_SESSIONS: usize = 50;
const LEAST_DAYS: i64 = 14;
/// A band of fewer stays takes those of all hours.
const LEAST_STAYS: usize = 30;

/// Rounds in which a cut distribution is fitted.
const ROUNDS: usize = 40;
/// Its spread is kept below this, where hardly any energy is left uncut.
const LARGEST_SIGMA: f64 = 3.0;
/// Multiples of the golden ratio spread evenly over 0 to 1.
const GOLDEN: f64 = 0.618_033_988_749_894_9;

/// A number per weekday from Monday and hour.
type Table = [[f64; 24]; 7];

pub(super) fn fit(sessions: &[RecordedSession], frame: &FitFrame) -> Result<FleetParameters, FitError> {
    let usable = |session: &&RecordedSession| session.energy_wh.as_wh() > 0.0 && session.departure > session.arrival;
    let sessions: Vec<&RecordedSession> = sessions.iter().filter(usable).collect();
    let first = sessions.iter().map(|session| session.arrival).min().unwrap_or_default();
    let last = sessions.iter().map(|session| session.arrival).max().unwrap_or_default();
    let days = (last - first).num_days();
    if sessions.len() < LEAST_SESSIONS || days < LEAST_DAYS {
        let (given, sessions, least_days) = (sessions.len(), LEAST_SESSIONS, LEAST_DAYS);
        return Err(FitError::TooFew { given, days, sessions, least_days });
    }
    let stays = Stays::new(&sessions, frame.time_zone);
    let parameters = FleetParameters {
        kind: frame.kind,
        source: frame.source.clone(),
        time_zone: frame.time_zone,
        maximum_kw: frame.maximum_kw,
        arrivals_per_free_h: arrivals(&sessions, frame.time_zone),
        energy: energy(&sessions, &stays, frame.maximum_kw),
        stay: stays.bands,
        statements: statements(&sessions),
    };
    parameters.check()?;
    Ok(parameters)
}

fn cell(at: DateTime<Utc>, time_zone: Tz) -> (usize, usize) {
    let local = at.with_timezone(&time_zone);
    (local.weekday().num_days_from_monday() as usize, local.hour() as usize)
}

/// Returns arrivals over the hours in which a plug was free.
///
/// A plug counts from its own first arrival to its last; the arrivals that end a stretch of time are counted, so the first
/// is not.
fn arrivals(sessions: &[&RecordedSession], time_zone: Tz) -> Week {
    let (mut counts, mut free_h): (Table, Table) = ([[0.0; 24]; 7], [[0.0; 24]; 7]);
    let mut by_station: BTreeMap<&str, Vec<&RecordedSession>> = BTreeMap::new();
    for session in sessions {
        by_station.entry(&session.station).or_default().push(session);
    }
    for of_station in by_station.values_mut() {
        of_station.sort_by_key(|session| session.arrival);
        for pair in of_station.windows(2) {
            let (day, hour) = cell(pair[1].arrival, time_zone);
            counts[day][hour] += 1.0;
            add_hours(&mut free_h, pair[0].departure, pair[1].arrival, time_zone);
        }
    }
    let day = |day: usize| {
        // Less than an hour in all says little of a rate.
        let rate = |hour: usize| rounded(counts[day][hour] / free_h[day][hour].max(1.0));
        std::array::from_fn(rate)
    };
    Week { mon: day(0), tue: day(1), wed: day(2), thu: day(3), fri: day(4), sat: day(5), sun: day(6) }
}

/// Adds a stretch of time to the hours of the week that it touches.
fn add_hours(table: &mut Table, start: DateTime<Utc>, end: DateTime<Utc>, time_zone: Tz) {
    let mut here = start;
    while here < end {
        let next = (floor_to(here, TimeDelta::hours(1)) + TimeDelta::hours(1)).min(end);
        let (day, hour) = cell(here, time_zone);
        table[day][hour] += hours(next - here);
        here = next;
    }
}

/// Stays by band, and the place of each session's stay in its band.
struct Stays {
    bands: Vec<StayBand>,
    /// Per session, 0 to 1.
    levels: Vec<f64>,
}

impl Stays {
    fn new(sessions: &[&RecordedSession], time_zone: Tz) -> Self {
        let stay = |session: &RecordedSession| hours(session.departure - session.arrival);
        let all = sorted(sessions.iter().map(|session| stay(session)).collect());
        let band_of = |session: &RecordedSession| {
            let hour = session.arrival.with_timezone(&time_zone).hour();
            STAY_BANDS.iter().rposition(|from| *from <= hour).unwrap_or(0)
        };
        let mut by_band: Vec<Vec<f64>> = vec![Vec::new(); STAY_BANDS.len()];
        for session in sessions {
            by_band[band_of(session)].push(stay(session));
        }
        let by_band: Vec<Vec<f64>> = by_band
            .into_iter()
            .map(|stays| if stays.len() < LEAST_STAYS { all.clone() } else { sorted(stays) })
            .collect();
        let band = |(from_hour, stays): (u32, &Vec<f64>)| {
            let quantiles_h = STAY_LEVELS.iter().map(|level| rounded(at_level(stays, *level)).max(1e-5)).collect();
            StayBand { from_hour, quantiles_h }
        };
        let level = |session: &&RecordedSession| {
            let stays = &by_band[band_of(session)];
            let (below, not_above) = (
                stays.partition_point(|other| *other < stay(session)),
                stays.partition_point(|other| *other <= stay(session)),
            );
            // In the middle of those that are equal.
            ((below + not_above) as f64 / 2.0) / stays.len() as f64
        };
        let levels = sessions.iter().map(level).collect();
        Self { bands: STAY_BANDS.into_iter().zip(&by_band).map(band).collect(), levels }
    }
}

/// Finds the distribution that, cut at what each stay can hold, has the mean, spread and correlation of the sessions.
fn energy(sessions: &[&RecordedSession], stays: &Stays, maximum_kw: f64) -> EnergyNeed {
    let logarithms: Vec<f64> = sessions.iter().map(|session| session.energy_wh.as_kwh().ln()).collect();
    let reach: Vec<f64> =
        sessions.iter().map(|session| (maximum_kw * hours(session.departure - session.arrival)).ln()).collect();
    let scores: Vec<f64> = stays.levels.iter().map(|level| normal::quantile(*level)).collect();
    let asked = Moments::of(&logarithms, &scores);
    let mut need = asked;
    for _ in 0..ROUNDS {
        let drawn: Vec<f64> = (0..scores.len())
            .map(|index| {
                let own = normal::quantile((index as f64 * GOLDEN).fract());
                let score = need.with_scores * scores[index] + (1.0 - need.with_scores.powi(2)).sqrt() * own;
                (need.mean + need.sigma * score).min(reach[index]).max(LEAST_KWH.ln())
            })
            .collect();
        let found = Moments::of(&drawn, &scores);
        need.mean += asked.mean - found.mean;
        need.sigma = (need.sigma * if found.sigma > 0.0 { asked.sigma / found.sigma } else { 1.0 }).min(LARGEST_SIGMA);
        need.with_scores = (need.with_scores + asked.with_scores - found.with_scores).clamp(-0.99, 0.99);
    }
    let with_stay = rounded(need.with_scores);
    EnergyNeed { median_kwh: rounded(need.mean.exp()).max(1e-5), sigma: rounded(need.sigma), with_stay }
}

/// Mean and standard deviation of numbers, and their correlation with scores.
#[derive(Clone, Copy)]
struct Moments {
    mean: f64,
    sigma: f64,
    with_scores: f64,
}

impl Moments {
    fn of(values: &[f64], scores: &[f64]) -> Self {
        let count = values.len() as f64;
        let moments = |values: &[f64]| {
            let mean = values.iter().sum::<f64>() / count;
            (mean, (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt())
        };
        let ((mean, sigma), (score_mean, score_sigma)) = (moments(values), moments(scores));
        let together =
            values.iter().zip(scores).map(|(value, score)| (value - mean) * (score - score_mean)).sum::<f64>();
        let scale = sigma * score_sigma * count;
        // Numbers that are all alike have no correlation; what rounding leaves of one is none.
        let with_scores = if scale > 1e-9 * count { (together / scale).clamp(-1.0, 1.0) } else { 0.0 };
        Self { mean, sigma, with_scores }
    }
}

fn statements(sessions: &[&RecordedSession]) -> Statements {
    let said: Vec<(&RecordedSession, Stated)> =
        sessions.iter().filter_map(|session| Some((*session, session.stated?))).collect();
    let over_asked = said.iter().filter_map(|(session, stated)| {
        Some((stated.energy_wh?.as_wh() / session.energy_wh.as_wh()).ln()).filter(|ratio| ratio.is_finite())
    });
    let stay_said = said.iter().filter_map(|(session, stated)| {
        let ratio = hours(stated.departure? - session.arrival) / hours(session.departure - session.arrival);
        (ratio > 0.0).then(|| ratio.ln())
    });
    let (over_asked, stay_said) = (sorted(over_asked.collect()), sorted(stay_said.collect()));
    let share = |part: usize, whole: usize| if whole > 0 { rounded(part as f64 / whole as f64) } else { 0.0 };
    Statements {
        share: share(said.len(), sessions.len()),
        with_departure: share(stay_said.len(), said.len()),
        over_asking: rounded(at_level(&over_asked, 0.5).exp()),
        over_asking_sigma: rounded(spread(&over_asked)),
        stay_said: rounded(at_level(&stay_said, 0.5).exp()),
        stay_said_sigma: rounded(spread(&stay_said)),
    }
}

/// Half of what the middle 68 % span: the standard deviation where numbers are normal, and calm where a few are far off.
fn spread(sorted: &[f64]) -> f64 {
    (at_level(sorted, 0.841_345) - at_level(sorted, 0.158_655)) / 2.0
}

fn sorted(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    values
}

/// Returns the quantile of sorted numbers, between neighbours by a straight line; 0 of none.
fn at_level(sorted: &[f64], level: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return 0.0 };
    let place = level * last as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place among the numbers")]
    let below = (place.floor() as usize).min(last);
    let above = (below + 1).min(last);
    sorted[below] + (sorted[above] - sorted[below]) * (place - below as f64)
}

/// To five places: the same on every machine, and readable.
fn rounded(value: f64) -> f64 {
    (value * 1e5).round() / 1e5 + 0.0
}
