//! What server and client both speak of, in the words of the domain.

use chrono::{DateTime, Utc};
use headroom_domain::compliance::Quality;
use headroom_domain::limit::failsafe::{Mode, SafeMode};
use headroom_domain::limit::{EffectiveInterval, GridLimit, LimitInterval, LimitKind, LimitStatus, Target, Terms};
use headroom_domain::{AreaId, Energy, Interval, LimitId, NodeId, Power, Ratio};
use serde::{Deserialize, Serialize};

/// A limit as a utility states it, before it has a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitDraft {
    /// What it limits.
    pub target: Target,
    /// The programme it belongs to, for example `doe`.
    pub programme: String,
    /// Why.
    pub kind: LimitKind,
    /// Higher than in every earlier limit of this utility, target and programme.
    pub revision: i64,
    /// Sorted and disjoint, `[start, end)`. **Units**: W. **Sign**: magnitudes.
    pub intervals: Vec<LimitInterval>,
    /// Free text for people.
    pub reason: String,
    /// What else is stated.
    pub terms: Terms,
}

impl LimitDraft {
    /// Makes the limit that is kept once this is accepted.
    pub fn into_limit(self, id: LimitId, utility: String, accepted_at: DateTime<Utc>) -> GridLimit {
        let Self { target, programme, kind, revision, intervals, reason, terms } = self;
        let cancelled_at = None;
        GridLimit {
            id,
            utility,
            target,
            programme,
            kind,
            revision,
            intervals,
            reason,
            terms,
            accepted_at,
            cancelled_at,
        }
    }
}

/// The answer to a submission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submitted {
    /// The limit as recorded. Of a submission that was only validated it has an empty id.
    pub limit: GridLimit,
    /// What holds at the target with it, from now (or its first start, if later) to its last end.
    pub effective: Vec<EffectiveInterval>,
    /// What is accepted but probably not meant.
    pub warnings: Vec<LimitWarning>,
}

/// Something that is accepted but probably not meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitWarning {
    /// A stable word in capitals.
    pub code: String,
    /// The interval it is about; absent when it is about the whole limit.
    pub interval_index: Option<usize>,
    /// A sentence for people.
    pub message: String,
}

/// Which limits of a utility are asked for; the default is all that are not cancelled.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LimitQuery {
    /// Only limits of this target.
    pub target: Option<Target>,
    /// Only limits with an interval that overlaps this one.
    pub overlaps: Option<Interval>,
    /// Cancelled limits too.
    pub include_cancelled: bool,
}

impl LimitQuery {
    /// Tells whether a limit is asked for.
    pub fn matches(&self, limit: &GridLimit) -> bool {
        let overlaps =
            |window: Interval| limit.intervals.iter().any(|item| item.interval.intersection(&window).is_some());
        self.target.as_ref().is_none_or(|target| *target == limit.target)
            && self.overlaps.is_none_or(overlaps)
            && (self.include_cancelled || limit.cancelled_at.is_none())
    }
}

/// What became of a limit, as the status stream tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusEvent {
    /// Rises over all limits of a utility.
    pub sequence: i64,
    /// Which limit.
    pub limit: LimitId,
    /// What it limits.
    pub target: Target,
    /// When it became so.
    pub at: DateTime<Utc>,
    /// What it became.
    pub status: LimitStatus,
}

/// What a connection point falls back to for a utility, and how it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SafeModeState {
    /// For which connection point.
    pub target: NodeId,
    /// What it falls back to; absent: nothing.
    pub safe_mode: Option<SafeMode>,
    /// Whether it has fallen back.
    pub mode: Mode,
    /// Since when.
    pub since: Option<DateTime<Utc>>,
    /// When it was last set.
    pub updated_at: Option<DateTime<Utc>>,
}

/// The answer to a heartbeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeartbeatAnswer {
    /// When it arrived, by the server's clock.
    pub received_at: DateTime<Utc>,
    /// When the next one is due, so that no connection point falls back; absent: none waits for heartbeats.
    pub next_due_at: Option<DateTime<Utc>>,
    /// `Safe` while any connection point of the utility has fallen back.
    pub mode: Mode,
    /// How many have.
    pub places_in_safe_mode: u32,
}

/// How a utility calls a connection point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExternalId {
    /// `EAN18`, `NMI`, `MPAN`, `MALO` or another word.
    pub scheme: String,
    /// Verbatim.
    pub value: String,
}

