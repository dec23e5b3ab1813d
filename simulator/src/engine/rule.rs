//! Steering by a rule that looks at the present alone, with the messages and the caution of plans.
//!
//! A rule shares what the limits leave from now until the step after next: two tries for each reduction. A raise waits
//! until what pays for it is acknowledged, and every profile ends in a tail, as plans' do.

use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::grid::Wiring;
use headroom_domain::limit::EffectiveInterval;
use headroom_domain::profile::{Belief, ChargingProfile, ProfilePeriod};
use headroom_domain::site::Site;
use headroom_domain::{Interval, Power, Ratio};
use headroom_optimizer::assemble::{AssembleError, ObservedSession};
use headroom_optimizer::snapshot::Settings;
use headroom_optimizer::strategies::Rule;
use headroom_optimizer::strategies::site::{PlaceRoom, Places, Present};

use super::run::CONTROL_STEP;

/// How far ahead limits are kept.
pub(super) const AHEAD: TimeDelta = TimeDelta::minutes(10);
/// Powers this much over a limit break it. **Units**: W.
const BROKEN_W: f64 = 1.0;
/// Differences smaller than this share are not worth a message.
const TOLERANCE: f64 = 0.03;

/// A rule and the site that it is for.
pub(super) struct RuleBook {
    rule: Rule,
    places: Places,
    evses: Vec<Evse>,
    capacity: Power,
    margin: Power,
    tail_after: TimeDelta,
    has_defaults: bool,
    has_tails: bool,
}

struct Evse {
    wiring: Wiring,
    default: Power,
    safe_rate: Power,
}

/// What is known at an instant.
pub(super) struct Moment<'a> {
    pub(super) now: DateTime<Utc>,
    pub(super) site: &'a Site,
    pub(super) limits: &'a [EffectiveInterval],
    /// The most that the site will draw beside its vehicles until limits are looked at no further.
    pub(super) base_load: Power,
    pub(super) sessions: &'a [ObservedSession],
    /// The EVSE of each session, as a position in the site.
    pub(super) evses: &'a [usize],
}

/// What goes out and what waits.
#[derive(Default)]
pub(super) struct Decision {
    /// Profiles, by position of their session among those observed.
    pub(super) orders: Vec<(usize, ChargingProfile)>,
    /// Sessions that get less than their rule gives them for now.
    pub(super) withheld: usize,
}

impl RuleBook {
    pub(super) fn new(site: &Site, rule: Rule) -> Result<Self, AssembleError> {
        let nodes: Vec<_> = site.evses.iter().map(|evse| site.evse_node(&evse.uid)).collect();
        let mut evses = Vec::with_capacity(site.evses.len());
        for evse in &site.evses {
            let (default, safe_rate) = (site.station_default(evse)?, site.safe_rate(evse)?);
            evses.push(Evse { wiring: evse.wiring()?, default, safe_rate });
        }
        Ok(Self {
            rule,
            places: Places::new(&site.tree()?, &nodes)?,
            capacity: Power::try_new(site.import_capacity_kw * 1000.0).unwrap_or_default(),
            margin: Power::try_new(site.margin_kw * 1000.0).unwrap_or_default(),
            tail_after: TimeDelta::minutes(i64::from(site.safe_mode.tail_after_min)),
            has_defaults: evses.iter().any(|evse| evse.default > Power::ZERO),
            has_tails: evses.iter().any(|evse| evse.safe_rate > Power::ZERO),
            evses,
        })
    }

    /// Decides what each station is told now.
    pub(super) fn decide(&self, moment: &Moment<'_>) -> Decision {
        let now = moment.now;
        let limit = self.lowest_limit(moment.limits, Interval { start: now, end: now + AHEAD });
        let all = self.room(moment, limit);
        let worst: Vec<Power> = moment.sessions.iter().map(|session| worst(&session.belief, now)).collect();
        let mut shared = all.clone();
        let mut present = Vec::with_capacity(moment.sessions.len());
        let mut told = Vec::with_capacity(moment.sessions.len());
        let mut left = all;
        for (at, session) in moment.sessions.iter().enumerate() {
            let evse = moment.evses[at];
            let one = Present::of(moment.site, evse, &self.evses[evse].wiring, session, now);
            self.places.take(&mut left, evse, one.load_share, worst[at]);
            if session.responsive {
                present.push(one);
                told.push(at);
            } else {
                self.places.take(&mut shared, evse, one.load_share, worst[at]);
            }
        }
        let window = Interval { start: now, end: now + CONTROL_STEP };
        let desired = self.places.serve(self.rule, &mut shared, &present, window);
        let tail_start = self.tail_start(moment, limit);
        let tails = self.tails(moment, &present);
        let ask = |tolerance: Option<Power>| {
            let mut decision = Decision::default();
            let mut left = left.clone();
            for (place, (present, desired)) in present.iter().zip(&desired).enumerate() {
                let at = told[place];
                let room = worst[at] + self.places.left(&left, present.evse, present.load_share);
                let desired = whole(*desired, present.minimum_w);
                let allowed = if desired <= worst[at] { desired } else { whole(desired.min(room), present.minimum_w) };
                let usual = Settings::default().tolerance_w.max(allowed * TOLERANCE);
                let tolerance = tolerance.unwrap_or(usual);
                decision.withheld += usize::from(desired > allowed + tolerance);
                let last = last(&moment.sessions[at].belief);
                let standing = last.map_or(moment.sessions[at].belief.fallback_w, |profile| profile.limit_at(now));
                let is_broken = allowed + Power::from_w(BROKEN_W) < standing
                    && self.places.is_overfull(&left, present.evse, Power::from_w(BROKEN_W));
                let differs = allowed.max(standing) - allowed.min(standing) > tolerance;
                let is_stale = last.is_none_or(|last| {
                    last.tail_start() < tail_start && last.tail_start() <= now + self.tail_after / 2
                });
                if is_broken || differs || is_stale {
                    self.places.take(&mut left, present.evse, present.load_share, (allowed - worst[at]).or_zero());
                    decision.orders.extend(profile(now, allowed, tail_start, tails[place]).map(|order| (at, order)));
                }
            }
            decision
        };
        let decision = ask(None);
        let under_way =
            moment.sessions.iter().any(|session| session.responsive && !session.belief.in_flight.is_empty());
        if decision.withheld == 0 || !decision.orders.is_empty() || under_way {
            return decision;
        }
        // Many small differences that are not worth a message hold up a large one: now they are.
        ask(Some(Power::from_w(BROKEN_W)))
    }

