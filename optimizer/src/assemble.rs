//! Facts to a snapshot. The running service and the simulator both use exactly this.

use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::forecast::Forecast;
use headroom_domain::grid::{GridTree, Wiring};
use headroom_domain::limit::EffectiveInterval;
use headroom_domain::preference::{ChargingPreference, ProfileType};
use headroom_domain::profile::Belief;
use headroom_domain::series::Series;
use headroom_domain::session::Appetite;
use headroom_domain::site::{EnergyPriceTable, Site, SiteError, SiteEvse};
use headroom_domain::tariff::{EnergyPriceElement, energy_price_at};
use headroom_domain::time::floor_to;
use headroom_domain::{Current, Energy, EnergyPrice, Interval, Power, Ratio, SessionId, TimeGrid};
use std::collections::BTreeMap;

use crate::snapshot::{NodeBaseLoad, NodeLimits, SessionState, Settings, Snapshot, SnapshotError};

/// Least current per phase that a vehicle takes (IEC 61851-1).
const MINIMUM_CURRENT_A: f64 = 6.0;
/// How much longer a car is assumed to stay that is still there after its departure, from the last quarter hour on: so that
/// it is not another time with every look.
const EXTENSION: TimeDelta = TimeDelta::hours(1);
/// What a session that is nearly full is planned to take at most.
const NEARLY_FULL_WH: f64 = 1000.0;
/// What is kept free above a share of phases: chargers hold a current to a few percent.
const LOAD_SHARE_MARGIN: f64 = 1.05;
/// The least uptake that is believed: less would make a small need look endless.
const UPTAKE_LEAST: f64 = 0.1;

/// What is known of a site at an instant.
#[derive(Debug, Clone, Copy)]
pub struct Observation<'a> {
    /// The instant.
    pub now: DateTime<Utc>,
    /// The site.
    pub site: &'a Site,
    /// Its tree ([`Site::tree`]).
    pub tree: &'a GridTree,
    /// What limits its connection point, from now on.
    pub effective: &'a [EffectiveInterval],
    /// What it will draw beside its sessions.
    pub base_load: &'a Forecast,
    /// The drivers' tariff, taken where the site states no price of its own.
    pub tariff: &'a [EnergyPriceElement],
    /// Highest power of the running billing period.
    pub peak_so_far: Power,
    /// Sessions that are active.
    pub sessions: &'a [ObservedSession],
    /// How to plan; what the site states itself (its tails, what it leaves to newcomers) is taken from there.
    pub settings: Settings,
}

/// What is known of an active session.
#[derive(Debug, Clone, PartialEq)]
pub struct ObservedSession {
    /// Its name.
    pub id: SessionId,
    /// Its EVSE, as OCPI names it.
    pub evse_uid: String,
    /// Whether its EVSE takes charging profiles.
    pub takes_profiles: bool,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// Energy delivered so far.
    pub energy_wh: Energy,
    /// What it draws now, where that is known.
    pub power_w: Option<Power>,
    /// What its driver said.
    pub preference: Option<ChargingPreference>,
    /// Every profile that could be in force.
    pub belief: Belief,
    /// Whether its station obeys and answers.
    pub responsive: bool,
    /// Share of the allowed power that the vehicle takes, reckoned with caution.
    pub uptake: Ratio,
    /// Share of the allowed power that the vehicle can take at most; less than 1 only where it was seen to be so.
    pub load_share: Ratio,
    /// The most allowed power that the vehicle can use, where that is known.
    pub useful_w: Option<Power>,
    /// How its vehicle takes what it is allowed.
    pub appetite: Appetite,
}

/// Why facts make no snapshot.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum AssembleError {
    /// The site's description is wrong.
    #[error(transparent)]
    Site(#[from] SiteError),
    /// The forecast has no value.
    #[error("`base_load` has no quantile: give at least one over a grid that reaches beyond now")]
    EmptyForecast,
    /// The forecast has another number of values than steps.
    #[error("`base_load` has a quantile of {values} values over {steps} steps: give one per step of its grid")]
    ForecastLength {
        /// Steps of its grid.
        steps: usize,
        /// Values of the quantile.
        values: usize,
    },
    /// What came out breaks a rule.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
}

/// Returns the steps that a site is planned in: 5 minutes for 2 hours, then quarter-hours of the clock to 24 hours.
///
/// The first step is the one that holds `now`.
pub fn planning_grid(now: DateTime<Utc>) -> TimeGrid {
    let (fine, coarse) = (TimeDelta::minutes(5), TimeDelta::minutes(15));
    let start = floor_to(now, fine);
    let fine_end = floor_to(start + TimeDelta::hours(2) + (coarse - fine), coarse);
    let steps =
        |span: TimeDelta, step: TimeDelta| usize::try_from(span.num_minutes() / step.num_minutes()).unwrap_or(1);
    TimeGrid::widening(start, &[(fine, steps(fine_end - start, fine)), (coarse, steps(TimeDelta::hours(22), coarse))])
}

