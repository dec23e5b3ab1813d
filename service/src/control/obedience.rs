//! Whether limits are obeyed: what utilities are told after each look of the control loop.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::limit::{Amiss, GridLimit, LimitBook, LimitKind, LimitState, LimitStatus};
use headroom_domain::schedule::Schedule;
use headroom_domain::{Interval, NodeId, Power};
use headroom_optimizer::snapshot::{SessionState, Snapshot};

use super::context::{Context, SiteContext};
use super::facts::Facts;
use super::limits::span;
use crate::store::{MeterReading, StatusChange, StoreError};

#[cfg(test)]
mod tests;

/// How long vehicles may take to follow before a limit counts as not achieved, where the utility says nothing else.
const GRACE: TimeDelta = TimeDelta::minutes(5);
/// How old a reading of the meter may be to be told.
const READING_LOOKBACK: TimeDelta = TimeDelta::minutes(30);
/// By how much a meter may show more than a limit: class B of EN 50470-3. **Units**: share.
pub const METER_TOLERANCE: f64 = 0.01;
/// Sums of powers this much over a limit break it. **Units**: W.
const TOLERANCE_W: f64 = 1.0;

/// How the sessions of a site obey its plan at one instant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SiteObedience {
    /// Active sessions.
    pub sessions: u32,
    /// Of these, those that cannot draw more than they are allowed: by all profiles that could be in force at their stations
    /// they stay under their plan, or all together stay under the limit.
    pub confirmed: u32,
    /// Whether one that is not confirmed refused, or its partner did.
    pub refused: bool,
    /// Whether one that is not confirmed takes no profiles.
    pub not_steerable: bool,
    /// What is kept free for everything but the vehicles.
    pub base_load_w: Power,
    /// When the plan was made that they are to obey; absent: there is none.
    pub planned_at: Option<DateTime<Utc>>,
}

impl SiteObedience {
    /// Looks at a site: `schedule` is what it is to do, `snapshot` what is known now. `limit` is the import limit in force.
    pub(super) fn look(
        facts: &Facts,
        snapshot: &Snapshot,
        schedule: &Schedule,
        guard: Power,
        limit: Option<Power>,
    ) -> Self {
        let now = facts.now;
        let worst = |session: &SessionState| session.load(session.belief.worst_at(now).min(session.maximum_w));
        let together: Power = snapshot.sessions.iter().map(worst).sum::<Power>() + guard;
        let fits = limit.is_none_or(|limit| together <= limit + Power::from_w(TOLERANCE_W));
        let step = schedule.grid.index_of(now);
        let mut found = Self { base_load_w: guard, ..Self::default() };
        for session in snapshot.sessions.iter().filter(|session| session.arrival <= now) {
            found.sessions += 1;
            let planned = schedule.session(&session.id).zip(step).map(|(plan, step)| plan.power_w[step]);
            let obeys = session.steerable
                && planned.is_some_and(|planned| {
                    session.belief.worst_at(now) <= planned.or_zero() + Power::from_w(TOLERANCE_W)
                });
            if fits || obeys {
                found.confirmed += 1;
            } else {
                found.not_steerable |= !session.steerable;
                found.refused |= facts.stations.get(&session.id).is_some_and(|station| station.refused);
            }
        }
        found
    }
}

