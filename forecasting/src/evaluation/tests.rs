use super::*;

fn watts(values: &[f64]) -> Vec<Power> {
    values.iter().copied().map(Power::from_w).collect()
}

#[test]
fn pinball_charges_what_is_missed_by_its_side() {
    let actual = watts(&[10.0, 10.0]);
    let loss_w = |forecast: &[f64]| pinball(Ratio::from_ratio(0.9), &watts(forecast), &actual).unwrap().as_w();
    assert!((loss_w(&[0.0, 10.0]) - 4.5).abs() < 1e-9, "too low by 10 W costs 9");
    assert!((loss_w(&[20.0, 10.0]) - 0.5).abs() < 1e-9, "too high by 10 W costs 1");
}

#[test]
fn coverage_counts_the_edges() {
    let inside = coverage(&watts(&[0.0, 0.0, 0.0]), &watts(&[1.0, 1.0, 1.0]), &watts(&[0.0, 1.0, 1.1])).unwrap();
    assert!((inside.as_ratio() - 2.0 / 3.0).abs() < 1e-9);
}

#[test]
fn an_error_is_measured_against_that_of_the_reference() {
    let actual = watts(&[10.0, 20.0]);
    let ratio = relative_mae(&watts(&[11.0, 21.0]), &watts(&[12.0, 22.0]), &actual).unwrap();
    assert!((ratio.as_ratio() - 0.5).abs() < 1e-9);
}

#[test]
fn nothing_to_compare_gives_no_score() {
    assert_eq!(pinball(Ratio::from_ratio(0.5), &[], &[]), None);
    assert_eq!(coverage(&[], &[], &[]), None);
    assert_eq!(relative_mae(&watts(&[1.0]), &watts(&[2.0]), &watts(&[2.0])), None, "a reference without error");
}
