//! Third goal: cost. Energy at its price, a new peak at the demand charge, less what wanted energy is worth.
//!
//! Who is in a hurry pays by waiting instead of by the price: an hour's wait of a kWh counts as the dearest kWh.

use headroom_domain::preference::ProfileType;
use headroom_domain::units::hours;

use crate::model::Model;
use crate::problem::Problem;

use super::SLACK_KWH;

/// What an hour's wait of a kWh counts, in the dearest price of the horizon, for a driver who said to be in a hurry.
const HURRIED_BY_WORD: f64 = 1.0;
/// The same for one who may not be kept waiting.
const HURRIED_BY_SILENCE: f64 = 0.5;

/// What is added to a value so that energy worth exactly its price is taken, beside the solver's tolerance.
const HAIR: f64 = 1e-5;

/// The programme of the cheapest plan that keeps the shortfalls.
pub(super) struct Stage {
    pub(super) model: Model,
    pub(super) peak: Option<usize>,
}

impl Stage {
    pub(super) fn new(problem: &Problem<'_>, model: Model, short_kwh: &[f64]) -> Self {
        let mut stage = Self { model, peak: None };
        for &session in &problem.order {
            stage.add_prices(problem, session);
            stage.add_need(problem, session, short_kwh[session]);
        }
        stage.add_peak(problem);
        stage
    }

    fn add_prices(&mut self, problem: &Problem<'_>, session: usize) {
        let stay = &problem.stays[session];
        let priced: Vec<_> = self.model.of(problem, session).collect();
        for (step, column) in priced {
            self.model.programme.columns[column].cost = price(problem, session, step) * stay.yield_h(step);
        }
    }

    /// Adds `energy - extra >= need - shortfall`, with what the extra energy is worth.
    fn add_need(&mut self, problem: &Problem<'_>, session: usize, short_kwh: f64) {
        let stay = &problem.stays[session];
        let must_kwh = stay.needed_wh / 1000.0 - short_kwh - SLACK_KWH;
        let extra_kwh = (stay.wanted_wh - stay.needed_wh) / 1000.0;
        let mut entries = self.model.energy(problem, session);
        if let Some(value) = value(problem, session).filter(|_| extra_kwh > 0.0) {
            let extra = self.model.programme.column(-value, 0.0, extra_kwh);
            entries.push((extra, -1.0));
            self.model.programme.at_least(must_kwh, entries);
        } else if must_kwh > 0.0 {
            self.model.programme.at_least(must_kwh, entries);
        }
    }

    /// Adds `peak >= load` for every step whose load could be a new peak.
    fn add_peak(&mut self, problem: &Problem<'_>) {
        let Some(charge) = problem.snapshot.demand_charge else { return };
        let expected = problem.expected_w();
        let unsteered_w = expected.iter().copied().fold(charge.peak_so_far_w.as_w().max(0.0), f64::max);
        let peak = self.model.programme.column(charge.price_per_kw.as_amount(), unsteered_w / 1000.0, f64::INFINITY);
        self.peak = Some(peak);
        for (step, present) in self.model.by_step(problem).into_iter().enumerate() {
            let drawn = |&(session, column): &(usize, usize)| (column, problem.stays[session].uptake);
            let mut entries: Vec<_> = present.iter().map(drawn).collect();
            let most_kw: f64 =
                entries.iter().map(|(column, share)| self.model.programme.columns[*column].upper * share).sum();
            if expected[step] / 1000.0 + most_kw > unsteered_w / 1000.0 {
                entries.push((peak, -1.0));
                self.model.programme.at_most(-expected[step] / 1000.0, entries);
            }
        }
    }
}

/// Returns what a kWh beyond the need is worth to a session; `None` where it is worth less than it costs.
pub(crate) fn value(problem: &Problem<'_>, session: usize) -> Option<f64> {
    let stay = &problem.stays[session];
    let prices = stay.steps.clone().map(|step| price(problem, session, step));
    let (cheapest, dearest) =
        prices.fold((f64::INFINITY, 0.0), |(least, most), price| (price.min(least), price.max(most)));
    let hurried = hurry(problem, session).is_some();
    let value = if hurried { stay.value_per_kwh.max(dearest) } else { stay.value_per_kwh };
    (value >= cheapest).then_some(value + HAIR)
}

/// Returns what a kWh of a session costs in a step: its price, or its wait.
pub(crate) fn price(problem: &Problem<'_>, session: usize, step: usize) -> f64 {
    let wait = hurry(problem, session).zip(problem.windows[step]);
    wait.map_or(problem.price(step), |(per_hour, window)| per_hour * hours(window.start - problem.snapshot.now))
}

/// Returns what an hour's wait of a kWh counts, for those in a hurry.
fn hurry(problem: &Problem<'_>, session: usize) -> Option<f64> {
    let state = &problem.snapshot.sessions[session];
    let in_dearest = match state.profile_type {
        ProfileType::Fast => HURRIED_BY_WORD,
        _ if !state.may_wait => HURRIED_BY_SILENCE,
        _ => return None,
    };
    Some(in_dearest * problem.dearest_per_kwh)
}
