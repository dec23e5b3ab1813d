//! The bound: what energy would cost at best, had everything been known beforehand.
//!
//! One problem holds all sessions with their true stays and needs, the true base load, limits and prices; it is planned
//! by the optimizer's own exact way, without messages. Wherever it simplifies, it allows more than a real run could do, so
//! that no run of the same energies that keeps its limits costs less:
//!
//! - time goes by quarters of an hour, which is how demand charges are reckoned: limits, base load and presence are what
//!   they are in the mean of a quarter or better, its price is its lowest, and a vehicle that is there for a part of it may
//!   use all of it;
//! - vehicles take any power up to their most: no least current, no taper, no rating of the EVSE beside;
//! - a long window is planned in stretches. They are cut where nobody is there; else (without a demand charge every week,
//!   with one at every month, as charges are by the month) who is there at the cut is set apart: alone, in the cheapest
//!   quarters of the stay, in nobody's way.
//!
//! The bound is for given energies: regret compares a run with the least that exactly its energies could have cost.

use std::ops::Range;
use std::sync::Arc;

use chrono::{Datelike, TimeDelta};
use headroom_domain::units::hours;
use headroom_domain::{Energy, Interval, Power};

use super::SimulateError;
use crate::world::{GivenPower, Score, SitePlan, World, twin};

mod problem;

use problem::{Places, QUARTER, Quarters, Stay, planned};

/// How long a stretch is at least, so that there are not too many, and at most, where no demand charge ties months.
const SHORTEST: TimeDelta = TimeDelta::hours(12);
const LONGEST: TimeDelta = TimeDelta::days(7);

/// What energies cost at best.
#[derive(Debug, Clone, PartialEq)]
pub struct Bound {
    /// Cost of the energy.
    pub cost: f64,
    /// What vehicles add to the demand charges of all months.
    pub demand_charge_cost: f64,
    /// Energy that fits under the limits.
    pub energy_kwh: f64,
    /// Energy that does not: who was given it anyway broke a limit.
    pub short_kwh: f64,
    /// Whether every stretch was solved to its end; otherwise the bound may lie too high.
    pub is_exact: bool,
    /// Power of each session of the plan, while its vehicle is there.
    given: Vec<GivenPower>,
}

impl Bound {
    /// Returns what all costs together.
    pub fn total(&self) -> f64 {
        self.cost + self.demand_charge_cost
    }

    /// Returns the mean power of a session over quarters of an hour, while its vehicle is there.
    pub fn power_of(&self, session: usize) -> &[(Interval, Power)] {
        self.given.get(session).map_or(&[], Vec::as_slice)
    }
}

/// Returns the least that giving these energies to the sessions of a plan can cost.
///
/// **Shape**: an energy per session of the plan; what is missing is none.
pub fn bound(plan: &SitePlan, energies: &[Energy]) -> Result<Bound, SimulateError> {
    let quarters = Quarters::of(plan);
    let mut places = Places::of(&plan.site)?;
    let mut stays = Vec::with_capacity(plan.sessions.len());
    for (session, energy) in energies.iter().enumerate().take(plan.sessions.len()) {
        stays.extend(Stay::of(plan, session, *energy, &mut places)?);
    }
    let given = vec![Vec::new(); plan.sessions.len()];
    let mut bound =
        Bound { cost: 0.0, demand_charge_cost: 0.0, energy_kwh: 0.0, short_kwh: 0.0, is_exact: true, given };
    for stretch in stretches(plan, &quarters, &stays) {
        let of = |stay: &&Stay| stretch.contains(&stay.quarters.start);
        let (inside, cut): (Vec<&Stay>, Vec<&Stay>) =
            stays.iter().filter(of).partition(|stay| stay.quarters.end <= stretch.end);
        let (powers, is_exact) = planned(plan, &places, &quarters, stretch.clone(), &inside)?;
        bound.is_exact &= is_exact;
        bound.demand_charge_cost += demand_charge(plan, &quarters, stretch, &inside, &powers);
        for (stay, power_w) in inside.iter().zip(&powers) {
            bound.add(plan, &quarters, stay, power_w);
        }
        for stay in cut {
            bound.add(plan, &quarters, stay, &quarters.cheapest(stay));
        }
    }
    Ok(bound)
}

