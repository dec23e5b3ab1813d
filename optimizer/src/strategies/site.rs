//! Rules for the present step alone, over places that are found once: for who decides often and looks ahead little.
//!
//! They decide exactly as the rules over a snapshot do in its first step; what they leave out is the rest of the horizon.

use chrono::{DateTime, Utc};
use headroom_domain::grid::{GridTree, Wiring};
use headroom_domain::site::Site;
use headroom_domain::units::hours;
use headroom_domain::{Energy, EnergyPrice, Interval, NodeId, Power, Ratio, SessionId, TimeGrid};

use super::serve::{Claim, StepRoom, serve};
use super::{Rule, laxity_h};
use crate::assemble::{ObservedSession, Wish};
use crate::fallback::ENERGY_TOLERANCE_WH;
use crate::rows::{Measure, Rows, Share};
use crate::snapshot::{NodeBaseLoad, NodeLimits, SessionState, Snapshot, SnapshotError};

/// Where a site's EVSEs share room.
#[derive(Debug, Clone)]
pub struct Places {
    /// What a power at each EVSE counts in which row.
    evses: Vec<Vec<Share>>,
    /// What a load at the root counts.
    root: Vec<Share>,
    /// What construction allows, and whether a row counts all power of its node.
    rows: Vec<(f64, bool)>,
    /// The import limit of the root.
    root_import: usize,
}

/// What is left of a site's limits at an instant.
#[derive(Debug, Clone)]
pub struct PlaceRoom(StepRoom);

/// A vehicle that is there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Present {
    /// Position of its EVSE among those that the places were found for.
    pub evse: usize,
    /// When it came.
    pub arrival: DateTime<Utc>,
    /// When it leaves, as far as is known; later than now.
    pub departure: DateTime<Utc>,
    /// Energy still needed.
    pub needed_wh: Energy,
    /// Energy still wanted, the needed one included.
    pub wanted_wh: Energy,
    /// Most power that the EVSE and the vehicle allow.
    pub maximum_w: Power,
    /// Least power above zero.
    pub minimum_w: Power,
    /// Share of the allowed power that it takes.
    pub uptake: Ratio,
    /// Share of the allowed power that it can load nodes with.
    pub load_share: Ratio,
}

impl Places {
    /// Finds the places of EVSEs in a tree.
    ///
    /// **Errors**: an EVSE that is not in the tree.
    pub fn new(tree: &GridTree, evses: &[NodeId]) -> Result<Self, SnapshotError> {
        let start = DateTime::<Utc>::UNIX_EPOCH;
        let window = Interval { start, end: start + chrono::TimeDelta::hours(1) };
        let grid = TimeGrid::uniform(window.start, window.duration(), 1);
        let mut probe = Snapshot::new(start, grid, tree.clone(), vec![EnergyPrice::ZERO]);
        let root = tree.root().id.clone();
        let watt = vec![Power::from_w(1.0)];
        probe.limits.push(NodeLimits { node: root.clone(), effective: Vec::new() });
        probe.base_load.push(NodeBaseLoad { node: root, guard_w: watt.clone(), expected_w: watt, least_w: Vec::new() });
        let session = |(at, evse): (usize, &NodeId)| {
            SessionState::new(SessionId::new(format!("{at}")), evse.clone(), window, Energy::ZERO, Power::ZERO)
        };
        probe.sessions = evses.iter().enumerate().map(session).collect();
        probe.check()?;
        let rows = Rows::new(&probe);
        let is_root = |row: &crate::rows::Row| row.node == 0 && row.measure == Measure::Import;
        let root_import = rows.all().iter().position(is_root).unwrap_or(0);
        Ok(Self {
            evses: (0..evses.len()).map(|at| rows.of(at).to_vec()).collect(),
            root: (0..rows.all().len()).map(|row| (row, rows.guard_in(row, 0))).filter(|(_, one)| *one > 0.0).collect(),
            rows: (0..rows.all().len())
                .map(|row| (rows.limit_w(row, window), rows.all()[row].measure == Measure::Import))
                .collect(),
            root_import,
        })
    }

