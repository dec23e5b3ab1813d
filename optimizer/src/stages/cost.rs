//! Third goal: cost. Energy at its price, a new peak at the demand charge, less what wanted energy is worth.
//!
//! Who may leave early pays by waiting as well: the needed energy that would be lost counts as twice the dearest kWh.
//! Who is in a hurry pays by waiting instead of by the price: an hour's wait of a kWh counts as the dearest kWh. Who wants
//! clean energy pays by its carbon: the dirtiest kWh counts as the dearest. What would be fed in costs what that earns.

use headroom_domain::preference::ProfileType;
use headroom_domain::units::hours;

use crate::model::Model;
use crate::problem::{Powers, Problem};

/// What an hour's wait of a kWh counts, in the dearest price of the horizon, for a driver who said to be in a hurry.
const HURRIED_BY_WORD: f64 = 1.0;
/// The same for one who may not be kept waiting.
const HURRIED_BY_SILENCE: f64 = 0.5;

/// What a needed kWh that a driver leaves without counts, in the dearest price of the horizon: what charging under way
/// costs more.
const LEFT_WITHOUT: f64 = 2.0;

/// What is added to a value so that energy worth exactly its price is taken, beside the solver's tolerance.
const HAIR: f64 = 1e-5;

/// The programme of the cheapest plan that keeps the shortfalls.
pub(crate) struct Stage {
    pub(crate) model: Model,
    pub(super) peak: Option<usize>,
}

impl Stage {
    pub(crate) fn new(problem: &Problem<'_>, model: Model, short_kwh: &[f64], slack_kwh: f64) -> Self {
        let mut stage = Self { model, peak: None };
        for &session in &problem.order {
            stage.add_prices(problem, session);
            stage.add_need(problem, session, short_kwh[session] + slack_kwh);
        }
        stage.add_storage(problem);
        stage.add_peak(problem);
        stage.add_export(problem);
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
        let must_kwh = stay.needed_wh / 1000.0 - short_kwh;
        let extra_kwh = (stay.wanted_wh - stay.needed_wh) / 1000.0;
        let mut entries = self.model.energy(problem, session);
        if let Some(value) = value(problem, session).filter(|_| extra_kwh > 0.0) {
            let extra = self.model.programme.column(-value, 0.0, extra_kwh);
            entries.push((extra, -1.0));
            self.model.programme.at_least(must_kwh, entries);
        } else if must_kwh > 0.0 || problem.discharge_w(session) > 0.0 {
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
            let mut entries = self.model.net(problem, &present, step);
            let most_kw = self.most(&entries);
            if expected[step] / 1000.0 + most_kw > unsteered_w / 1000.0 {
                entries.push((peak, -1.0));
                self.model.programme.at_most(-expected[step] / 1000.0, entries);
            }
        }
    }

    /// Prices what batteries and vehicles give and take, and what generators lose.
    fn add_storage(&mut self, problem: &Problem<'_>) {
        let Self { model, .. } = self;
        let mean = problem.mean_price();
        for step in 0..problem.steps() {
            let (price, hours) = (problem.price(step), problem.hours(step));
            let storage = &model.storage;
            let columns = &mut model.programme.columns;
            for (session, gives) in storage.discharge.iter().enumerate() {
                let wear = problem.snapshot.sessions[session].discharge.map_or(0.0, |own| own.wear.as_per_kwh());
                if let Some(column) = gives.get(step).copied().flatten() {
                    columns[column].cost = (wear - price) * problem.stays[session].hours[step];
                }
            }
            for (own, battery) in storage.batteries.iter().zip(&problem.snapshot.batteries) {
                let wear = battery.wear.as_per_kwh();
                own.charge[step].into_iter().for_each(|column| columns[column].cost = price * hours);
                own.discharge[step].into_iter().for_each(|column| columns[column].cost = (wear - price) * hours);
            }
            for (_, lost) in &storage.generation {
                lost[step].into_iter().for_each(|column| columns[column].cost = price * hours);
            }
        }
        // What is left in a battery at the end is worth what it saves later.
        for (own, battery) in model.storage.batteries.iter().zip(&problem.snapshot.batteries) {
            if let Some(last) = own.stored.iter().rev().copied().flatten().next() {
                model.programme.columns[last].cost = -mean.max(0.0) * battery.efficiency.as_ratio();
            }
        }
    }

