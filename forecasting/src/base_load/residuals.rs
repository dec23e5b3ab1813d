//! How far the load was from its profile, how long that lasts, and how sure the rest is.

use serde::{Deserialize, Serialize};

use super::PROBABILITIES;
use super::calendar::{Calendar, DAY_TYPES, Place, SLOTS};
use super::history::Cell;
use super::numbers::{kept, quantile};
use super::profile::{Profile, Usual};

/// Last quarter of each bucket of leads; later leads belong to the last bucket.
const BUCKETS: [i64; 8] = [1, 2, 4, 8, 16, 32, 96, 192];
/// Leads in quarters from which the buckets learn.
const LEADS: [i64; 18] = [1, 2, 3, 4, 6, 8, 10, 13, 16, 20, 26, 32, 44, 60, 76, 96, 130, 180];
/// Quarters of the last hour and their weights, latest first.
pub(super) const RECENT_WEIGHTS: [f64; 4] = [0.4, 0.3, 0.2, 0.1];

/// A bucket of leads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Bucket {
    /// Share of the last hour's deviation that is left at these leads.
    persistence: f64,
    /// Deviations beyond that, over the spread of the slot, at [`PROBABILITIES`].
    scaled: Vec<f64>,
}

/// What the profile alone does not say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Residuals {
    /// Usual distance from the profile per day type and slot. **Units**: W.
    spread_w: Profile,
    buckets: Vec<Bucket>,
}

struct Deviation {
    quarter: i64,
    place: Place,
    mean_w: f64,
    peak_w: f64,
}

impl Residuals {
    /// Learns how far each day was from what was usual before it.
    pub(super) fn learn(cells: &[Cell], usual: &Usual, calendar: &Calendar) -> Self {
        let deviations = deviations(cells, usual, calendar);
        let spread_w = spread(&deviations);
        let recent_w: Vec<f64> = (0..deviations.len()).map(|index| recent(&deviations, index)).collect();
        let widen = 1.0 + 2.0 * SLOTS as f64 / deviations.len().max(1) as f64;
        let mut buckets = Vec::new();
        for (index, last) in BUCKETS.iter().enumerate() {
            let first = if index == 0 { 1 } else { BUCKETS[index - 1] + 1 };
            let leads: Vec<i64> = LEADS.iter().copied().filter(|lead| (first..=*last).contains(lead)).collect();
            buckets.push(bucket(&deviations, &recent_w, &spread_w, &leads, widen));
        }
        Self { spread_w, buckets }
    }

    /// Returns the share of the last hour's deviation that is left after a lead in quarters.
    pub(super) fn persistence(&self, lead: i64) -> f64 {
        self.bucket(lead).map_or(0.0, |bucket| bucket.persistence)
    }

    /// Returns how far from the corrected profile the load stays with a probability of [`PROBABILITIES`]. **Units**: W.
    pub(super) fn margin_w(&self, lead: i64, place: Place, probability: usize) -> f64 {
        let scaled = self.bucket(lead).and_then(|bucket| bucket.scaled.get(probability)).copied().unwrap_or(0.0);
        scaled * self.spread_w.at(place)
    }

    fn bucket(&self, lead: i64) -> Option<&Bucket> {
        let index = BUCKETS.iter().position(|last| lead <= *last).unwrap_or(BUCKETS.len() - 1);
        self.buckets.get(index)
    }
}

fn deviations(cells: &[Cell], usual: &Usual, calendar: &Calendar) -> Vec<Deviation> {
    let deviation = |cell: &Cell| {
        let place = calendar.place(cell.quarter);
        let usual_w = usual.at(place)?;
        let (mean_w, peak_w) = (cell.mean_w - usual_w, cell.peak_w - usual_w);
        Some(Deviation { quarter: cell.quarter, place, mean_w, peak_w })
    };
    cells.iter().filter_map(deviation).collect()
}

/// Neighbouring slots on each side over which the spread is averaged.
const SMOOTH: usize = 4;

