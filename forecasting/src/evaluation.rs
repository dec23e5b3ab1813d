//! How good forecasts were.

use headroom_domain::{Power, Ratio};

#[cfg(test)]
mod tests;

/// Returns the mean pinball loss of a quantile: over-forecast costs `1 - p`, under-forecast costs `p`, per W.
///
/// `None` without a pair.
pub fn pinball(probability: Ratio, forecast: &[Power], actual: &[Power]) -> Option<Power> {
    let p = probability.as_ratio();
    mean(forecast.iter().zip(actual).map(|(forecast, actual)| {
        let under_w = (*actual - *forecast).as_w();
        if under_w > 0.0 { p * under_w } else { (p - 1.0) * under_w }
    }))
    .and_then(|mean_w| Power::try_new(mean_w).ok())
}

/// Returns the share of actual values that lie within a band, its edges included.
///
/// `None` without a triple.
pub fn coverage(lower: &[Power], upper: &[Power], actual: &[Power]) -> Option<Ratio> {
    let inside = lower.iter().zip(upper).zip(actual).map(
        |((lower, upper), actual)| {
            if (lower..=upper).contains(&actual) { 1.0 } else { 0.0 }
        },
    );
    mean(inside).and_then(|share| Ratio::try_new(share).ok())
}

/// Returns the mean absolute error over that of a reference, for example the value of a week before.
///
/// `None` without a pair, or when the reference has no error.
pub fn relative_mae(forecast: &[Power], reference: &[Power], actual: &[Power]) -> Option<Ratio> {
    let error_w =
        |guess: &[Power]| mean(guess.iter().zip(actual).map(|(guess, actual)| (*guess - *actual).as_w().abs()));
    let reference_w = error_w(reference).filter(|error_w| *error_w > 0.0)?;
    Ratio::try_new(error_w(forecast)? / reference_w).ok()
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    (count > 0.0).then(|| sum / count)
}
