//! The goals in order. Each stage keeps exactly what the one before reached; no weight trades one goal for another.

use crate::flow;
use crate::model::Model;
use crate::problem::{Powers, Problem};
use crate::solve::{LinearProgramme, Solved, Unsolved, solve};

pub(crate) mod cost;
mod need;
pub(crate) mod preference;

/// A plan of the stages.
#[derive(Debug)]
pub(crate) struct Staged {
    pub(crate) powers: Powers,
    /// Whether every stage was solved to its end.
    pub(crate) optimal: bool,
    /// The highest power at the root that the plan pays for, in W.
    pub(crate) peak_w: Option<f64>,
}

/// Slack in kWh that keeps a stage solvable beside the rounding of the one before.
const SLACK_KWH: f64 = 1e-6;
/// Slopes and prices below this are none.
const FLAT: f64 = 1e-9;

/// The most programmes that one plan solves; each gets its part of the deadline.
const SOLVES: f64 = need::ROUNDS as f64 + 4.0;

/// Plans a problem: limits, then need, then cost, then preference.
///
/// `all_needs_fit` is given when a plan is already known that meets every need that the stay and the limits allow. A flow
/// starts from where an earlier one ended, and keeps where it ends.
pub(crate) fn plan(
    problem: &Problem<'_>,
    all_needs_fit: bool,
    basis: &mut Option<flow::Basis>,
) -> Result<Staged, Unsolved> {
    if all_needs_fit && let Some(flow) = flow::plan(problem, basis.as_ref()) {
        *basis = Some(flow.basis);
        return Ok(Staged { powers: flow.powers, optimal: true, peak_w: flow.peak_w });
    }
    by_programmes(problem, all_needs_fit)
}

/// Plans by a linear programme for each goal: everything that a problem can hold.
pub(crate) fn by_programmes(problem: &Problem<'_>, all_needs_fit: bool) -> Result<Staged, Unsolved> {
    let limit_s = problem.snapshot.settings.deadline_s / SOLVES;
    // Limits are kept by construction: what nobody steers is taken off the room beforehand, the rest are hard rows.
    let model = Model::new(problem);
    let short_kwh = need::shortfalls(problem, &model, all_needs_fit, limit_s)?;
    let cost = cost::Stage::new(problem, model, &short_kwh);
    let solved = solve(&cost.model.programme, limit_s)?;
    let peak_w = cost.peak.map(|column| solved.values[column] * 1000.0);
    let cheapest = cost.model.powers(problem, &solved.values);
    if !solved.optimal {
        return Ok(Staged { powers: cheapest, optimal: false, peak_w });
    }
    let prefer = |slack: f64| {
        solve(&preference::programme(problem, &cost.model, face(&cost.model.programme, &solved, slack)), limit_s)
    };
    // Exactly as good is a narrow place: rounding can close it.
    match prefer(0.0).or_else(|_| prefer(SLACK_KWH)) {
        Ok(preferred) => {
            let powers = cost.model.powers(problem, &preferred.values);
            Ok(Staged { powers, optimal: preferred.optimal, peak_w })
        }
        Err(_) => Ok(Staged { powers: cheapest, optimal: false, peak_w }),
    }
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