/// Tells the utilities what has become of their limits since they were last told; returns when time alone will next change
/// something. `known_at` is when the limits of the book were read.
pub(super) async fn tell(
    context: &Context,
    book: &LimitBook,
    known_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    let mut readings = Readings::default();
    let (mut news, mut next) = (Vec::new(), None);
    let mut open = context.store.unsettled_limits().await?;
    // What was recorded since the round began, no site has been looked at with.
    open.retain(|limit| {
        let looked_at = book.limits_of(&limit.target).any(|known| known.id == limit.id);
        looked_at || span(limit).is_none_or(|span| span.end <= now)
    });
    let ids: Vec<_> = open.iter().map(|limit| limit.id.clone()).collect();
    let told = context.store.latest_statuses(&ids).await?;
    let told: BTreeMap<_, _> = told.into_iter().map(|event| (event.limit, event.status)).collect();
    for limit in open {
        let before = told.get(&limit.id).copied();
        let sites = context.sites_of(&limit.target).await?;
        let places = readings.places(context, &sites, now).await?;
        // A plan from before the limit says nothing of how it is obeyed; the plan with it is under way, or fails.
        let is_planned = |place: &Place| place.obedience.planned_at.is_some_and(|at| at >= limit.accepted_at);
        let planned = places.iter().all(is_planned);
        if !planned && now < limit.accepted_at + GRACE {
            next = next.into_iter().chain([limit.accepted_at + GRACE]).min();
            continue;
        }
        let superseded = book.superseded(&limit.id, now).is_some();
        let holds_w = if span(&limit).is_some_and(|span| span.contains(now)) { holds(book, &limit, now) } else { None };
        let view = View { limit: &limit, before, superseded, planned, holds_w, places: &places, now };
        next = view.turning_points().chain(next).filter(|at| *at > now).min();
        let status = view.status();
        if before != Some(status) {
            news.push(StatusChange { utility: limit.utility, limit: limit.id, target: limit.target, at: now, status });
        }
    }
    if !news.is_empty() {
        context.store.append_statuses(&news, known_at).await?;
        context.tell_utilities();
    }
    Ok(next)
}

/// Returns the import limit that holds at a limit's target.
fn holds(book: &LimitBook, limit: &GridLimit, now: DateTime<Utc>) -> Option<Power> {
    let instant = Interval { start: now, end: now + TimeDelta::milliseconds(1) };
    let piece = book.effective_of(&limit.target, instant).into_iter().next();
    piece.and_then(|piece| piece.maximum_import_w).map(|(power, _)| power)
}

/// The latest reading of each site, read once a round.
#[derive(Default)]
struct Readings(BTreeMap<NodeId, Option<MeterReading>>);

impl Readings {
    async fn places(
        &mut self,
        context: &Context,
        sites: &[&SiteContext],
        now: DateTime<Utc>,
    ) -> Result<Vec<Place>, StoreError> {
        let mut places = Vec::with_capacity(sites.len());
        for site in sites {
            let node = site.site.node();
            let reading = if let Some(reading) = self.0.get(&node) {
                *reading
            } else {
                let last = context.store.readings_since(&site.site.id, now - READING_LOOKBACK).await?.pop();
                self.0.insert(node.clone(), last);
                last
            };
            places.push(Place { obedience: context.obedience(&node).unwrap_or_default(), reading });
        }
        Ok(places)
    }
}

/// A site behind a limit's target.
#[derive(Debug, Clone, Default)]
struct Place {
    obedience: SiteObedience,
    reading: Option<MeterReading>,
}

/// What a limit's status follows from.
struct View<'a> {
    limit: &'a GridLimit,
    before: Option<LimitStatus>,
    superseded: bool,
    /// Whether all places have a plan that knows it.
    planned: bool,
    /// The import limit that holds at its target now: looser than what it states where something else has taken its place,
    /// a minimum is guaranteed or its start is delayed. Absent: nothing limits.
    holds_w: Option<Power>,
    places: &'a [Place],
    now: DateTime<Utc>,
}

