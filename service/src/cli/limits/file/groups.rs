//! Lines that make one limit together.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta};
use headroom_domain::limit::{LimitInterval, LimitViolation, Target, Terms, term_violations, violations};
use headroom_grid_api::LimitDraft;

use super::row::{Header, Row};
use super::{Defaults, Mistake, Planned};

/// Target, programme, kind, revision and priority.
type Key = (Target, String, u8, Option<i64>, Option<i32>);

/// The highest revision so far of a target and programme, and the line of its limit.
type Latest = BTreeMap<(Target, String), (i64, u64)>;

/// Limits in the order of their first lines.
#[derive(Default)]
pub(super) struct Groups {
    places: BTreeMap<Key, usize>,
    groups: Vec<Group>,
}

struct Group {
    first: Row,
    items: Vec<(u64, LimitInterval)>,
    reason: Option<(u64, String)>,
}

impl Groups {
    /// Takes a line; returns what is wrong with it beside the others of its limit.
    pub(super) fn take(&mut self, row: Row) -> Option<Mistake> {
        let key = (row.target.clone(), row.programme.clone(), row.kind as u8, row.revision, row.priority);
        let place = *self.places.entry(key).or_insert(self.groups.len());
        if place == self.groups.len() {
            self.groups.push(Group { first: row.clone(), items: Vec::new(), reason: None });
        }
        let Row { line, item, reason, .. } = row;
        let group = self.groups.get_mut(place)?;
        group.items.push((line, item));
        if reason.is_empty() {
            return None;
        }
        let (before, stated) = group.reason.get_or_insert_with(|| (line, reason.clone()));
        let rule = || format!("line {before} states another reason for the same limit: state it once");
        (*stated != reason).then(|| Mistake::new(line, "reason", rule()))
    }

    /// Returns the limits, and what is wrong with them.
    pub(super) fn limits(self, header: &Header, defaults: &Defaults<'_>) -> (Vec<Planned>, Vec<Mistake>) {
        let (mut limits, mut mistakes, mut latest) = (Vec::new(), Vec::new(), Latest::new());
        for group in self.groups {
            let (planned, mistake) = group.planned(defaults.revision, &mut latest);
            mistakes.extend(mistake);
            mistakes.extend(broken(&planned.draft).map(|violation| {
                let line = planned.line_of(&violation.field).unwrap_or(1);
                Mistake::new(line, header.column_of(&violation.field), violation.rule)
            }));
            limits.push(planned);
        }
        (limits, mistakes)
    }
}

impl Group {
    /// Makes the limit; says, beside it, when its revision does not rise.
    fn planned(mut self, default_revision: Option<i64>, latest: &mut Latest) -> (Planned, Option<Mistake>) {
        self.items.sort_by_key(|(_, item)| item.interval.start);
        let (lines, intervals) = self.items.into_iter().unzip();
        let Row { line, target, programme, kind, revision: stated, priority, .. } = self.first;
        let before = latest.get(&(target.clone(), programme.clone())).copied();
        let first = default_revision.unwrap_or_default();
        let next = before.map_or(first, |(revision, _)| first.max(revision.saturating_add(1)));
        let revision = stated.unwrap_or(next);
        let highest = before.filter(|(highest, _)| revision <= *highest);
        latest.insert((target.clone(), programme.clone()), highest.unwrap_or((revision, line)));
        let reason = self.reason.map(|(_, reason)| reason).unwrap_or_default();
        let terms = Terms { priority, ..Terms::default() };
        let draft = LimitDraft { target, programme, kind, revision, intervals, reason, terms };
        let stale = highest.map(|(highest, other)| {
            let rule = format!(
                "it is not higher than {highest}, that of another limit of this target and programme on line {other}: raise it"
            );
            Mistake::new(line, "revision", rule)
        });
        (Planned { draft, lines }, stale)
    }
}

/// Returns which rules a limit breaks that need neither the server's time nor its horizon.
fn broken(draft: &LimitDraft) -> impl Iterator<Item = LimitViolation> {
    let always = DateTime::UNIX_EPOCH;
    let terms = term_violations(draft.kind, &draft.programme, &draft.terms, always);
    violations(&draft.intervals, always, TimeDelta::MAX).into_iter().chain(terms)
}
