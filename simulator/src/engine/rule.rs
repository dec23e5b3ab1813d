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

/// What those who can be told are given.
struct Shares {
    all: Vec<Share>,
    /// What all that could be in force leaves.
    left: PlaceRoom,
    tail_start: DateTime<Utc>,
}

struct Share {
    /// Position of the session among those observed.
    at: usize,
    present: Present,
    /// The most that it could draw by all that could be in force.
    worst: Power,
    desired: Power,
    tail: Power,
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
        let shares = self.share(moment);
        let decision = self.ask(moment, &shares, None);
        let is_under_way = |session: &ObservedSession| session.responsive && !session.belief.in_flight.is_empty();
        if decision.withheld == 0 || !decision.orders.is_empty() || moment.sessions.iter().any(is_under_way) {
            return decision;
        }
        // Many small differences that are not worth a message hold up a large one: now they are.
        self.ask(moment, &shares, Some(Power::from_w(BROKEN_W)))
    }

    /// Shares what the limits leave among those who can be told; what others may draw is not there to be shared.
    fn share(&self, moment: &Moment<'_>) -> Shares {
        let now = moment.now;
        let limit = self.lowest_limit(moment.limits, Interval { start: now, end: now + AHEAD });
        let mut left = self.room(moment, limit);
        let mut to_share = left.clone();
        let (mut told, mut present) = (Vec::new(), Vec::new());
        for (at, session) in moment.sessions.iter().enumerate() {
            let evse = moment.evses[at];
            let one = Present::of(moment.site, evse, &self.evses[evse].wiring, session, now);
            let worst = worst(&session.belief, now);
            self.places.take(&mut left, evse, one.load_share, worst);
            if session.responsive {
                told.push((at, worst));
                present.push(one);
            } else {
                self.places.take(&mut to_share, evse, one.load_share, worst);
            }
        }
        let window = Interval { start: now, end: now + CONTROL_STEP };
        let desired = self.places.serve(self.rule, &mut to_share, &present, window);
        let tails = self.tails(moment, &present);
        let share = |(place, (at, worst)): (usize, (usize, Power))| {
            let present = present[place];
            Share { at, present, worst, desired: whole(desired[place], present.minimum_w), tail: tails[place] }
        };
        let all = told.into_iter().enumerate().map(share).collect();
        Shares { all, left, tail_start: self.tail_start(moment, limit) }
    }

    /// Asks of each what its share and the room beside all that could be in force allow, where that is worth a message.
    fn ask(&self, moment: &Moment<'_>, shares: &Shares, tolerance: Option<Power>) -> Decision {
        let mut decision = Decision::default();
        let mut left = shares.left.clone();
        for share in &shares.all {
            let Present { evse, load_share, minimum_w, .. } = share.present;
            let room = share.worst + self.places.left(&left, evse, load_share);
            let allowed = share.desired.min(if share.desired <= share.worst { share.desired } else { room });
            let allowed = whole(allowed, minimum_w);
            let usual = Settings::default().tolerance_w.max(allowed * TOLERANCE);
            let tolerance = tolerance.unwrap_or(usual);
            decision.withheld += usize::from(share.desired > allowed + tolerance);
            let is_overfull = self.places.is_overfull(&left, evse, Power::from_w(BROKEN_W));
            let belief = &moment.sessions[share.at].belief;
            if self.is_worth_sending(moment.now, belief, allowed, tolerance, is_overfull, shares.tail_start) {
                self.places.take(&mut left, evse, load_share, (allowed - share.worst).or_zero());
                let order = profile(moment.now, allowed, shares.tail_start, share.tail);
                decision.orders.extend(order.map(|order| (share.at, order)));
            }
        }
        decision
    }

    /// Tells whether what was sent last says something else, ends too soon, or breaks a limit that this keeps.
    fn is_worth_sending(
        &self,
        now: DateTime<Utc>,
        belief: &Belief,
        allowed: Power,
        tolerance: Power,
        is_overfull: bool,
        tail_start: DateTime<Utc>,
    ) -> bool {
        let last = belief.in_flight.last().or(belief.acknowledged.as_ref());
        let standing = last.map_or(belief.fallback_w, |profile| profile.limit_at(now));
        let is_broken = is_overfull && allowed + Power::from_w(BROKEN_W) < standing;
        let differs = allowed.max(standing) - allowed.min(standing) > tolerance;
        let ends_too_soon =
            |last: &ChargingProfile| last.tail_start() < tail_start && last.tail_start() <= now + self.tail_after / 2;
        is_broken || differs || last.is_none_or(ends_too_soon)
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