/// Where a customer meets the grid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionPoint {
    /// Its name.
    pub id: NodeId,
    /// For people.
    pub display_name: String,
    /// How the utility calls it.
    pub external_id: Option<ExternalId>,
    /// The area of the asking utility that it is in.
    pub area: Option<AreaId>,
    /// What the connection may draw. **Units**: W.
    pub connection_capacity_w: Option<Power>,
    /// 1 or 3.
    pub phases: u32,
    /// Between a phase and neutral. **Units**: V.
    pub nominal_voltage_v: u32,
    /// Controllable units behind it (n of §14a `EnWG`).
    pub controllable_unit_count: u32,
    /// What limits leave it, emergencies of programmes that allow less aside.
    pub guaranteed_minimum_import_w: Option<Power>,
    /// IANA.
    pub time_zone: String,
}

/// A utility's group of connection points that share a limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GridArea {
    /// Its name, unique over all utilities.
    pub id: AreaId,
    /// Whose it is.
    pub utility: String,
    /// For people.
    pub display_name: String,
    /// Sorted.
    pub members: Vec<NodeId>,
    /// Changes with every change.
    pub etag: String,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// What happened to a connection point's enrolment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EnrolmentChange {
    /// It can be limited from now on.
    Enrolled,
    /// Something that the utility sees of it is different.
    Updated,
    /// It cannot be limited any more.
    Removed,
}

/// A change of enrolment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolmentEvent {
    /// Rises over all events of a utility.
    pub sequence: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    pub change: EnrolmentChange,
    /// The connection point as it is then.
    pub connection_point: ConnectionPoint,
}

/// What a place will draw without further limits, and how far that can be moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlexibilityForecast {
    /// Of which place.
    pub target: Target,
    /// When it was made.
    pub issued_at: DateTime<Utc>,
    /// Until when it is worth something: the next plan is due then.
    pub valid_until: DateTime<Utc>,
    /// Length of a step.
    pub resolution: chrono::TimeDelta,
    /// In order, without gaps.
    pub intervals: Vec<ForecastInterval>,
}

/// One step of a forecast. **Units**: W, Wh. **Sign**: magnitudes of import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ForecastInterval {
    /// When.
    pub interval: Interval,
    /// What is planned.
    pub baseline_w: Power,
    /// With a probability of 10 % it is less.
    pub baseline_p10_w: Power,
    /// With a probability of 10 % it is more.
    pub baseline_p90_w: Power,
    /// The least that it can be brought to.
    pub minimum_w: Power,
    /// The most that it can be brought to.
    pub maximum_w: Power,
    /// Energy that the vehicles must have taken since the start of the forecast by the end of the step, so that all leave
    /// with what they need where that can be.
    pub energy_floor_wh: Energy,
    /// Energy that they can have taken by then at most.
    pub energy_ceiling_wh: Energy,
    /// Vehicles there.
    pub session_count: u32,
}

/// What a limit would change.
#[derive(Debug, Clone, PartialEq)]
pub struct LimitImpact {
    /// In order: when, the planned import before, and with the limit.
    pub intervals: Vec<(Interval, Power, Power)>,
    /// Energy that would be taken at another time.
    pub energy_shifted_wh: Energy,
    /// Energy that vehicles would not take within the plan, needed or only wanted, beyond what they go without anyway.
    pub energy_not_delivered_wh: Energy,
    /// Vehicles that would leave with less than they need because of it.
    pub sessions_short_count: u32,
    /// What it would cost more: amount and ISO 4217 currency; absent where there are no prices.
    pub cost_delta: Option<(f64, String)>,
    /// What would be accepted but probably not meant.
    pub warnings: Vec<LimitWarning>,
}

/// What the meters of a place measured over an interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TelemetrySample {
    /// When.
    pub interval: Interval,
    /// Energy from the grid.
    pub import_energy_wh: Option<Energy>,
    /// Energy to the grid.
    pub export_energy_wh: Option<Energy>,
    /// Mean power from the grid.
    pub mean_import_w: Option<Power>,
    /// The highest mean that a reading within it told.
    pub max_import_w: Option<Power>,
    /// How it is known.
    pub quality: Quality,
    /// Share of the interval that readings cover.
    pub coverage: Ratio,
}
