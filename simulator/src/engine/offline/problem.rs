//! A stretch of time as one problem of the optimizer.

use std::collections::BTreeMap;
use std::ops::Range;

use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::grid::{GridNode, GridTree, NodeKind, Rating};
use headroom_domain::limit::{Basis, EffectiveInterval};
use headroom_domain::schedule::PlanStatus;
use headroom_domain::site::{Site, SiteError};
use headroom_domain::time::floor_to;
use headroom_domain::units::hours;
use headroom_domain::{Current, Energy, EnergyPrice, Interval, NodeId, Power, SessionId, TimeGrid};
use headroom_optimizer::rolling::step;
use headroom_optimizer::snapshot::{NodeBaseLoad, NodeLimits, SessionState, Settings, Snapshot};

use super::SimulateError;
use crate::station::Station;
use crate::world::SitePlan;

pub(super) const QUARTER: TimeDelta = TimeDelta::minutes(15);

/// So much that a busy machine does not change what comes out. **Units**: s, of real time.
const DEADLINE_S: f64 = 600.0;

/// The window of a plan by quarters of an hour.
pub(super) struct Quarters {
    start: DateTime<Utc>,
    /// What the site draws beside its vehicles, in the mean.
    pub(super) base_w: Vec<f64>,
    /// What the limit leaves for them, in the mean; `None`: nothing limits it.
    room_w: Vec<Option<f64>>,
    /// The lowest price.
    pub(super) price_per_kwh: Vec<f64>,
}

impl Quarters {
    pub(super) fn of(plan: &SitePlan) -> Self {
        let start = floor_to(plan.window.start, QUARTER);
        let mut quarters = Self { start, base_w: Vec::new(), room_w: Vec::new(), price_per_kwh: Vec::new() };
        let prices = plan.prices.over(plan.window);
        let mut at = start;
        while at < plan.window.end {
            let window = Interval { start: at.max(plan.window.start), end: (at + QUARTER).min(plan.window.end) };
            let minutes = || (0..15).map(|minute| at + TimeDelta::minutes(minute)).filter(|at| window.contains(*at));
            let count = minutes().count().max(1) as f64;
            let base_w: f64 = minutes().map(|at| plan.base_at(at).as_w()).sum();
            // Where the base load alone is above the limit, vehicles have no room, not less than none.
            let room_w = |at| plan.limit_at(at).map(|limit| (limit - plan.base_at(at)).or_zero().as_w());
            let room_w: Option<f64> = minutes().map(room_w).sum();
            let from = prices.partition_point(|(edge, _)| *edge <= window.start).saturating_sub(1);
            let holding = prices[from..].iter().take_while(|(edge, _)| *edge < window.end);
            quarters.base_w.push(base_w / count);
            quarters.room_w.push(room_w.map(|room_w| room_w / count));
            quarters.price_per_kwh.push(holding.map(|(_, price)| price.as_per_kwh()).fold(f64::INFINITY, f64::min));
            at += QUARTER;
        }
        quarters
    }

    /// Returns when a quarter is.
    pub(super) fn window(&self, quarter: usize) -> Interval {
        let start = self.start + QUARTER * i32::try_from(quarter).unwrap_or(i32::MAX);
        Interval { start, end: start + QUARTER }
    }

    /// Returns powers that bring a session its energy in the cheapest quarters of its stay, whoever else is there.
    pub(super) fn cheapest(&self, stay: &Stay) -> Vec<f64> {
        let mut order: Vec<usize> = stay.quarters.clone().collect();
        order.sort_by(|one, other| self.price_per_kwh[*one].total_cmp(&self.price_per_kwh[*other]));
        let mut rest_wh = stay.energy.as_wh();
        let mut powers_w = vec![0.0; stay.quarters.len()];
        for quarter in order {
            let power_w = stay.maximum_w.as_w().min(rest_wh / hours(QUARTER));
            powers_w[quarter - stay.quarters.start] = power_w;
            rest_wh -= power_w * hours(QUARTER);
        }
        powers_w
    }
}

/// A vehicle that is to be given an energy.
pub(super) struct Stay {
    /// Position of its session in the plan.
    pub(super) session: usize,
    /// The quarters in which it is there, be it in part.
    pub(super) quarters: Range<usize>,
    pub(super) energy: Energy,
    maximum_w: Power,
    node: NodeId,
}

impl Stay {
    pub(super) fn of(
        plan: &SitePlan,
        session: usize,
        energy: Energy,
        places: &mut Places,
    ) -> Result<Option<Self>, SiteError> {
        let of = &plan.sessions[session];
        let there = Interval::new(of.arrival.max(plan.window.start), of.departure.min(plan.window.end));
        let (Some(there), Some(evse)) = (there.filter(|_| energy > Energy::ZERO), plan.site.evse(&of.evse_uid)) else {
            return Ok(None);
        };
        let station = Station::new(evse.uid.clone(), evse.wiring()?, Current::ZERO);
        let start = floor_to(plan.window.start, QUARTER);
        let edge = |at: DateTime<Utc>, up: TimeDelta| {
            usize::try_from((at + up - start).num_seconds().div_euclid(QUARTER.num_seconds())).unwrap_or(0)
        };
        let quarters = edge(there.start, TimeDelta::zero())..edge(there.end, QUARTER - TimeDelta::seconds(1));
        let node = places.of_vehicle(&plan.site.evse_node(&evse.uid), of.vehicle.phases_at(station.phase_count()));
        let maximum_w = station.maximum_power(&of.vehicle);
        Ok(Some(Self { session, quarters, energy, maximum_w, node }))
    }
}

