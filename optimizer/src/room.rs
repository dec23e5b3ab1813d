//! Room that is given away bit by bit, on all rows at once.

use crate::problem::{Powers, Problem};
use crate::rows::{Rows, Share};

/// What is left of every row: `left_w[row][piece]`.
#[derive(Debug, Clone)]
pub(crate) struct Room {
    left_w: Vec<Vec<f64>>,
    peak: Option<Peak>,
}

/// What is left under a peak, reckoned with what vehicles really take.
#[derive(Debug, Clone)]
struct Peak {
    left_w: Vec<f64>,
    uptake: Vec<f64>,
}

impl Room {
    /// Begins with what each row leaves.
    pub(crate) fn new(left_w: Vec<Vec<f64>>) -> Self {
        Self { left_w, peak: None }
    }

    /// Begins with what a problem's limits leave for its planned sessions.
    pub(crate) fn of(problem: &Problem<'_>) -> Self {
        Self::new(problem.room_w.clone())
    }

    /// Begins with what a plan leaves.
    pub(crate) fn beside(problem: &Problem<'_>, powers: &Powers) -> Self {
        Self::of(problem).less(problem, powers)
    }

    /// Begins with what a plan leaves, under its peak as well where it pays for one.
    pub(crate) fn under_peak(problem: &Problem<'_>, powers: &Powers, peak_w: Option<f64>) -> Self {
        let peak = |peak_w: f64| Peak {
            left_w: problem.expected_w().into_iter().map(|expected| peak_w - expected).collect(),
            uptake: problem.stays.iter().map(|stay| stay.uptake).collect(),
        };
        Self { peak: peak_w.map(peak), ..Self::of(problem) }.less(problem, powers)
    }

    fn less(mut self, problem: &Problem<'_>, powers: &Powers) -> Self {
        for &session in &problem.order {
            for step in problem.stays[session].steps.clone() {
                self.take(&problem.rows, session, step, powers[session][step]);
            }
        }
        self
    }

    /// Returns the most power that a session can still add in a piece; never below zero.
    pub(crate) fn left(&self, rows: &Rows<'_>, session: usize, piece: usize) -> f64 {
        let under_peak = self.peak.as_ref().map_or(f64::INFINITY, |peak| peak.left_w[piece] / peak.uptake[session]);
        self.left_of(rows.of(session), piece).min(under_peak).max(0.0)
    }

    /// Returns the most power that rows still have room for in a piece; below zero where one of them is overfull.
    pub(crate) fn left_of(&self, shares: &[Share], piece: usize) -> f64 {
        let least = |least: f64, &(row, weight): &Share| least.min(self.left_w[row][piece] / weight);
        shares.iter().fold(f64::INFINITY, least)
    }

    /// Adds room to rows in all pieces.
    pub(crate) fn add(&mut self, shares: &[Share], power_w: f64) {
        for &(row, weight) in shares {
            self.left_w[row].iter_mut().for_each(|left| *left += weight * power_w);
        }
    }

    /// Takes powers, one per piece, from rows.
    pub(crate) fn take_at(&mut self, shares: &[Share], power_w: &[f64]) {
        for &(row, weight) in shares {
            for (left, power) in self.left_w[row].iter_mut().zip(power_w) {
                *left -= weight * power;
            }
        }
    }

    /// Takes power for a session in a piece; a negative power gives back.
    pub(crate) fn take(&mut self, rows: &Rows<'_>, session: usize, piece: usize, power_w: f64) {
        if let Some(peak) = &mut self.peak {
            peak.left_w[piece] -= peak.uptake[session] * power_w;
        }
        self.take_in(rows.of(session), piece, power_w);
    }

    /// Takes power from rows in a piece; a negative power gives back.
    pub(crate) fn take_in(&mut self, shares: &[Share], piece: usize, power_w: f64) {
        for &(row, weight) in shares {
            self.left_w[row][piece] -= weight * power_w;
        }
    }

    /// Returns what is left of the fullest row in a piece, the peak among them; below zero where it is overfull.
    pub(crate) fn of_step(&self, piece: usize) -> f64 {
        let peak = self.peak.as_ref().map_or(f64::INFINITY, |peak| peak.left_w[piece]);
        self.left_w.iter().map(|row| row[piece]).fold(peak, f64::min)
    }

    /// Returns what is left of a row in a piece; below zero where it is overfull.
    pub(crate) fn of_row(&self, row: usize, piece: usize) -> f64 {
        self.left_w[row][piece]
    }
}
