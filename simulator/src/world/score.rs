//! What a day came to, and what it would have come to without steering.

use std::collections::BTreeMap;

use headroom_domain::units::hours;

use super::{
    Arc, DateTime, Deserialize, Interval, NodeOverload, Serialize, Site, SiteError, SitePlan, Utc, World, key,
    month_peaks,
};

/// A session that misses more than this of what it needed is short. **Units**: kWh.
const SHORT_KWH: f64 = 0.1;

/// What one session came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionOutcome {
    /// Its id in the CPO's platform.
    pub id: String,
    /// Where.
    pub evse_uid: String,
    /// When its vehicle came.
    pub arrival: DateTime<Utc>,
    /// When it left.
    pub departure: DateTime<Utc>,
    /// What its driver asked for.
    pub asked_kwh: f64,
    /// What of it physics allows: what the vehicle would have taken at full power over its stay.
    pub needed_kwh: f64,
    /// What it got.
    pub delivered_kwh: f64,
    /// What that cost.
    pub cost: f64,
    /// Whether the driver left before the time that was stated.
    pub left_early: bool,
}

/// What the sessions below a place came to. **Shape**: beside [`NodeOverload`], in the same order.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct NodeScore {
    /// The connection point or a circuit.
    pub node: String,
    /// How many sessions.
    pub sessions: usize,
    /// Energy needed, as far as physics allows.
    pub needed_kwh: f64,
    /// Energy delivered.
    pub delivered_kwh: f64,
    /// Needed energy that was not delivered.
    pub shortfall_kwh: f64,
    /// Sessions that miss more than 0.1 kWh of what they needed.
    pub sessions_short: usize,
    /// Cost of the energy.
    pub cost: f64,
}

/// What a day came to. Money is for the vehicles' energy alone: the base load costs the same whoever steers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// How many sessions.
    pub sessions: usize,
    /// What drivers asked for.
    pub energy_asked_kwh: f64,
    /// What of it physics allows.
    pub energy_needed_kwh: f64,
    /// What they got.
    pub energy_delivered_kwh: f64,
    /// Needed energy that was not delivered, each session by itself.
    pub shortfall_kwh: f64,
    /// What of that fell on drivers who left before the time they had stated.
    pub shortfall_left_early_kwh: f64,
    /// Sessions that miss more than 0.1 kWh of what they needed.
    #[serde(default)]
    pub sessions_short: usize,
    /// Cost of the energy delivered.
    pub cost: f64,
    /// What the highest quarter hour of each month costs more than that of the base load alone.
    #[serde(default)]
    pub demand_charge_cost: f64,
    /// The same when every vehicle charges at its most on arrival.
    #[serde(default)]
    pub demand_charge_cost_uncontrolled: f64,
    /// Carbon of the energy delivered, where the carbon of the grid is known. **Units**: kg.
    #[serde(default)]
    pub carbon_kg: Option<f64>,
    /// By how much energy and demand charge cost more than they would at best for the same energy of every session, had
    /// all been known; absent: not asked.
    #[serde(default)]
    pub regret: Option<f64>,
    /// Cost of the energy when every vehicle charges at its most on arrival.
    pub cost_uncontrolled: f64,
    /// Highest power of the site.
    pub peak_kw: f64,
    /// Highest power of the site when nobody steers.
    pub peak_uncontrolled_kw: f64,
    /// Time in which steered sessions broke the limit.
    pub violation_s: f64,
    /// Energy by which they did.
    pub violation_kwh: f64,
    /// Time in which the base load alone broke it.
    pub base_load_violation_s: f64,
    /// Energy by which it did.
    pub base_load_violation_kwh: f64,
    /// Time in which a circuit carried more than it may.
    pub circuit_violation_s: f64,
    /// Time in which the limit would have been broken when nobody steers.
    pub violation_uncontrolled_s: f64,
    /// What was too much at the connection point and at each circuit.
    #[serde(default)]
    pub overloads: Vec<NodeOverload>,
    /// What sessions came to at the connection point and at each circuit.
    #[serde(default)]
    pub nodes: Vec<NodeScore>,
    /// The greatest difference of the vehicles' currents on two phases of the connection point. **Units**: A.
    #[serde(default)]
    pub unbalance_a: f64,
    /// Profiles sent per session.
    #[serde(default)]
    pub profiles_per_session: f64,
    /// ISO 4217.
    pub currency: String,
}

/// Runs the twin in which nobody steers, over the whole plan.
pub fn twin(plan: &Arc<SitePlan>) -> Result<World, SiteError> {
    let mut twin = World::uncontrolled(plan.clone())?;
    twin.advance(plan.window.end);
    Ok(twin)
}