impl View<'_> {
    fn status(&self) -> LimitStatus {
        let Some(span) = span(self.limit) else { return LimitStatus::of(LimitState::Completed) };
        let before = self.before.unwrap_or(LimitStatus::of(LimitState::Accepted));
        // What was only foreseen has not come.
        let obeyed_at = before.expected_in_force_at.filter(|_| before.state != LimitState::Scheduled);
        let kept = LimitStatus { state: LimitState::Completed, expected_in_force_at: obeyed_at, ..before };
        if self.limit.accepted_at >= span.end {
            return LimitStatus::of(LimitState::Expired);
        }
        if span.end <= self.now {
            return LimitStatus { amiss: None, ..kept };
        }
        if self.limit.kind == LimitKind::Test {
            return LimitStatus::of(LimitState::Accepted);
        }
        if self.superseded {
            return LimitStatus { state: LimitState::Superseded, amiss: None, ..kept };
        }
        if self.now < span.start {
            return LimitStatus { expected_in_force_at: Some(span.start), ..self.counted(LimitState::Scheduled) };
        }
        self.active(span.start)
    }

    /// Returns when the status changes with time alone.
    fn turning_points(&self) -> impl Iterator<Item = DateTime<Utc>> + use<> {
        let span = span(self.limit);
        let edges = span.into_iter().flat_map(|span| [span.start, span.end]);
        edges.chain(span.map(|span| self.due(span.start)))
    }

    /// Returns when it has to be obeyed.
    fn due(&self, start: DateTime<Utc>) -> DateTime<Utc> {
        let begun = start.max(self.limit.accepted_at);
        self.limit.terms.respond_by.unwrap_or(begun + GRACE).max(begun)
    }

    fn counted(&self, state: LimitState) -> LimitStatus {
        let count = |of: fn(&SiteObedience) -> u32| self.places.iter().map(|place| of(&place.obedience)).sum();
        LimitStatus {
            state,
            affected_sessions: count(|obedience| obedience.sessions),
            confirmed_sessions: count(|obedience| obedience.confirmed),
            measured_import_w: self.measured(),
            expected_in_force_at: None,
            amiss: None,
        }
    }

    /// Returns what all meters together show; nothing when one is silent.
    fn measured(&self) -> Option<Power> {
        let readings = self.places.iter().map(|place| place.reading.and_then(|reading| reading.import_w));
        readings.sum::<Option<Power>>().filter(|_| !self.places.is_empty())
    }

    fn active(&self, start: DateTime<Utc>) -> LimitStatus {
        let status = self.counted(LimitState::Active);
        let until = self.due(start);
        let obeyed_at = self
            .before
            .filter(|before| before.state != LimitState::Scheduled)
            .and_then(|before| before.expected_in_force_at);
        if !self.planned || !status.is_obeyed() {
            let confirmed_sessions = if self.planned { status.confirmed_sessions } else { 0 };
            let status = LimitStatus { confirmed_sessions, ..status };
            let amiss = (self.now >= until).then(|| self.reason());
            let state = if amiss.is_some() { LimitState::NotAchieved } else { LimitState::Active };
            return LimitStatus { state, amiss, expected_in_force_at: obeyed_at, ..status };
        }
        let obeyed_at = obeyed_at.unwrap_or(self.now);
        let status = LimitStatus { expected_in_force_at: Some(obeyed_at), ..status };
        if self.meter_shows_more(obeyed_at.max(until)) {
            return LimitStatus { state: LimitState::NotAchieved, amiss: Some(Amiss::MeterAboveLimit), ..status };
        }
        status
    }

    /// Returns what it asks for now, where that is what holds, or more.
    fn limit_now(&self) -> Option<Power> {
        let stated = self.limit.intervals.iter().find(|item| item.interval.contains(self.now));
        stated.and_then(|item| item.maximum_import_w).zip(self.holds_w).map(|(stated, holds)| stated.max(holds))
    }

    /// Readings that began before everybody obeyed prove nothing.
    fn meter_shows_more(&self, since: DateTime<Utc>) -> bool {
        let settled = self.places.iter().all(|place| place.reading.is_some_and(|reading| reading.start >= since));
        let shown = self.measured().zip(self.limit_now());
        settled
            && shown.is_some_and(|(measured, limit)| {
                measured > limit * (1.0 + METER_TOLERANCE) + Power::from_w(TOLERANCE_W)
            })
    }

    fn reason(&self) -> Amiss {
        let any = |is: fn(&SiteObedience) -> bool| self.places.iter().any(|place| is(&place.obedience));
        let base: Power = self.places.iter().map(|place| place.obedience.base_load_w).sum();
        if self.limit_now().is_some_and(|limit| base > limit + Power::from_w(TOLERANCE_W)) {
            Amiss::BaseLoadAlone
        } else if any(|obedience| obedience.refused) {
            Amiss::StationsRefused
        } else if any(|obedience| obedience.not_steerable) {
            Amiss::NotSteerable
        } else {
            Amiss::StationsSilent
        }
    }
}