    /// Gives back, for what is fed in, the difference between its price and what it earns.
    fn add_export(&mut self, problem: &Problem<'_>) {
        let expected = problem.expected_w();
        for (step, present) in self.model.by_step(problem).into_iter().enumerate() {
            let mut entries = self.model.net(problem, &present, step);
            let expected_kw = expected[step] / 1000.0;
            if expected_kw + self.least(&entries) < 0.0 && problem.hours(step) > 0.0 {
                let lost = (problem.price(step) - problem.export_price(step)) * problem.hours(step);
                let fed_in = self.model.programme.column(lost, 0.0, f64::INFINITY);
                entries.push((fed_in, 1.0));
                self.model.programme.at_least(-expected_kw, entries);
            }
        }
    }

    fn most(&self, entries: &[(usize, f64)]) -> f64 {
        let most = |(column, factor): &(usize, f64)| {
            if *factor > 0.0 { self.model.programme.columns[*column].upper * factor } else { 0.0 }
        };
        entries.iter().map(most).sum()
    }

    fn least(&self, entries: &[(usize, f64)]) -> f64 {
        let least = |(column, factor): &(usize, f64)| {
            if *factor < 0.0 { self.model.programme.columns[*column].upper * factor } else { 0.0 }
        };
        entries.iter().map(least).sum()
    }
}

/// Returns what the powers of a plan come to in this goal; batteries and generation aside.
pub(crate) fn of_plan(problem: &Problem<'_>, powers: &Powers) -> f64 {
    let of_session = |&session: &usize| {
        let stay = &problem.stays[session];
        let kwh = |step: usize| powers[session][step] * stay.yield_h(step) / 1000.0;
        let money: f64 = stay.steps.clone().map(|step| price(problem, session, step) * kwh(step)).sum();
        let extra = (stay.steps.clone().map(kwh).sum::<f64>() - stay.needed_wh / 1000.0).max(0.0);
        money - value(problem, session).unwrap_or(0.0) * extra
    };
    let money: f64 = problem.order.iter().map(of_session).sum();
    let Some(charge) = problem.snapshot.demand_charge else { return money };
    let peak_w = problem.highest_w(powers).max(charge.peak_so_far_w.as_w());
    money + charge.price_per_kw.as_amount() * peak_w / 1000.0
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

/// Returns what a kWh of a session costs in a step: its price, its wait, or its carbon.
pub(crate) fn price(problem: &Problem<'_>, session: usize, step: usize) -> f64 {
    problem.stays[session].price_per_kwh[step]
}

/// Works out [`price`].
pub(crate) fn counted(problem: &Problem<'_>, session: usize, step: usize) -> f64 {
    if let Some((per_hour, window)) = hurry(problem, session).zip(problem.windows[step]) {
        return per_hour * hours(window.start - problem.snapshot.now);
    }
    let dirt = problem.dirt(step).filter(|_| problem.snapshot.sessions[session].profile_type == ProfileType::Green);
    dirt.map_or(problem.price(step), |dirt| dirt * problem.dearest_per_kwh) + doubt(problem, session, step)
}

/// Returns what it counts that a driver may have left before a step.
///
/// Of those who leave early, the share that is gone grows with the square of the part of the stay that is over (ACN-Data,
/// Caltech: of all drivers 5 % are gone after 0.36 of the stated stay, 10 % after 0.56, 20 % after 0.84).
fn doubt(problem: &Problem<'_>, session: usize, step: usize) -> f64 {
    let (snapshot, state) = (problem.snapshot, &problem.snapshot.sessions[session]);
    let share = snapshot.settings.leave_early.as_ratio();
    let (Some(window), true) = (problem.windows[step], share > 0.0) else { return 0.0 };
    let stay_h = hours(state.departure - state.arrival).max(f64::MIN_POSITIVE);
    let gone = |at| share * (hours(at - state.arrival) / stay_h).clamp(0.0, 1.0).powi(2);
    let gone_before = gone(snapshot.now);
    LEFT_WITHOUT * problem.dearest_per_kwh * (gone(window.start) - gone_before).max(0.0) / (1.0 - gone_before)
}

/// Tells whether a session pays by carbon.
pub(crate) fn counts_carbon(problem: &Problem<'_>, session: usize) -> bool {
    let is_green = problem.snapshot.sessions[session].profile_type == ProfileType::Green;
    is_green && hurry(problem, session).is_none() && problem.dirt(0).is_some()
}

/// Returns what the next kWh of a session costs in a step: as [`price`], less what is saved by not feeding it in.
pub(crate) fn marginal_price(problem: &Problem<'_>, session: usize, step: usize) -> f64 {
    price(problem, session, step) - problem.saved_per_kwh[step]
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
