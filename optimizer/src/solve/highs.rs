//! `HiGHS`.

use good_lp::ResolutionError;
use good_lp::solvers::highs::{HighsPresolveType, HighsProblem, HighsSolverType, highs};

use super::{LinearProgramme, Solved, ask};

/// How near the best a programme of whole numbers is solved, in parts of it.
const WHOLE_GAP: f64 = 1e-4;

/// A way to a solution, from a corner to the best corner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Through the interior, then to a corner.
    Interior,
    /// From corner to corner.
    Simplex,
    /// The same after making the programme smaller: slower, but in narrow places it does not lose its way.
    Presolved,
}

/// The part of the time that the way through the interior gets. Seldom does it end beside the best, mostly in small areas.
const INTERIOR: f64 = 0.75;

/// Solves a programme, with the next way where one ends nowhere.
pub(super) fn solve(programme: &LinearProgramme, mut time_limit_s: f64) -> Result<Solved, ResolutionError> {
    if programme.many_alike {
        match run(programme, INTERIOR * time_limit_s, Way::Interior) {
            Ok(solved) if solved.optimal => return Ok(solved),
            _ => time_limit_s *= 1.0 - INTERIOR,
        }
    }
    match run(programme, time_limit_s, Way::Simplex) {
        Err(ResolutionError::Other(_) | ResolutionError::Str(_)) => run(programme, time_limit_s, Way::Presolved),
        solved => solved,
    }
}

fn run(programme: &LinearProgramme, time_limit_s: f64, way: Way) -> Result<Solved, ResolutionError> {
    let presolve = if way == Way::Presolved { HighsPresolveType::On } else { HighsPresolveType::Off };
    let solver = if way == Way::Interior { HighsSolverType::Ipm } else { HighsSolverType::Choose };
    // HiGHS's thread pool belongs to the whole process: one thread keeps planning one area from stalling another.
    let settings = |model: HighsProblem| {
        let model = model.set_threads(1).set_time_limit(time_limit_s).set_presolve(presolve).set_solver(solver);
        model.set_option("mip_rel_gap", WHOLE_GAP)
    };
    ask(programme, highs, settings)
}
