//! Fourth goal, among plans of equal cost: early where it is liked, and few changes to what is in force.

use headroom_domain::preference::ProfileType;
use headroom_domain::profile::ChargingProfile;
use headroom_domain::units::seconds;

use crate::model::Model;
use crate::problem::Problem;
use crate::solve::LinearProgramme;

/// What it weighs to charge a kWh an hour later. Within one goal, weights are fair.
fn lateness(profile_type: ProfileType) -> f64 {
    match profile_type {
        ProfileType::Fast => 1.0,
        ProfileType::Regular => 0.1,
        ProfileType::Green | ProfileType::Cheap => 0.05,
    }
}

/// By how much the first to leave weighs more than the last: so equals are served one after the other, always in the
/// same order, and a plan made anew says the same.
const ORDER: f64 = 0.2;

/// What it weighs to allow, soon, a kW less for an hour than is in force: who charges goes on charging.
const STOP: f64 = 0.1;
/// How soon that is.
const SOON_H: f64 = 0.5;

/// What it weighs to change the power in force by a kW for an hour: less than to charge a step of five minutes later.
const CHANGE: f64 = 0.001;

/// What a session would rather, in one step. **Units**: per kWh allowed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Taste {
    /// What energy in this step weighs.
    pub(crate) late: f64,
    /// What is in force, in kW, and what a difference to it and a reduction of it weigh.
    pub(crate) in_force: Option<(f64, f64, f64)>,
}

/// Returns every planned session with what it would rather, in the order of departures.
pub(crate) fn tastes(problem: &Problem<'_>) -> Vec<(usize, impl Fn(usize) -> Option<Taste>)> {
    let mut leaving = problem.order.clone();
    leaving.sort_by_key(|&session| problem.snapshot.sessions[session].departure);
    #[expect(clippy::cast_precision_loss, reason = "there are fewer than 2^52 sessions")]
    let rank = |at: usize| 1.0 + ORDER * (1.0 - at as f64 / leaving.len() as f64);
    let taste = |(at, &session): (usize, &usize)| {
        let (state, uptake) = (&problem.snapshot.sessions[session], problem.stays[session].uptake);
        let weight = lateness(state.profile_type) * rank(at) * uptake;
        let in_force = state.belief.in_flight.last().or(state.belief.acknowledged.as_ref());
        let of_step = move |step: usize| {
            let window = problem.windows[step]?;
            let since_h = seconds(window.start - problem.snapshot.now) / 3600.0;
            let profile = in_force.filter(|profile| window.start < profile.tail_start());
            let stop = if since_h < SOON_H { STOP } else { 0.0 };
            // What is carried already is no part of what is planned.
            let carried_kw = problem.carried_w[session].get(step).map_or(0.0, |power| power / 1000.0);
            let in_force_kw =
                |profile: &ChargingProfile| (profile.limit_at(window.start).as_kw() - carried_kw).max(0.0);
            let in_force = profile.map(|profile| (in_force_kw(profile), CHANGE, stop));
            Some(Taste { late: weight * since_h, in_force })
        };
        (session, of_step)
    };
    leaving.iter().enumerate().map(taste).collect()
}

/// What it weighs to move a kWh through a battery for nothing.
const CYCLE: f64 = 0.01;

/// Gives the programme of equally cheap plans its costs.
pub(super) fn programme(problem: &Problem<'_>, model: &Model, mut face: LinearProgramme) -> LinearProgramme {
    for column in model.storage.giving() {
        face.columns[column].cost += CYCLE;
    }
    for (session, taste) in tastes(problem) {
        for (step, column) in model.of(problem, session) {
            let Some(Taste { late, in_force }) = taste(step) else { continue };
            let hours = problem.stays[session].hours[step];
            face.columns[column].cost += late * hours;
            if let Some((in_force_kw, change, stop)) = in_force {
                // |p - q| = 2 * above - p + q and max(0, q - p) = above - p + q, with above >= p - q, above >= 0.
                let above = face.column((2.0 * change + stop) * hours, 0.0, f64::INFINITY);
                face.columns[column].cost -= (change + stop) * hours;
                face.at_most(in_force_kw, vec![(column, 1.0), (above, -1.0)]);
            }
        }
    }
    face
}
