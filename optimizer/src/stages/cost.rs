//! Third goal: cost. Energy at its price, a new peak at the demand charge, less what wanted energy is worth.

use crate::model::Model;
use crate::problem::Problem;

use super::SLACK_KWH;

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
            self.model.programme.columns[column].cost = problem.price(step) * stay.yield_h(step);
        }
    }

    /// Adds `energy - extra >= need - shortfall`, with what the extra energy is worth.
    fn add_need(&mut self, problem: &Problem<'_>, session: usize, short_kwh: f64) {
        let stay = &problem.stays[session];
        let must_kwh = stay.needed_wh / 1000.0 - short_kwh - SLACK_KWH;
        let extra_kwh = (stay.wanted_wh - stay.needed_wh) / 1000.0;
        let steps = stay.steps.clone();
        let cheapest = steps.map(|step| problem.price(step)).fold(f64::INFINITY, f64::min);
        let mut entries = self.model.energy(problem, session);
        if extra_kwh > 0.0 && stay.value_per_kwh >= cheapest {
            // A hair above the price, so that energy worth exactly its price is taken.
            let extra = self.model.programme.column(-stay.value_per_kwh - 1e-6, 0.0, extra_kwh);
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
