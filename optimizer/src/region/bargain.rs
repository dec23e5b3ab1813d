//! Who goes elsewhere: prices on the places above, then caps, then what is left over.

use rayon::prelude::*;
use std::borrow::Cow;

use crate::snapshot::Snapshot;

use super::Region;
use super::above::Above;
use super::capped::{self, Planned};
use super::condensed::condensed;

/// The most rounds of prices.
const ROUNDS: usize = 20;
/// The most rounds in which those who were cut get what is left over.
const REFILLS: usize = 4;
/// What of a plan may lie above its cap: noise of the solver and of sums (W).
const NOISE_W: f64 = 0.05;
/// A cap that grew by less than this is the same (W).
const WORTH_A_PLAN_W: f64 = 10.0;

/// By how much the strides of prices grow where needs are missed that areas alone would meet.
const STRIDES: [f64; 3] = [1.0, 6.0, 36.0];
/// What of all needs may be missed beyond what areas miss alone before larger strides are tried.
const MISSED: f64 = 1e-5;

/// Brings plans that pass limits above under them.
pub(super) fn settle(region: &Region, above: &Above, alone: &[Planned]) -> Vec<Planned> {
    let short_wh = |planned: &[Planned]| planned.iter().map(Planned::short_wh).sum::<f64>();
    let needed_wh: f64 = alone.iter().map(Planned::needed_wh).sum();
    let enough_wh = short_wh(alone) + MISSED * needed_wh;
    let mut best: Option<(f64, Vec<Planned>)> = None;
    for stride in STRIDES {
        let planned = cut_to(region, above, alone, &average(region, above, alone, stride));
        let short_wh = short_wh(&planned);
        if best.as_ref().is_none_or(|(least, _)| short_wh < *least - MISSED * needed_wh) {
            best = Some((short_wh, planned));
        }
        if best.as_ref().is_some_and(|(least, _)| *least <= enough_wh) {
            break;
        }
    }
    best.map_or_else(|| alone.to_vec(), |(_, planned)| planned)
}

/// Cuts areas to their part of what all claim, and plans those again whose plan does not fit.
fn cut_to(region: &Region, above: &Above, alone: &[Planned], claims: &[Vec<f64>]) -> Vec<Planned> {
    // What is left beside the claims goes first to those who wanted it at the real prices.
    let wanted = |area: usize, step: usize| {
        let planned: &Planned = &alone[area];
        (planned.drawn_w[step] - claims[area][step]).max(0.0) + 1e-3 * planned.appetite_w(step)
    };
    let mut caps = above.allot_claims(alone, |area| &claims[area], wanted);
    let mut cut: Vec<bool> = alone.iter().zip(&caps).map(|(planned, caps)| !fits(planned, caps)).collect();
    let mut planned = alone.to_vec();
    replan(region, &mut planned, &caps, &cut);
    for _ in 0..REFILLS {
        let grown = above.allot(&planned, |area, step| if cut[area] { planned[area].appetite_w(step) } else { 0.0 });
        for (area, cut) in cut.iter_mut().enumerate() {
            *cut = *cut && gains(&planned[area], &caps[area], &grown[area]);
        }
        if !cut.contains(&true) {
            break;
        }
        replan(region, &mut planned, &grown, &cut);
        caps = grown;
    }
    planned
}

/// Tells whether a plan keeps under a cap.
fn fits(planned: &Planned, caps: &[f64]) -> bool {
    planned.drawn_w.iter().zip(caps).all(|(drawn, cap)| *drawn <= cap + NOISE_W)
}

/// Tells whether a cap grew where the plan stood at it.
fn gains(planned: &Planned, before: &[f64], after: &[f64]) -> bool {
    let steps = planned.drawn_w.iter().zip(before).zip(after);
    steps.into_iter().any(|((drawn, before), after)| *drawn + 1.0 > *before && *after > before + WORTH_A_PLAN_W)
}

/// Plans some areas again under caps.
fn replan(region: &Region, planned: &mut [Planned], caps: &[Vec<f64>], which: &[bool]) {
    let to_plan = planned.par_iter_mut().enumerate().filter(|(area, _)| which[*area]);
    to_plan.for_each(|(area, planned)| planned.replan(&region.areas[area].snapshot, &caps[area]));
}

/// Returns what areas draw on average when places that are passed grow dearer round by round.
fn average(region: &Region, above: &Above, alone: &[Planned], stride: f64) -> Vec<Vec<f64>> {
    let rooms = above.rooms(alone);
    let areas: Vec<_> = region.areas.par_iter().map(|area| condensed(&area.snapshot)).collect();
    let scale = price_scale(region);
    let mut prices = vec![vec![0.0; above.steps()]; above.len()];
    let mut drawn: Vec<Vec<f64>> = alone.iter().map(|planned| planned.drawn_w.clone()).collect();
    let mut sums = drawn.clone();
    let mut weights = 1.0;
    for round in 1..=ROUNDS {
        let loads = above.sums(above.steps(), |area| &drawn[area]);
        let stride = stride * scale / (round as f64).sqrt();
        for (prices, (loads, rooms)) in prices.iter_mut().zip(loads.iter().zip(&rooms)) {
            raise(prices, loads, rooms, stride);
        }
        drawn = respond(&areas, above, &prices, alone);
        // Late rounds know more.
        let weight = (round * round) as f64;
        weights += weight;
        for (sum, drawn) in sums.iter_mut().flatten().zip(drawn.iter().flatten()) {
            *sum += weight * drawn;
        }
    }
    sums.iter_mut().flatten().for_each(|sum| *sum /= weights);
    sums
}

/// Moves the prices of a place by how far each step is from its room.
fn raise(prices: &mut [f64], loads: &[f64], rooms: &[f64], stride: f64) {
    for (price, (load, room)) in prices.iter_mut().zip(loads.iter().zip(rooms)) {
        if room.is_finite() {
            let over = (load - room) / room.max(0.1 * load).max(1.0);
            *price = (*price + stride * over.clamp(-1.0, 1.0)).max(0.0);
        }
    }
}

/// Plans every area under its prices; who has none keeps its plan.
fn respond(areas: &[Cow<'_, Snapshot>], above: &Above, prices: &[Vec<f64>], alone: &[Planned]) -> Vec<Vec<f64>> {
    let respond = |(area, alone): (usize, &Planned)| {
        let mut added = vec![0.0; above.steps()];
        for node in above.path(area) {
            added.iter_mut().zip(&prices[node]).for_each(|(sum, price)| *sum += price);
        }
        if added.iter().all(|price| *price <= 0.0) {
            return alone.drawn_w.clone();
        }
        capped::asked(&areas[area], &added)
    };
    alone.par_iter().enumerate().map(respond).collect()
}

/// Returns a price that means something: the mean size of the region's prices.
fn price_scale(region: &Region) -> f64 {
    let all = region.areas.iter().flat_map(|area| &area.snapshot.prices);
    let (sum, count) = all.fold((0.0, 0.0), |(sum, count), price| (sum + price.as_per_kwh().abs(), count + 1.0));
    if sum > 0.0 { 0.5 * sum / count } else { 0.1 }
}
