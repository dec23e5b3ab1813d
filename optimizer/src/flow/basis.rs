//! Where a flow ended, by names, for the next one to start from.

use chrono::{DateTime, Utc};
use headroom_domain::{NodeId, SessionId};
use std::collections::BTreeMap;

use crate::problem::Problem;

use super::laid::{Laid, Origin};
use super::network::State;

/// Where the arcs of a flow stood at its end. **Shape**: states by steps of the grid it was planned on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Basis {
    starts: Vec<DateTime<Utc>>,
    sessions: BTreeMap<SessionId, Session>,
    nodes: BTreeMap<NodeId, Vec<State>>,
    /// The peak in mW of what is allowed.
    pub(super) peak_mw: Option<i64>,
}

#[derive(Debug, Clone, Default)]
struct Session {
    /// The step of the first of its states.
    first: usize,
    /// The states of the parts of its powers.
    powers: Vec<[State; 2]>,
    rest: State,
}

impl Basis {
    /// Keeps where the arcs of a network stand.
    pub(super) fn of(laid: &Laid<'_>, states: &[State], peak_mw: Option<i64>) -> Self {
        let snapshot = laid.problem.snapshot;
        let mut sessions = vec![Session::default(); snapshot.sessions.len()];
        let mut nodes = vec![Vec::new(); snapshot.tree.nodes().len()];
        let mut planned = vec![false; sessions.len()];
        for (origin, &state) in laid.origins.iter().zip(states) {
            match *origin {
                Origin::Power { session, step, part } => {
                    let (stay, kept) = (&laid.problem.stays[session].steps, &mut sessions[session]);
                    kept.first = stay.start;
                    kept.powers.resize(stay.len(), [State::Empty; 2]);
                    kept.powers[step - stay.start][part] = state;
                }
                Origin::Rest { session } => (sessions[session].rest, planned[session]) = (state, true),
                Origin::Load { node, step } => {
                    nodes[node].resize(laid.problem.steps(), State::Tree);
                    nodes[node][step] = state;
                }
            }
        }
        let named = snapshot.sessions.iter().zip(sessions).zip(planned).filter(|(_, planned)| *planned);
        let of_nodes = snapshot.tree.nodes().iter().zip(nodes).filter(|(_, states)| !states.is_empty());
        Self {
            starts: starts(laid.problem),
            sessions: named.map(|((state, kept), _)| (state.id.clone(), kept)).collect(),
            nodes: of_nodes.map(|(node, states)| (node.id.clone(), states)).collect(),
            peak_mw,
        }
    }

    /// Returns where the arcs of a similar network stand by this; what is new stands where it costs nothing to begin.
    pub(super) fn states(&self, laid: &Laid<'_>) -> Vec<State> {
        let snapshot = laid.problem.snapshot;
        let then: Vec<Option<usize>> =
            starts(laid.problem).iter().map(|start| self.starts.binary_search(start).ok()).collect();
        let sessions: Vec<_> = snapshot.sessions.iter().map(|state| self.sessions.get(&state.id)).collect();
        let nodes: Vec<_> = snapshot.tree.nodes().iter().map(|node| self.nodes.get(&node.id)).collect();
        let state = |origin: &Origin| match *origin {
            Origin::Power { session, step, part } => {
                let kept = sessions[session].zip(then[step]);
                let kept = kept.and_then(|(kept, step)| kept.powers.get(step.checked_sub(kept.first)?));
                kept.map_or(State::Empty, |parts| parts[part])
            }
            Origin::Rest { session } => sessions[session].map_or(State::Tree, |kept| kept.rest),
            Origin::Load { node, step } => nodes[node].zip(then[step]).map_or(State::Tree, |(kept, step)| kept[step]),
        };
        laid.origins.iter().map(state).collect()
    }
}

fn starts(problem: &Problem<'_>) -> Vec<DateTime<Utc>> {
    problem.snapshot.grid.steps().map(|step| step.start).collect()
}