    /// Returns the room under the ratings and a limit of the root, beside a load at the root; never below zero.
    pub fn room(&self, limit: Option<Power>, load: Power) -> PlaceRoom {
        let mut left_w: Vec<f64> = self.rows.iter().map(|(rated_w, _)| *rated_w).collect();
        if let Some(limit) = limit {
            left_w[self.root_import] = left_w[self.root_import].min(limit.as_w());
        }
        for &(row, weight) in &self.root {
            left_w[row] = (left_w[row] - weight * load.as_w()).max(0.0);
        }
        let mut room = StepRoom::default();
        room.fill(left_w.into_iter());
        PlaceRoom(room)
    }

    /// Returns the most power that still fits at an EVSE; never below zero.
    pub fn left(&self, room: &PlaceRoom, evse: usize, load_share: Ratio) -> Power {
        Power::from_w(room.0.left(&self.shares(evse, load_share)))
    }

    /// Tells whether more than this is taken above an EVSE than there is.
    pub fn is_overfull(&self, room: &PlaceRoom, evse: usize, tolerance: Power) -> bool {
        self.evses.get(evse).is_some_and(|shares| room.0.is_overfull(shares, tolerance.as_w()))
    }

    /// Takes a power at an EVSE from all rows above it; a negative power gives back.
    pub fn take(&self, room: &mut PlaceRoom, evse: usize, load_share: Ratio, power: Power) {
        room.0.take(&self.shares(evse, load_share), power.as_w());
    }

    /// Gives each vehicle a power for a window in which all of them stay. Who is equal to a rule is served in the order
    /// given.
    pub fn serve(&self, rule: Rule, room: &mut PlaceRoom, present: &[Present], window: Interval) -> Vec<Power> {
        let shares: Vec<Vec<Share>> = present.iter().map(|one| self.shares(one.evse, one.load_share)).collect();
        let claims: Vec<Claim<'_>> =
            present.iter().zip(&shares).map(|(one, shares)| one.claim(shares, window)).collect();
        serve(rule, claims.iter(), &mut room.0, window.start).into_iter().map(Power::from_w).collect()
    }

    fn shares(&self, evse: usize, load_share: Ratio) -> Vec<Share> {
        let scaled =
            |&(row, weight): &Share| (row, if self.rows[row].1 { weight * load_share.as_ratio() } else { weight });
        self.evses.get(evse).map_or_else(Vec::new, |shares| shares.iter().map(scaled).collect())
    }
}

impl Present {
    /// Reckons with what is known of a session at one of the places, as plans do.
    pub fn of(site: &Site, evse: usize, wiring: &Wiring, session: &ObservedSession, now: DateTime<Utc>) -> Self {
        let Wish { departure, needed_wh, wanted_wh, maximum_w, minimum_w, uptake, load_share } =
            Wish::of(site, wiring, session, now);
        let arrival = session.started_at.min(now);
        Self { evse, arrival, departure, needed_wh, wanted_wh, maximum_w, minimum_w, uptake, load_share }
    }

    fn claim<'a>(&self, shares: &'a [Share], window: Interval) -> Claim<'a> {
        let (uptake, minimum_w) = (self.uptake.as_ratio(), self.minimum_w.as_w());
        let stays_h = hours(self.departure.min(window.end) - window.start).max(1e-6);
        let rest_w = self.wanted_wh.as_wh() / (uptake.max(1e-6) * stays_h);
        let wants = self.wanted_wh.as_wh() > ENERGY_TOLERANCE_WH;
        let full_w = self.maximum_w.as_w() * uptake;
        Claim {
            shares,
            arrival: self.arrival,
            departure: self.departure,
            laxity_h: laxity_h(window.start, self.departure, self.needed_wh.as_wh(), full_w),
            most_w: if wants { self.maximum_w.as_w().min(rest_w).max(minimum_w) } else { 0.0 },
            // Who wants nothing gets nothing, not even the least.
            minimum_w: if wants { minimum_w } else { 0.0 },
        }
    }
}