    /// Returns the lowest limit over a window, margin taken off.
    fn lowest_limit(&self, limits: &[EffectiveInterval], window: Interval) -> Power {
        let meets = |piece: &&EffectiveInterval| piece.interval.start < window.end && piece.interval.end > window.start;
        let stated = limits.iter().filter(meets).filter_map(|piece| piece.maximum_import_w.as_ref());
        stated.map(|(power, _)| *power).fold(self.capacity, Power::min) - self.margin
    }

    /// Returns what a limit leaves beside the base load and what newcomers draw before they are told anything.
    fn room(&self, moment: &Moment<'_>, limit: Power) -> PlaceRoom {
        let mut room = self.places.room(Some(limit), moment.base_load);
        if self.has_defaults {
            for (evse, own) in self.evses.iter().enumerate().filter(|(evse, _)| !moment.evses.contains(evse)) {
                self.places.take(&mut room, evse, Ratio::from_ratio(1.0), own.default);
            }
        }
        room
    }

    /// Returns when tails begin: after the usual time, or with the first limit that is lower than the one kept now.
    fn tail_start(&self, moment: &Moment<'_>, limit: Power) -> DateTime<Utc> {
        let kept = limit + self.margin;
        let lower = |piece: &&EffectiveInterval| {
            piece.interval.start > moment.now && piece.maximum_import_w.as_ref().is_some_and(|(power, _)| *power < kept)
        };
        let first = moment.limits.iter().find(lower).map(|piece| piece.interval.start);
        first.into_iter().fold(moment.now + self.tail_after, DateTime::min)
    }

    /// Allots the tails: each its safe rate, or nothing where all together would pass a limit known for any later time.
    fn tails(&self, moment: &Moment<'_>, present: &[Present]) -> Vec<Power> {
        let mut tails = vec![Power::ZERO; present.len()];
        if !self.has_tails {
            return tails;
        }
        let ever = Interval { start: moment.now, end: DateTime::<Utc>::MAX_UTC };
        let mut room = self.room(moment, self.lowest_limit(moment.limits, ever));
        let mut order: Vec<usize> = (0..present.len()).collect();
        order.sort_by_key(|place| present[*place].arrival);
        for place in order {
            let Present { evse, load_share, minimum_w, .. } = present[place];
            let rate = whole(self.evses[evse].safe_rate, minimum_w);
            if rate > Power::ZERO && self.places.left(&room, evse, load_share) >= rate {
                self.places.take(&mut room, evse, load_share, rate);
                tails[place] = rate;
            }
        }
        tails
    }
}

/// Returns the most that could be drawn until limits are looked at no further.
fn worst(belief: &Belief, now: DateTime<Utc>) -> Power {
    // Profiles of a rule have two periods: one of the ends is the highest.
    belief.worst_at(now).max(belief.worst_at(now + AHEAD))
}

/// Returns the profile that was sent last, answered or not.
fn last(belief: &Belief) -> Option<&ChargingProfile> {
    belief.in_flight.last().or(belief.acknowledged.as_ref())
}

/// Returns a power as it is sent: in whole W, rounded down; nothing below the minimum.
fn whole(power: Power, minimum: Power) -> Power {
    let power_w = power.as_w() + 1e-6;
    if power_w < minimum.as_w() { Power::ZERO } else { Power::from_w(power_w.floor().max(minimum.as_w())) }
}

fn profile(now: DateTime<Utc>, power: Power, tail_start: DateTime<Utc>, tail: Power) -> Option<ChargingProfile> {
    let periods =
        vec![ProfilePeriod { start: now, limit_w: power }, ProfilePeriod { start: tail_start, limit_w: tail }];
    ChargingProfile::new(periods).ok()
}
