//! A linear programme through `good_lp` to `HiGHS`, and what came of it. Nothing else knows the solver.

use good_lp::solvers::highs::{HighsPresolveType, highs};
use good_lp::{
    Expression, ProblemVariables, ResolutionError, Solution, SolutionStatus, SolverModel, Variable, variable,
};

/// A linear programme: minimise `sum cost * x` over columns `lower <= x <= upper` and rows `lower <= sum a x <= upper`.
#[derive(Debug, Clone, Default)]
pub(crate) struct LinearProgramme {
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<LinearRow>,
    /// Columns that are whole numbers. A programme with some has neither slopes nor prices.
    pub(crate) whole: Vec<usize>,
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

/// How near the best a programme of whole numbers is solved, in parts of it.
const WHOLE_GAP: f32 = 1e-4;

/// Solves a programme on one thread within a time.
pub(crate) fn solve(programme: &LinearProgramme, time_limit_s: f64) -> Result<Solved, Unsolved> {
    if programme.columns.is_empty() {
        // HiGHS calls a programme without columns an error.
        return Ok(Solved { optimal: true, values: vec![], slopes: vec![], prices: vec![0.0; programme.rows.len()] });
    }
    match run(programme, time_limit_s, HighsPresolveType::Off) {
        // Without presolve it is quicker; in narrow places it can lose its way, and with presolve it finds it.
        Err(ResolutionError::Other(_) | ResolutionError::Str(_)) => run(programme, time_limit_s, HighsPresolveType::On),
        solved => solved,
    }
    .map_err(|error| Unsolved(error.to_string()))
}

fn run(programme: &LinearProgramme, time_limit_s: f64, presolve: HighsPresolveType) -> Result<Solved, ResolutionError> {
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
    // HiGHS's thread pool belongs to the whole process: one thread keeps planning one area from stalling another.
    let mut model = columns.minimise(objective).using(highs);
    model = model.set_threads(1).set_time_limit(time_limit_s).set_presolve(presolve);
    for row in &programme.rows {
        let mut sum = Expression::with_capacity(row.entries.len());
        for &(column, factor) in &row.entries {
            sum.add_mul(factor, handles[column]);
        }
        #[expect(clippy::float_cmp, reason = "equal bounds are made equal, never computed")]
        let constraint = match (row.lower, row.upper) {
            (lower, upper) if lower == upper => sum.eq(upper),
            (f64::NEG_INFINITY, upper) => sum.leq(upper),
            (lower, f64::INFINITY) => sum.geq(lower),
            (lower, upper) => {
                model.add_constraint(sum.clone().geq(lower));
                sum.leq(upper)
            }
        };
        model.add_constraint(constraint);
    }
    if !programme.whole.is_empty() {
        model = model.set_mip_rel_gap(WHOLE_GAP).map_err(|error| ResolutionError::Str(error.to_string()))?;
    }
    let solution = model.solve()?;
    let optimal = matches!(solution.status(), SolutionStatus::Optimal | SolutionStatus::GapLimit);
    let solution = solution.into_inner();
    Ok(Solved {
        optimal,
        values: solution.columns().to_vec(),
        slopes: solution.dual_columns().to_vec(),
        prices: solution.dual_rows().to_vec(),
    })
}
