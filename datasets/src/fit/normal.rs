//! The normal distribution's quantiles.

/// Returns the standard normal quantile of a level; levels are kept within `1e-9` of 0 and 1.
///
/// Acklam's rational approximation, off by less than `1.2e-9` of the value.
pub(super) fn quantile(level: f64) -> f64 {
    const A: [f64; 6] = [
        -3.969_683_028_665_376e1,
        2.209_460_984_245_205e2,
        -2.759_285_104_469_687e2,
        1.383_577_518_672_69e2,
        -3.066_479_806_614_716e1,
        2.506_628_277_459_239,
    ];
    const B: [f64; 6] = [
        -5.447_609_879_822_406e1,
        1.615_858_368_580_409e2,
        -1.556_989_798_598_866e2,
        6.680_131_188_771_972e1,
        -1.328_068_155_288_572e1,
        1.0,
    ];
    const C: [f64; 6] = [
        -7.784_894_002_430_293e-3,
        -3.223_964_580_411_365e-1,
        -2.400_758_277_161_838,
        -2.549_732_539_343_734,
        4.374_664_141_464_968,
        2.938_163_982_698_783,
    ];
    const D: [f64; 5] =
        [7.784_695_709_041_462e-3, 3.224_671_290_700_398e-1, 2.445_134_137_142_996, 3.754_408_661_907_416, 1.0];
    let along = |terms: &[f64], at: f64| terms.iter().fold(0.0, |sum, term| sum * at + term);
    let level = level.clamp(1e-9, 1.0 - 1e-9);
    let tail = |level: f64| {
        let at = (-2.0 * level.ln()).sqrt();
        along(&C, at) / along(&D, at)
    };
    if level < 0.024_25 {
        tail(level)
    } else if level > 1.0 - 0.024_25 {
        -tail(1.0 - level)
    } else {
        let from_middle = level - 0.5;
        let square = from_middle * from_middle;
        from_middle * along(&A, square) / along(&B, square)
    }
}
