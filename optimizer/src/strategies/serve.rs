//! One step's room among those who claim it.

use chrono::{DateTime, Utc};

use super::{Rule, TURN};
use crate::rows::Share;

/// Less than this is nothing to be shared. **Units**: W.
const NOTHING_W: f64 = 1e-6;

/// What a session claims of a step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Claim<'a> {
    pub(super) shares: &'a [Share],
    pub(super) arrival: DateTime<Utc>,
    pub(super) departure: DateTime<Utc>,
    pub(super) laxity_h: f64,
    pub(super) most_w: f64,
    pub(super) minimum_w: f64,
}

/// What is left of every row in one step.
#[derive(Debug, Clone, Default)]
pub(super) struct StepRoom(Vec<f64>);

impl StepRoom {
    /// Begins anew with what each row leaves.
    pub(super) fn fill(&mut self, left_w: impl Iterator<Item = f64>) {
        self.0.clear();
        self.0.extend(left_w);
    }

    /// Returns the most power that still fits; never below zero.
    pub(super) fn left(&self, shares: &[Share]) -> f64 {
        let least = |least: f64, &(row, weight): &Share| least.min(self.0[row] / weight);
        shares.iter().fold(f64::INFINITY, least).max(0.0)
    }

    /// Tells whether some row is overfull by more than this.
    pub(super) fn is_overfull(&self, shares: &[Share], tolerance_w: f64) -> bool {
        shares.iter().any(|(row, _)| self.0[*row] < -tolerance_w)
    }

    /// Takes a power from rows.
    pub(super) fn take(&mut self, shares: &[Share], power_w: f64) {
        for &(row, weight) in shares {
            self.0[row] -= weight * power_w;
        }
    }
}

/// Gives each claim a power, in the order of the claims. Who is equal to a rule is served in that order too.
pub(super) fn serve<'a>(
    rule: Rule,
    claims: impl Iterator<Item = &'a Claim<'a>>,
    room: &mut StepRoom,
    at: DateTime<Utc>,
) -> Vec<f64> {
    let claims: Vec<&Claim<'_>> = claims.collect();
    if rule == Rule::EqualShare {
        return share_equally(&claims, room);
    }
    let mut powers = vec![0.0; claims.len()];
    for claim in order(rule, &claims, at) {
        let power_w = claims[claim].most_w.min(room.left(claims[claim].shares));
        if power_w >= claims[claim].minimum_w {
            room.take(claims[claim].shares, power_w);
            powers[claim] = power_w;
        }
    }
    powers
}

fn order(rule: Rule, claims: &[&Claim<'_>], at: DateTime<Utc>) -> Vec<usize> {
    let mut order: Vec<usize> = (0..claims.len()).collect();
    match rule {
        Rule::EqualShare => {}
        Rule::EarliestDeparture => order.sort_by_key(|claim| claims[*claim].departure),
        Rule::LeastLaxity => order.sort_by(|one, other| claims[*one].laxity_h.total_cmp(&claims[*other].laxity_h)),
        Rule::RoundRobin => {
            order.sort_by_key(|claim| (claims[*claim].arrival, claims[*claim].departure));
            let turn = at.timestamp().div_euclid(TURN.num_seconds());
            let count = i64::try_from(order.len().max(1)).unwrap_or(1);
            order.rotate_left(usize::try_from(turn.rem_euclid(count)).unwrap_or(0));
        }
    }
    order
}

fn share_equally(claims: &[&Claim<'_>], room: &mut StepRoom) -> Vec<f64> {
    let mut powers = vec![0.0; claims.len()];
    let mut sharing = Vec::with_capacity(claims.len());
    for (at, claim) in claims.iter().enumerate() {
        // Where there is not room for everyone's minimum, those named first have it.
        if room.left(claim.shares) >= claim.minimum_w {
            room.take(claim.shares, claim.minimum_w);
            powers[at] = claim.minimum_w;
            sharing.push(at);
        }
    }
    rise_together(claims, room, &mut powers, sharing);
    powers
}

/// Raises all by the same power until each is at its most or in front of a full row.
fn rise_together(claims: &[&Claim<'_>], room: &mut StepRoom, powers: &mut [f64], mut sharing: Vec<usize>) {
    let mut weights = vec![0.0; room.0.len()];
    while !sharing.is_empty() {
        weights.fill(0.0);
        for &(row, weight) in sharing.iter().flat_map(|at| claims[*at].shares) {
            weights[row] += weight;
        }
        let by_rows = weights.iter().zip(&room.0).filter(|(weight, _)| **weight > 0.0);
        let by_rows = by_rows.map(|(weight, left)| left.max(0.0) / weight).fold(f64::INFINITY, f64::min);
        let by_most = sharing.iter().map(|at| claims[*at].most_w - powers[*at]).fold(f64::INFINITY, f64::min);
        let rise = by_rows.min(by_most).max(0.0);
        for &at in &sharing {
            powers[at] += rise;
            room.take(claims[at].shares, rise);
        }
        let before = sharing.len();
        sharing.retain(|at| claims[*at].most_w - powers[*at] > NOTHING_W && room.left(claims[*at].shares) > NOTHING_W);
        if sharing.len() == before {
            return;
        }
    }
}
