//! Everything that bears on one place, laid over each other.

use chrono::{DateTime, Utc};

use super::lanes::{Lane, Piece};
use super::{Basis, EXPORT, EffectiveInterval, Fallback, IMPORT, LimitBook, Powers};
use crate::limit::Target;
use crate::time::Interval;
use crate::units::Power;

/// Everything that bears on one place over a window.
pub(super) struct Place<'a> {
    lanes: Vec<Lane<'a>>,
    capacity: Powers,
    minimum: Power,
    defaults: Vec<(&'a str, Fallback)>,
}

/// Whose word a bound is, by its index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Capacity,
    Minimum,
    Source { lane: usize, source: usize },
    Default(usize),
}

/// The tightest bound per direction, import and export.
type Held = [Option<(Power, Word)>; 2];

impl<'a> Place<'a> {
    pub(super) fn of(book: &'a LimitBook, target: &Target, window: Interval) -> Self {
        let lanes = book.lanes(target, window);
        match target {
            Target::ConnectionPoint(node) => {
                let defaults = book.safe_modes.get(node).into_iter().flatten();
                Self {
                    lanes,
                    capacity: book.capacity(node),
                    minimum: book.minimum(node),
                    defaults: defaults.map(|(utility, fallback)| (utility.as_str(), *fallback)).collect(),
                }
            }
            Target::Area(area) => {
                Self { lanes, capacity: book.area_capacity(area), minimum: Power::ZERO, defaults: Vec::new() }
            }
        }
    }

    pub(super) fn effective(&self, window: Interval) -> Vec<EffectiveInterval> {
        let edges = self.edges(window);
        let mut cursors: Vec<Vec<usize>> = self.lanes.iter().map(|lane| vec![0; lane.sources.len()]).collect();
        let mut pieces: Vec<(Interval, Held)> = Vec::new();
        for pair in edges.windows(2) {
            let held = self.held(pair[0], &mut cursors);
            match pieces.last_mut() {
                Some((interval, last)) if *last == held => interval.end = pair[1],
                _ => pieces.push((Interval { start: pair[0], end: pair[1] }, held)),
            }
        }
        let told = |held: Option<(Power, Word)>| held.map(|(power, word)| (power, self.basis(word)));
        let effective = |(interval, [import, export]): (Interval, Held)| EffectiveInterval {
            interval,
            maximum_import_w: told(import),
            maximum_export_w: told(export),
        };
        pieces.into_iter().map(effective).collect()
    }

    /// Every instant of the window at which something may change, and its ends.
    fn edges(&self, window: Interval) -> Vec<DateTime<Utc>> {
        let stated = self.lanes.iter().flat_map(|lane| &lane.sources).flat_map(|source| &source.pieces);
        let validities = self.defaults.iter().filter_map(|(_, fallback)| fallback.safe_mode.validity);
        let intervals = stated.map(|piece| piece.interval).chain(validities);
        let falls = self.defaults.iter().filter_map(|(_, fallback)| fallback.safe_since);
        let within = intervals.flat_map(|interval| [interval.start, interval.end]).chain(falls);
        let mut edges: Vec<_> = within.filter(|edge| window.contains(*edge)).collect();
        edges.extend([window.start, window.end]);
        // Stable, because it is fast for what is sorted in runs.
        edges.sort();
        edges.dedup();
        edges
    }

    /// What holds at an instant that is not before that of the last call with the same cursors.
    fn held(&self, at: DateTime<Utc>, cursors: &mut [Vec<usize>]) -> Held {
        let mut held = self.capacity.map(|power| power.map(|power| (power, Word::Capacity)));
        let mut stated = vec![[false; 2]; self.defaults.len()];
        for (index, (lane, cursors)) in self.lanes.iter().zip(cursors).enumerate() {
            let Some((source, piece)) = winner(lane, at, cursors) else { continue };
            for (held, bound) in held.iter_mut().zip(piece.bounds) {
                let word = |raised| if raised { Word::Minimum } else { Word::Source { lane: index, source } };
                *held = tighter(*held, bound.map(|bound| (bound.power, word(bound.raised))));
            }
            if let Some(default) = self.default_of(lane) {
                let told = piece.bounds.map(|bound| bound.is_some());
                stated[default] = [stated[default][0] || told[0], stated[default][1] || told[1]];
            }
        }
        for (default, stated) in stated.into_iter().enumerate() {
            for (held, bound) in held.iter_mut().zip(self.default_at(default, at, stated)) {
                *held = tighter(*held, bound);
            }
        }
        held
    }

    /// The default that rests where a lane states something. An emergency puts none to rest: it would loosen what holds.
    fn default_of(&self, lane: &Lane<'_>) -> Option<usize> {
        if lane.emergency {
            return None;
        }
        self.defaults.iter().position(|(utility, _)| *utility == lane.utility)
    }

    fn default_at(&self, index: usize, at: DateTime<Utc>, stated: [bool; 2]) -> Held {
        let Fallback { safe_mode, safe_since } = self.defaults[index].1;
        let fallen = safe_since.is_some_and(|since| since <= at);
        let holds = |stated: bool| safe_mode.is_valid_at(at) && (fallen || !stated);
        let import = safe_mode.maximum_import_w.filter(|_| holds(stated[IMPORT])).map(|power| {
            if power < self.minimum { (self.minimum, Word::Minimum) } else { (power, Word::Default(index)) }
        });
        let export = safe_mode.maximum_export_w.filter(|_| holds(stated[EXPORT]));
        [import, export.map(|power| (power, Word::Default(index)))]
    }

    fn basis(&self, word: Word) -> Basis {
        match word {
            Word::Capacity => Basis::ConnectionCapacity,
            Word::Minimum => Basis::GuaranteedMinimum,
            Word::Source { lane, source } => Basis::Limit(self.lanes[lane].sources[source].id.clone()),
            Word::Default(index) => Basis::SafeMode { utility: self.defaults[index].0.to_owned() },
        }
    }
}

/// The best-ranked limit of a lane that states something at an instant. Cursors only move on.
fn winner<'b>(lane: &'b Lane<'_>, at: DateTime<Utc>, cursors: &mut [usize]) -> Option<(usize, &'b Piece)> {
    lane.sources.iter().zip(cursors).enumerate().find_map(|(index, (source, cursor))| {
        while source.pieces.get(*cursor).is_some_and(|piece| piece.interval.end <= at) {
            *cursor += 1;
        }
        let piece = source.pieces.get(*cursor)?;
        (piece.interval.start <= at).then_some((index, piece))
    })
}

fn tighter(first: Option<(Power, Word)>, second: Option<(Power, Word)>) -> Option<(Power, Word)> {
    match (first, second) {
        (Some(first), Some(second)) => Some(if second.0 < first.0 { second } else { first }),
        (first, second) => first.or(second),
    }
}
