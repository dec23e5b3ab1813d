//! Second goal: needed energy. What cannot be met is levelled, not left to whoever sorts last.

use crate::model::Model;
use crate::problem::Problem;
use crate::solve::{Solved, Unsolved, solve};

use super::{FLAT, SLACK_KWH};

/// How often the shortfall is levelled among those whom the last level did not bind.
pub(super) const ROUNDS: usize = 5;

/// Returns for every session the energy in kWh that it must be missed by, at the fairest.
///
/// What a stay is too short for is nobody's gain: it is set aside first. The rest is levelled: the largest
/// `priority * shortfall / need` is made as small as it can be; those it binds are held there, and the next largest
/// follows; at last the sum of what is left.
pub(super) fn shortfalls(
    problem: &Problem<'_>,
    model: &Model,
    all_needs_fit: bool,
    limit_s: f64,
) -> Result<Vec<f64>, Unsolved> {
    let mut short = vec![0.0; problem.stays.len()];
    let mut levelling = Levelling::new(problem, model);
    for claim in &levelling.claims {
        short[claim.session] = claim.needed_kwh - claim.reachable_kwh;
    }
    if all_needs_fit {
        return Ok(short);
    }
    for _ in 0..ROUNDS {
        if !levelling.round(limit_s)? {
            break;
        }
    }
    levelling.least_sum(limit_s)?;
    for claim in &levelling.claims {
        short[claim.session] += claim.level_kwh.unwrap_or(0.0);
    }
    Ok(short)
}

/// Returns by how much less needs would be missed, in kWh, for each kW that a row of the programme allows more.
pub(crate) fn worth(problem: &Problem<'_>, model: &Model, limit_s: f64) -> Result<Vec<f64>, Unsolved> {
    let mut programme = model.programme.clone();
    for &session in &problem.order {
        let needed_kwh = problem.stays[session].needed_wh.min(problem.stays[session].reach_wh()) / 1000.0;
        if needed_kwh > 0.0 {
            let short = programme.column(1.0, 0.0, needed_kwh);
            let mut entries = model.energy(problem, session);
            entries.push((short, 1.0));
            programme.at_least(needed_kwh, entries);
        }
    }
    Ok(solve(&programme, limit_s)?.prices.into_iter().map(|price| -price).collect())
}

/// A session's need.
struct Claim {
    session: usize,
    needed_kwh: f64,
    reachable_kwh: f64,
    /// What a kWh of shortfall weighs: `priority / need`.
    weight: f64,
    /// The shortfall that it is held to, once that is known.
    level_kwh: Option<f64>,
}

struct Levelling<'a> {
    problem: &'a Problem<'a>,
    model: &'a Model,
    claims: Vec<Claim>,
    level: f64,
}

impl<'a> Levelling<'a> {
    fn new(problem: &'a Problem<'a>, model: &'a Model) -> Self {
        let claim = |&session: &usize| {
            let needed_kwh = problem.stays[session].needed_wh / 1000.0;
            let reachable_kwh = needed_kwh.min(problem.stays[session].reach_wh() / 1000.0);
            let weight = problem.snapshot.sessions[session].priority / needed_kwh;
            (needed_kwh > 0.0).then_some(Claim { session, needed_kwh, reachable_kwh, weight, level_kwh: None })
        };
        Self { problem, model, claims: problem.order.iter().filter_map(claim).collect(), level: f64::INFINITY }
    }

    /// Makes the largest weighted shortfall of the open claims smaller; returns whether a further round can gain.
    fn round(&mut self, limit_s: f64) -> Result<bool, Unsolved> {
        let mut model = self.model.programme.clone();
        let level = model.column(1.0, 0.0, f64::INFINITY);
        let mut bounds = Vec::new();
        for (index, claim) in self.claims.iter().enumerate() {
            let short = model.column(0.0, 0.0, claim.level_kwh.unwrap_or(claim.reachable_kwh) + SLACK_KWH);
            let mut entries = self.model.energy(self.problem, claim.session);
            entries.push((short, 1.0));
            model.at_least(claim.reachable_kwh, entries);
            if claim.level_kwh.is_none() {
                bounds.push((index, model.at_most(0.0, vec![(short, claim.weight), (level, -1.0)])));
            }
        }
        if bounds.is_empty() {
            return Ok(false);
        }
        let solved = solve(&model, limit_s)?;
        self.level = solved.values[level].max(0.0);
        if self.level <= 1e-7 {
            self.hold(&bounds, 0.0, |_| true);
            return Ok(false);
        }
        self.hold_bound(&bounds, &solved);
        Ok(true)
    }

    fn hold_bound(&mut self, bounds: &[(usize, usize)], solved: &Solved) {
        let level = self.level;
        self.hold(bounds, level, |row| solved.prices[row].abs() > FLAT);
    }

    fn hold(&mut self, bounds: &[(usize, usize)], level: f64, bound: impl Fn(usize) -> bool) {
        for (index, _) in bounds.iter().filter(|(_, row)| bound(*row)) {
            let claim = &mut self.claims[*index];
            claim.level_kwh = Some((level / claim.weight).min(claim.reachable_kwh));
        }
    }

    /// Makes the sum of the open shortfalls least, none above the last level.
    fn least_sum(&mut self, limit_s: f64) -> Result<(), Unsolved> {
        if self.claims.iter().all(|claim| claim.level_kwh.is_some()) {
            return Ok(());
        }
        let mut model = self.model.programme.clone();
        let mut columns = Vec::new();
        for claim in &self.claims {
            let most = claim.level_kwh.unwrap_or((self.level / claim.weight).min(claim.reachable_kwh));
            let cost = if claim.level_kwh.is_none() { 1.0 } else { 0.0 };
            let short = model.column(cost, 0.0, most + SLACK_KWH);
            let mut entries = self.model.energy(self.problem, claim.session);
            entries.push((short, 1.0));
            model.at_least(claim.reachable_kwh, entries);
            columns.push(short);
        }
        let solved = solve(&model, limit_s)?;
        for (claim, column) in self.claims.iter_mut().zip(columns) {
            claim.level_kwh.get_or_insert(solved.values[column].max(0.0));
        }
        Ok(())
    }
}
