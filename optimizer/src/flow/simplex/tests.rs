use proptest::prelude::*;

use super::super::network::Arc;
use super::*;
use crate::solve::{LinearProgramme, solve};

fn network(nodes: u32, supplies: &[i64], arcs: &[(u32, u32, i64, i64)]) -> Network {
    let mut network = Network::default();
    for &supply in &supplies[..nodes as usize - 1] {
        network.node(supply);
    }
    network.node(-supplies[..nodes as usize - 1].iter().sum::<i64>());
    for &(from, to, capacity, cost) in arcs {
        network.arc(from % nodes, to % nodes, capacity, [cost, 0, 0]);
    }
    network
}

fn cost(network: &Network, flow: &[i64]) -> (i64, i64) {
    let parts = network.arcs.iter().zip(flow);
    parts.fold((0, 0), |sum, (arc, flow)| (sum.0 + arc.cost[0] * flow, sum.1 + arc.cost[1] * flow))
}

/// Tells whether a flow carries every supply and passes no capacity.
fn is_kept(network: &Network, flow: &[i64]) -> bool {
    let mut left = network.supply.clone();
    for (arc, flow) in network.arcs.iter().zip(flow) {
        left[arc.from as usize] -= flow;
        left[arc.to as usize] += flow;
    }
    let within = network.arcs.iter().zip(flow).all(|(arc, flow)| (0..=arc.capacity).contains(flow));
    within && left.iter().all(|left| *left == 0)
}

fn by_the_solver(network: &Network) -> Option<f64> {
    let mut programme = LinearProgramme::default();
    for arc in &network.arcs {
        programme.column(arc.cost[0] as f64, 0.0, arc.capacity as f64);
    }
    for (node, supply) in network.supply.iter().enumerate() {
        let sign =
            |arc: &Arc| f64::from(u8::from(arc.from as usize == node)) - f64::from(u8::from(arc.to as usize == node));
        let entries: Vec<_> = network.arcs.iter().map(sign).enumerate().filter(|(_, sign)| *sign != 0.0).collect();
        if entries.is_empty() && *supply != 0 {
            return None;
        }
        programme.at_most(*supply as f64, entries.clone());
        programme.at_least(*supply as f64, entries);
    }
    let solved = solve(&programme, 10.0).ok()?;
    Some(network.arcs.iter().zip(&solved.values).map(|(arc, value)| arc.cost[0] as f64 * value).sum())
}

#[test]
fn what_cannot_be_carried_has_no_flow() {
    assert_eq!(network(2, &[5], &[(0, 1, 4, 1)]).solve(), None);
    assert_eq!(network(2, &[5], &[(1, 0, 9, 1)]).solve(), None);
}

#[test]
fn among_equally_cheap_flows_the_second_goal_decides() {
    let mut network = network(3, &[4, 0], &[(0, 2, 4, 7), (0, 1, 3, 3), (1, 2, 3, 4)]);
    network.arcs[0].cost[1] = 5;
    assert_eq!(network.solve(), Some(vec![1, 3, 3]));
    network.arcs[1].cost[1] = 6;
    assert_eq!(network.solve(), Some(vec![4, 0, 0]));
}

#[test]
fn a_loop_that_gains_is_filled() {
    assert_eq!(network(2, &[0], &[(0, 1, 5, -3), (1, 0, 9, 1)]).solve(), Some(vec![5, 5]));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_flow_is_as_cheap_as_the_solvers(
        nodes in 2..9_u32,
        supplies in prop::collection::vec(-9..10_i64, 8),
        arcs in prop::collection::vec((0..9_u32, 0..9_u32, 0..20_i64, -3..12_i64), 1..40),
    ) {
        let arcs: Vec<_> = arcs.into_iter().filter(|(from, to, ..)| from % nodes != to % nodes).collect();
        let network = network(nodes, &supplies, &arcs);
        let (ours, theirs) = (network.solve(), by_the_solver(&network));
        prop_assert_eq!(ours.is_some(), theirs.is_some());
        if let (Some(flow), Some(theirs)) = (ours, theirs) {
            prop_assert!(is_kept(&network, &flow));
            prop_assert!((cost(&network, &flow).0 as f64 - theirs).abs() < 1e-6);
        }
    }

    #[test]
    fn the_second_goal_costs_nothing_of_the_first(
        nodes in 2..7_u32,
        supplies in prop::collection::vec(0..10_i64, 8),
        arcs in prop::collection::vec((0..7_u32, 0..7_u32, 5..40_i64, 0..3_i64, 0..5_i64), 10..40),
    ) {
        let plain: Vec<_> = arcs.iter().map(|(from, to, capacity, cost, _)| (*from, *to, *capacity, *cost)).collect();
        let single = network(nodes, &supplies, &plain);
        let mut double = single.clone();
        for (arc, (.., second)) in double.arcs.iter_mut().zip(&arcs) {
            arc.cost[1] = *second;
        }
        if let (Some(first), Some(both)) = (single.solve(), double.solve()) {
            prop_assert_eq!(cost(&double, &first).0, cost(&double, &both).0);
            prop_assert!(cost(&double, &both).1 <= cost(&double, &first).1);
        }
    }
}
