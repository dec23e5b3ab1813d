//! The profile: what is usual in a quarter hour of a day type.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use super::calendar::{DAY_TYPES, Place, SLOTS};
use super::numbers::{kept, weighted_robust_mean};

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
        Self { values_w: all.map(|(day_type, slot)| kept(value(day_type, slot))).collect() }
    }

    /// Returns the value of a place; 0 in a damaged profile.
    pub(super) fn at(&self, place: Place) -> f64 {
        self.values_w.get(place.day_type * SLOTS + place.slot).copied().unwrap_or(0.0)
    }
}

/// Latest days for which what was usual before them is worked out.
const JUDGED_DAYS: usize = 35;

/// What was usual on each of the latest days by the days before it, so that no day is judged by itself.
#[derive(Debug, Clone)]
pub(super) struct Usual {
    /// By day, a value per slot. **Units**: W.
    by_day: BTreeMap<i64, Vec<f64>>,
    /// Stands in on all days while no day has a day before it.
    mean_w: Option<f64>,
}

impl Usual {
    pub(super) fn new(diary: &Diary) -> Self {
        let entries =
            || diary.entries.iter().enumerate().flat_map(|(at, entries)| entries.iter().map(move |one| (at, one)));
        // A day is of one type.
        let types: BTreeMap<i64, usize> = entries().map(|(at, (day, _))| (*day, at / SLOTS)).collect();
        let latest = types.iter().rev().take(JUDGED_DAYS);
        let by_day: BTreeMap<i64, Vec<f64>> =
            latest.filter_map(|(day, day_type)| Some((*day, usual_of(diary, *day, *day_type)?))).collect();
        // Of a first day and the beginning of a second too little is judged by others.
        let judged = entries().filter(|(_, (day, _))| by_day.contains_key(day)).count();
        let (sum, count) = entries().fold((0.0, 0.0), |(sum, count), (_, (_, value_w))| (sum + value_w, count + 1.0));
        Self { by_day, mean_w: (judged < SLOTS).then_some(sum / f64::max(count, 1.0)) }
    }

    /// Returns what was usual at a place; `None` on a day with none before it.
    pub(super) fn at(&self, place: Place) -> Option<f64> {
        self.mean_w.or_else(|| self.by_day.get(&place.day)?.get(place.slot).copied())
    }
}

/// Returns what was usual in each slot of a day by the days before it; `None` without a single value.
fn usual_of(diary: &Diary, day: i64, day_type: usize) -> Option<Vec<f64>> {
    let own: Option<Vec<f64>> = (0..SLOTS).map(|slot| diary.usual_before(day, day_type, slot).map(kept)).collect();
    // Other day types stand in only where one of its own slots has no value.
    own.or_else(|| Some(Profile::before(diary, day)?.values_w[day_type * SLOTS..][..SLOTS].to_vec()))
}

/// Which day type stands in where a slot of one has no value.
const LIKENESS: [[usize; DAY_TYPES]; DAY_TYPES] = [[0, 1, 2], [1, 2, 0], [2, 1, 0]];

fn nearest(own: &[Option<f64>], slot: usize) -> Option<f64> {
    (1..=SLOTS / 2).find_map(|away| own[(slot + SLOTS - away) % SLOTS].or(own[(slot + away) % SLOTS]))
}
