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

/// What it weighs to change the power in force by a kW for an hour.
const CHANGE: f64 = 0.05;

/// Gives the programme of equally cheap plans its costs.
pub(super) fn programme(problem: &Problem<'_>, model: &Model, mut face: LinearProgramme) -> LinearProgramme {
    for &session in &problem.order {
        let (stay, state) = (&problem.stays[session], &problem.snapshot.sessions[session]);
        let weight = lateness(state.profile_type);
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
            face.at_most(in_force_kw, vec![(column, 1.0), (above, -1.0)]);
        }
    }
    face
}
