//! A recorded day, played again.

use std::collections::BTreeMap;

use super::{
    BaseLoadPlan, DateTime, Energy, Faults, Messaging, NaiveDate, Power, RecordedSession, Scenario, ScenarioError,
    SessionPlan, Site, TimeDelta, Utc, day_window, sites, synthetic, unset_clock, utility,
};
use crate::vehicle::Vehicle;
use crate::world::{StatedPreference, twin};

/// What a garage draws beside the vehicles, as a share of what its EVSEs could.
const BASE_SHARE: f64 = 0.15;

/// What the connection of a derived site carries, as a share of the vehicles' peak beside the base load.
const CAPACITY_SHARE: f64 = 0.8;

impl Scenario {
    /// Makes a scenario of the sessions that began on a recorded day, from four in the morning.
    ///
    /// Without a site, one is made of all stations in the recording (single-phase 208 V, 32 A), with a connection that
    /// is too small for everybody at once.
    pub fn recorded(
        sessions: &[RecordedSession],
        date: NaiveDate,
        site: Option<Site>,
        seed: u64,
    ) -> Result<Self, ScenarioError> {
        let derived = site.is_none();
        let mut site = site.unwrap_or_else(|| sites::garage(&stations(sessions)));
        let window = day_window(date, site.time_zone)?;
        let of_the_day: Vec<_> = sessions.iter().filter(|session| window.contains(session.arrival)).collect();
        if of_the_day.is_empty() {
            let busiest = busiest_day(sessions, &site).ok_or(ScenarioError::EmptyRecording)?;
            return Err(ScenarioError::EmptyDay { date, busiest });
        }
        let installed_kw: f64 =
            site.evses.iter().filter_map(|evse| evse.wiring().ok()).map(|wiring| wiring.maximum_power().as_kw()).sum();
        let peak_w = Power::from_kw((installed_kw * BASE_SHARE).round());
        if derived {
            site.base_load_kw = peak_w.as_kw();
            site.import_capacity_kw = installed_kw + peak_w.as_kw();
        }
        let mut scenario = Self {
            name: format!("recorded day {date} at {}", site.name),
            seed,
            clock: unset_clock(window),
            window,
            utility: utility::day(seed, &site, window, peak_w, Power::ZERO),
            sessions: of_the_day.iter().map(|session| planned(session, window.end, seed)).collect(),
            site,
            left_out: Vec::new(),
            base_load: BaseLoadPlan { seed, peak_w, history_days: 28 },
            tariff: sites::californian_prices(date),
            messaging: Messaging::default(),
            faults: Faults::default(),
        };
        scenario.place_sessions();
        let steered_peak = twin(&scenario.site_plan())?.meter().steered_peak();
        if derived {
            scenario.site.import_capacity_kw = (peak_w + steered_peak * CAPACITY_SHARE).as_kw().ceil();
        }
        scenario.utility = utility::day(seed, &scenario.site, window, peak_w, steered_peak);
        Ok(scenario)
    }

    /// Gives every session a free EVSE and a short id, in the order of arrival.
    pub(super) fn place_sessions(&mut self) {
        (self.sessions, self.left_out) = place(std::mem::take(&mut self.sessions), &self.site);
        for (number, session) in (1..).zip(&mut self.sessions) {
            session.id = format!("S-{number:04}");
        }
    }
}

/// Gives every session a free EVSE: its own where it can be, else the first that is free on its own one's circuit, else the
/// first that is free at all. Returns them by arrival, and those that found none.
pub(crate) fn place(mut sessions: Vec<SessionPlan>, site: &Site) -> (Vec<SessionPlan>, Vec<String>) {
    let mut free_from: BTreeMap<&str, DateTime<Utc>> = BTreeMap::new();
    let (mut placed, mut left_out) = (Vec::with_capacity(sessions.len()), Vec::new());
    sessions.sort_by(|one, other| (one.arrival, &one.id).cmp(&(other.arrival, &other.id)));
    for mut session in sessions {
        if session.departure <= session.arrival {
            left_out.push(format!("{} at {}: it came as the time simulated ended", session.id, session.arrival));
            continue;
        }
        let is_free = |uid: &&str| free_from.get(uid).is_none_or(|from| *from <= session.arrival);
        let own = site.evse(&session.evse_uid);
        let beside = site.evses.iter().filter(|evse| own.is_some_and(|own| own.circuit == evse.circuit));
        let Some(uid) = own.into_iter().chain(beside).chain(&site.evses).map(|evse| evse.uid.as_str()).find(is_free)
        else {
            left_out.push(format!("{} at {}: every EVSE is taken", session.id, session.arrival));
            continue;
        };
        free_from.insert(uid, session.departure);
        uid.clone_into(&mut session.evse_uid);
        placed.push(session);
    }
    (placed, left_out)
}

/// Makes the plan of a recorded session; who would stay beyond the day leaves shortly before its end.
pub(crate) fn planned(session: &RecordedSession, day_end: DateTime<Utc>, seed: u64) -> SessionPlan {
    let car = synthetic::vehicle_for(session, seed);
    let needed_wh = asked(session.energy_wh, session.stated.and_then(|stated| stated.energy_wh));
    let preference = session.stated.map(|stated| StatedPreference {
        stated_at: stated.known_from.max(session.arrival),
        profile_type: headroom_domain::preference::ProfileType::Regular,
        departure: stated.departure,
        energy_wh: stated.energy_wh,
    });
    SessionPlan {
        id: session.id.clone(),
        evse_uid: session.station.clone(),
        arrival: session.arrival,
        departure: session.departure.min(day_end - TimeDelta::minutes(10)),
        needed_wh,
        vehicle: Vehicle::wanting(needed_wh, car.battery_wh, car.arrival_soc, car.phases, car.maximum_current_a),
        preference,
    }
}

/// Returns the energy that a driver asks for: what the battery took, unless the driver said less.
pub(super) fn asked(taken: Energy, stated: Option<Energy>) -> Energy {
    stated.map_or(taken, |stated| stated.min(taken))
}

/// Returns a site of all stations in a recording, with the prices of the recorded ones on a day.
pub(crate) fn derived_site(sessions: &[RecordedSession], date: NaiveDate) -> Site {
    Site { energy_price: Some(sites::californian_prices(date)), ..sites::garage(&stations(sessions)) }
}

fn stations(sessions: &[RecordedSession]) -> Vec<String> {
    let mut stations: Vec<_> = sessions.iter().map(|session| session.station.clone()).collect();
    stations.sort();
    stations.dedup();
    stations
}

fn busiest_day(sessions: &[RecordedSession], site: &Site) -> Option<NaiveDate> {
    let mut days: BTreeMap<NaiveDate, usize> = BTreeMap::new();
    for session in sessions {
        *days.entry(session.arrival.with_timezone(&site.time_zone).date_naive()).or_default() += 1;
    }
    days.into_iter().max_by_key(|(_, count)| *count).map(|(date, _)| date)
}
