//! The sessions of a day at a workplace.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc, Weekday};
use chrono_tz::Tz;
use headroom_domain::Energy;
use headroom_domain::preference::ProfileType;
use headroom_domain::time::floor_to;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

use super::SyntheticSession;
use super::fleet::Kind;
use crate::session::Stated;

/// Energy that drivers need. **Units**: kWh.
const NEED_KWH: (f64, f64) = (4.0, 45.0);
/// A plug is free for this long between two vehicles, at least.
const CHANGE: TimeDelta = TimeDelta::minutes(10);

/// A time of day that varies: hour, standard deviation, earliest and latest. **Units**: h.
type Hours = (f64, f64, f64, f64);
const MORNING: Hours = (8.5, 0.6, 7.5, 10.0);
const LUNCH: Hours = (12.75, 0.5, 12.0, 14.0);
const HALF_DAY: Hours = (11.8, 0.4, 11.0, 12.5);
const EVENING: Hours = (17.0, 0.7, 15.5, 18.5);

/// Makes the sessions of a day at a workplace, by arrival; never two at one EVSE at a time.
///
/// Most plugs are taken in the morning and left in the evening; some half-days make room for an arrival at lunch. What
/// drivers say is biased as recordings show it: more energy is asked for than is needed (half as much again at the
/// median), stated departures are half an hour early at the median and often far off, and some say nothing.
pub fn workplace_day(seed: u64, date: NaiveDate, time_zone: Tz, evses: usize) -> Vec<SyntheticSession> {
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    chance.set_stream(u64::from(date.num_days_from_ce().cast_unsigned()));
    let taken = match date.weekday() {
        Weekday::Sat => 0.12,
        Weekday::Sun => 0.05,
        _ => 0.85,
    };
    let mut sessions = Vec::new();
    for evse in 0..evses {
        let day = Plug { evse, date, time_zone };
        let morning = chance.random_bool(taken);
        let half_day = morning && chance.random_bool(0.15);
        let lunch = chance.random_bool(if half_day { 0.6 } else { 0.3 * taken }) && (half_day || !morning);
        let mut free_from = DateTime::<Utc>::MIN_UTC;
        if morning {
            let leaving = if half_day { HALF_DAY } else { EVENING };
            let session = day.session(1, MORNING, leaving, free_from, &mut chance);
            free_from = session.departure + CHANGE;
            sessions.push(session);
        }
        if lunch {
            sessions.push(day.session(2, LUNCH, EVENING, free_from, &mut chance));
        }
    }
    sessions.sort_by_key(|session| (session.arrival, session.evse));
    sessions
}

/// An EVSE on a day.
struct Plug {
    evse: usize,
    date: NaiveDate,
    time_zone: Tz,
}

impl Plug {
    fn session(
        &self,
        turn: usize,
        coming: Hours,
        leaving: Hours,
        free_from: DateTime<Utc>,
        chance: &mut ChaCha8Rng,
    ) -> SyntheticSession {
        let arrival = self.at(coming, chance).max(free_from);
        let departure = self.at(leaving, chance).max(arrival + TimeDelta::minutes(30));
        let kind = Kind::any(chance);
        let stay_h = headroom_domain::units::hours(departure - arrival);
        let room_kwh = (kind.battery_kwh * 0.9).min(NEED_KWH.1);
        // A few want more than the stay can give.
        let reach_kwh = kind.maximum_power().as_kw() * stay_h * if chance.random_bool(0.04) { 1.5 } else { 0.85 };
        let wish_kwh = 16.0 * (0.6 * normal(chance)).exp();
        let needed_kwh = wish_kwh.min(room_kwh).min(reach_kwh).max(NEED_KWH.0);
        // The driver wants to leave with a battery filled to 80 to 100 %, or with less where it came nearly empty.
        let leaving_soc = chance.random_range(0.8..=1.0);
        let arrival_soc = (leaving_soc - needed_kwh / kind.battery_kwh).max(0.05);
        SyntheticSession {
            id: format!("{}-evse{:03}-{turn}", self.date, self.evse),
            evse: self.evse,
            arrival,
            departure,
            energy_needed_wh: Energy::from_wh((needed_kwh * 1000.0).round()),
            stated: stated(arrival, departure, needed_kwh, chance),
            vehicle: kind.vehicle(arrival_soc),
            profile_type: profile_type(chance),
        }
    }

    fn at(&self, (hour, spread_h, earliest_h, latest_h): Hours, chance: &mut impl Rng) -> DateTime<Utc> {
        let hour = (hour + spread_h * normal(chance)).clamp(earliest_h, latest_h);
        #[expect(clippy::cast_possible_truncation, reason = "seconds of a day")]
        let local = self.date.and_time(NaiveTime::MIN) + TimeDelta::seconds((hour * 3600.0) as i64);
        // No clock changes by day; where one did, the hour that is skipped is read as UTC.
        self.time_zone.from_local_datetime(&local).earliest().map_or_else(|| local.and_utc(), |time| time.to_utc())
    }
}

/// Returns what a driver says, up to three minutes after plugging in.
fn stated(
    arrival: DateTime<Utc>,
    departure: DateTime<Utc>,
    needed_kwh: f64,
    chance: &mut ChaCha8Rng,
) -> Option<Stated> {
    let known_from = arrival + TimeDelta::seconds(chance.random_range(0..180));
    let over_asked = (0.4 + 0.35 * normal(chance)).exp();
    let asked_kwh = ((needed_kwh * over_asked / 5.0).ceil() * 5.0).clamp(5.0, 100.0);
    let spread_h = if chance.random_bool(0.15) { 3.0 } else { 0.7 };
    #[expect(clippy::cast_possible_truncation, reason = "seconds of a few hours")]
    let off = TimeDelta::seconds(((-0.5 + spread_h * normal(chance)) * 3600.0) as i64);
    let quarter = TimeDelta::minutes(15);
    let leaving = floor_to(departure + off, quarter).max(floor_to(arrival, quarter) + quarter * 3);
    let energy_wh = Some(Energy::from_kwh(asked_kwh));
    match chance.random_range(0..100) {
        0..15 => None,
        15..25 => Some(Stated { energy_wh, departure: None, known_from }),
        _ => Some(Stated { energy_wh, departure: Some(leaving), known_from }),
    }
}

pub(crate) fn profile_type(chance: &mut impl Rng) -> ProfileType {
    match chance.random_range(0..100) {
        0..60 => ProfileType::Regular,
        60..80 => ProfileType::Cheap,
        80..90 => ProfileType::Green,
        _ => ProfileType::Fast,
    }
}

fn normal(chance: &mut impl Rng) -> f64 {
    chance.sample(StandardNormal)
}
