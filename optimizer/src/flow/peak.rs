//! The peak that a demand charge pays for, found by a search along it.
//!
//! Under a peak `P` each step of the root carries at most `P - expected`. What a plan costs under a peak, with the charge,
//! is convex in `P`: each evaluation gives a value and a slope (the charge less what room under the peak is worth in all
//! steps), hence a line that lies below. Two lines, one falling and one rising, meet where to look next. Peaks are whole
//! milliwatts and all sums exact, so that the search ends at the lowest of the best peaks, wherever it starts.

use crate::problem::{Powers, Problem};

use super::basis::Basis;
use super::laid::Laid;
use super::network::{Network, State};
use super::simplex::Simplex;
use super::{COSTS, SAME, UNITS};

/// Peaks and charges beyond these are left to the programmes.
const HIGHEST_MW: f64 = 1e13;
const DEAREST: f64 = 1e22;
/// After so many lines the middle is looked at instead.
const LINES: usize = 40;

/// The peak of a problem, in mW of what is allowed.
pub(super) struct Peak {
    uptake: f64,
    /// Costs of a mW: units of cost times units of flow.
    charge: i128,
    unsteered_w: f64,
    lowest_mw: i64,
    expected_w: Vec<f64>,
    expected_mw: Vec<i64>,
    steps: Vec<Step>,
}

/// The root in a step.
struct Step {
    arc: usize,
    expected_mw: i64,
    length_ms: i64,
    /// What its limit leaves.
    most: i64,
}

/// The cost of a peak and its slope, in money, and where that has no slope, in preference.
#[derive(Debug, Clone, Copy)]
struct Line {
    at: i64,
    worth: i128,
    slope: i128,
    second_slope: i128,
}

impl Line {
    fn falls(&self) -> bool {
        (self.slope, self.second_slope) < (0, 0)
    }
}