/// Makes a snapshot of what is known of a site.
///
/// Of several active sessions of one EVSE the latest counts: there is one vehicle. A session whose EVSE is not in the
/// site's description is left out; [`unplaced`] names it.
pub fn assemble(observation: &Observation<'_>) -> Result<Snapshot, AssembleError> {
    let site = observation.site;
    let grid = planning_grid(observation.now);
    let present = present(observation);
    let mut base_load = vec![forecast_load(observation, &grid)?];
    for evse in &site.evses {
        let power = site.station_default(evse)?;
        if !present.contains_key(evse.uid.to_ascii_lowercase().as_str()) && power > Power::ZERO {
            // Whoever arrives draws this until told otherwise: keep it free, so that an arrival breaks no limit.
            let (guard_w, expected_w) = (vec![power; grid.len()], vec![Power::ZERO; grid.len()]);
            base_load.push(NodeBaseLoad { node: site.evse_node(&evse.uid), guard_w, expected_w, least_w: Vec::new() });
        }
    }
    let mut sessions = Vec::new();
    for session in observation.sessions {
        let placed = present.get(session.evse_uid.to_ascii_lowercase().as_str());
        if let Some((evse, _)) = placed.filter(|(_, latest)| latest.id == session.id) {
            sessions.push(session_state(observation, evse, session)?);
        }
    }
    let elements = site.energy_price.as_ref().map_or_else(|| observation.tariff.to_vec(), EnergyPriceTable::elements);
    let price = |step: Interval| {
        let at = step.start.max(observation.now);
        energy_price_at(&elements, at, site.time_zone).unwrap_or(EnergyPrice::ZERO)
    };
    let prices = grid.steps().map(price).collect();
    let snapshot = Snapshot {
        limits: vec![NodeLimits { node: site.node(), effective: observation.effective.to_vec() }],
        base_load,
        demand_charge: site.demand_charge(observation.peak_so_far),
        margin_w: Power::try_new(site.margin_kw * 1000.0).unwrap_or_default(),
        sessions,
        settings: settings(observation),
        ..Snapshot::new(observation.now, grid, observation.tree.clone(), prices)
    };
    snapshot.check()?;
    Ok(snapshot)
}

/// Returns the active sessions whose EVSE is not in the site's description: nobody plans them.
pub fn unplaced(observation: &Observation<'_>) -> Vec<SessionId> {
    let lost = |session: &&ObservedSession| observation.site.evse(&session.evse_uid).is_none();
    observation.sessions.iter().filter(lost).map(|session| session.id.clone()).collect()
}

/// Returns the latest session of each EVSE, by its uid in lower case.
fn present<'a>(observation: &Observation<'a>) -> BTreeMap<String, (&'a SiteEvse, &'a ObservedSession)> {
    let mut present: BTreeMap<String, (&SiteEvse, &ObservedSession)> = BTreeMap::new();
    for session in observation.sessions {
        let Some(evse) = observation.site.evse(&session.evse_uid) else { continue };
        let latest = present.entry(evse.uid.to_ascii_lowercase()).or_insert((evse, session));
        if (session.started_at, &session.id) > (latest.1.started_at, &latest.1.id) {
            latest.1 = session;
        }
    }
    present
}

fn settings(observation: &Observation<'_>) -> Settings {
    let tail_after_s = i64::from(observation.site.safe_mode.tail_after_min) * 60;
    // Refreshed when half its time is over, so that one lost message does no harm.
    let refresh_before_s = tail_after_s / 2;
    let left_to_newcomers = Ratio::from_ratio(observation.site.defaults.left_to_newcomers);
    let leave_early = Ratio::from_ratio(observation.site.defaults.leave_early);
    Settings { tail_after_s, refresh_before_s, left_to_newcomers, leave_early, ..observation.settings }
}

fn forecast_load(observation: &Observation<'_>, grid: &TimeGrid) -> Result<NodeBaseLoad, AssembleError> {
    let forecast = observation.base_load;
    let values = |probability: Ratio| {
        let values = forecast.at_least(probability);
        let steps = forecast.grid.len();
        match values.len() {
            0 => Err(AssembleError::EmptyForecast),
            length if length == steps => Ok(values),
            values => Err(AssembleError::ForecastLength { steps, values }),
        }
    };
    let guard = values(observation.site.guard())?;
    let expected = Series::new(forecast.grid.clone(), values(Ratio::from_ratio(0.5))?.to_vec());
    let expected = expected.map_err(|_| AssembleError::EmptyForecast)?;
    Ok(NodeBaseLoad {
        node: forecast.node.clone(),
        guard_w: grid.steps().map(|step| highest_over(&forecast.grid, guard, step)).collect(),
        expected_w: expected.resample(grid).values().to_vec(),
        least_w: Vec::new(),
    })
}

/// Returns the highest value over a window; outside the grid, the nearest value.
fn highest_over(grid: &TimeGrid, values: &[Power], window: Interval) -> Power {
    let last = values.len() - 1;
    let first = grid.edges().partition_point(|edge| *edge <= window.start).saturating_sub(1).min(last);
    let end = grid.edges().partition_point(|edge| *edge < window.end).clamp(first + 1, last + 1);
    values[first..end].iter().copied().fold(values[first], Power::max)
}

