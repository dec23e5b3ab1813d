//! The profile: what is usual in a quarter hour of a day type.

use serde::{Deserialize, Serialize};

use super::calendar::{DAY_TYPES, Place, SLOTS};
use super::numbers::weighted_robust_mean;

/// Weight of a day against the next later day of its type.
const DECAY: f64 = 0.9;
/// Days of a type that are looked at.
const DAYS: usize = 30;

/// Values per day type and slot. **Shape**: `DAY_TYPES * SLOTS`. **Units**: W.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Profile {
    values_w: Vec<f64>,
}

/// What was measured, by day type and slot, in order of days.
#[derive(Debug, Clone)]
pub(super) struct Diary {
    entries: Vec<Vec<(i64, f64)>>,
}

impl Diary {
    pub(super) fn new(values: impl Iterator<Item = (Place, f64)>) -> Self {
        let mut entries = vec![Vec::new(); DAY_TYPES * SLOTS];
        for (place, value_w) in values {
            entries[place.day_type * SLOTS + place.slot].push((place.day, value_w));
        }
        Self { entries }
    }

    /// Returns what is usual in a slot by the days before `day`.
    pub(super) fn usual_before(&self, day: i64, day_type: usize, slot: usize) -> Option<f64> {
        let entries = &self.entries[day_type * SLOTS + slot];
        let known = &entries[..entries.partition_point(|(entry, _)| *entry < day)];
        let mut weight = 1.0;
        let mut weighted = Vec::with_capacity(known.len().min(DAYS));
        for pair in known.iter().rev().take(DAYS) {
            weighted.push((pair.1, weight));
            weight *= DECAY;
        }
        weighted_robust_mean(&mut weighted)
    }
}

impl Profile {
    /// Makes the profile of the days before `day`; `None` without a single value.
    pub(super) fn before(diary: &Diary, day: i64) -> Option<Self> {
        let own: Vec<Vec<Option<f64>>> = (0..DAY_TYPES)
            .map(|day_type| (0..SLOTS).map(|slot| diary.usual_before(day, day_type, slot)).collect())
            .collect();
        own.iter().flatten().any(Option::is_some).then(|| {
            Self::of(|day_type, slot| {
                let alike = LIKENESS[day_type].iter().find_map(|other| own[*other][slot]);
                let near = || LIKENESS[day_type].iter().find_map(|other| nearest(&own[*other], slot));
                alike.or_else(near).unwrap_or(0.0)
            })
        })
    }

    /// Makes a profile from a function of day type and slot.
    pub(super) fn of(value: impl Fn(usize, usize) -> f64) -> Self {
        let all = (0..DAY_TYPES).flat_map(|day_type| (0..SLOTS).map(move |slot| (day_type, slot)));
        Self { values_w: all.map(|(day_type, slot)| value(day_type, slot)).collect() }
    }

    /// Returns the value of a place; 0 in a damaged profile.
    pub(super) fn at(&self, place: Place) -> f64 {
        self.values_w.get(place.day_type * SLOTS + place.slot).copied().unwrap_or(0.0)
    }
}

/// Which day type stands in where a slot of one has no value.
const LIKENESS: [[usize; DAY_TYPES]; DAY_TYPES] = [[0, 1, 2], [1, 2, 0], [2, 1, 0]];

fn nearest(own: &[Option<f64>], slot: usize) -> Option<f64> {
    (1..=SLOTS / 2).find_map(|away| own[(slot + SLOTS - away) % SLOTS].or(own[(slot + away) % SLOTS]))
}
