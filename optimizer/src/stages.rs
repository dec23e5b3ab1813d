//! The goals in order. Each stage keeps exactly what the one before reached; no weight trades one goal for another.

use crate::flow;
use crate::model::Model;
use crate::problem::{Powers, Problem};
use crate::solve::{LinearProgramme, Solved, Unsolved, solve};
use crate::storage::StoragePlan;

pub(crate) mod cost;
pub(crate) mod need;
pub(crate) mod preference;

/// A plan of the stages.
#[derive(Debug)]
pub(crate) struct Staged {
    pub(crate) powers: Powers,
    /// Whether every stage was solved to its end.
    pub(crate) optimal: bool,
    /// The highest power at the root that the plan pays for, in W.
    pub(crate) peak_w: Option<f64>,
    /// What is planned beside charging.
    pub(crate) storage: StoragePlan,
}

/// Slack in kWh that keeps a stage solvable beside the rounding of the one before.
pub(crate) const SLACK_KWH: f64 = 1e-6;
/// The same where rounding adds up.
const WIDE_SLACK_KWH: f64 = 1e-3;
/// By how much, in parts of itself, a cost may grow where nothing narrower is left.
const HAIR: f64 = 1e-6;
/// Slopes and prices below this are none.
const FLAT: f64 = 1e-9;

/// The most programmes that one plan solves; each gets its part of the deadline.
pub(crate) const SOLVES: f64 = need::ROUNDS as f64 + 10.0;

/// Plans a problem: limits, then need, then cost, then preference.
///
/// `all_needs_fit` is given when a plan is already known that meets every need that the stay and the limits allow. A flow
/// starts from where an earlier one ended, and keeps where it ends.
pub(crate) fn plan(
    problem: &Problem<'_>,
    all_needs_fit: bool,
    basis: &mut Option<flow::Basis>,
) -> Result<Staged, Unsolved> {
    if all_needs_fit
        && problem.is_plain()
        && let Some(flow) = flow::plan(problem, basis.as_ref())
    {
        *basis = Some(flow.basis);
        let storage = StoragePlan::default();
        return Ok(Staged { powers: flow.powers, optimal: true, peak_w: flow.peak_w, storage });
    }
    by_programmes(problem, all_needs_fit)
}

/// Plans by a linear programme for each goal: everything that a problem can hold.
pub(crate) fn by_programmes(problem: &Problem<'_>, all_needs_fit: bool) -> Result<Staged, Unsolved> {
    let limit_s = problem.snapshot.settings.deadline_s / SOLVES;
    let (model, short_kwh) = feasible(problem, all_needs_fit, limit_s)?;
    let (cost, solved) = cheapest(problem, model, &short_kwh, limit_s)?;
    let peak_w = cost.peak.map(|column| solved.values[column] * 1000.0);
    let staged = |solved: &Solved, optimal: bool| {
        let mut powers = cost.model.powers(problem, &solved.values);
        let mut storage = cost.model.storage_plan(problem, &solved.values);
        Model::net_sessions(problem, &mut powers, &mut storage);
        Staged { powers, optimal, peak_w, storage }
    };
    if !solved.optimal {
        return Ok(staged(&solved, false));
    }
    let prefer = |face: LinearProgramme| solve(&preference::programme(problem, &cost.model, face), limit_s);
    let programme = &cost.model.programme;
    // Exactly as good is a narrow place, and rounding can close it: then a bound on the cost has more room.
    let preferred = prefer(face(programme, &solved, 0.0))
        .or_else(|_| prefer(face(programme, &solved, SLACK_KWH)))
        .or_else(|_| prefer(bounded(programme, &solved)));
    match preferred {
        Ok(preferred) => Ok(staged(&preferred, preferred.optimal)),
        Err(_) => Ok(staged(&solved, false)),
    }
}

/// Plans the third goal, cost, on what the first two left.
pub(crate) fn cheapest(
    problem: &Problem<'_>,
    model: Model,
    short_kwh: &[f64],
    limit_s: f64,
) -> Result<(cost::Stage, Solved), Unsolved> {
    let with = |model: Model, slack_kwh: f64| {
        let cost = cost::Stage::new(problem, model, short_kwh, slack_kwh);
        solve(&cost.model.programme, limit_s).map(|solved| (cost, solved))
    };
    // The state of a battery is a long chain of rows, each with its rounding: then a little more slack is needed.
    with(model.clone(), SLACK_KWH).or_else(|_| with(model, WIDE_SLACK_KWH))
}

/// Plans the first two goals; returns the model and what each session misses, in kWh.
pub(crate) fn feasible(
    problem: &Problem<'_>,
    all_needs_fit: bool,
    limit_s: f64,
) -> Result<(Model, Vec<f64>), Unsolved> {
    // Limits are kept by construction: what nobody steers is taken off the room beforehand, the rest are hard rows.
    let mut model = Model::new(problem);
    let can_mend = model.least_breach(limit_s)?;
    let short_kwh = need::shortfalls(problem, &model, all_needs_fit && !can_mend, limit_s)?;
    Ok((model, short_kwh))
}

impl Model {
    /// First goal, where batteries or generation can do something about it: passes limits by as little as must be.
    ///
    /// Returns whether there was anything to do.
    fn least_breach(&mut self, limit_s: f64) -> Result<bool, Unsolved> {
        if self.storage.breaches.is_empty() {
            return Ok(false);
        }
        let mut programme = self.programme.clone();
        for (column, hours) in &self.storage.breaches {
            programme.columns[*column].cost = *hours;
        }
        let solved = solve(&programme, limit_s)?;
        for (column, _) in &self.storage.breaches {
            let own = &mut self.programme.columns[*column];
            own.upper = (solved.values[*column].max(0.0) + SLACK_KWH).min(own.upper);
        }
        Ok(true)
    }
}

/// Returns the programme of all solutions that cost no more than the one given, but for a hair.
fn bounded(programme: &LinearProgramme, solved: &Solved) -> LinearProgramme {
    let mut bounded = programme.clone();
    let costs = bounded.columns.iter_mut().enumerate();
    let entries: Vec<_> = costs.map(|(index, column)| (index, std::mem::take(&mut column.cost))).collect();
    let best: f64 = entries.iter().map(|(index, cost)| cost * solved.values[*index]).sum();
    let entries = entries.into_iter().filter(|(_, cost)| *cost != 0.0).collect();
    bounded.at_most(best + HAIR * best.abs().max(1.0), entries);
    bounded
}

/// Returns the programme of all solutions that are as good as the one given.
///
/// By complementary slackness these are the ones that keep every column with a slope at its value and every row with a
/// price at its bound, but for a slack. So the next stage gives away nothing, and it is smaller than the one before.
fn face(programme: &LinearProgramme, solved: &Solved, slack: f64) -> LinearProgramme {
    let mut face = programme.clone();
    for (index, column) in face.columns.iter_mut().enumerate() {
        column.cost = 0.0;
        if solved.slopes[index].abs() > FLAT {
            let value = solved.values[index].clamp(column.lower, column.upper);
            (column.lower, column.upper) = ((value - slack).max(column.lower), (value + slack).min(column.upper));
        }
    }
    for (index, row) in face.rows.iter_mut().enumerate() {
        if solved.prices[index].abs() > FLAT {
            let bound = if row.upper.is_finite() { row.upper } else { row.lower };
            (row.lower, row.upper) = ((bound - slack).max(row.lower), (bound + slack).min(row.upper));
        }
    }
    face
}
