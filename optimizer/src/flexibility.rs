//! How far the load of a place can move: exactly, by a programme for each step, or at once from the plan in force.

use headroom_domain::{NodeId, Power};
use serde::{Deserialize, Serialize};

use crate::model::Model;
use crate::outcome::node_powers;
use crate::problem::Problem;
use crate::rolling;
use crate::snapshot::{Snapshot, SnapshotError};
use crate::solve::{LinearProgramme, solve};
use crate::stages::{self, SLACK_KWH, SOLVES};

mod movable;
pub use movable::{Movable, MovableStep, forecast};

/// What a node will draw and what it could. **Shape**: a value per step in each list; base load included.
///
/// Each step stands for itself: what it can move is not there for all steps at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Flexibility {
    /// Where.
    pub node: NodeId,
    /// As planned.
    pub baseline_w: Vec<Power>,
    /// The least, without any session missing more of its need than it does now.
    pub least_w: Vec<Power>,
    /// The most, within every limit.
    pub most_w: Vec<Power>,
}

/// Returns how far a node's load can move in each step.
///
/// **Errors**: the first field of the snapshot that breaks a rule, or a node that is not in its tree.
pub fn flexibility(snapshot: &Snapshot, node: &NodeId) -> Result<Flexibility, SnapshotError> {
    snapshot.check()?;
    let Some(position) = snapshot.tree.position(node) else {
        return Err(SnapshotError::UnknownNode { field: "node".to_owned(), node: node.to_string() });
    };
    let schedule = rolling::step(snapshot);
    let problem = Problem::new(snapshot);
    let expected_w = problem.expected_below_w(position);
    let planned_w = &node_powers(snapshot, &schedule)[position];
    let baseline: Vec<f64> = expected_w.iter().zip(planned_w).map(|(base, planned)| base + planned).collect();
    let limit_s = snapshot.settings.deadline_s / SOLVES;
    let range = Range::new(&problem, position, limit_s);
    let bound = |sign: f64| {
        let of_step = |(step, planned): (usize, &f64)| {
            let moved = range.as_ref().and_then(|range| range.furthest(step, sign, limit_s));
            // The plan itself is possible: rounding never makes less of it.
            moved.map_or(*planned, |moved| sign * (sign * (expected_w[step] + moved)).max(sign * planned))
        };
        baseline.iter().enumerate().map(of_step).map(Power::from_w).collect()
    };
    let (least_w, most_w) = (bound(-1.0), bound(1.0));
    Ok(Flexibility {
        node: node.clone(),
        baseline_w: baseline.into_iter().map(Power::from_w).collect(),
        least_w,
        most_w,
    })
}

/// All plans that miss no more of any need.
struct Range {
    programme: LinearProgramme,
    /// What the node draws, in kW of each column, by step.
    drawn: Vec<Vec<(usize, f64)>>,
}

impl Range {
    fn new(problem: &Problem<'_>, node: usize, limit_s: f64) -> Option<Self> {
        let (mut model, short_kwh) = stages::feasible(problem, false, limit_s).ok()?;
        for &session in &problem.order {
            let must_kwh = problem.stays[session].needed_wh / 1000.0 - short_kwh[session] - SLACK_KWH;
            let entries = model.energy(problem, session);
            model.programme.at_least(must_kwh, entries);
        }
        let drawn = (0..problem.steps()).map(|step| drawn(problem, &model, node, step)).collect();
        Some(Self { programme: model.programme, drawn })
    }

    /// Returns the most (1) or the least (-1) that is drawn in a step, in W.
    fn furthest(&self, step: usize, sign: f64, limit_s: f64) -> Option<f64> {
        let drawn = &self.drawn[step];
        if drawn.is_empty() {
            return None;
        }
        let mut programme = self.programme.clone();
        for (column, share) in drawn {
            programme.columns[*column].cost = -sign * share;
        }
        let solved = solve(&programme, limit_s).ok().filter(|solved| solved.optimal)?;
        Some(drawn.iter().map(|(column, share)| solved.values[*column] * share * 1000.0).sum())
    }
}

fn drawn(problem: &Problem<'_>, model: &Model, node: usize, step: usize) -> Vec<(usize, f64)> {
    let tree = &problem.snapshot.tree;
    let below = problem.order.iter().filter(|at| tree.is_below(&problem.snapshot.sessions[**at].node, node));
    let of = |&session: &usize| model.of(problem, session).find(|(at, _)| *at == step).map(|(_, column)| (column, 1.0));
    let mut entries: Vec<_> = below.filter_map(of).collect();
    entries.extend(model.given_below(problem, node, step).into_iter().map(|(column, share)| (column, -share)));
    entries
}
