//! Steps that a session is there for in part only. A watt brings less energy there than in a whole step, and that is no
//! flow: such steps are taken out, and those that a need asks for, or that pay, are carried like a load.
//!
//! What pays is told by the prices of a first plan. What is left out then still comes in where it saves money in the room
//! that is left. So the answer is exact where stays begin and end with steps, and near it elsewhere.

use std::borrow::Cow;

use crate::fallback::ENERGY_TOLERANCE_WH;
use crate::problem::{Powers, Problem};
use crate::room::Room;
use crate::stages::cost;

use super::SAME;

/// Problems of so few powers are planned exactly instead: that takes some milliseconds.
const FEW: usize = 250;
/// Prices this near are the same.
const SAME_PRICE: f64 = 1e-6;

/// What energy is worth in a plan. **Units**: money per kWh allowed.
pub(super) struct Worth {
    /// The last kWh of each session.
    pub(super) session: Vec<f64>,
    /// What passing each node costs: `toll[node][step]`.
    pub(super) toll: Vec<Vec<f64>>,
}

/// A problem on whole steps, and what it carries in the others.
pub(super) struct Whole<'p, 'a> {
    pub(super) problem: Cow<'p, Problem<'a>>,
    of: &'p Problem<'a>,
}

impl<'p, 'a> Whole<'p, 'a> {
    /// Takes the parts of steps out of a problem, but for those that a need asks for; `None` where these find no room,
    /// and where there is little to gain.
    pub(super) fn new(of: &'p Problem<'a>) -> Option<Self> {
        if of.order.iter().all(|session| parts(of, *session).next().is_none()) {
            return Some(Self { problem: Cow::Borrowed(of), of });
        }
        let powers = of.order.iter().map(|session| of.stays[*session].steps.len());
        if powers.sum::<usize>() <= FEW {
            return None;
        }
        Self::carrying(of, |_, _| false)
    }

    /// Tells whether nothing was taken out.
    pub(super) fn is_all(&self) -> bool {
        matches!(self.problem, Cow::Borrowed(_))
    }

    /// Does the same as [`new`](Self::new), and carries as well what pays; `None` where that is nothing more.
    pub(super) fn with_what_pays(&self, worth: &Worth) -> Option<Self> {
        let of = self.of;
        let pays = |session: usize, part: usize| {
            let (stay, rows) = (&of.stays[session], of.rows.of(session));
            let toll: f64 = {
                let mut nodes: Vec<usize> = rows.iter().map(|(row, _)| of.rows.all()[*row].node).collect();
                nodes.dedup();
                nodes.into_iter().filter_map(|node| worth.toll[node].get(part)).sum()
            };
            let price = cost::price(of, session, part) * stay.uptake;
            stay.hours[part] * (worth.session[session] - price) - of.hours(part) * toll > SAME_PRICE
        };
        Self::carrying(of, pays).filter(|more| more.problem.carried_w != self.problem.carried_w)
    }

    fn carrying(of: &'p Problem<'a>, pays: impl Fn(usize, usize) -> bool) -> Option<Self> {
        let (alone, mut room) = (Room::of(of), Room::of(of));
        let mut whole = of.clone();
        for &session in &of.order {
            let most_wh = |step: usize| {
                let stay = &of.stays[session];
                stay.most_w(step).min(alone.left(&of.rows, session, step)) * stay.yield_h(step)
            };
            let own: Vec<usize> = parts(of, session).collect();
            for part in &own {
                whole.stays[session].hours[*part] = 0.0;
            }
            let stay = &whole.stays[session];
            let reach_wh: f64 = stay.steps.clone().filter(|step| stay.hours[*step] > 0.0).map(most_wh).sum();
            let mut rest_wh = stay.needed_wh - reach_wh;
            for part in own.into_iter().filter(|part| most_wh(*part) > 0.0) {
                let is_needed = rest_wh > ENERGY_TOLERANCE_WH;
                let stay = &mut whole.stays[session];
                let wish_wh = most_wh(part).min(if is_needed { stay.needed_wh } else { stay.wanted_wh });
                let power_w = wish_wh / of.stays[session].yield_h(part);
                let fits = room.left(&of.rows, session, part) >= power_w - SAME;
                if is_needed && !fits {
                    return None;
                }
                if !fits || !(is_needed || pays(session, part)) {
                    continue;
                }
                room.take(&of.rows, session, part, power_w);
                rest_wh -= wish_wh;
                stay.needed_wh = (stay.needed_wh - wish_wh).max(0.0);
                stay.wanted_wh -= wish_wh;
                whole.carry(session, part, power_w);
            }
        }
        Some(Self { problem: Cow::Owned(whole), of })
    }

    /// Adds what is carried to a plan on whole steps, and moves energy into parts of steps where it is cheaper.
    pub(super) fn bring_in(&self, powers: &mut Powers, peak_w: Option<f64>) {
        self.problem.add_carried(self.of, powers);
        let mut room = Room::under_peak(self.of, powers, peak_w);
        for &session in &self.of.order {
            for part in parts(self.of, session) {
                move_into(self.of, &mut room, session, part, &mut powers[session]);
            }
        }
    }
}

/// Returns the steps that a session is there for in part.
fn parts<'a>(problem: &'a Problem<'_>, session: usize) -> impl Iterator<Item = usize> + 'a {
    let stay = &problem.stays[session];
    stay.steps.clone().filter(|step| (stay.hours[*step] - problem.hours(*step)).abs() > SAME)
}

fn move_into(problem: &Problem<'_>, room: &mut Room, session: usize, part: usize, power_w: &mut [f64]) {
    let stay = &problem.stays[session];
    let price = |step: usize| cost::price(problem, session, step);
    let own = price(part);
    let mut donors: Vec<usize> = stay.steps.clone().filter(|step| power_w[*step] > 0.0).collect();
    donors.retain(|step| price(*step) > own + SAME_PRICE);
    donors.sort_by(|first, second| price(*second).total_cmp(&price(*first)));
    let mut can_wh =
        room.left(&problem.rows, session, part).min(stay.most_w(part) - power_w[part]) * stay.yield_h(part);
    for donor in donors {
        let moved_wh = can_wh.min(power_w[donor] * stay.yield_h(donor));
        if moved_wh <= 0.0 {
            return;
        }
        can_wh -= moved_wh;
        for (step, energy_wh) in [(donor, -moved_wh), (part, moved_wh)] {
            let power = energy_wh / stay.yield_h(step);
            power_w[step] = (power_w[step] + power).max(0.0);
            room.take(&problem.rows, session, step, power);
        }
    }
}
