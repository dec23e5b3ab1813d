//! The schema of the JSON API: what a site's page shows, and nothing else.
//!
//! **Units** are in the names (`_w`, `_wh`, `_per_kwh`); times are UTC in RFC 3339; `null` means *not known*, 0 means
//! zero. Series are columns over shared times, because a day of forty vehicles is asked for every second.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use headroom_domain::limit::{Basis, EffectiveInterval, GridLimit, LimitKind};
use headroom_domain::schedule::PlanStatus;
use headroom_domain::session::SessionStatus;
use headroom_domain::{EnergyPrice, Interval, LimitId, Money, Power, SessionId, TimeGrid, units::Energy};
use serde::{Deserialize, Serialize, Serializer};
use std::future::Future;

use super::words::{Badge, ReasonView};

/// Where the page's data come from. Whoever controls the sites implements it.
pub trait SiteViews: Send + Sync + 'static {
    /// Returns all sites.
    fn sites(&self) -> impl Future<Output = Vec<SiteSummary>> + Send;

    /// Returns a site, or `None` when there is none of that id.
    fn site(&self, id: &str) -> impl Future<Output = Option<SiteView>> + Send;
}

/// A site in the list of sites.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SiteSummary {
    /// Its id, as in the configuration.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Vehicles connected.
    pub connected: usize,
    /// What the site draws from the grid, base load included.
    pub import_now_w: Option<Power>,
    /// What it may draw.
    pub limit_now_w: Option<Power>,
    /// What is left between the two; below zero where the limit is broken.
    pub headroom_now_w: Option<Power>,
    /// What the operator should know first.
    pub badges: Vec<Badge>,
}

/// A site and all that its page shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SiteView {
    /// Its id, as in the configuration.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// In which the page shows times (IANA name).
    pub time_zone: Tz,
    /// Of every cost and price (ISO 4217).
    pub currency: String,
    /// The service's clock when the view was made.
    pub now: DateTime<Utc>,
    /// Seconds of that clock in a real second: 1, but in a demo.
    pub clock_speed: f64,
    /// What the operator should know first.
    pub badges: Vec<Badge>,
    /// What the site draws from the grid, base load included, at the last measurement.
    pub import_now_w: Option<Power>,
    /// The limit in force over the past day and as far ahead as is planned, without overlaps, in order.
    pub limits: Vec<LimitStep>,
    /// Energy prices over the same time; empty where none are known.
    #[serde(default)]
    pub prices: Vec<PriceStep>,
    /// What was measured over the past day.
    pub past: Past,
    /// What is expected; absent until the first plan.
    pub ahead: Option<Ahead>,
    /// Sessions that are not over, and those of the past day that are.
    pub sessions: Vec<SessionView>,
    /// The plan in force; absent until the first one.
    pub plan: Option<PlanView>,
    /// Limits that utilities submitted, the latest first.
    pub limits_log: Vec<LimitEntry>,
}

/// The import limit over a stretch of time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LimitStep {
    /// From.
    pub start: DateTime<Utc>,
    /// Until, exclusive.
    pub end: DateTime<Utc>,
    /// Most power from the grid; absent means not limited.
    pub import_w: Option<Power>,
    /// What it rests on; absent when nothing limits.
    pub basis: Option<Basis>,
    /// The same in words.
    pub source: String,
}

/// The price of energy over a stretch of time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PriceStep {
    /// From.
    pub start: DateTime<Utc>,
    /// Until, exclusive.
    pub end: DateTime<Utc>,
    /// In the site's currency.
    pub price_per_kwh: EnergyPrice,
}

/// Measured power. A value holds from its time to the next one, the last one until now, but none for longer than 15
/// minutes: beyond, the page shows a gap.
///
/// **Shape**: `at` rises and has a few hundred values at most (five-minute means of a day are 288);
/// `base_load_w` has a value for each.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Past {
    /// When.
    pub at: Vec<DateTime<Utc>>,
    /// What the site drew beside its sessions.
    #[serde(serialize_with = "whole_or_null")]
    pub base_load_w: Vec<Option<Power>>,
    /// What each session drew.
    pub sessions: Vec<PastSession>,
}

/// What a session drew: `power_w[n]` at `at[first + n]`, nothing before and after.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PastSession {
    /// Which.
    pub id: SessionId,
    /// Where in [`Past::at`] it begins.
    pub first: usize,
    /// Power per time.
    #[serde(serialize_with = "whole")]
    pub power_w: Vec<Power>,
}

impl Past {
    /// Adds what was measured at a time that is later than all before. A session that is not named draws nothing.
    pub fn push<'a>(
        &mut self,
        at: DateTime<Utc>,
        base_load: Option<Power>,
        sessions: impl IntoIterator<Item = (&'a SessionId, Power)>,
    ) {
        let index = self.at.len();
        self.at.push(at);
        self.base_load_w.push(base_load);
        for (id, power) in sessions {
            let position = self.sessions.iter().position(|session| session.id == *id).unwrap_or_else(|| {
                self.sessions.push(PastSession { id: id.clone(), first: index, power_w: Vec::new() });
                self.sessions.len() - 1
            });
            let session = &mut self.sessions[position];
            session.power_w.resize(index - session.first, Power::ZERO);
            session.power_w.push(power);
        }
    }
}

/// What is expected beside the sessions. **Shape**: one value per step of `edges`, as in [`SessionView::plan_w`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ahead {
    /// The steps of the plan: `n + 1` edges. The first step may have begun.
    pub edges: TimeGrid,
    /// The base load as expected.
    #[serde(serialize_with = "whole")]
    pub base_load_expected_w: Vec<Power>,
    /// What the plan keeps free for it, at least as much.
    #[serde(serialize_with = "whole")]
    pub base_load_guard_w: Vec<Power>,
}

