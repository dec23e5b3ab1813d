//! A synthetic workplace day.

use headroom_datasets::synthetic::SyntheticSession;

use super::recorded::asked;
use super::{
    BaseLoadPlan, Faults, Messaging, NaiveDate, Power, Scenario, ScenarioError, SessionPlan, Site, day_window, sites,
    synthetic, unset_clock, utility,
};
use crate::vehicle::Vehicle;
use crate::world::{StatedPreference, twin};

/// What the building of the synthetic workplace draws at most.
const BASE_PEAK_KW: f64 = 80.0;

impl Scenario {
    /// Makes a workplace day from a seed: the same seed and date give the same day.
    pub fn synthetic(seed: u64, date: NaiveDate) -> Result<Self, ScenarioError> {
        let site = sites::workplace(BASE_PEAK_KW);
        let window = day_window(date, site.time_zone)?;
        let base_load = BaseLoadPlan { seed, peak_w: Power::from_kw(BASE_PEAK_KW), history_days: 28 };
        let mut scenario = Self {
            name: format!("synthetic workplace day {date}, seed {seed}"),
            seed,
            clock: unset_clock(window),
            window,
            utility: utility::day(seed, &site, window, base_load.peak_w, Power::ZERO),
            site,
            sessions: Vec::new(),
            left_out: Vec::new(),
            base_load,
            tariff: sites::dutch_prices(),
            messaging: Messaging::default(),
            faults: Faults::default(),
        };
        scenario.sessions = made(&scenario.site, seed, date);
        scenario.place_sessions();
        let steered_peak = twin(&scenario.site_plan())?.meter().steered_peak();
        scenario.utility = utility::day(seed, &scenario.site, window, scenario.base_load.peak_w, steered_peak);
        Ok(scenario)
    }
}

/// Makes the sessions of a workplace day at a site's EVSEs.
pub(crate) fn made(site: &Site, seed: u64, date: NaiveDate) -> Vec<SessionPlan> {
    let made = synthetic::workplace_day(seed, date, site.time_zone, site.evses.len());
    let planned = made.into_iter().map(|session| {
        let evse_uid = site.evses.get(session.evse).map(|evse| evse.uid.clone()).unwrap_or_default();
        planned_synthetic(session, evse_uid)
    });
    planned.collect()
}

/// Makes the plan of a synthetic session at an EVSE.
pub(crate) fn planned_synthetic(session: SyntheticSession, evse_uid: String) -> SessionPlan {
    let preference = session.stated.map(|stated| StatedPreference {
        stated_at: stated.known_from.max(session.arrival),
        profile_type: session.profile_type,
        departure: stated.departure,
        energy_wh: stated.energy_wh,
    });
    let needed_wh = asked(session.energy_needed_wh, session.stated.and_then(|stated| stated.energy_wh));
    let car = session.vehicle;
    let vehicle = Vehicle::wanting(needed_wh, car.battery_wh, car.arrival_soc, car.phases, car.maximum_current_a);
    let SyntheticSession { id, arrival, departure, .. } = session;
    SessionPlan { id, evse_uid, arrival, departure, needed_wh, vehicle, preference }
}
