//! Simple rules on the same limits: to compare with, and to fall back to.

use headroom_domain::schedule::{PlanStatus, Schedule};

use crate::fallback::{self, ENERGY_TOLERANCE_WH};
use crate::outcome;
use crate::problem::{Powers, Problem};
use crate::room::Room;
use crate::snapshot::Snapshot;

/// Plans every session in one look at its steps, the least patient first. The floor for speed, and the fallback.
///
/// A snapshot that breaks a rule gets a plan of zeros.
pub fn greedy(snapshot: &Snapshot) -> Schedule {
    with(snapshot, fallback::greedy)
}

/// Shares the room of every step equally among the sessions present, until each has the energy it wants.
///
/// A snapshot that breaks a rule gets a plan of zeros.
pub fn equal_share(snapshot: &Snapshot) -> Schedule {
    with(snapshot, share_equally)
}

fn with(snapshot: &Snapshot, rule: fn(&Problem<'_>) -> Powers) -> Schedule {
    match snapshot.check() {
        Ok(()) => {
            let problem = Problem::new(snapshot);
            outcome::schedule(&problem, &rule(&problem), PlanStatus::Fallback)
        }
        Err(_) => outcome::nothing(snapshot),
    }
}

fn share_equally(problem: &Problem<'_>) -> Powers {
    let mut powers = problem.nothing();
    let mut room = Room::of(problem);
    let order = fallback::by_laxity(problem);
    let mut rest_wh: Vec<f64> = problem.stays.iter().map(|stay| stay.wanted_wh).collect();
    for step in 0..problem.steps() {
        let mut sharing = Vec::new();
        for &session in &order {
            let stay = &problem.stays[session];
            if stay.steps.contains(&step) && rest_wh[session] > ENERGY_TOLERANCE_WH {
                let most = stay.maximum_w.min(rest_wh[session] / stay.yield_h(step)).max(stay.minimum_w);
                // Where there is not room for everyone's minimum, the least patient have it.
                if room.left(&problem.rows, session, step) >= stay.minimum_w {
                    room.take(&problem.rows, session, step, stay.minimum_w);
                    powers[session][step] = stay.minimum_w;
                    sharing.push((session, most));
                }
            }
        }
        rise_together(problem, &mut room, step, &mut powers, sharing);
        for &session in &order {
            rest_wh[session] -= powers[session][step] * problem.stays[session].yield_h(step);
        }
    }
    powers
}

/// Raises all sessions by the same power until each is at its most or in front of a full row.
fn rise_together(
    problem: &Problem<'_>,
    room: &mut Room,
    step: usize,
    powers: &mut Powers,
    mut sharing: Vec<(usize, f64)>,
) {
    let mut weights = vec![0.0; problem.rows.all().len()];
    while !sharing.is_empty() {
        weights.fill(0.0);
        for (session, _) in &sharing {
            for &(row, weight) in problem.rows.of(*session) {
                weights[row] += weight;
            }
        }
        let by_rows = (0..weights.len()).filter(|row| weights[*row] > 0.0);
        let by_rows = by_rows.map(|row| room.of_row(row, step).max(0.0) / weights[row]).fold(f64::INFINITY, f64::min);
        let by_most = sharing.iter().map(|(session, most)| most - powers[*session][step]).fold(f64::INFINITY, f64::min);
        let rise = by_rows.min(by_most).max(0.0);
        for (session, _) in &sharing {
            powers[*session][step] += rise;
            room.take(&problem.rows, *session, step, rise);
        }
        let before = sharing.len();
        sharing.retain(|(session, most)| {
            most - powers[*session][step] > 1e-6 && room.left(&problem.rows, *session, step) > 1e-6
        });
        if sharing.len() == before {
            return;
        }
    }
}
