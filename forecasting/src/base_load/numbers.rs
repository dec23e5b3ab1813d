//! Small statistics.

/// How far from the median, in robust standard deviations, a value still counts in full.
const CLIP: f64 = 3.0;
/// Robust standard deviations in a median absolute deviation.
const MAD_TO_SIGMA: f64 = 1.4826;

/// With fewer values than this none is drawn: which of them is odd cannot be told.
const FEW: usize = 4;

/// Returns the weighted mean of (value, weight) after drawing values that lie far from the median towards it.
pub(super) fn weighted_robust_mean(weighted: &mut [(f64, f64)]) -> Option<f64> {
    let median = weighted_median(weighted)?;
    let mut distances: Vec<(f64, f64)> =
        weighted.iter().map(|(value, weight)| ((value - median).abs(), *weight)).collect();
    let few = weighted.len() < FEW;
    let reach = if few { f64::INFINITY } else { weighted_median(&mut distances)? * MAD_TO_SIGMA * CLIP };
    let (sum, total) = weighted.iter().fold((0.0, 0.0), |(sum, total), (value, weight)| {
        (sum + value.clamp(median - reach, median + reach) * weight, total + weight)
    });
    Some(sum / total)
}

fn weighted_median(weighted: &mut [(f64, f64)]) -> Option<f64> {
    weighted.sort_by(|left, right| left.0.total_cmp(&right.0));
    let half = weighted.iter().map(|(_, weight)| weight).sum::<f64>() / 2.0;
    let mut below = 0.0;
    for (value, weight) in weighted.iter() {
        below += weight;
        if below >= half {
            return Some(*value);
        }
    }
    weighted.last().map(|(value, _)| *value)
}

/// Returns the quantile of sorted values by linear interpolation at rank `p (n + 1)`, within what there is.
pub(super) fn quantile(sorted: &[f64], probability: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return 0.0 };
    let rank = (probability * (sorted.len() + 1) as f64 - 1.0).clamp(0.0, last as f64);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to an index above")]
    let below = rank.floor() as usize;
    let above = (below + 1).min(last);
    sorted[below] + (sorted[above] - sorted[below]) * (rank - below as f64)
}
