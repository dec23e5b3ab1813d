//! Clarabel: an interior point in Rust alone.

use good_lp::ResolutionError;
use good_lp::solvers::clarabel::{ClarabelProblem, clarabel};

use super::{LinearProgramme, Solved, ask};

/// Slopes and prices below this are noise: the way through the interior ends beside the best solution, not in it.
const NOISE: f64 = 1e-6;

/// Solves a programme without whole numbers.
pub(super) fn solve(programme: &LinearProgramme, time_limit_s: f64) -> Result<Solved, ResolutionError> {
    if !programme.whole.is_empty() {
        return Err(ResolutionError::Other("whole numbers need the solver HiGHS (feature `highs`)"));
    }
    let settings = |mut model: ClarabelProblem| {
        model.settings().time_limit(time_limit_s);
        model
    };
    let mut solved = ask(programme, clarabel, settings)?;
    for value in solved.slopes.iter_mut().chain(&mut solved.prices).filter(|value| value.abs() < NOISE) {
        *value = 0.0;
    }
    for (value, column) in solved.values.iter_mut().zip(&programme.columns) {
        *value = value.clamp(column.lower, column.upper);
    }
    Ok(solved)
}
