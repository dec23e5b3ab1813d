//! Site by site: what each circuit carried too much, and what its drivers missed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::engine::Strategy;
use crate::study::part::PartResult;
use crate::study::steering::Steering;
use crate::world::Overload;

/// Places that a report names at most; a table of results has all.
const NAMED: usize = 15;

/// A connection point or circuit under every strategy, with sums over parts and the mean over seeds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NodeReport {
    /// Its name.
    pub node: String,
    /// Sessions below it.
    pub sessions: f64,
    /// Energy that they need. **Units**: kWh.
    pub needed_kwh: f64,
    /// Strategy by strategy, in the order of the scenario's.
    pub under: Vec<NodeFigures>,
}

/// What came of a place under a strategy.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct NodeFigures {
    /// Time above its limit or rating, of its power or its worst phase, whichever was longer; absent for the bound, of whose
    /// power from moment to moment nothing can be said. **Units**: min.
    pub over_min: Option<f64>,
    /// Energy above it. **Units**: kWh.
    pub over_kwh: Option<f64>,
    /// Needed energy missed. **Units**: kWh.
    pub missed_kwh: f64,
    /// Sessions that missed more than 0.1 kWh.
    pub sessions_short: f64,
}

/// Returns the places where most was too much or missed under any strategy, those first; none where there are no circuits.
pub(super) fn nodes(by_strategy: &BTreeMap<Steering, Vec<&PartResult>>) -> (Vec<NodeReport>, usize) {
    let mut found: BTreeMap<(usize, &str), NodeReport> = BTreeMap::new();
    for (at, (strategy, results)) in by_strategy.iter().enumerate() {
        let seeds = results.iter().map(|one| one.part.seed).collect::<std::collections::BTreeSet<_>>().len() as f64;
        for one in results {
            for node in one.score.nodes.iter().filter(|_| one.score.nodes.len() > 1) {
                let report = found.entry((one.part.site, &node.node)).or_insert_with(|| NodeReport {
                    node: node.node.clone(),
                    sessions: 0.0,
                    needed_kwh: 0.0,
                    under: vec![NodeFigures::default(); by_strategy.len()],
                });
                if at == 0 {
                    report.sessions += node.sessions as f64 / seeds;
                    report.needed_kwh += node.needed_kwh / seeds;
                }
                let figures = &mut report.under[at];
                figures.missed_kwh += node.shortfall_kwh / seeds;
                figures.sessions_short += node.sessions_short as f64 / seeds;
                let overload = one.score.overloads.iter().find(|overload| overload.node == node.node);
                let worst = overload.into_iter().flat_map(|overload| overload.phases.iter().chain([&overload.power]));
                let worst = worst.max_by(|one, other| one.overload_min.total_cmp(&other.overload_min));
                if strategy.strategy != Strategy::Offline {
                    let Overload { overload_min, overload_kwh } = worst.copied().unwrap_or_default();
                    *figures.over_min.get_or_insert_default() += overload_min / seeds;
                    *figures.over_kwh.get_or_insert_default() += overload_kwh / seeds;
                }
            }
        }
    }
    let count = found.len();
    let mut nodes: Vec<NodeReport> = found.into_values().collect();
    let worst = |node: &NodeReport, of: fn(&NodeFigures) -> f64| node.under.iter().map(of).fold(0.0, f64::max);
    let by_worst =
        |one: &NodeReport, other: &NodeReport, of: fn(&NodeFigures) -> f64| worst(other, of).total_cmp(&worst(one, of));
    nodes.sort_by(|one, other| {
        let over = by_worst(one, other, |figures| figures.over_min.unwrap_or(0.0));
        over.then(by_worst(one, other, |figures| figures.missed_kwh)).then(one.node.cmp(&other.node))
    });
    nodes.truncate(NAMED);
    (nodes, count)
}