/// How far the last word to a station got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProfileState {
    /// Nothing was sent.
    None,
    /// The station confirmed what was sent last.
    Acknowledged,
    /// Sent, not yet answered.
    InFlight,
    /// The station refused or did not answer in time.
    Silent,
}

/// A session as the table shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionView {
    /// Its id, over all partners.
    pub id: SessionId,
    /// What people may know it by: the owner's id, or a driver's alias.
    pub label: String,
    /// Where: OCPI `EVSE.uid`.
    pub evse: String,
    /// The circuit of that EVSE; absent when it hangs from the connection point.
    pub circuit: Option<String>,
    /// How far it is.
    pub status: SessionStatus,
    /// Energy needed over the whole stay.
    pub energy_needed_wh: Energy,
    /// Energy delivered so far.
    pub energy_delivered_wh: Energy,
    /// Energy that the plan still delivers until departure.
    pub energy_planned_wh: Energy,
    /// When it began.
    pub arrival: DateTime<Utc>,
    /// When it ended, or is planned to.
    pub departure: DateTime<Utc>,
    /// Whether the driver said so; otherwise it is assumed.
    pub departure_stated: bool,
    /// Power at the last report.
    pub power_now_w: Option<Power>,
    /// Most power that the acknowledged profile allows now.
    pub allowed_now_w: Option<Power>,
    /// What the planned power loads the site with, per step of [`SiteView::ahead`]; empty when the session is not in the plan.
    #[serde(serialize_with = "whole")]
    pub plan_w: Vec<Power>,
    /// Why it gets no more now; absent when nothing holds it back.
    pub reason: Option<ReasonView>,
    /// How far the last word to its station got.
    pub profile_state: ProfileState,
}

/// The plan in force.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanView {
    /// How it came about.
    pub status: PlanStatus,
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// What it costs from then on, in the site's currency.
    pub cost: Money,
}

/// A limit that a utility submitted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LimitEntry {
    /// Its id.
    pub id: LimitId,
    /// Whose it is.
    pub utility: String,
    /// The programme it belongs to.
    pub programme: String,
    /// Why it was submitted.
    pub kind: LimitKind,
    /// A higher one replaces a lower one.
    pub revision: i64,
    /// When it was accepted.
    pub accepted_at: DateTime<Utc>,
    /// When it was withdrawn.
    pub cancelled_at: Option<DateTime<Utc>>,
    /// From its first interval to its last.
    pub covers: Option<Interval>,
    /// The tightest import limit in it.
    pub lowest_import_w: Option<Power>,
    /// The utility's words.
    pub reason: String,
}

impl From<&GridLimit> for LimitEntry {
    fn from(limit: &GridLimit) -> Self {
        let ends = limit.intervals.first().zip(limit.intervals.last());
        Self {
            id: limit.id.clone(),
            utility: limit.utility.clone(),
            programme: limit.programme.clone(),
            kind: limit.kind,
            revision: limit.revision,
            accepted_at: limit.accepted_at,
            cancelled_at: limit.cancelled_at,
            covers: ends.map(|(first, last)| Interval { start: first.interval.start, end: last.interval.end }),
            lowest_import_w: limit.intervals.iter().filter_map(|item| item.maximum_import_w).min(),
            reason: limit.reason.clone(),
        }
    }
}

/// Returns the steps of the limit line, with the names that the log gives to their sources.
pub fn limit_steps(effective: &[EffectiveInterval], log: &[LimitEntry]) -> Vec<LimitStep> {
    let step = |piece: &EffectiveInterval| {
        let (import_w, basis) = piece.maximum_import_w.clone().unzip();
        let source = basis.as_ref().map_or_else(|| "not limited".to_owned(), |basis| source(basis, log));
        LimitStep { start: piece.interval.start, end: piece.interval.end, import_w, basis, source }
    };
    effective.iter().map(step).collect()
}

fn source(basis: &Basis, log: &[LimitEntry]) -> String {
    match basis {
        Basis::ConnectionCapacity => "connection capacity".to_owned(),
        Basis::SafeMode { utility } => format!("safe mode of {utility}"),
        Basis::GuaranteedMinimum => "guaranteed minimum".to_owned(),
        Basis::Limit(id) => log.iter().find(|entry| entry.id == *id).map_or_else(
            || id.to_string(),
            |entry| format!("{}, programme {}, revision {}", entry.utility, entry.programme, entry.revision),
        ),
    }
}

impl SiteView {
    /// Returns the limit in force now.
    pub fn limit_now(&self) -> Option<Power> {
        self.limits.iter().find(|step| step.start <= self.now && self.now < step.end)?.import_w
    }

    /// Returns the site's line in the list of sites.
    pub fn summary(&self) -> SiteSummary {
        let limit_now_w = self.limit_now();
        SiteSummary {
            id: self.id.clone(),
            name: self.name.clone(),
            connected: self.sessions.iter().filter(|session| session.status == SessionStatus::Active).count(),
            import_now_w: self.import_now_w,
            limit_now_w,
            headroom_now_w: limit_now_w.zip(self.import_now_w).map(|(limit, import)| limit - import),
            badges: self.badges.clone(),
        }
    }
}

/// Writes whole watts: fractions of a watt would double the length of an answer and tell nobody anything.
fn whole<S: Serializer>(series: &[Power], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(series.iter().map(|power| whole_w(*power)))
}

fn whole_or_null<S: Serializer>(series: &[Option<Power>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(series.iter().map(|power| power.map(whole_w)))
}

#[expect(clippy::cast_possible_truncation, reason = "no site draws 10¹⁸ W; the cast saturates")]
fn whole_w(power: Power) -> i64 {
    power.as_w().round() as i64
}
