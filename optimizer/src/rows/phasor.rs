//! A line's limit on the length of a sum of phasors, as a polygon inside its circle.
//!
//! From the direction `d` the sum reaches at most `sum max(0, factor * cos(angle - d)) * current`, whichever currents are
//! smaller than allowed. So each side counts positive parts only, and no vehicle that takes less can overload the line.

use crate::snapshot::LineTerm;

/// The widest angle between two sides. **Units**: degrees. At this the polygon gives away 0.5 % of the circle.
const WIDEST_DEG: f64 = 11.25;

/// A side of the polygon.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Side {
    /// How much of the limit it allows.
    pub(super) share: f64,
    /// What it counts of each term's current, none below zero.
    pub(super) factors: Vec<f64>,
}

/// Returns the sides of a line: only from directions in which its phasors can add up.
pub(super) fn sides(terms: &[LineTerm]) -> Vec<Side> {
    let angle = |term: &LineTerm| (term.angle_deg + if term.factor < 0.0 { 180.0 } else { 0.0 }).rem_euclid(360.0);
    let mut angles: Vec<f64> = terms.iter().filter(|term| term.factor != 0.0).map(angle).collect();
    angles.sort_by(f64::total_cmp);
    angles.dedup();
    let Some((start, span)) = arc(&angles) else { return Vec::new() };
    let parts = (span / WIDEST_DEG - 1e-9).ceil().max(0.0);
    let apart = if parts > 0.0 { span / parts } else { 0.0 };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 32 parts")]
    let count = if span >= 360.0 { parts as usize } else { parts as usize + 1 };
    let side = |at: usize| {
        let direction = start + apart * at as f64;
        let seen = |term: &LineTerm| term.factor * (term.angle_deg - direction).to_radians().cos();
        // A hair below zero is a right angle.
        let factors = terms.iter().map(|term| if seen(term) > 1e-9 { seen(term) } else { 0.0 }).collect();
        Side { share: (apart / 2.0).to_radians().cos(), factors }
    };
    (0..count).map(side).collect()
}

/// Returns where the narrowest arc that holds all angles begins and how wide it is; the whole circle from a half on.
fn arc(angles: &[f64]) -> Option<(f64, f64)> {
    let (first, last) = (*angles.first()?, *angles.last()?);
    let mut widest = (first + 360.0 - last, first);
    for pair in angles.windows(2) {
        if pair[1] - pair[0] > widest.0 {
            widest = (pair[1] - pair[0], pair[1]);
        }
    }
    let (gap, start) = widest;
    let span = 360.0 - gap;
    Some(if span < 180.0 { (start, span) } else { (0.0, 360.0) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn term(factor: f64, angle_deg: f64) -> LineTerm {
        LineTerm { evse: "evse".into(), factor, angle_deg }
    }

    fn length(terms: &[LineTerm], currents: &[f64]) -> f64 {
        let sum = |part: fn(f64) -> f64| {
            let parts = terms
                .iter()
                .zip(currents)
                .map(|(term, current)| term.factor * current * part(term.angle_deg.to_radians()));
            parts.sum::<f64>()
        };
        sum(f64::cos).hypot(sum(f64::sin))
    }

    /// The most current that fits in one direction of currents.
    fn scale(terms: &[LineTerm], currents: &[f64]) -> f64 {
        let fits = |side: &Side| {
            side.share / side.factors.iter().zip(currents).map(|(factor, current)| factor * current).sum::<f64>()
        };
        sides(terms).iter().map(fits).fold(f64::INFINITY, f64::min)
    }

    #[test]
    fn parallel_currents_need_one_side_and_lose_nothing() {
        let terms = [term(1.0, 30.0), term(-2.0, 210.0)];
        let sides = sides(&terms);
        assert_eq!(sides.len(), 1);
        assert!((sides[0].share - 1.0).abs() < 1e-12 && (sides[0].factors[1] - 2.0).abs() < 1e-12, "{sides:?}");
    }

    #[test]
    fn a_line_of_a_delta_needs_few_sides() {
        assert_eq!(sides(&[term(1.0, 30.0), term(-1.0, 150.0)]).len(), 7);
        assert_eq!(sides(&[term(0.5, 0.0), term(0.5, 120.0), term(0.5, 240.0)]).len(), 32);
    }

    proptest! {
        #[test]
        fn currents_inside_the_polygon_keep_the_circle_whoever_takes_less(
            drawn in prop::collection::vec((-2.0..2.0_f64, -360.0..360.0_f64, 0.0..10.0_f64, 0.0..1.0_f64), 1..6),
        ) {
            let terms: Vec<_> = drawn.iter().map(|(factor, angle, ..)| term(*factor, *angle)).collect();
            let currents: Vec<f64> = drawn.iter().map(|(.., current, _)| *current).collect();
            let scale = scale(&terms, &currents);
            prop_assume!(scale.is_finite());
            let taken: Vec<f64> = drawn.iter().map(|(.., current, share)| current * share * scale).collect();
            prop_assert!(length(&terms, &taken) <= 1.0 + 1e-9);
            // Phasors within a right angle of each other: nothing is given away but the corners.
            let close: Vec<_> = terms.iter().map(|own| term(own.factor.abs(), own.angle_deg.rem_euclid(90.0))).collect();
            let scale = self::scale(&close, &currents);
            let full: Vec<f64> = currents.iter().map(|current| current * scale).collect();
            prop_assert!(length(&close, &full) >= 0.995, "{}", length(&close, &full));
        }
    }
}
