//! All that a plan rests on. Its JSON is the file that a saved problem is.

use chrono::{DateTime, Utc};
use headroom_domain::grid::GridTree;
use headroom_domain::limit::EffectiveInterval;
use headroom_domain::preference::ProfileType;
use headroom_domain::profile::Belief;
use headroom_domain::tariff::DemandCharge;
use headroom_domain::{
    CarbonIntensity, Energy, EnergyPrice, Interval, Money, NodeId, Power, Ratio, SessionId, TimeGrid,
};
use serde::{Deserialize, Serialize};

mod assets;
mod check;
mod check_assets;
mod limits;
mod read;
pub use assets::{Battery, Discharge, Generation, Line, LineTerm, Reserve, VehicleBattery};
pub use check::SnapshotError;
pub use read::NoProblem;

/// What is known at one instant of an area: enough to plan it, and nothing that was learnt later.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// The instant. It lies in the first steps of the grid; what is before it is past.
    pub now: DateTime<Utc>,
    /// The steps of the plan.
    pub grid: TimeGrid,
    /// Where everything hangs, with ratings.
    pub tree: GridTree,
    /// Limits beside the ratings, one entry per node that has some.
    #[serde(default)]
    pub limits: Vec<NodeLimits>,
    /// Load that nobody steers, beside the sessions; entries of one node add up.
    #[serde(default)]
    pub base_load: Vec<NodeBaseLoad>,
    /// Price of energy. **Shape**: one per step.
    pub prices: Vec<EnergyPrice>,
    /// What a kWh fed into the grid earns; not more than its price counts. **Shape**: one per step, or none: nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub export_prices: Vec<EnergyPrice>,
    /// Carbon of energy from the grid. **Shape**: one per step, or none: not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub carbon: Vec<CarbonIntensity>,
    /// Charge on the highest power at the root.
    #[serde(default)]
    pub demand_charge: Option<DemandCharge>,
    /// Kept free under every limit of the root.
    #[serde(default)]
    pub margin_w: Power,
    /// Sessions, present and expected.
    pub sessions: Vec<SessionState>,
    /// Batteries of the site.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub batteries: Vec<Battery>,
    /// Generation, beside what base loads hold of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub generation: Vec<Generation>,
    /// Lines whose current is a sum at angles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<Line>,
    /// Room for vehicles that are yet to come.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reserves: Vec<Reserve>,
    /// How to plan.
    #[serde(default)]
    pub settings: Settings,
}

/// The limits of a node beside its rating.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeLimits {
    /// Where.
    pub node: NodeId,
    /// What holds when. **Shape**: sorted and disjoint; where there is no piece, the rating alone limits.
    pub effective: Vec<EffectiveInterval>,
}

/// Load at a node that nobody steers. **Shape**: a value per step in both.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeBaseLoad {
    /// Where. At an EVSE it loads the phases of its wiring, elsewhere all phases alike.
    pub node: NodeId,
    /// What is kept free for it under every limit.
    pub guard_w: Vec<Power>,
    /// What it will probably be: peaks are reckoned with this.
    pub expected_w: Vec<Power>,
    /// The least that it may be, for export limits. **Shape**: may be empty: nothing, or what is expected to be fed in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub least_w: Vec<Power>,
}

/// What is known of one session.
///
/// **Sign**: all powers and energies are magnitudes towards the vehicle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, by its name in the JSON")]
pub struct SessionState {
    /// Its name.
    pub id: SessionId,
    /// Its EVSE.
    pub node: NodeId,
    /// Whether it can be sent profiles; otherwise it is carried as load at its worst case.
    #[serde(default = "yes")]
    pub steerable: bool,
    /// When it comes, or came.
    pub arrival: DateTime<Utc>,
    /// When it leaves, as planned with.
    pub departure: DateTime<Utc>,
    /// Energy still needed by departure.
    pub needed_wh: Energy,
    /// Energy still wanted, the needed one included.
    pub wanted_wh: Energy,
    /// Most power that the EVSE and the vehicle allow.
    pub maximum_w: Power,
    /// Least power above zero (6 A on each phase, IEC 61851-1).
    #[serde(default)]
    pub minimum_w: Power,
    /// The powers above zero that the station can set, rising; none: any power from the minimum on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub power_levels_w: Vec<Power>,
    /// Its battery, where size and state are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vehicle: Option<VehicleBattery>,
    /// How it may give back; this needs a known battery.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discharge: Option<Discharge>,
    /// Whether it may be set to zero before its energy is delivered.
    #[serde(default = "yes")]
    pub may_pause: bool,
    /// Share of the allowed power that the vehicle really takes: 1/3 for one phase on a three-phase EVSE.
    #[serde(default = "one")]
    pub uptake: Ratio,
    /// Share of the allowed power that it can load nodes with; less than 1 only where physics was seen to bound it. The
    /// current on its phases counts in full, because nobody knows which of them it uses.
    #[serde(default = "one")]
    pub load_share: Ratio,
    /// Weight of its shortfall against others'; 1 is usual, more is more important.
    #[serde(default = "usual_priority")]
    pub priority: f64,
    /// How its driver wants to charge.
    #[serde(default)]
    pub profile_type: ProfileType,
    /// Whether it may be kept waiting for a lower price: not who may leave at any time because no departure was stated,
    /// nor who charges slowly because the battery is nearly full.
    #[serde(default = "yes")]
    pub may_wait: bool,
    /// What it draws now, where that is known.
    #[serde(default)]
    pub power_now_w: Option<Power>,
    /// Every profile that could be in force at its station.
    pub belief: Belief,
    /// Whether its station obeys and answers; otherwise others give way to its worst case.
    #[serde(default = "yes")]
    pub responsive: bool,
    /// What it falls to by itself when nobody speaks to it: the limit of its dead-man tail.
    #[serde(default)]
    pub safe_rate_w: Power,
}

