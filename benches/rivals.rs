//! The same problems by others' means: a textbook programme, and the leanest one that we know how to write by hand.

use good_lp::solvers::highs::highs as highs_solver;
use good_lp::{Expression, ProblemVariables, Solution, SolverModel, Variable, constraint, variable};
use headroom_benches::plain::{Plain, Score};
use highs::{HighsModelStatus, RowProblem, Sense};

/// What a kWh of need missed costs: more than any energy and any peak that it could save.
const MISSED: f64 = 1000.0;

/// Powers in kW of each session over its stay.
pub(crate) type Powers = Vec<Vec<f64>>;

/// Plans as a textbook does it: every row, every goal in one weighted sum, `good_lp` over `HiGHS` with default options.
///
/// **Errors**: the solver's word where it has no answer.
pub(crate) fn textbook(plain: &Plain) -> anyhow::Result<Powers> {
    let mut columns = ProblemVariables::new();
    let mut objective = Expression::default();
    let mut powers: Vec<Vec<Variable>> = Vec::new();
    let mut missed = Vec::new();
    for session in &plain.sessions {
        let power = |_| columns.add(variable().min(0).max(session.maximum_kw));
        let own: Vec<Variable> = session.hours.iter().map(power).collect();
        for (at, (power, hours)) in own.iter().zip(&session.hours).enumerate() {
            objective += plain.prices[session.first + at] * *hours * *power;
        }
        let short = columns.add(variable().min(0));
        objective += MISSED * short;
        missed.push(short);
        powers.push(own);
    }
    let peak = plain.demand_charge.as_ref().map(|charge| (charge, columns.add(variable().min(charge.paid_kw))));
    if let Some((charge, peak)) = &peak {
        objective += charge.price_per_kw * *peak;
    }
    let mut model = columns.minimise(objective).using(highs_solver);
    for ((session, own), short) in plain.sessions.iter().zip(&powers).zip(&missed) {
        let energy: Expression = own.iter().zip(&session.hours).map(|(power, hours)| *hours * *power).sum();
        model.add_constraint(constraint!(energy + *short == session.needed_kwh));
    }
    for step in 0..plain.hours.len() {
        let mut loads = vec![Expression::default(); plain.rooms_kw.len()];
        let mut total = Expression::default();
        for (session, own) in plain.sessions.iter().zip(&powers) {
            let Some(power) = step.checked_sub(session.first).and_then(|at| own.get(at)) else { continue };
            total += *power;
            for node in &session.nodes {
                loads[*node] += *power;
            }
        }
        for (load, room) in loads.into_iter().zip(&plain.rooms_kw) {
            model.add_constraint(constraint!(load <= room[step]));
        }
        if let Some((charge, peak)) = &peak {
            model.add_constraint(constraint!(total + charge.expected_kw[step] <= *peak));
        }
    }
    let solution = model.solve()?;
    Ok(powers.iter().map(|own| own.iter().map(|power| solution.value(*power)).collect()).collect())
}

/// Plans by `HiGHS` alone: one programme, rows that cannot bind left out, no presolve, one thread.
///
/// **Errors**: the solver's word where it has no answer.
pub(crate) fn lean(plain: &Plain) -> anyhow::Result<Powers> {
    let mut problem = RowProblem::default();
    let steps = plain.hours.len();
    // For each node and step the sum of the bounds and the entries of its row.
    let mut loads = vec![(0.0, Vec::new()); plain.rooms_kw.len() * steps];
    let mut totals = vec![(0.0, Vec::new()); steps];
    for session in &plain.sessions {
        let mut energy = Vec::with_capacity(session.hours.len() + 1);
        for (at, hours) in session.hours.iter().enumerate() {
            let step = session.first + at;
            let most = session.nodes.iter().map(|node| plain.rooms_kw[*node][step]).fold(session.maximum_kw, f64::min);
            let power = problem.add_column(plain.prices[step] * hours, 0.0..=most);
            energy.push((power, *hours));
            let rows = session.nodes.iter().map(|node| node * steps + step);
            for row in rows {
                loads[row].0 += most;
                loads[row].1.push((power, 1.0));
            }
            totals[step].0 += most;
            totals[step].1.push((power, 1.0));
        }
        energy.push((problem.add_column(MISSED, 0.0..=session.needed_kwh), 1.0));
        problem.add_row(session.needed_kwh.., &energy);
    }
    for ((most, entries), room) in loads.iter().zip(plain.rooms_kw.iter().flatten()) {
        if most > room {
            problem.add_row(..=*room, entries);
        }
    }
    if let Some(charge) = &plain.demand_charge {
        let peak = problem.add_column(charge.price_per_kw, charge.paid_kw..);
        for ((most, mut entries), expected) in totals.into_iter().zip(&charge.expected_kw) {
            if most + expected > charge.paid_kw {
                entries.push((peak, -1.0));
                problem.add_row(..=-*expected, &entries);
            }
        }
    }
    let mut model = problem.optimise(Sense::Minimise);
    model.make_quiet();
    model.set_option("presolve", "off");
    model.set_option("threads", 1);
    let solved = model.solve();
    anyhow::ensure!(solved.status() == HighsModelStatus::Optimal, "HiGHS ended as {:?}", solved.status());
    let solution = solved.get_solution();
    let mut values = solution.columns().iter().copied();
    let stays = plain.sessions.iter().map(|session| {
        let own = values.by_ref().take(session.hours.len()).collect();
        values.next();
        own
    });
    Ok(stays.collect())
}

/// Plans once and judges the powers.
///
/// **Errors**: the solver's word where it has no answer.
pub(crate) fn score(plain: &Plain, plan: fn(&Plain) -> anyhow::Result<Powers>) -> anyhow::Result<Score> {
    Ok(plain.score(&plan(plain)?))
}