/// The site's tree, with an EVSE for each number of phases that vehicles use at it.
pub(super) struct Places {
    site: NodeId,
    nodes: Vec<GridNode>,
    evses: BTreeMap<NodeId, GridNode>,
}

impl Places {
    pub(super) fn of(site: &Site) -> Result<Self, SiteError> {
        let tree = site.tree()?;
        let is_evse = |node: &&GridNode| node.kind == NodeKind::Evse;
        let mut nodes: Vec<GridNode> = tree.nodes().iter().filter(|node| !is_evse(node)).cloned().collect();
        // What the connection carries stands among the limits.
        nodes[0].rating = Rating::default();
        let evses = tree.nodes().iter().filter(is_evse).map(|node| (node.id.clone(), node.clone())).collect();
        Ok(Self { site: site.node(), nodes, evses })
    }

    /// Returns the node of vehicles that use so many phases at an EVSE.
    fn of_vehicle(&mut self, evse: &NodeId, phases: u8) -> NodeId {
        let id = NodeId::new(format!("{evse}#{phases}"));
        if let Some(found) = self.evses.get(evse)
            && !self.nodes.iter().any(|node| node.id == id)
        {
            let mut node = GridNode { id: id.clone(), rating: Rating::default(), ..found.clone() };
            if let Some(wiring) = &mut node.wiring {
                wiring.phases.truncate(usize::from(phases));
            }
            self.nodes.push(node);
        }
        id
    }
}

/// Plans a stretch; returns a power in W for each quarter of each stay, and whether nothing is better.
pub(super) fn planned(
    plan: &SitePlan,
    places: &Places,
    quarters: &Quarters,
    stretch: Range<usize>,
    stays: &[&Stay],
) -> Result<(Vec<Vec<f64>>, bool), SimulateError> {
    if stays.is_empty() {
        return Ok((Vec::new(), true));
    }
    let snapshot = snapshot(plan, places, quarters, stretch.clone(), stays)?;
    snapshot.check()?;
    let schedule = step(&snapshot);
    let power = |(plan, stay): (&headroom_domain::schedule::SessionPlan, &&Stay)| {
        stay.quarters.clone().map(|quarter| plan.power_w[quarter - stretch.start].as_w()).collect()
    };
    let powers = schedule.sessions.iter().zip(stays).map(power).collect();
    Ok((powers, schedule.status == PlanStatus::Optimal))
}

fn snapshot(
    plan: &SitePlan,
    places: &Places,
    quarters: &Quarters,
    stretch: Range<usize>,
    stays: &[&Stay],
) -> Result<Snapshot, SiteError> {
    let start = quarters.window(stretch.start).start;
    let grid = TimeGrid::uniform(start, QUARTER, stretch.len());
    let tree = GridTree::new(places.nodes.clone())?;
    let prices =
        quarters.price_per_kwh[stretch.clone()].iter().map(|price| EnergyPrice::from_per_kwh(*price)).collect();
    let base_w: Vec<Power> = quarters.base_w[stretch.clone()].iter().map(|power| Power::from_w(*power)).collect();
    let limit = |quarter: usize| {
        let limit = Power::from_w(quarters.base_w[quarter] + quarters.room_w[quarter]?);
        let maximum_import_w = Some((limit, Basis::ConnectionCapacity));
        Some(EffectiveInterval { interval: quarters.window(quarter), maximum_import_w, maximum_export_w: None })
    };
    let session = |stay: &&Stay| {
        let id = SessionId::new(format!("{:06}", stay.session));
        let there = Interval {
            start: quarters.window(stay.quarters.start).start,
            end: quarters.window(stay.quarters.end - 1).end,
        };
        SessionState::new(id, stay.node.clone(), there, stay.energy, stay.maximum_w)
    };
    Ok(Snapshot {
        limits: vec![NodeLimits { node: places.site.clone(), effective: stretch.clone().filter_map(limit).collect() }],
        base_load: vec![NodeBaseLoad {
            node: places.site.clone(),
            guard_w: base_w.clone(),
            expected_w: base_w,
            least_w: Vec::new(),
        }],
        demand_charge: plan.site.demand_charge(Power::ZERO),
        sessions: stays.iter().map(session).collect(),
        settings: Settings { deadline_s: DEADLINE_S, minimum_current_within_s: 0, ..Settings::default() },
        ..Snapshot::new(start, grid, tree, prices)
    })
}
