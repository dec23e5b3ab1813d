//! Whether every circuit carries no more than it may.

use headroom_domain::grid::{GridTree, NodeKind, Phase};
use headroom_domain::invariants::TOLERANCE_W;

use super::{Current, Power, Site, Station};

/// Tells whether the vehicles' draw keeps the power and the phase currents of every circuit.
///
/// The connection point is not a circuit: its limit is the meter's affair.
pub(super) fn hold(tree: &GridTree, site: &Site, stations: &[Station]) -> bool {
    let mut power = vec![Power::ZERO; tree.nodes().len()];
    let mut current = vec![[Current::ZERO; 3]; tree.nodes().len()];
    for station in stations {
        let (Some(plugged), Some(position)) = (&station.plugged, tree.position(&site.evse_node(&station.uid))) else {
            continue;
        };
        for above in tree.path_to_root(position) {
            power[above] += plugged.draw.power_w;
            for phase in station.loaded_phases() {
                current[above][Phase::ALL.iter().position(|one| one == phase).unwrap_or(0)] += plugged.draw.current_a;
            }
        }
    }
    tree.nodes().iter().enumerate().filter(|(_, node)| node.kind == NodeKind::Circuit).all(|(at, node)| {
        let power_holds = node.rating.maximum_import_w.is_none_or(|most| power[at].as_w() <= most.as_w() + TOLERANCE_W);
        let most = node.rating.maximum_phase_current_a;
        let current_holds = most.is_none_or(|most| current[at].iter().all(|each| each.as_a() <= most.as_a() + 0.01));
        power_holds && current_holds
    })
}
