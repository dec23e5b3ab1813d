//! The nodes that limit sessions together.

use crate::problem::Problem;

use super::SAME;

/// The nodes that limit sessions together.
pub(super) struct Tree {
    /// For each session the nodes above it, upwards.
    pub(super) above: Vec<Vec<usize>>,
    /// `limit_w[node][step]`, of what is allowed.
    pub(super) limit_w: Vec<Vec<f64>>,
}

impl Tree {
    /// Merges the rows of each node into one limit; `None` where sessions count differently in a row.
    pub(super) fn of(problem: &Problem<'_>) -> Option<Self> {
        let rows = problem.rows.all();
        let mut below = vec![0_usize; problem.snapshot.tree.nodes().len()];
        let (mut weights, mut members) = (vec![None; rows.len()], vec![0_usize; rows.len()]);
        let mut above = vec![Vec::new(); problem.stays.len()];
        for &session in &problem.order {
            for &(row, weight) in problem.rows.of(session) {
                if (*weights[row].get_or_insert(weight) - weight).abs() > SAME {
                    return None;
                }
                members[row] += 1;
                if above[session].last() != Some(&rows[row].node) {
                    above[session].push(rows[row].node);
                    below[rows[row].node] += 1;
                }
            }
        }
        let mut limit_w = vec![Vec::new(); below.len()];
        for (at, row) in rows.iter().enumerate().filter(|(at, _)| members[*at] > 0) {
            if members[at] != below[row.node] {
                return None;
            }
            // A node of one session already bounds its power.
            if below[row.node] > 1 {
                let limit_w: &mut Vec<f64> = &mut limit_w[row.node];
                limit_w.resize(problem.steps(), f64::INFINITY);
                for (limit, room) in limit_w.iter_mut().zip(&problem.room_w[at]) {
                    *limit = limit.min(room / weights[at].unwrap_or(1.0));
                }
            }
        }
        for nodes in &mut above {
            nodes.retain(|node| below[*node] > 1);
        }
        if problem.snapshot.demand_charge.is_some() {
            // The peak is that of the root: all pass it.
            above.iter_mut().filter(|nodes| nodes.last() != Some(&0)).for_each(|nodes| nodes.push(0));
            limit_w[0].resize(problem.steps(), f64::INFINITY);
        }
        Some(Self { above, limit_w })
    }
}
