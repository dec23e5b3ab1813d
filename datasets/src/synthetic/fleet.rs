//! Vehicles that come to a workplace.

use headroom_domain::units::hours;
use headroom_domain::{Current, Energy, Power, Ratio, Voltage};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::session::{RecordedSession, Vehicle};

/// A kind of vehicle: battery in kWh, phases, most current per phase in A, how many of a hundred are one.
pub(super) struct Kind {
    pub(super) battery_kwh: f64,
    pub(super) phases: u8,
    pub(super) maximum_a: f64,
    share: u32,
}

const fn kind(battery_kwh: f64, phases: u8, maximum_a: f64, share: u32) -> Kind {
    Kind { battery_kwh, phases, maximum_a, share }
}

/// The fleet: plug-in hybrids and older cars on one phase, most others on three phases at 16 A, few at 32 A.
const FLEET: [Kind; 10] = [
    kind(10.5, 1, 16.0, 8),
    kind(18.0, 1, 16.0, 8),
    kind(38.0, 1, 32.0, 8),
    kind(64.0, 1, 32.0, 6),
    kind(52.0, 3, 32.0, 10),
    kind(45.0, 3, 16.0, 12),
    kind(58.0, 3, 16.0, 16),
    kind(64.0, 3, 16.0, 12),
    kind(77.0, 3, 16.0, 16),
    kind(90.0, 3, 32.0, 4),
];

/// Line to neutral.
const VOLTAGE_V: f64 = 230.0;
/// No vehicle is empty or quite full when it leaves a recording.
const LEAST_SOC: f64 = 0.03;

impl Kind {
    /// Returns a kind as often as its share says.
    pub(super) fn any(chance: &mut impl Rng) -> &'static Self {
        Self::of(&FLEET.iter().collect::<Vec<_>>(), chance)
    }

    fn of(kinds: &[&'static Self], chance: &mut impl Rng) -> &'static Self {
        let all: u32 = kinds.iter().map(|kind| kind.share).sum();
        let mut drawn = chance.random_range(0..all.max(1));
        for kind in kinds {
            match drawn.checked_sub(kind.share) {
                Some(left) => drawn = left,
                None => return kind,
            }
        }
        &FLEET[0]
    }

    pub(super) fn maximum_power(&self) -> Power {
        Current::from_a(self.maximum_a) * Voltage::from_v(VOLTAGE_V) * f64::from(self.phases)
    }

    pub(super) fn vehicle(&self, arrival_soc: f64) -> Vehicle {
        Vehicle {
            battery_wh: Energy::from_kwh(self.battery_kwh),
            arrival_soc: Ratio::from_ratio(arrival_soc),
            phases: self.phases,
            maximum_current_a: Current::from_a(self.maximum_a),
        }
    }
}

/// Makes a plausible vehicle for a recorded session, by seed and the session's name.
///
/// What was delivered fits into its battery above the state of charge at arrival, and its charger could have delivered
/// it within the stay. Where no vehicle of the fleet could, a large one is made to fit.
pub fn vehicle_for(session: &RecordedSession, seed: u64) -> Vehicle {
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    chance.set_stream(name_hash(&session.id));
    let delivered_kwh = session.energy_wh.or_zero().as_kwh();
    let stay_h = hours(session.departure - session.arrival).max(f64::MIN_POSITIVE);
    let fits = |kind: &&'static Kind| {
        delivered_kwh <= kind.battery_kwh * (1.0 - 2.0 * LEAST_SOC)
            && delivered_kwh <= kind.maximum_power().as_kw() * stay_h
    };
    let able: Vec<&'static Kind> = FLEET.iter().filter(fits).collect();
    if able.is_empty() {
        let large = Kind { battery_kwh: (delivered_kwh / 0.8).max(100.0), phases: 3, maximum_a: 32.0, share: 1 };
        return large.vehicle(0.1);
    }
    let kind = Kind::of(&able, &mut chance);
    let taken = delivered_kwh / kind.battery_kwh;
    let leaving_soc = chance.random_range((taken + LEAST_SOC).clamp(0.6, 1.0 - LEAST_SOC)..=1.0);
    kind.vehicle((leaving_soc - taken).max(LEAST_SOC))
}

/// FNV-1a: a hash that is the same on every machine and in every version.
pub(crate) fn name_hash(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