/// Returns by how much a world's energy and demand charge cost more than its energies would at best.
pub fn regret(world: &World) -> Result<f64, SimulateError> {
    let plan = world.plan();
    let energies: Vec<Energy> = (0..plan.sessions.len()).map(|session| world.energy_of(session)).collect();
    let cost: f64 = (0..plan.sessions.len()).map(|session| world.cost_of(session)).sum();
    Ok(cost + crate::world::demand_charge_cost(world) - bound(plan, &energies)?.total())
}

impl Score {
    /// Returns the score with its regret.
    pub fn with_regret(self, world: &World) -> Result<Self, SimulateError> {
        Ok(Self { regret: Some(regret(world)?), ..self })
    }
}

/// Returns the world in which all that is needed and can be taken is given at the least cost.
///
/// In quarters that a vehicle is there for in part it is given the quarter's energy in that part.
pub(super) fn world(plan: &Arc<SitePlan>) -> Result<World, SimulateError> {
    let twin = twin(plan)?;
    let needed = |(index, session): (usize, &crate::world::SessionPlan)| session.needed_wh.min(twin.energy_of(index));
    let energies: Vec<Energy> = plan.sessions.iter().enumerate().map(needed).collect();
    Ok(World::given(plan.clone(), bound(plan, &energies)?.given)?)
}

impl Bound {
    /// Adds what a session is given. **Shape**: a power in W per quarter of its stay.
    fn add(&mut self, plan: &SitePlan, quarters: &Quarters, stay: &Stay, power_w: &[f64]) {
        let session = &plan.sessions[stay.session];
        let mut energy_wh = 0.0;
        for (quarter, power_w) in stay.quarters.clone().zip(power_w).filter(|(_, power)| **power > 1e-6) {
            let taken_wh = power_w * hours(QUARTER);
            energy_wh += taken_wh;
            self.cost += taken_wh / 1000.0 * quarters.price_per_kwh[quarter];
            let window = quarters.window(quarter);
            let there = Interval::new(window.start.max(session.arrival), window.end.min(session.departure));
            if let Some(there) = there {
                let mean = Power::from_w(taken_wh / hours(there.duration()));
                self.given[stay.session].push((there, mean));
            }
        }
        self.energy_kwh += energy_wh / 1000.0;
        self.short_kwh += (stay.energy.as_wh() - energy_wh).max(0.0) / 1000.0;
    }
}

/// Returns what powers add to the demand charge of a stretch, which lies in one month where there is one.
fn demand_charge(
    plan: &SitePlan,
    quarters: &Quarters,
    stretch: Range<usize>,
    stays: &[&Stay],
    powers: &[Vec<f64>],
) -> f64 {
    let Some(price_per_kw) = plan.site.demand_charge_per_kw else { return 0.0 };
    let base_w = &quarters.base_w[stretch.clone()];
    let mut import_w = base_w.to_vec();
    for (stay, power_w) in stays.iter().zip(powers) {
        for (quarter, power_w) in stay.quarters.clone().zip(power_w) {
            import_w[quarter - stretch.start] += power_w;
        }
    }
    let highest = |powers: &[f64]| powers.iter().copied().fold(0.0, f64::max);
    price_per_kw * (highest(&import_w) - highest(base_w)) / 1000.0
}

/// Cuts the window into stretches that are planned one by one.
fn stretches(plan: &SitePlan, quarters: &Quarters, stays: &[Stay]) -> Vec<Range<usize>> {
    let count = quarters.base_w.len();
    let mut is_busy = vec![false; count + 1];
    for stay in stays {
        is_busy[stay.quarters.start + 1..stay.quarters.end].fill(true);
    }
    let month = |quarter: usize| {
        let local = quarters.window(quarter).start.with_timezone(&plan.site.time_zone);
        (local.year(), local.month())
    };
    let length = |span: TimeDelta| usize::try_from(span.num_minutes() / QUARTER.num_minutes()).unwrap_or(1);
    let by_month = plan.site.demand_charge_per_kw.is_some();
    let mut found = Vec::new();
    let mut start = 0;
    for (quarter, is_busy) in is_busy.iter().enumerate().take(count).skip(1) {
        let is_cut = if by_month {
            month(quarter) != month(quarter - 1)
        } else {
            let long = quarter - start;
            long >= length(LONGEST) || (long >= length(SHORTEST) && !is_busy)
        };
        if is_cut {
            found.push(start..quarter);
            start = quarter;
        }
    }
    found.push(start..count);
    found
}
