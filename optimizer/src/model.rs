//! The part of the linear programme that all stages share: powers, limits, energy.
//!
//! Inside the programme power is in kW and energy in kWh, so that coefficients stay near one.

use crate::problem::{Powers, Problem};
use crate::room::Room;
use crate::solve::LinearProgramme;

/// Powers as columns, under the limits and the energy wanted.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    pub(crate) programme: LinearProgramme,
    /// The column of each session's step of its stay; absent where no power is possible.
    columns: Vec<Vec<Option<usize>>>,
}

impl Model {
    /// Lays out `p[i,t]`, the limit rows that can bind, and at most the energy wanted.
    pub(crate) fn new(problem: &Problem<'_>) -> Self {
        let mut programme = LinearProgramme::default();
        let room = Room::of(problem);
        let mut columns = vec![Vec::new(); problem.stays.len()];
        for &session in &problem.order {
            let stay = &problem.stays[session];
            let mut column = |step: usize| {
                let most_kw = stay.maximum_w.min(room.left(&problem.rows, session, step)) / 1000.0;
                (most_kw > 1e-9 && stay.yield_h(step) > 0.0).then(|| programme.column(0.0, 0.0, most_kw))
            };
            columns[session] = stay.steps.clone().map(&mut column).collect();
        }
        let mut model = Self { programme, columns };
        model.add_limits(problem);
        for &session in &problem.order {
            let entries = model.energy(problem, session);
            let most: f64 = entries.iter().map(|(column, hours)| model.programme.columns[*column].upper * hours).sum();
            let wanted = problem.stays[session].wanted_wh / 1000.0;
            if most > wanted {
                model.programme.at_most(wanted, entries);
            }
        }
        model
    }

    /// Returns the columns of a session with their steps.
    pub(crate) fn of<'a>(
        &'a self,
        problem: &'a Problem<'_>,
        session: usize,
    ) -> impl Iterator<Item = (usize, usize)> + 'a {
        let first = problem.stays[session].steps.start;
        self.columns[session]
            .iter()
            .enumerate()
            .filter_map(move |(at, column)| column.map(|column| (first + at, column)))
    }

    /// Returns the energy in kWh of a session as entries of a row.
    pub(crate) fn energy(&self, problem: &Problem<'_>, session: usize) -> Vec<(usize, f64)> {
        let stay = &problem.stays[session];
        self.of(problem, session).map(|(step, column)| (column, stay.yield_h(step))).collect()
    }

    /// Returns for every step the columns of all sessions.
    pub(crate) fn by_step(&self, problem: &Problem<'_>) -> Vec<Vec<(usize, usize)>> {
        let mut steps = vec![Vec::new(); problem.steps()];
        for &session in &problem.order {
            for (step, column) in self.of(problem, session) {
                steps[step].push((session, column));
            }
        }
        steps
    }

    /// Reads powers in W from the values of the columns.
    pub(crate) fn powers(&self, problem: &Problem<'_>, values: &[f64]) -> Powers {
        let mut powers = problem.nothing();
        for &session in &problem.order {
            for (step, column) in self.of(problem, session) {
                powers[session][step] = (values[column] * 1000.0).max(0.0);
            }
        }
        powers
    }

    /// Adds the rows of limits that the sessions could break if all took their most.
    fn add_limits(&mut self, problem: &Problem<'_>) {
        let mut entries: Vec<Vec<(usize, f64)>> = vec![Vec::new(); problem.rows.all().len()];
        for (step, present) in self.by_step(problem).into_iter().enumerate() {
            for (session, column) in present {
                for &(row, weight) in problem.rows.of(session) {
                    entries[row].push((column, weight));
                }
            }
            for (row, entries) in entries.iter_mut().enumerate() {
                let room_kw = problem.room_w[row][step] / 1000.0;
                let upper = |column: &usize| self.programme.columns[*column].upper;
                let most: f64 = entries.iter().map(|(column, weight)| weight * upper(column)).sum();
                // A row of one session already bounds its column.
                if entries.len() > 1 && most > room_kw {
                    self.programme.at_most(room_kw, std::mem::take(entries));
                } else {
                    entries.clear();
                }
            }
        }
    }
}
