//! Why a session gets less than it could take.

use headroom_domain::reason::Reason;
use headroom_domain::schedule::PlanStatus;

use crate::fallback::ENERGY_TOLERANCE_WH;
use crate::problem::{Powers, Problem};
use crate::room::Room;
use crate::stages::cost;

/// Room below this is none (W).
pub(crate) const TIGHT_W: f64 = 1.0;

/// Returns for every session and step that gives less than the session could take, why; and for a stay that is too
/// short for the need, that.
pub(crate) fn reasons(problem: &Problem<'_>, powers: &Powers, status: PlanStatus) -> Vec<Vec<Option<Reason>>> {
    let mut left = Room::of(problem);
    for &session in &problem.order {
        for step in problem.stays[session].steps.clone() {
            left.take(&problem.rows, session, step, powers[session][step]);
        }
    }
    let explanation = Explanation { problem, left, status };
    (0..problem.stays.len()).map(|session| explanation.of(session, &powers[session])).collect()
}

struct Explanation<'a> {
    problem: &'a Problem<'a>,
    left: Room,
    status: PlanStatus,
}

/// What of a session's energy is delivered when.
struct Progress {
    before_wh: f64,
    total_wh: f64,
    cheaper_later: bool,
}

impl Explanation<'_> {
    fn of(&self, session: usize, power_w: &[f64]) -> Vec<Option<Reason>> {
        let (stay, state) = (&self.problem.stays[session], &self.problem.snapshot.sessions[session]);
        let mut reasons = vec![None; self.problem.steps()];
        if !state.is_planned() {
            let reason = if state.steerable { Reason::StationSilent } else { Reason::NotSteerable };
            reasons[stay.steps.clone()].fill(Some(reason));
            return reasons;
        }
        let total_wh = self.problem.energy(session, power_w);
        let too_short = stay.reach_wh() < stay.needed_wh - ENERGY_TOLERANCE_WH;
        if too_short && stay.steps.is_empty() {
            reasons[0] = Some(Reason::StayTooShort);
        }
        // The lowest price of the steps that are used after each step.
        let mut cheapest_after = f64::INFINITY;
        let mut remaining_wh = total_wh;
        let most_w = self.problem.most_by_state(session, power_w);
        for step in stay.steps.clone().rev() {
            remaining_wh -= power_w[step] * stay.yield_h(step);
            let price = cost::marginal_price(self.problem, session, step);
            let cheaper_later = cheapest_after < price;
            let progress = Progress { before_wh: remaining_wh, total_wh, cheaper_later };
            let most_w = most_w.as_ref().map_or(stay.maximum_w, |most_w| most_w[step]);
            reasons[step] = if self.problem.storage.of_session(session, step) > TIGHT_W {
                Some(Reason::GivesBack)
            } else if power_w[step] < most_w - TIGHT_W {
                Some(self.reason(session, step, power_w[step], &progress))
            } else if most_w < stay.maximum_w - TIGHT_W {
                Some(Reason::ConnectorLimit)
            } else {
                too_short.then_some(Reason::StayTooShort)
            };
            if power_w[step] > TIGHT_W {
                cheapest_after = cheapest_after.min(price);
            }
        }
        reasons
    }

    fn reason(&self, session: usize, step: usize, power_w: f64, progress: &Progress) -> Reason {
        let stay = &self.problem.stays[session];
        let has = |energy_wh: f64, target_wh: f64| energy_wh >= target_wh - 10.0 * ENERGY_TOLERANCE_WH;
        if has(progress.before_wh, stay.wanted_wh) {
            return Reason::NeedMet;
        }
        if has(progress.total_wh, stay.wanted_wh) && progress.cheaper_later {
            return self.later(session);
        }
        let left = self.left.left(&self.problem.rows, session, step);
        if left < TIGHT_W {
            return self.tightest(session, step);
        }
        if power_w < TIGHT_W && left < stay.minimum_w {
            return Reason::BelowMinimumCurrent;
        }
        let later_wh = progress.total_wh - progress.before_wh - power_w * stay.yield_h(step);
        if !has(progress.before_wh, stay.needed_wh) && later_wh > ENERGY_TOLERANCE_WH {
            // Without a cheaper step or a peak to keep low, only the minimum current moves energy to a later step.
            let own_power = self.problem.saved_per_kwh.iter().any(|saved| *saved != 0.0);
            let has_peak = self.problem.snapshot.demand_charge.is_some();
            let pays = progress.cheaper_later || has_peak || own_power || stay.minimum_w <= 0.0;
            return if pays { self.later(session) } else { Reason::BelowMinimumCurrent };
        }
        match self.status {
            _ if has(progress.total_wh, stay.needed_wh) => Reason::NeedMet,
            PlanStatus::Fallback => Reason::Fallback,
            _ => Reason::BelowMinimumCurrent,
        }
    }

    fn later(&self, session: usize) -> Reason {
        if cost::counts_carbon(self.problem, session) { Reason::CleanerLater } else { Reason::CheaperLater }
    }

    /// Names the fullest row above a session.
    fn tightest(&self, session: usize, step: usize) -> Reason {
        let row = fullest(&self.left, self.problem, session, step);
        row.map_or(Reason::ConnectorLimit, |row| of_row(self.problem, row, step))
    }
}

/// Returns the row above a session with the least room left for it; of rows equally full the uppermost.
pub(crate) fn fullest(left: &Room, problem: &Problem<'_>, session: usize, step: usize) -> Option<usize> {
    let mut fullest = None;
    for &(row, weight) in problem.rows.of(session) {
        let left = left.of_row(row, step) / weight;
        if fullest.is_none_or(|(least, _)| left <= least + 1e-6) {
            fullest = Some((left, row));
        }
    }
    fullest.map(|(_, row)| row)
}

/// Tells why a full row has no room. A limit that leaves nothing even without a base load is itself the reason.
pub(crate) fn of_row(problem: &Problem<'_>, row: usize, step: usize) -> Reason {
    let Some(window) = problem.windows[step] else { return Reason::ConnectorLimit };
    let node = problem.snapshot.tree.nodes()[problem.rows.all()[row].node].id.clone();
    let (limit_w, basis) = problem.rows.limit(row, window);
    if limit_w >= TIGHT_W && problem.beside_base_w(row, step) < TIGHT_W {
        return Reason::BaseLoad { node };
    }
    if problem.kept_w[row][step] > TIGHT_W {
        return Reason::KeptForArrivals { node };
    }
    Reason::NodeLimit { node, basis }
}
