//! Parameters to sessions.

use chrono::Datelike;
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use headroom_domain::Energy;
use headroom_domain::time::floor_to;
use headroom_domain::units::hours;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Exp1, StandardNormal};

use super::{FleetParameters, GeneratedSite, STAY_LEVELS, SiteSessions, Statements, StayBand, normal};
use crate::session::{RecordedSession, Stated};
use crate::synthetic::{SyntheticSession, name_hash, profile_type, vehicle_for};

/// Plugs live this long before the first day, so that some are taken when it begins.
const BEFORE: TimeDelta = TimeDelta::days(14);
/// Less is no charging.
pub(super) const LEAST_KWH: f64 = 0.1;
const LEAST_STAY: TimeDelta = TimeDelta::minutes(5);

/// Makes the sessions of a site.
pub(super) fn site(
    parameters: &FleetParameters,
    site: &GeneratedSite,
    first: NaiveDate,
    days: u32,
    seed: u64,
) -> SiteSessions {
    let midnight = |days: u32| {
        let day = first.checked_add_days(chrono::Days::new(u64::from(days))).unwrap_or(first);
        start_of(day, parameters.time_zone)
    };
    let (start, end) = (midnight(0), midnight(days));
    let mut sessions = Vec::new();
    for evse in 0..site.evses {
        let mut chance = ChaCha8Rng::seed_from_u64(seed ^ name_hash(&site.name));
        chance.set_stream(evse as u64);
        let mut plug = Plug { parameters, name: &site.name, evse, seed, chance };
        let mut free_from = start - BEFORE;
        while let Some(arrival) = plug.arrival(free_from, end) {
            let session = plug.session(arrival);
            free_from = session.departure;
            if arrival >= start {
                sessions.push(session);
            }
        }
    }
    sessions.sort_by_key(|session| (session.arrival, session.evse));
    SiteSessions { site: site.name.clone(), sessions }
}

/// Returns the first instant of a local day.
fn start_of(day: NaiveDate, time_zone: Tz) -> DateTime<Utc> {
    let midnight = day.and_time(NaiveTime::MIN);
    let at = |local| time_zone.from_local_datetime(&local).earliest().map(|time| time.to_utc());
    // Where the clock skips midnight, the day begins at one.
    at(midnight).or_else(|| at(midnight + TimeDelta::hours(1))).unwrap_or_else(|| midnight.and_utc())
}

struct Plug<'a> {
    parameters: &'a FleetParameters,
    name: &'a str,
    evse: usize,
    seed: u64,
    chance: ChaCha8Rng,
}

impl Plug<'_> {
    /// Returns when the next vehicle comes to the free plug; `None` when not before `end`.
    fn arrival(&mut self, free_from: DateTime<Utc>, end: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut patience: f64 = self.chance.sample(Exp1);
        let mut here = free_from;
        while here < end {
            let next = floor_to(here, TimeDelta::hours(1)) + TimeDelta::hours(1);
            let local = here.with_timezone(&self.parameters.time_zone);
            let rate = self.parameters.arrivals_per_free_h.of(local.weekday())[local.hour() as usize];
            let used = rate * hours(next - here);
            if used > patience {
                let arrival = here + seconds(patience / rate * 3600.0);
                return (arrival < end).then_some(arrival);
            }
            patience -= used;
            here = next;
        }
        None
    }

    fn session(&mut self, arrival: DateTime<Utc>) -> SyntheticSession {
        let local = arrival.with_timezone(&self.parameters.time_zone);
        let level: f64 = self.chance.random();
        let stay_h = self.parameters.stay_of(local.hour()).map_or(1.0, |band| band.at(level));
        let departure = arrival + seconds(stay_h * 3600.0).max(LEAST_STAY);
        let need = self.parameters.energy;
        let own: f64 = self.chance.sample(StandardNormal);
        let score = need.with_stay * normal::quantile(level) + (1.0 - need.with_stay * need.with_stay).sqrt() * own;
        let reach_kwh = self.parameters.maximum_kw * hours(departure - arrival);
        let needed_kwh = (need.median_kwh * (need.sigma * score).exp()).min(reach_kwh).max(LEAST_KWH);
        let energy_needed_wh = Energy::try_new((needed_kwh * 1000.0).round()).unwrap_or_default();
        let id = format!("{}-evse{:03}", local.format("%Y-%m-%dT%H%M%S"), self.evse);
        let recorded = RecordedSession {
            id: format!("{}/{id}", self.name),
            station: String::new(),
            arrival,
            departure,
            energy_wh: energy_needed_wh,
            stated: None,
            site: None,
            user: None,
        };
        SyntheticSession {
            id,
            evse: self.evse,
            arrival,
            departure,
            energy_needed_wh,
            stated: self.stated(arrival, departure, needed_kwh),
            vehicle: vehicle_for(&recorded, self.seed),
            profile_type: profile_type(&mut self.chance),
        }
    }

    /// Returns what the driver says, up to three minutes after plugging in.
    fn stated(&mut self, arrival: DateTime<Utc>, departure: DateTime<Utc>, needed_kwh: f64) -> Option<Stated> {
        let Statements { share, with_departure, over_asking, over_asking_sigma, stay_said, stay_said_sigma } =
            self.parameters.statements;
        // Everything is drawn for everybody, so that a share changes who speaks and nothing else.
        let (says, says_when): (f64, f64) = (self.chance.random(), self.chance.random());
        let (asks, leaves): (f64, f64) = (self.chance.sample(StandardNormal), self.chance.sample(StandardNormal));
        let known_from = arrival + TimeDelta::seconds(self.chance.random_range(0..180));
        let asked_kwh = needed_kwh * over_asking * (over_asking_sigma * asks).exp();
        let stay_h = hours(departure - arrival) * stay_said * (stay_said_sigma * leaves).exp();
        let leaving = arrival + seconds(stay_h * 3600.0).max(LEAST_STAY);
        (says < share).then(|| Stated {
            energy_wh: Energy::try_new((asked_kwh * 1000.0).round()).ok(),
            departure: (says_when < with_departure).then_some(leaving),
            known_from,
        })
    }
}

impl StayBand {
    /// Returns the stay at a level. **Units**: h.
    pub(super) fn at(&self, level: f64) -> f64 {
        let above = STAY_LEVELS.partition_point(|known| *known < level);
        let at = |index: usize| self.quantiles_h.get(index).copied().unwrap_or(1.0);
        if above == 0 {
            return at(0);
        }
        if above == STAY_LEVELS.len() {
            return at(above - 1);
        }
        let share = (level - STAY_LEVELS[above - 1]) / (STAY_LEVELS[above] - STAY_LEVELS[above - 1]);
        at(above - 1) + (at(above) - at(above - 1)) * share
    }
}

/// Whole seconds; a number too large for a date is a year.
fn seconds(seconds: f64) -> TimeDelta {
    const YEAR_S: f64 = 366.0 * 86_400.0;
    #[expect(clippy::cast_possible_truncation, reason = "kept within a year")]
    let whole = seconds.clamp(-YEAR_S, YEAR_S).floor() as i64;
    TimeDelta::seconds(whole)
}
