//! What limits cost: for every place and step, by how much a little more room would lower the cost or the need missed.

use headroom_domain::limit::Basis;
use headroom_domain::schedule::Schedule;
use headroom_domain::{EnergyPrice, NodeId, Ratio, SessionId};
use serde::{Deserialize, Serialize};

use crate::problem::Problem;
use crate::rolling;
use crate::rows::Measure;
use crate::snapshot::{Snapshot, SnapshotError};
use crate::stages::{self, SOLVES};

/// Prices below this are none: the solver's noise.
const NOTHING: f64 = 1e-7;

/// A plan with what its limits cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Explained {
    /// The plan; each step of each session that gets less than it could has its reason.
    pub schedule: Schedule,
    /// The limits that cost something, by step.
    pub binding: Vec<Binding>,
    /// What they cost each session that they touch.
    pub sessions: Vec<SessionPrice>,
}

/// A limit that costs something in a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Binding {
    /// Which step.
    pub step: usize,
    /// Where.
    pub node: NodeId,
    /// What it limits.
    pub measure: Limited,
    /// Whose limit it is.
    pub basis: Basis,
    /// What a kWh more of room in this step would save.
    pub price: EnergyPrice,
    /// How much of a kWh more of room would go to needs that are missed.
    pub need: Ratio,
}

/// What a limit is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limited {
    /// All power towards the vehicles.
    Import,
    /// The current of a phase.
    Phase,
    /// The current of a line that carries several phases at angles.
    Line,
}

/// What limits cost a session in a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionPrice {
    /// Which session.
    pub session: SessionId,
    /// Which step.
    pub step: usize,
    /// The limit that costs it most.
    pub node: NodeId,
    /// What a kWh more in this step would save others, all limits above it together.
    pub price: EnergyPrice,
    /// How much of a kWh more here would be missed by others' needs.
    pub need: Ratio,
}

/// What rows cost: (row, step, money per kWh, need per kWh).
type Prices = Vec<(usize, usize, f64, f64)>;

/// Plans a snapshot and says what its limits cost.
///
/// **Errors**: the first field of the snapshot that breaks a rule.
pub fn explain(snapshot: &Snapshot) -> Result<Explained, SnapshotError> {
    snapshot.check()?;
    let schedule = rolling::step(snapshot);
    // The room that the plan had: what it kept for arrivals costs nothing here.
    let (problem, _) = rolling::with_room_for_arrivals(snapshot);
    // Without an answer in time there is a plan, but nothing to say of its prices.
    let prices = prices(&problem).unwrap_or_default();
    let binding = prices.iter().filter_map(|price| binding(&problem, *price)).collect();
    let sessions = snapshot.sessions.iter().enumerate().flat_map(|(at, _)| session_prices(&problem, at, &prices));
    Ok(Explained { binding, sessions: sessions.collect(), schedule })
}

fn prices(problem: &Problem<'_>) -> Option<Prices> {
    let limit_s = problem.snapshot.settings.deadline_s / SOLVES;
    let (model, short_kwh) = stages::feasible(problem, false, limit_s).ok()?;
    let worth = stages::need::worth(problem, &model, limit_s).ok()?;
    // Both have the rows of limits in the same places.
    let (stage, solved) = stages::cheapest(problem, model, &short_kwh, limit_s).ok()?;
    let price = |&(at, row, step): &(usize, usize, usize)| {
        let hours = problem.hours(step);
        let [money, need] = [-solved.prices[at], worth[at]].map(|price| if hours > 0.0 { price / hours } else { 0.0 });
        (money > NOTHING || need > NOTHING).then_some((row, step, money.max(0.0), need.max(0.0)))
    };
    Some(stage.model.limits.iter().filter_map(price).collect())
}

fn binding(problem: &Problem<'_>, (row, step, price, need): (usize, usize, f64, f64)) -> Option<Binding> {
    let own = problem.rows.all()[row];
    let (_, basis) = problem.rows.limit(row, problem.windows[step]?);
    let measure = match own.measure {
        Measure::Import => Limited::Import,
        Measure::Phase(_) => Limited::Phase,
        Measure::Line => Limited::Line,
    };
    let node = problem.snapshot.tree.nodes()[own.node].id.clone();
    let price = EnergyPrice::from_per_kwh(price);
    Some(Binding { step, node, measure, basis, price, need: Ratio::from_ratio(need) })
}

fn session_prices(problem: &Problem<'_>, session: usize, prices: &Prices) -> Vec<SessionPrice> {
    let stay = &problem.stays[session];
    let of_step = |step: usize| {
        let (mut money, mut missed, mut dearest) = (0.0, 0.0, None::<(f64, usize)>);
        for (row, _, price, need) in prices.iter().filter(|(_, at, ..)| *at == step) {
            let Some((_, weight)) = problem.rows.of(session).iter().find(|(own, _)| own == row) else { continue };
            money += weight * price;
            missed += weight * need;
            let heavy = weight * (price + need);
            if dearest.is_none_or(|(most, _)| heavy > most) {
                dearest = Some((heavy, *row));
            }
        }
        dearest.map(|(_, row)| SessionPrice {
            session: problem.snapshot.sessions[session].id.clone(),
            step,
            node: problem.snapshot.tree.nodes()[problem.rows.all()[row].node].id.clone(),
            price: EnergyPrice::from_per_kwh(money),
            need: Ratio::from_ratio(missed),
        })
    };
    stay.steps.clone().filter_map(of_step).collect()
}
