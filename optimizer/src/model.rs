//! The part of the linear programme that all stages share: powers, limits, energy.
//!
//! Inside the programme power is in kW and energy in kWh, so that coefficients stay near one.

use std::collections::BTreeMap;

use crate::problem::{Powers, Problem};
use crate::room::Room;
use crate::rows::{Measure, Share};
use crate::solve::LinearProgramme;

mod storage;
use storage::StorageColumns;

/// Powers as columns, under the limits and the energy wanted.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    pub(crate) programme: LinearProgramme,
    pub(crate) storage: StorageColumns,
    /// The column of each session's step of its stay; absent where no power is possible.
    columns: Vec<Vec<Option<usize>>>,
    /// The rows of limits: row of the programme, place, step.
    pub(crate) limits: Vec<(usize, usize, usize)>,
}

impl Model {
    /// Lays out `p[i,t]`, the limit rows that can bind, and at most the energy wanted.
    pub(crate) fn new(problem: &Problem<'_>) -> Self {
        // The sides of a line's polygon bind nearly alike.
        let many_alike = !problem.snapshot.lines.is_empty();
        let mut programme = LinearProgramme { many_alike, ..LinearProgramme::default() };
        let mut room = Room::of(problem);
        // What batteries can give is room as well.
        for (battery, own) in problem.snapshot.batteries.iter().enumerate() {
            room.add(problem.rows.of_battery(battery), own.maximum_discharge_w.as_w());
        }
        let mut columns = vec![Vec::new(); problem.stays.len()];
        for &session in &problem.order {
            let stay = &problem.stays[session];
            let mut column = |step: usize| {
                let most_kw = stay.most_w(step).min(room.left(&problem.rows, session, step)) / 1000.0;
                (most_kw > 1e-9 && stay.yield_h(step) > 0.0).then(|| programme.column(0.0, 0.0, most_kw))
            };
            columns[session] = stay.steps.clone().map(&mut column).collect();
        }
        let storage = StorageColumns::new(problem, &mut programme);
        let mut model = Self { programme, storage, columns, limits: Vec::new() };
        model.add_limits(problem);
        model.add_export_limits(problem);
        model.add_states(problem);
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
        let mut entries: Vec<_> =
            self.of(problem, session).map(|(step, column)| (column, stay.yield_h(step))).collect();
        if let Some(cell) = stay.cell {
            let lost = cell.efficiency * cell.efficiency;
            let given = self.storage.discharge[session].iter().zip(&stay.hours);
            entries.extend(given.filter_map(|(column, hours)| column.map(|column| (column, -hours / lost))));
        }
        entries
    }

    /// Returns what the root draws in a step beside what is expected, in kW of each column.
    pub(crate) fn net(&self, problem: &Problem<'_>, present: &[(usize, usize)], step: usize) -> Vec<(usize, f64)> {
        let drawn = |&(session, column): &(usize, usize)| (column, problem.stays[session].uptake);
        let mut entries: Vec<_> = present.iter().map(drawn).collect();
        entries.extend(self.storage.net(step));
        entries
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

    /// Adds the rows of limits that could be broken if all took their most.
    fn add_limits(&mut self, problem: &Problem<'_>) {
        let mut entries: Vec<Vec<(usize, f64)>> = vec![Vec::new(); problem.rows.all().len()];
        for (step, present) in self.by_step(problem).into_iter().enumerate() {
            let mut in_lines = LineGroups::default();
            for &(session, column) in &present {
                for &(row, weight) in problem.rows.of(session) {
                    if problem.rows.all()[row].measure != Measure::Line {
                        entries[row].push((column, weight));
                    }
                }
                in_lines.add(problem.rows.of(session), problem, column);
            }
            in_lines.lay(&mut self.programme, &mut entries);
            for (row, entries) in entries.iter_mut().enumerate() {
                let mut entries = std::mem::take(entries);
                let batteries = self.batteries_in(problem, row, step);
                // A row of one session already bounds its column.
                let in_line = problem.rows.all()[row].measure == Measure::Line;
                let shared = entries.len() > 1 || in_line || !batteries.is_empty();
                entries.extend(batteries);
                let upper = |column: &usize| self.programme.columns[*column].upper;
                let most: f64 = entries
                    .iter()
                    .filter(|(_, weight)| *weight > 0.0)
                    .map(|(column, weight)| weight * upper(column))
                    .sum();
                let (room_kw, deficit_kw) = (problem.room_w[row][step] / 1000.0, problem.deficit_w[row][step] / 1000.0);
                if shared && most > room_kw - deficit_kw {
                    self.limits.push((self.programme.rows.len(), row, step));
                    self.add_soft(problem, step, room_kw - deficit_kw, deficit_kw, entries);
                }
            }
        }
    }
}

/// Powers that count alike in every side of every line, as one column: sides are many, kinds of EVSEs few.
#[derive(Default)]
struct LineGroups(BTreeMap<Vec<(usize, u64)>, Vec<usize>>);

impl LineGroups {
    fn add(&mut self, shares: &[Share], problem: &Problem<'_>, column: usize) {
        let in_line = shares.iter().filter(|(row, _)| problem.rows.all()[*row].measure == Measure::Line);
        let kind: Vec<_> = in_line.map(|(row, weight)| (*row, weight.to_bits())).collect();
        if !kind.is_empty() {
            self.0.entry(kind).or_default().push(column);
        }
    }

    fn lay(self, programme: &mut LinearProgramme, entries: &mut [Vec<(usize, f64)>]) {
        for (kind, columns) in self.0 {
            let upper = columns.iter().map(|column| programme.columns[*column].upper).sum();
            let sum = if let [only] = columns[..] { only } else { programme.column(0.0, 0.0, upper) };
            if columns.len() > 1 {
                let parts = columns.into_iter().map(|column| (column, -1.0)).chain([(sum, 1.0)]);
                programme.equal(0.0, parts.collect());
            }
            for (row, bits) in kind {
                entries[row].push((sum, f64::from_bits(bits)));
            }
        }
    }
}
