//! Many areas under the limits above them: feeders and substations, at the scale of a utility.
//!
//! Every area is planned alone, all at once on rayon's pool. Where they pass a limit above together, rounds of prices on
//! that place and step show who can go elsewhere: needs are no part of the bargain, so who cannot go stays and pays. What
//! the areas drew on average over the rounds is then cut to the limits, from the top down and in proportion, and each
//! area whose plan does not fit is planned again under what it was allotted. What is left over goes to those who were
//! cut, again and again while it gains. So every limit above is kept by construction, whatever an area does below its
//! allotment.

use headroom_domain::grid::GridTree;
use headroom_domain::schedule::Schedule;
use headroom_domain::{NodeId, Power};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::snapshot::{NodeBaseLoad, NodeLimits, Snapshot};

mod above;
mod bargain;
mod capped;
mod check;
mod condensed;
#[cfg(test)]
mod tests;

use above::Above;
use capped::Planned;
pub use check::RegionError;

/// Areas and the places above them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Region {
    /// The places above the areas, with their ratings.
    pub tree: GridTree,
    /// Limits of the places above beside the ratings, one entry per node that has some.
    #[serde(default)]
    pub limits: Vec<NodeLimits>,
    /// Load at the places above that belongs to no area. **Shape**: a value per step of the areas' grid.
    #[serde(default)]
    pub base_load: Vec<NodeBaseLoad>,
    /// The areas. They share `now` and `grid`.
    pub areas: Vec<Area>,
}

/// An area and where it hangs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Area {
    /// The place above that its root hangs from.
    pub above: NodeId,
    /// What is known of it.
    pub snapshot: Snapshot,
}

/// The plan of an area within a region.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AreaPlan {
    /// What its sessions do.
    pub schedule: Schedule,
    /// The most that its root may draw in each step, base load included; `None` where nothing above limits it.
    ///
    /// Over all areas the allotments keep every limit above, but for what base loads alone draw.
    pub allotment_w: Vec<Option<Power>>,
}

/// Plans all areas of a region; the plans stand in the order of the areas.
///
/// The same region gives the same plans on any number of threads, unless a deadline strikes. Where the bargain finds no
/// room for needs that one plan of the whole would meet, they are missed; on random regions it was none, at a cost up to
/// 0.5 % above the whole's (0.05 % on average). What an area leaves to newcomers it leaves of its allotment.
///
/// **Errors**: the first field that breaks a rule.
pub fn plan(region: &Region) -> Result<Vec<AreaPlan>, RegionError> {
    region.check()?;
    let above = Above::new(region);
    let alone: Vec<Planned> = region.areas.par_iter().map(|area| Planned::new(&area.snapshot)).collect();
    let planned = if above.keeps(&alone) { alone } else { bargain::settle(region, &above, &alone) };
    let allotted = above.allot(&planned, |area, step| planned[area].appetite_w(step));
    let plans = planned.into_iter().zip(allotted);
    Ok(plans.map(|(planned, allotted)| planned.into_plan(&allotted)).collect())
}

/// Returns an area's snapshot under its allotment, to plan and dispatch it alone.
pub fn under_allotment(snapshot: &Snapshot, allotment_w: &[Option<Power>]) -> Snapshot {
    capped::under(snapshot, allotment_w)
}
