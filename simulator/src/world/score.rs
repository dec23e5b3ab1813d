//! What a day came to, and what it would have come to without steering.

use super::{Arc, DateTime, Deserialize, Serialize, SiteError, SitePlan, Utc, World};

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
    /// Cost of the energy delivered.
    pub cost: f64,
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
    let missing = |outcome: &SessionOutcome| (outcome.needed_kwh - outcome.delivered_kwh).max(0.0);
    let (steered, base) = (world.meter().steered_violation(), world.meter().base_violation());
    let cost_uncontrolled = (0..plan.sessions.len()).map(|index| twin.cost_of(index)).sum();
    let score = Score {
        sessions: outcomes.len(),
        energy_asked_kwh: total(|outcome| outcome.asked_kwh),
        energy_needed_kwh: total(|outcome| outcome.needed_kwh),
        energy_delivered_kwh: total(|outcome| outcome.delivered_kwh),
        shortfall_kwh: outcomes.iter().map(missing).sum(),
        shortfall_left_early_kwh: outcomes.iter().filter(|outcome| outcome.left_early).map(missing).sum(),
        cost: total(|outcome| outcome.cost),
        cost_uncontrolled,
        peak_kw: world.meter().peak().as_kw(),
        peak_uncontrolled_kw: twin.meter().peak().as_kw(),
        violation_s: steered.violation_s,
        violation_kwh: steered.violation_kwh,
        base_load_violation_s: base.violation_s,
        base_load_violation_kwh: base.violation_kwh,
        circuit_violation_s: world.meter().circuit_violation_s(),
        violation_uncontrolled_s: twin.meter().steered_violation().violation_s,
        currency: plan.prices.currency.clone(),
    };
    (score, outcomes)
}