/// What a session asks for, as far as it is known.
pub(crate) struct Wish {
    pub(crate) departure: DateTime<Utc>,
    pub(crate) needed_wh: Energy,
    pub(crate) wanted_wh: Energy,
    pub(crate) maximum_w: Power,
    pub(crate) minimum_w: Power,
    /// Share of the allowed power that it takes.
    pub(crate) uptake: Ratio,
    /// Share of the allowed power that it can load nodes with.
    pub(crate) load_share: Ratio,
}

impl Wish {
    /// Reckons with what a driver said, else with what is usual at the site.
    pub(crate) fn of(site: &Site, wiring: &Wiring, session: &ObservedSession, now: DateTime<Utc>) -> Self {
        let departure = departure(site, session, now);
        let (maximum_w, minimum_w) = powers(wiring, session);
        let uptake = Ratio::from_ratio(session.uptake.as_ratio().clamp(UPTAKE_LEAST, 1.0));
        let stated = session.preference.as_ref().and_then(|preference| preference.energy_need_wh);
        let mut needed_wh = (stated.unwrap_or_else(|| site.default_energy()) - session.energy_wh).or_zero();
        // Who has said nothing may take more than is assumed: as much as fits the stay, where it is cheap.
        let fits = (maximum_w * uptake.as_ratio()) * (departure - now);
        let mut wanted_wh = if stated.is_some() { needed_wh } else { needed_wh.max(fits) };
        if session.appetite == Appetite::Tapering {
            needed_wh = needed_wh.min(Energy::from_wh(NEARLY_FULL_WH));
            wanted_wh = wanted_wh.min(Energy::from_wh(NEARLY_FULL_WH));
        }
        if session.appetite == Appetite::Stopped {
            // It is offered the least current where others leave room, so that it shows when it wants more.
            (needed_wh, wanted_wh) = (Energy::ZERO, fits);
        }
        let load_share = Ratio::from_ratio((session.load_share.as_ratio() * LOAD_SHARE_MARGIN).min(1.0));
        Self { departure, needed_wh, wanted_wh, maximum_w, minimum_w, uptake, load_share }
    }
}

fn session_state(
    observation: &Observation<'_>,
    evse: &SiteEvse,
    session: &ObservedSession,
) -> Result<SessionState, AssembleError> {
    let site = observation.site;
    let wiring = evse.wiring()?;
    let preference = session.preference.as_ref();
    let departure_stated = preference.is_some_and(|preference| preference.departure.is_some());
    let wish = Wish::of(site, &wiring, session, observation.now);
    let mut belief = session.belief.clone();
    if !session.takes_profiles {
        belief = Belief::untouched(wiring.maximum_power());
    }
    Ok(SessionState {
        id: session.id.clone(),
        node: site.evse_node(&evse.uid),
        steerable: session.takes_profiles,
        arrival: session.started_at.min(observation.now),
        departure: wish.departure,
        needed_wh: wish.needed_wh,
        wanted_wh: wish.wanted_wh,
        maximum_w: wish.maximum_w,
        minimum_w: wish.minimum_w,
        power_levels_w: Vec::new(),
        vehicle: None,
        discharge: None,
        may_pause: true,
        uptake: wish.uptake,
        load_share: wish.load_share,
        priority: 1.0,
        profile_type: preference.map_or_else(ProfileType::default, |preference| preference.profile_type),
        may_wait: match session.appetite {
            Appetite::Usual => departure_stated,
            Appetite::Tapering => false,
            Appetite::Stopped => true,
        },
        power_now_w: session.power_w.map(Power::or_zero),
        belief,
        responsive: session.responsive,
        safe_rate_w: site.safe_rate(evse)?,
    })
}

fn departure(site: &Site, session: &ObservedSession, now: DateTime<Utc>) -> DateTime<Utc> {
    let stated = session.preference.as_ref().and_then(|preference| preference.departure);
    let usual = || {
        #[expect(clippy::cast_possible_truncation, reason = "a stay in seconds fits i64; the site's check bounds it")]
        let stay = TimeDelta::try_seconds((site.defaults.stay_h * 3600.0) as i64).unwrap_or_default();
        session.started_at + stay
    };
    let departure = stated.unwrap_or_else(usual);
    if departure > now { departure } else { floor_to(now, TimeDelta::minutes(15)) + EXTENSION }
}

/// Returns the most and the least power of a session above zero.
fn powers(wiring: &Wiring, session: &ObservedSession) -> (Power, Power) {
    let most = wiring.maximum_power();
    let least = wiring.power_at(Current::from_a(MINIMUM_CURRENT_A)).min(most);
    let useful = if session.appetite == Appetite::Stopped { Some(least) } else { session.useful_w };
    (useful.map_or(most, |useful| useful.clamp(least, most)), least)
}
