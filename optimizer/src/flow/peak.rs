//! The peak that a demand charge pays for, found by a search along it.
//!
//! Under a peak `P` each step of the root carries at most `P - expected`. What a plan costs under a peak, with the charge,
//! is convex in `P`: each evaluation gives a value and a slope (the charge less what room under the peak is worth in all
//! steps), hence a line that lies below. Two lines, one falling and one rising, meet where to look next. Peaks are whole
//! milliwatts and all sums exact, so that the search ends at the lowest of the best peaks, wherever it starts.

use headroom_domain::tariff::DemandCharge;
use std::cmp::Ordering;

use crate::problem::{Powers, Problem};

use super::network::{Network, State};
use super::simplex::{End, Simplex};
use super::{COSTS, SAME, UNITS};

/// Peaks and charges beyond these are left to the programmes.
const HIGHEST_MW: f64 = 1e13;
const DEAREST: f64 = 1e22;
/// After so many lines the middle is looked at instead.
const LINES: usize = 40;

/// The peak of a problem, in mW of what is allowed.
pub(super) struct Peak {
    /// The uptake of all.
    uptake: f64,
    /// Costs of a mW: units of cost, of what is taken, times units of flow.
    charge: i128,
    unsteered_w: f64,
    lowest_mw: i64,
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
    feasible: bool,
}

/// A peak that was looked at, and where the method ended there.
struct Found {
    line: Line,
    end: End,
}

/// Where to look first, and how far to go from there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Start {
    pub(super) at: i64,
    stride: i64,
    growth: i64,
}

impl Line {
    fn falls(&self) -> bool {
        (self.slope, self.second_slope) < (0, 0)
    }
}

impl Peak {
    /// Returns the peak of a problem; `None` where it is no flow.
    pub(super) fn of(problem: &Problem<'_>, charge: DemandCharge) -> Option<Self> {
        let uptake = problem.order.first().map_or(1.0, |session| problem.stays[*session].uptake);
        let is_same = |session: &usize| (problem.stays[*session].uptake - uptake).abs() < SAME;
        let expected_w = problem.expected_w();
        let unsteered_w = expected_w.iter().copied().fold(charge.peak_so_far_w.as_w().max(0.0), f64::max);
        let per_mw = charge.price_per_kw.as_amount() * 1e-6 * COSTS * UNITS * 1000.0;
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
        Some(Self { uptake, charge, unsteered_w, lowest_mw, expected_mw, steps: Vec::new() })
    }

    /// Returns the uptake of all.
    pub(super) fn uptake(&self) -> f64 {
        self.uptake
    }

    /// Tells whether a step's load could be a new peak.
    pub(super) fn could_rise(&self, step: usize, load_mw: i64) -> bool {
        self.expected_mw[step].saturating_add(load_mw) > self.lowest_mw
    }

    /// Adds the arc that a step's load passes.
    pub(super) fn passes(&mut self, arc: usize, step: usize, length_ms: i64, most: i64) {
        self.steps.push(Step { arc, expected_mw: self.expected_mw[step], length_ms, most });
    }

    /// Returns what a unit not carried must cost at least, so that no peak is kept low by that.
    pub(super) fn penalty(&self) -> i64 {
        let shortest = self.steps.iter().map(|step| step.length_ms).min().unwrap_or(i64::MAX).max(1);
        i64::try_from(self.charge / i128::from(shortest)).unwrap_or(i64::MAX / 2) + 1
    }

    /// Gives the arcs the capacity that a peak leaves them.
    pub(super) fn limit(&self, peak_mw: i64, mut give: impl FnMut(usize, i64)) {
        for step in &self.steps {
            give(step.arc, step.under(peak_mw).min(step.most));
        }
    }

    /// Returns the peak to look at first: the earlier one, or near what all needs come to when spread out.
    pub(super) fn first(&self, must: i64, earlier: Option<i64>) -> Start {
        if let Some(peak_mw) = earlier {
            return Start { at: peak_mw.max(self.lowest_mw), stride: 1, growth: 4 };
        }
        let room = |peak_mw: i64| -> i128 {
            self.steps.iter().map(|step| i128::from(step.under(peak_mw).min(step.most).max(0))).sum()
        };
        let (mut low, mut high) = (self.lowest_mw, self.highest_mw());
        while low < high {
            let middle = low + (high - low) / 2;
            if room(middle) < i128::from(must) { low = middle + 1 } else { high = middle }
        }
        // Windows and limits take some of that room: a twentieth more is near.
        let low = low.saturating_add(low / 20);
        Start { at: low, stride: (low / 64).max(1), growth: 2 }
    }

    /// Returns a peak that nothing reaches.
    fn highest_mw(&self) -> i64 {
        let highest =
            |step: &Step| step.expected_mw.saturating_add(step.most / step.length_ms.max(1)).saturating_add(1);
        self.steps.iter().map(highest).fold(self.lowest_mw, i64::max)
    }