/// Returns what a world came to so far, session by session and together, beside the twin in which nobody steers.
pub fn score(world: &World, twin: &World) -> (Score, Vec<SessionOutcome>) {
    let plan = world.plan();
    let outcome = |(index, session): (usize, &super::SessionPlan)| {
        let stated = session.preference.as_ref().and_then(|preference| preference.departure);
        SessionOutcome {
            id: session.id.clone(),
            evse_uid: session.evse_uid.clone(),
            arrival: session.arrival,
            departure: session.departure,
            asked_kwh: session.needed_wh.as_kwh(),
            needed_kwh: session.needed_wh.min(twin.energy_of(index)).as_kwh(),
            delivered_kwh: world.energy_of(index).as_kwh(),
            cost: world.cost_of(index),
            left_early: stated.is_some_and(|stated| session.departure < stated),
        }
    };
    let outcomes: Vec<_> = plan.sessions.iter().enumerate().map(outcome).collect();
    let total = |value: fn(&SessionOutcome) -> f64| outcomes.iter().map(value).sum::<f64>();
    let missing = SessionOutcome::missing_kwh;
    let (steered, base) = (world.meter().steered_violation(), world.meter().base_violation());
    let cost_uncontrolled = (0..plan.sessions.len()).map(|index| twin.cost_of(index)).sum();
    let score = Score {
        sessions: outcomes.len(),
        energy_asked_kwh: total(|outcome| outcome.asked_kwh),
        energy_needed_kwh: total(|outcome| outcome.needed_kwh),
        energy_delivered_kwh: total(|outcome| outcome.delivered_kwh),
        shortfall_kwh: outcomes.iter().map(missing).sum(),
        shortfall_left_early_kwh: outcomes.iter().filter(|outcome| outcome.left_early).map(missing).sum(),
        sessions_short: outcomes.iter().filter(|outcome| missing(outcome) > SHORT_KWH).count(),
        cost: total(|outcome| outcome.cost),
        demand_charge_cost: demand_charge_cost(world),
        demand_charge_cost_uncontrolled: demand_charge_cost(twin),
        carbon_kg: carbon_kg(world),
        regret: None,
        cost_uncontrolled,
        peak_kw: world.meter().peak().as_kw(),
        peak_uncontrolled_kw: twin.meter().peak().as_kw(),
        violation_s: steered.violation_s,
        violation_kwh: steered.violation_kwh,
        base_load_violation_s: base.violation_s,
        base_load_violation_kwh: base.violation_kwh,
        circuit_violation_s: world.circuit_violation_s(),
        violation_uncontrolled_s: twin.meter().steered_violation().violation_s,
        overloads: world.overloads(),
        nodes: by_node(&plan.site, &outcomes),
        unbalance_a: world.unbalance_a(),
        profiles_per_session: world.profiles_sent() as f64 / outcomes.len().max(1) as f64,
        currency: plan.prices.currency.clone(),
    };
    (score, outcomes)
}

impl SessionOutcome {
    fn missing_kwh(&self) -> f64 {
        (self.needed_kwh - self.delivered_kwh).max(0.0)
    }
}

/// Adds up sessions at the connection point and at every circuit above their EVSEs.
fn by_node(site: &Site, outcomes: &[SessionOutcome]) -> Vec<NodeScore> {
    let named = |node: String| NodeScore { node, ..NodeScore::default() };
    let circuits = site.circuits.iter().map(|circuit| named(site.circuit_node(&circuit.id).to_string()));
    let mut nodes: Vec<NodeScore> = std::iter::once(named(site.node().to_string())).chain(circuits).collect();
    let position: BTreeMap<&str, usize> =
        site.circuits.iter().zip(1..).map(|(circuit, at)| (circuit.id.as_str(), at)).collect();
    let circuit_of: BTreeMap<String, Option<&str>> =
        site.evses.iter().map(|evse| (key(&evse.uid), evse.circuit.as_deref())).collect();
    for outcome in outcomes {
        let mut above = vec![0];
        let mut circuit = circuit_of.get(&key(&outcome.evse_uid)).copied().flatten();
        while let Some(at) = circuit.and_then(|id| position.get(id)) {
            above.push(*at);
            circuit = site.circuits[at - 1].parent.as_deref();
        }
        for at in above {
            let node = &mut nodes[at];
            node.sessions += 1;
            node.needed_kwh += outcome.needed_kwh;
            node.delivered_kwh += outcome.delivered_kwh;
            node.shortfall_kwh += outcome.missing_kwh();
            node.sessions_short += usize::from(outcome.missing_kwh() > SHORT_KWH);
            node.cost += outcome.cost;
        }
    }
    nodes
}

/// Returns what vehicles add to the demand charge of every month.
pub(crate) fn demand_charge_cost(world: &World) -> f64 {
    let site = &world.plan().site;
    let Some(price_per_kw) = site.demand_charge_per_kw else { return 0.0 };
    let peaks = month_peaks(world.meter().trace(), site.time_zone);
    peaks.values().map(|peak| price_per_kw * peak.added().as_kw()).sum()
}

fn carbon_kg(world: &World) -> Option<f64> {
    let carbon = world.plan().carbon.as_ref()?;
    let (edges, values) = (carbon.grid().edges(), carbon.values());
    let mut sum_g = 0.0;
    for step in world.meter().trace() {
        let mut start = step.start;
        while start < step.end {
            let next = edges.partition_point(|edge| *edge <= start);
            let piece = Interval { start, end: edges.get(next).map_or(step.end, |edge| step.end.min(*edge)) };
            // Outside of what is known, the nearest value.
            let intensity = values[next.saturating_sub(1).min(values.len() - 1)];
            sum_g += step.steered_w.as_kw() * hours(piece.duration()) * intensity.as_g_per_kwh();
            start = piece.end;
        }
    }
    Some(sum_g / 1000.0)
}