fn spread(deviations: &[Deviation]) -> Profile {
    let mut sums = vec![(0.0, 0.0); DAY_TYPES * SLOTS];
    let (mut sum, mut count) = (0.0, 0.0);
    for deviation in deviations {
        let (slot_sum, slot_count) = &mut sums[deviation.place.day_type * SLOTS + deviation.place.slot];
        *slot_sum += deviation.mean_w.abs();
        *slot_count += 1.0;
        sum += deviation.mean_w.abs();
        count += 1.0;
    }
    let overall = if count > 0.0 { sum / count } else { 0.0 };
    Profile::of(|day_type, slot| {
        let near = (0..=2 * SMOOTH).map(|step| sums[day_type * SLOTS + (slot + SLOTS + step - SMOOTH) % SLOTS]);
        let (near_sum, near_count) = near.fold((0.0, 0.0), |total, one| (total.0 + one.0, total.1 + one.1));
        // Shrunk towards the overall spread as if that had been seen in as many quarters as are averaged.
        let prior = (2 * SMOOTH + 1) as f64;
        (near_sum + overall * prior) / (near_count + prior)
    })
}

fn bucket(deviations: &[Deviation], recent_w: &[f64], spread_w: &Profile, leads: &[i64], widen: f64) -> Bucket {
    let mut pairs = Vec::new();
    for lead in leads {
        pairs.extend(pairs_at(deviations, recent_w, *lead));
    }
    let (product, square) = pairs.iter().fold((0.0, 0.0), |(product, square), (recent_w, target)| {
        let scale = spread_w.at(target.place).max(f64::MIN_POSITIVE);
        (product + recent_w / scale * (target.mean_w / scale), square + (recent_w / scale).powi(2))
    });
    let persistence =
        if square > 0.0 && (product / square).is_finite() { kept((product / square).clamp(0.0, 1.0)) } else { 0.0 };
    let scaled = |value_w: f64, recent_w: f64, place: Place| {
        let scale = spread_w.at(place);
        if scale > 0.0 { (value_w - persistence * recent_w) / scale } else { 0.0 }
    };
    let mut means: Vec<f64> =
        pairs.iter().map(|(recent, target)| scaled(target.mean_w, *recent, target.place)).collect();
    let mut peaks: Vec<f64> =
        pairs.iter().map(|(recent, target)| scaled(target.peak_w, *recent, target.place)).collect();
    means.sort_unstable_by(f64::total_cmp);
    peaks.sort_unstable_by(f64::total_cmp);
    let median = quantile(&means, 0.5);
    let at = |probability: &f64| {
        let of = if *probability >= super::PEAK_FROM { &peaks } else { &means };
        kept(median + (quantile(of, *probability) - median) * widen)
    };
    Bucket { persistence, scaled: PROBABILITIES.iter().map(at).collect() }
}

/// Returns the weighted deviation of the last hour.
fn recent(deviations: &[Deviation], index: usize) -> f64 {
    let origin = &deviations[index];
    let hour = &deviations[index.saturating_sub(3)..=index];
    let (mut sum, mut total) = (0.0, 0.0);
    for one in hour.iter().filter(|one| origin.quarter - one.quarter < 4) {
        let weight = RECENT_WEIGHTS[usize::try_from(origin.quarter - one.quarter).unwrap_or(0)];
        sum += one.mean_w * weight;
        total += weight;
    }
    sum / total
}

/// Returns (weighted deviation of the last hour, deviation `lead` quarters after it).
fn pairs_at<'a>(deviations: &'a [Deviation], recent_w: &[f64], lead: i64) -> Vec<(f64, &'a Deviation)> {
    let ahead = usize::try_from(lead).unwrap_or(0);
    let after = |(index, origin): (usize, &Deviation)| {
        // Without gaps the target lies `lead` places on; with gaps it lies earlier in the list.
        let upper = (index + ahead).min(deviations.len() - 1);
        let quarter = origin.quarter + lead;
        let found = if deviations[upper].quarter == quarter {
            upper
        } else {
            index + deviations[index..=upper].binary_search_by_key(&quarter, |target| target.quarter).ok()?
        };
        Some((recent_w[index], &deviations[found]))
    };
    deviations.iter().enumerate().filter_map(after).collect()
}