    /// Finds the lowest of the cheapest peaks; the method stands there at its optimum in money.
    pub(super) fn search(&self, network: &Network, simplex: &mut Simplex, first: Start) -> i64 {
        let highest = self.highest_mw();
        let mut stride = first.stride;
        let found = self.look(network, simplex, first.at.min(highest));
        let (mut below, mut above) = if found.line.falls() { (Some(found), None) } else { (None, Some(found)) };
        for lines in 0.. {
            let (at, from) = match (&below, &above) {
                (Some(below), Some(above)) if below.line.at + 1 == above.line.at => break,
                (Some(below), Some(above)) => {
                    let at = between(&below.line, &above.line, lines);
                    (at, if at - below.line.at < above.line.at - at { below } else { above })
                }
                (Some(below), None) if below.line.at >= highest => break,
                (Some(below), None) => (below.line.at.saturating_add(stride).min(highest), below),
                (None, Some(above)) if above.line.at <= self.lowest_mw => break,
                (None, Some(above)) => ((above.line.at - stride).max(self.lowest_mw), above),
                (None, None) => break,
            };
            stride = stride.saturating_mul(first.growth);
            from.end.restore(simplex);
            let found = self.look(network, simplex, at);
            let side = if found.line.falls() { &mut below } else { &mut above };
            *side = Some(found);
        }
        let best = match (below, above) {
            (Some(below), Some(above)) => self.better(network, simplex, below, above),
            (Some(only), None) | (None, Some(only)) => only,
            (None, None) => return first.at,
        };
        best.end.restore(simplex);
        self.give(simplex, best.line.at);
        simplex.first_goal();
        best.line.at
    }

    /// Returns the better of two peaks, the lower where they are as good.
    fn better(&self, network: &Network, simplex: &mut Simplex, below: Found, above: Found) -> Found {
        let mut liked = |found: &Found| {
            found.end.restore(simplex);
            self.give(simplex, found.line.at);
            simplex.first_goal();
            simplex.further_goal(network, 1);
            simplex.worth()
        };
        let above_is_better = match above.line.worth.cmp(&below.line.worth) {
            // Between two whole peaks the penalty may weigh less than the charge.
            _ if !below.line.feasible => true,
            Ordering::Equal => liked(&above) < liked(&below),
            order => order.is_lt(),
        };
        if above_is_better { above } else { below }
    }

    fn give(&self, simplex: &mut Simplex, peak_mw: i64) {
        self.limit(peak_mw, |arc, most| simplex.capacity[arc] = most);
        simplex.reflow();
    }

    fn look(&self, network: &Network, simplex: &mut Simplex, at: i64) -> Found {
        self.give(simplex, at);
        simplex.first_goal();
        let (end, feasible) = (simplex.end(), simplex.is_feasible());
        let worth = simplex.worth() + self.charge * i128::from(at);
        let money: Vec<Option<i64>> = self.steps.iter().map(|step| step.bound(simplex, at)).collect();
        let gains = |(step, slope): (&Step, Option<i64>)| i128::from(step.length_ms) * i128::from(-slope.unwrap_or(0));
        let held = |slope: &Option<i64>| slope.map(|slope| slope.min(0));
        let slope = self.charge - self.steps.iter().zip(money.iter().map(held)).map(gains).sum::<i128>();
        let mut second_slope = 0;
        if slope == 0 {
            simplex.further_goal(network, 1);
            // What money holds full takes all the room there is, liked or not; the rest only what it likes to.
            let liked = |(step, money): (&Step, &Option<i64>)| match money.map(i64::signum) {
                Some(1) => None,
                Some(-1) => Some(simplex.slope(step.arc)),
                _ => held(&step.bound(simplex, at)),
            };
            let slopes = self.steps.iter().zip(&money).map(liked);
            second_slope = -self.steps.iter().zip(slopes).map(gains).sum::<i128>();
        }
        Found { line: Line { at, worth, slope, second_slope, feasible }, end }
    }

    /// Returns the highest power at the root, in W.
    pub(super) fn needed_w(&self, problem: &Problem<'_>, powers: &Powers) -> f64 {
        problem.highest_w(powers).max(self.unsteered_w)
    }
}

impl Step {
    /// Returns the slope of a step that the peak holds full, in the goal at work.
    fn bound(&self, simplex: &Simplex, peak_mw: i64) -> Option<i64> {
        // An arc without capacity is as full as it is empty.
        let is_full = simplex.state[self.arc] == State::Full || simplex.capacity[self.arc] == 0;
        (is_full && self.under(peak_mw) <= self.most).then(|| simplex.slope(self.arc))
    }

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
