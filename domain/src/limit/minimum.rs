//! What a customer is always left.

use crate::units::Power;

/// Least power of one controllable unit (BK6-22-300, annex 1, 4.5.1). **Units**: W.
const UNIT_W: u64 = 4200;

/// Simultaneity factors for 2 to 8 controllable units (BK6-22-300, annex 1, 4.5.2); 45 from 9 on. **Units**: %.
const SIMULTANEITY: [u64; 7] = [80, 75, 70, 65, 60, 55, 50];

/// Returns what §14a `EnWG` leaves a customer with `units` controllable units behind one energy management system:
/// `4.2 kW + (n − 1) · GZF · 4.2 kW` (BK6-22-300, annex 1, 4.5.2). Nothing without units.
pub fn section_14a(units: u32) -> Power {
    let Some(others) = units.checked_sub(1) else { return Power::ZERO };
    let percent = match others {
        0 => 0,
        _ => SIMULTANEITY.get(others as usize - 1).copied().unwrap_or(45),
    };
    // In whole numbers: it is told in whole watts, rounded down.
    let least_w = UNIT_W + u64::from(others) * percent * UNIT_W / 100;
    Power::from_w(least_w as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn section_14a_leaves_4_2_kw_and_for_each_further_unit_a_share_by_its_table() {
        let expected = [
            (0, 0.0),
            (1, 4200.0),
            (2, 7560.0),
            (3, 10_500.0),
            (4, 13_020.0),
            (5, 15_120.0),
            (6, 16_800.0),
            (7, 18_060.0),
            (8, 18_900.0),
            (9, 19_320.0),
            (10, 21_210.0),
        ];
        for (units, least_w) in expected {
            assert_eq!(section_14a(units), Power::from_w(least_w), "{units} units");
        }
    }
}
