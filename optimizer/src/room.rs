//! Room that is given away bit by bit, on all rows at once.

use crate::problem::Problem;
use crate::rows::Rows;

/// What is left of every row: `left_w[row][piece]`.
#[derive(Debug, Clone)]
pub(crate) struct Room {
    left_w: Vec<Vec<f64>>,
}

impl Room {
    /// Begins with what each row leaves.
    pub(crate) fn new(left_w: Vec<Vec<f64>>) -> Self {
        Self { left_w }
    }

    /// Begins with what a problem's limits leave for its planned sessions.
    pub(crate) fn of(problem: &Problem<'_>) -> Self {
        Self::new(problem.room_w.clone())
    }

    /// Returns the most power that a session can still add in a piece; never below zero.
    pub(crate) fn left(&self, rows: &Rows<'_>, session: usize, piece: usize) -> f64 {
        let least = |least: f64, &(row, weight): &(usize, f64)| least.min(self.left_w[row][piece] / weight);
        rows.of(session).iter().fold(f64::INFINITY, least).max(0.0)
    }

    /// Takes power for a session in a piece; a negative power gives back.
    pub(crate) fn take(&mut self, rows: &Rows<'_>, session: usize, piece: usize, power_w: f64) {
        for &(row, weight) in rows.of(session) {
            self.left_w[row][piece] -= weight * power_w;
        }
    }

    /// Returns what is left of a row in a piece; below zero where it is overfull.
    pub(crate) fn of_row(&self, row: usize, piece: usize) -> f64 {
        self.left_w[row][piece]
    }
}