/// How to plan.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How long the solver may take, all stages together.
    pub deadline_s: f64,
    /// How long after now a profile's dead-man tail begins.
    pub tail_after_s: i64,
    /// How long before its tail begins a profile is sent anew.
    pub refresh_before_s: i64,
    /// How far ahead what was sent must say what is planned; what differs later is told when it comes near.
    pub told_within_s: i64,
    /// How far ahead no power may lie between zero and the minimum current. Beyond, a step stands for its mean.
    pub minimum_current_within_s: i64,
    /// What a kWh wanted beyond the need is worth; absent: the mean price over the rest of the session's stay.
    pub wanted_value: Option<EnergyPrice>,
    /// What a kg of carbon costs beside the price of the energy.
    pub carbon_price_per_kg: Money,
    /// Share of the room that is left to vehicles yet to come. It grows from nothing now to this in two hours.
    pub left_to_newcomers: Ratio,
    /// Share of the drivers who leave before their departure; what waits for a lower price may be lost with them.
    pub leave_early: Ratio,
    /// Smaller differences of power are not worth a message (also: 3 % of the power).
    pub tolerance_w: Power,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            deadline_s: 10.0,
            tail_after_s: 3600,
            refresh_before_s: 1200,
            told_within_s: 300,
            minimum_current_within_s: 7200,
            wanted_value: None,
            carbon_price_per_kg: Money::ZERO,
            left_to_newcomers: Ratio::ZERO,
            leave_early: Ratio::ZERO,
            tolerance_w: Power::from_w(300.0),
        }
    }
}

impl Snapshot {
    /// Makes a snapshot of places and prices, with nothing else in it.
    pub fn new(now: DateTime<Utc>, grid: TimeGrid, tree: GridTree, prices: Vec<EnergyPrice>) -> Self {
        Self {
            now,
            grid,
            tree,
            limits: Vec::new(),
            base_load: Vec::new(),
            prices,
            export_prices: Vec::new(),
            carbon: Vec::new(),
            demand_charge: None,
            margin_w: Power::ZERO,
            sessions: Vec::new(),
            batteries: Vec::new(),
            generation: Vec::new(),
            lines: Vec::new(),
            reserves: Vec::new(),
            settings: Settings::default(),
        }
    }
}

impl SessionState {
    /// Makes a session that needs and wants an energy during a stay, of which nothing else is known; it was sent nothing,
    /// and takes nothing by itself.
    pub fn new(id: SessionId, node: NodeId, stay: Interval, needed_wh: Energy, maximum_w: Power) -> Self {
        Self {
            id,
            node,
            steerable: true,
            arrival: stay.start,
            departure: stay.end,
            needed_wh,
            wanted_wh: needed_wh,
            maximum_w,
            minimum_w: Power::ZERO,
            power_levels_w: Vec::new(),
            vehicle: None,
            discharge: None,
            may_pause: true,
            uptake: one(),
            load_share: one(),
            priority: usual_priority(),
            profile_type: ProfileType::default(),
            may_wait: true,
            power_now_w: None,
            belief: Belief::untouched(Power::ZERO),
            responsive: true,
            safe_rate_w: Power::ZERO,
        }
    }

    /// Returns what an allowed power can load nodes with.
    pub fn load(&self, allowed: Power) -> Power {
        allowed * self.load_share.as_ratio()
    }

    /// Returns the highest of its levels, in W, that is not above a power in W; zero is always one.
    pub(crate) fn level_at_most(&self, power_w: f64) -> f64 {
        self.power_levels_w.iter().map(|level| level.as_w()).rfind(|level| *level <= power_w + 1e-6).unwrap_or(0.0)
    }

    /// Tells whether plans set its power; otherwise it is carried as load at its worst case.
    pub fn is_planned(&self) -> bool {
        self.steerable && self.responsive
    }
}

fn yes() -> bool {
    true
}

fn one() -> Ratio {
    Ratio::from_ratio(1.0)
}

fn usual_priority() -> f64 {
    1.0
}
