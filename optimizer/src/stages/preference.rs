//! Fourth goal, among plans of equal cost: early where it is liked, and few changes to what is in force.

use headroom_domain::preference::ProfileType;
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

/// Gives the programme of equally cheap plans its costs.
pub(super) fn programme(problem: &Problem<'_>, model: &Model, mut face: LinearProgramme) -> LinearProgramme {
    let mut leaving = problem.order.clone();
    leaving.sort_by_key(|&session| problem.snapshot.sessions[session].departure);
    #[expect(clippy::cast_precision_loss, reason = "there are fewer than 2^52 sessions")]
    let rank = |at: usize| 1.0 + ORDER * (1.0 - at as f64 / leaving.len() as f64);
    for (at, &session) in leaving.iter().enumerate() {
        let (stay, state) = (&problem.stays[session], &problem.snapshot.sessions[session]);
        let weight = lateness(state.profile_type) * rank(at);
        let in_force = state.belief.in_flight.last().or(state.belief.acknowledged.as_ref());
        for (step, column) in model.of(problem, session) {
            let Some(window) = problem.windows[step] else { continue };
            let since_h = seconds(window.start - problem.snapshot.now) / 3600.0;
            face.columns[column].cost += weight * since_h * stay.yield_h(step);
            let Some(profile) = in_force.filter(|profile| window.start < profile.tail_start()) else { continue };
            // |p - q| = 2 * above - p + q with above >= p - q, above >= 0.
            let weight = CHANGE * stay.hours[step];
            let in_force_kw = profile.limit_at(window.start).as_kw();
            let above = face.column(2.0 * weight, 0.0, f64::INFINITY);
            face.columns[column].cost -= weight;
            if since_h < SOON_H {
                // max(0, q - p) = above - p + q.
                let weight = STOP * stay.hours[step];
                face.columns[above].cost += weight;
                face.columns[column].cost -= weight;
            }
            face.at_most(in_force_kw, vec![(column, 1.0), (above, -1.0)]);
        }
    }
    face
}