impl Peak {
    /// Returns the peak of a problem, if it pays for one; `None` where that is no flow.
    pub(super) fn of(problem: &Problem<'_>) -> Option<Option<Self>> {
        let Some(charge) = problem.snapshot.demand_charge else { return Some(None) };
        let uptake = problem.order.first().map_or(1.0, |session| problem.stays[*session].uptake);
        let is_same = |session: &usize| (problem.stays[*session].uptake - uptake).abs() < SAME;
        let expected_w = problem.expected_w();
        let unsteered_w = expected_w.iter().copied().fold(charge.peak_so_far_w.as_w().max(0.0), f64::max);
        let per_mw = charge.price_per_kw.as_amount() * uptake * 1e-6 * COSTS * UNITS * 1000.0;
        let is_large = |power_w: &f64| power_w.abs() * 1000.0 / uptake > HIGHEST_MW;
        let too_large = is_large(&unsteered_w) || expected_w.iter().any(is_large) || per_mw > DEAREST;
        if !problem.order.iter().all(is_same) || too_large {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, reason = "larger ones were left aside")]
        let allowed_mw = |power_w: f64| (power_w * 1000.0 / uptake).ceil() as i64;
        #[expect(clippy::cast_possible_truncation, reason = "larger ones were left aside")]
        let charge = per_mw.round() as i128;
        let expected_mw = expected_w.iter().copied().map(allowed_mw).collect();
        let lowest_mw = allowed_mw(unsteered_w);
        Some(Some(Self { uptake, charge, unsteered_w, lowest_mw, expected_w, expected_mw, steps: Vec::new() }))
    }

    /// Tells whether a step's load could be a new peak.
    pub(super) fn could_rise(&self, step: usize, load_mw: i64) -> bool {
        self.expected_mw[step].saturating_add(load_mw) > self.lowest_mw
    }

    /// Adds the arc that a step's load passes.
    pub(super) fn passes(&mut self, arc: usize, step: usize, length_ms: i64, most: i64) {
        self.steps.push(Step { arc, expected_mw: self.expected_mw[step], length_ms, most });
    }

    /// Gives the arcs the capacity that a peak leaves them.
    pub(super) fn limit(&self, peak_mw: i64, mut give: impl FnMut(usize, i64)) {
        for step in &self.steps {
            give(step.arc, step.under(peak_mw).min(step.most));
        }
    }

    /// Returns the peak to look at first: the earlier one, or what all needs come to when spread out.
    pub(super) fn first(&self, laid: &Laid<'_>, earlier: Option<&Basis>) -> i64 {
        if let Some(peak_mw) = earlier.and_then(|earlier| earlier.peak_mw) {
            return peak_mw.max(self.lowest_mw);
        }
        let must: i128 = laid.must.into();
        let room = |peak_mw: i64| -> i128 {
            self.steps.iter().map(|step| i128::from(step.under(peak_mw).min(step.most).max(0))).sum()
        };
        let (mut low, mut high) = (self.lowest_mw, self.highest_mw());
        while low < high {
            let middle = low + (high - low) / 2;
            if room(middle) < must { low = middle + 1 } else { high = middle }
        }
        low
    }

    /// Returns a peak that nothing reaches.
    fn highest_mw(&self) -> i64 {
        let highest =
            |step: &Step| step.expected_mw.saturating_add(step.most / step.length_ms.max(1)).saturating_add(1);
        self.steps.iter().map(highest).fold(self.lowest_mw, i64::max)
    }

    /// Finds the lowest of the cheapest peaks, and leaves its capacities with the method.
    pub(super) fn search(&self, network: &Network, simplex: &mut Simplex, first: i64) -> i64 {
        let highest = self.highest_mw();
        let mut line = self.line(network, simplex, first.min(highest));
        let (mut below, mut above) = if line.falls() { (Some(line), None) } else { (None, Some(line)) };
        let mut stride = (line.at / 32).max(1);
        for lines in 0.. {
            let next = match (below, above) {
                (Some(below), Some(above)) if below.at + 1 == above.at => break,
                (Some(below), Some(above)) => between(&below, &above, lines),
                (Some(below), None) if below.at >= highest => break,
                (Some(below), None) => (below.at.saturating_add(stride)).min(highest),
                (None, Some(above)) if above.at <= self.lowest_mw => break,
                (None, Some(above)) => (above.at - stride).max(self.lowest_mw),
                (None, None) => break,
            };
            stride = stride.saturating_mul(2);
            line = self.line(network, simplex, next);
            *(if line.falls() { &mut below } else { &mut above }) = Some(line);
        }
        let best = match (below, above) {
            (Some(below), Some(above)) => self.better(network, simplex, &below, &above),
            (Some(only), None) | (None, Some(only)) => only.at,
            (None, None) => first,
        };
        if best != line.at {
            self.give(simplex, best);
        }
        best
    }

    /// Returns the better of two peaks, the lower where they are as good.
    fn better(&self, network: &Network, simplex: &mut Simplex, below: &Line, above: &Line) -> i64 {
        let mut liked = |at: i64| {
            self.give(simplex, at);
            simplex.first_goal();
            simplex.further_goal(network, 1);
            simplex.worth()
        };
        let above_is_better = match above.worth.cmp(&below.worth) {
            std::cmp::Ordering::Equal => liked(above.at) < liked(below.at),
            order => order.is_lt(),
        };
        if above_is_better { above.at } else { below.at }
    }

    fn give(&self, simplex: &mut Simplex, peak_mw: i64) {
        self.limit(peak_mw, |arc, most| simplex.capacity[arc] = most);
        simplex.reflow();
    }

    fn line(&self, network: &Network, simplex: &mut Simplex, at: i64) -> Line {
        self.give(simplex, at);
        simplex.first_goal();
        let worth = simplex.worth() + self.charge * i128::from(at);
        let slope = self.charge - self.worth_of_room(simplex, at);
        let mut second_slope = 0;
        if slope == 0 {
            simplex.further_goal(network, 1);
            second_slope = -self.worth_of_room(simplex, at);
        }
        Line { at, worth, slope, second_slope }
    }

    /// Returns what a mW more under the peak gains in the goal at work.
    fn worth_of_room(&self, simplex: &Simplex, peak_mw: i64) -> i128 {
        let full =
            self.steps.iter().filter(|step| simplex.state[step.arc] == State::Full && step.under(peak_mw) <= step.most);
        full.map(|step| i128::from(step.length_ms) * i128::from(-simplex.slope(step.arc))).sum()
    }

    /// Returns the highest power at the root, in W.
    pub(super) fn needed_w(&self, problem: &Problem<'_>, powers: &Powers) -> f64 {
        let mut load_w = self.expected_w.clone();
        for &session in &problem.order {
            for step in problem.stays[session].steps.clone() {
                load_w[step] += powers[session][step] * self.uptake;
            }
        }
        load_w.into_iter().fold(self.unsteered_w, f64::max)
    }
}

impl Step {
    /// Returns what a peak leaves.
    fn under(&self, peak_mw: i64) -> i64 {
        (peak_mw - self.expected_mw).saturating_mul(self.length_ms)
    }
}

/// Returns where two lines meet, between their ends.
fn between(below: &Line, above: &Line, lines: usize) -> i64 {
    let width = above.at - below.at;
    let steepness = above.slope - below.slope;
    if lines > LINES || steepness <= 0 || below.slope == 0 || above.slope == 0 {
        return below.at + width / 2;
    }
    // Both lines in the distance from the lower end: worth + slope * x.
    let at_start = above.worth - above.slope * i128::from(width);
    let distance = (below.worth - at_start) / steepness;
    below.at + i64::try_from(distance).unwrap_or(width / 2).clamp(1, width - 1)
}
