//! A linear programme through `good_lp` to a solver, and what came of it. Nothing else knows the solvers.
//!
//! It is `HiGHS`; where there is no C++ compiler, Clarabel (feature `clarabel` without `highs`), which is slower and ends
//! near a corner instead of in one.

use good_lp::variable::UnsolvedProblem;
use good_lp::{
    Constraint, DualValues, Expression, ProblemVariables, ResolutionError, Solution, SolutionStatus, SolutionWithDual,
    SolverModel, Variable, variable,
};

#[cfg(all(feature = "clarabel", not(feature = "highs")))]
mod clarabel;
#[cfg(feature = "highs")]
mod highs;

#[cfg(not(any(feature = "highs", feature = "clarabel")))]
compile_error!("the optimizer needs a solver: enable the feature `highs` or, without a C++ compiler, `clarabel`");

#[cfg(not(feature = "highs"))]
use clarabel as solver;
#[cfg(feature = "highs")]
use highs as solver;

/// A linear programme: minimise `sum cost * x` over columns `lower <= x <= upper` and rows `lower <= sum a x <= upper`.
#[derive(Debug, Clone, Default)]
pub(crate) struct LinearProgramme {
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<LinearRow>,
    /// Columns that are whole numbers. A programme with some has neither slopes nor prices.
    pub(crate) whole: Vec<usize>,
    /// Whether many rows bind nearly alike: then the way to the best corner is shorter through the interior.
    #[cfg_attr(not(feature = "highs"), expect(dead_code, reason = "Clarabel always does"))]
    pub(crate) many_alike: bool,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    pub(crate) cost: f64,
    pub(crate) lower: f64,
    pub(crate) upper: f64,
}

/// **Shape**: at least one of the bounds is finite.
#[derive(Debug, Clone)]
pub(crate) struct LinearRow {
    pub(crate) lower: f64,
    pub(crate) upper: f64,
    pub(crate) entries: Vec<(usize, f64)>,
}

impl LinearProgramme {
    /// Adds a column and returns its index.
    pub(crate) fn column(&mut self, cost: f64, lower: f64, upper: f64) -> usize {
        self.columns.push(Column { cost, lower, upper });
        self.columns.len() - 1
    }

    /// Adds a row `sum <= upper` and returns its index.
    pub(crate) fn at_most(&mut self, upper: f64, entries: Vec<(usize, f64)>) -> usize {
        self.rows.push(LinearRow { lower: f64::NEG_INFINITY, upper, entries });
        self.rows.len() - 1
    }

    /// Adds a row `sum = value` and returns its index.
    pub(crate) fn equal(&mut self, value: f64, entries: Vec<(usize, f64)>) -> usize {
        self.rows.push(LinearRow { lower: value, upper: value, entries });
        self.rows.len() - 1
    }

    /// Adds a row `sum >= lower` and returns its index.
    pub(crate) fn at_least(&mut self, lower: f64, entries: Vec<(usize, f64)>) -> usize {
        self.rows.push(LinearRow { lower, upper: f64::INFINITY, entries });
        self.rows.len() - 1
    }

    /// Returns the slope of each column: its cost less what its rows are worth.
    fn slopes(&self, prices: &[f64]) -> Vec<f64> {
        let mut slopes: Vec<f64> = self.columns.iter().map(|column| column.cost).collect();
        for (row, price) in self.rows.iter().zip(prices).filter(|(_, price)| **price != 0.0) {
            for &(column, factor) in &row.entries {
                slopes[column] -= price * factor;
            }
        }
        slopes
    }
}

/// A solution. **Shape**: values and slopes belong to columns, prices to rows.
#[derive(Debug)]
pub(crate) struct Solved {
    /// Whether nothing is better; otherwise the solver ran out of time.
    pub(crate) optimal: bool,
    pub(crate) values: Vec<f64>,
    /// By how much the objective grows with each column (its reduced cost).
    pub(crate) slopes: Vec<f64>,
    /// By how much the objective grows with the bound of each row (its dual).
    pub(crate) prices: Vec<f64>,
}

/// The solver had no answer: the programme has none, or its time ran out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the solver gave no answer: {0}")]
pub(crate) struct Unsolved(String);

/// Solves a programme on one thread within a time.
pub(crate) fn solve(programme: &LinearProgramme, time_limit_s: f64) -> Result<Solved, Unsolved> {
    if programme.columns.is_empty() {
        // HiGHS calls a programme without columns an error.
        return Ok(Solved { optimal: true, values: vec![], slopes: vec![], prices: vec![0.0; programme.rows.len()] });
    }
    solver::solve(programme, time_limit_s).map_err(|error| Unsolved(error.to_string()))
}

/// Puts a programme in `good_lp`'s words for a solver, and reads what it says.
fn ask<M: SolverModel<Error = ResolutionError>>(
    programme: &LinearProgramme,
    solver: impl Fn(UnsolvedProblem) -> M,
    settings: impl FnOnce(M) -> M,
) -> Result<Solved, ResolutionError>
where
    for<'a> M::Solution: SolutionWithDual<'a>,
{
    let mut columns = ProblemVariables::new();
    let handle = |(at, column): (usize, &Column)| {
        let own = variable().clamp(column.lower, column.upper);
        columns.add(if programme.whole.contains(&at) { own.integer() } else { own })
    };
    let handles: Vec<Variable> = programme.columns.iter().enumerate().map(handle).collect();
    let mut objective = Expression::with_capacity(handles.len());
    for (column, handle) in programme.columns.iter().zip(&handles).filter(|(column, _)| column.cost != 0.0) {
        objective.add_mul(column.cost, *handle);
    }
    let mut model = settings(columns.minimise(objective).using(solver));
    let mut references = Vec::with_capacity(programme.rows.len());
    for (at, row) in programme.rows.iter().enumerate() {
        for constraint in constraints(row, &handles) {
            references.push((at, model.add_constraint(constraint)));
        }
    }
    let mut solution = model.solve()?;
    let optimal = matches!(solution.status(), SolutionStatus::Optimal | SolutionStatus::GapLimit);
    let values = handles.into_iter().map(|handle| solution.value(handle)).collect();
    let mut prices = vec![0.0; programme.rows.len()];
    let dual = solution.compute_dual();
    for (row, reference) in references {
        prices[row] += dual.dual(reference);
    }
    Ok(Solved { optimal, values, slopes: programme.slopes(&prices), prices })
}

/// Returns a row in `good_lp`'s words: one constraint for each of its bounds.
fn constraints(row: &LinearRow, handles: &[Variable]) -> impl Iterator<Item = Constraint> {
    let mut sum = Expression::with_capacity(row.entries.len());
    for &(column, factor) in &row.entries {
        sum.add_mul(factor, handles[column]);
    }
    #[expect(clippy::float_cmp, reason = "equal bounds are made equal, never computed")]
    let (first, second) = match (row.lower, row.upper) {
        (lower, upper) if lower == upper => (sum.eq(upper), None),
        (f64::NEG_INFINITY, upper) => (sum.leq(upper), None),
        (lower, f64::INFINITY) => (sum.geq(lower), None),
        (lower, upper) => (sum.clone().geq(lower), Some(sum.leq(upper))),
    };
    std::iter::once(first).chain(second)
}
