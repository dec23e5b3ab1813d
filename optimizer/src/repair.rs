//! Mends a plan of the linear programme where vehicles cannot follow it: below the minimum current they take nothing.
//!
//! Session by session, in the room that the others leave, the powers of the near steps are gathered until each is zero
//! or at least the minimum. Who loses needed energy by that gets it back elsewhere: in what is left, where others can
//! make way, and at last above the planned peak. No limit is ever passed. What is found is valid but not cheap: so it is
//! planned once more, with who charges when held as it is.

use crate::fallback::{ENERGY_TOLERANCE_WH, by_laxity, round_up};
use crate::problem::{Powers, Problem};
use crate::rolling::Memory;
use crate::room::Room;
use crate::stages::cost;

mod levels;
mod mender;
mod pattern;
use mender::Mender;

#[cfg(test)]
mod tests;

/// Powers this near (W) are the same: the solver's noise.
const NOISE_W: f64 = 0.01;
/// Energies this near (Wh) are the same.
const NOISE_WH: f64 = 10.0 * ENERGY_TOLERANCE_WH;
/// By how much the planned peak may grow before needed energy is given up, least first.
const PEAK_GROWTH: [f64; 6] = [1.0, 1.02, 1.05, 1.1, 1.25, f64::INFINITY];
/// In how many parts a need is levelled at most.
const LEVELS: f64 = 50.0;
/// The most often others are asked to make way in one plan: it bounds the time.
const MAKING_WAY: usize = 2000;

/// Mends powers so that in the near steps each is zero or at least its session's minimum.
pub(crate) fn mend(problem: &Problem<'_>, powers: &mut Powers, peak_w: Option<f64>, memory: &Memory) {
    let order = by_laxity(problem);
    for &session in &order {
        clean(problem.stays[session].minimum_w, &mut powers[session]);
    }
    let planned_wh: Vec<f64> =
        (0..powers.len()).map(|at| problem.energy(at, &powers[at]).min(problem.stays[at].needed_wh)).collect();
    let bound = cost::of_plan(problem, powers);
    let mut room = Room::under_peak(problem, powers, peak_w);
    let mut mended = false;
    for &session in &order {
        let mut mender = Mender { problem, room: &mut room, session };
        mender.lift_tapering(&mut powers[session]);
        if mender.is_broken(&powers[session]) {
            mender.gather(&mut powers[session]);
            mended = true;
        }
        if !problem.snapshot.sessions[session].may_pause {
            mender.hold(&mut powers[session]);
        }
    }
    if mended {
        restore(problem, &order, powers, &planned_wh, peak_w);
        level(problem, &order, powers);
        finish(problem, &order, powers, peak_w);
        pattern::improve(problem, powers, bound, memory);
    }
    for &session in &order {
        levels::snap(problem, session, powers);
    }
}

fn clean(minimum_w: f64, power_w: &mut [f64]) {
    for power in power_w {
        if *power < NOISE_W {
            *power = 0.0;
        } else if (*power - minimum_w).abs() < NOISE_W {
            *power = minimum_w;
        }
    }
}

/// Gives back the needed energy that gathering took, under a peak that grows only as far as it must.
fn restore(problem: &Problem<'_>, order: &[usize], powers: &mut Powers, planned_wh: &[f64], peak_w: Option<f64>) {
    let lost = |session: usize, powers: &Powers| planned_wh[session] - problem.energy(session, &powers[session]);
    let mut asked = 0;
    for growth in PEAK_GROWTH {
        let losers: Vec<usize> = order.iter().copied().filter(|at| lost(*at, powers) > NOISE_WH).collect();
        if losers.is_empty() {
            return;
        }
        let peak_w = peak_w.map(|peak_w| peak_w * growth).filter(|peak_w| peak_w.is_finite());
        let mut room = Room::under_peak(problem, powers, peak_w);
        for session in losers {
            let lost_wh = lost(session, powers);
            let rest_wh = Mender { problem, room: &mut room, session }.place(&mut powers[session], lost_wh);
            if rest_wh > NOISE_WH && asked < MAKING_WAY {
                asked += mender::make_way(problem, &mut room, powers, session, rest_wh);
            }
        }
        if peak_w.is_none() {
            return;
        }
    }
}

/// Shares what is left among those who are still short, the one with the largest weighted fraction first.
fn level(problem: &Problem<'_>, order: &[usize], powers: &mut Powers) {
    let rest =
        |session: usize, powers: &Powers| problem.stays[session].needed_wh - problem.energy(session, &powers[session]);
    let weight = |session: usize| problem.snapshot.sessions[session].priority / problem.stays[session].needed_wh;
    let mut short: Vec<usize> = order.iter().copied().filter(|at| rest(*at, powers) > NOISE_WH).collect();
    if short.is_empty() {
        return;
    }
    let mut room = Room::beside(problem, powers);
    while !short.is_empty() {
        let fraction = |at: usize| rest(short[at], powers) * weight(short[at]);
        let first = (0..short.len()).fold(0, |most, at| if fraction(at) > fraction(most) { at } else { most });
        let session = short[first];
        let rest_wh = rest(session, powers);
        let stay = &problem.stays[session];
        // A quarter-hour at the minimum; where there is none (DC), a part that bounds the rounds.
        let some_wh = rest_wh.min((stay.minimum_w * 0.25).max(stay.needed_wh / LEVELS)).max(NOISE_WH);
        Mender { problem, room: &mut room, session }.place(&mut powers[session], some_wh);
        let now_wh = rest(session, powers);
        // Without progress it is over: what room is left is noise.
        if now_wh > rest_wh - NOISE_WH / 2.0 || now_wh <= NOISE_WH {
            short.remove(first);
        }
    }
}

/// Rounds the last of a need up to the minimum of a step, and draws energy forward into what is left.
fn finish(problem: &Problem<'_>, order: &[usize], powers: &mut Powers, peak_w: Option<f64>) {
    let mut room = Room::under_peak(problem, powers, peak_w.map(|peak_w| peak_w * PEAK_GROWTH[1]));
    for &session in order {
        round_up(problem, &mut room, session, &mut powers[session]);
    }
    // Only what has to is worth a higher peak.
    let mut room = Room::under_peak(problem, powers, peak_w.map(|peak_w| peak_w.max(problem.highest_w(powers))));
    for &session in order {
        Mender { problem, room: &mut room, session }.draw_forward(&mut powers[session]);
    }
}
