//! An area as the bargain sees it: sessions alike as one, limits within left out but the root's.
//!
//! It only serves to find out who can go elsewhere; what is planned in the end is the area itself.

use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::grid::{GridNode, GridTree};
use headroom_domain::preference::ProfileType;
use headroom_domain::{Energy, NodeId, Power, Ratio};
use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::snapshot::{Battery, Generation, NodeBaseLoad, SessionState, Snapshot};

/// Areas of fewer sessions are taken as they are.
const FEW: usize = 64;
/// Stays whose ends lie in the same stretch of this many minutes are alike.
const ALIKE_MIN: i64 = 60;

/// Returns an area with sessions alike joined; small ones and those with phases to keep as they are.
pub(super) fn condensed(snapshot: &Snapshot) -> Cow<'_, Snapshot> {
    let planned: Vec<_> = snapshot.sessions.iter().filter(|session| session.is_planned()).collect();
    if planned.len() < FEW || planned.len() < snapshot.sessions.len() {
        return Cow::Borrowed(snapshot);
    }
    let mut groups: BTreeMap<Key, Vec<&SessionState>> = BTreeMap::new();
    for session in planned {
        groups.entry(key(snapshot, session)).or_default().push(session);
    }
    let root = snapshot.tree.root();
    let sessions: Vec<_> = groups.values().enumerate().map(|(at, group)| joined(at, group)).collect();
    let places = sessions.iter().map(|session| place(&session.node, Some(&root.id), root));
    let Ok(tree) = GridTree::new(std::iter::once(root.clone()).chain(places).collect()) else {
        return Cow::Borrowed(snapshot);
    };
    let at_root = |base: &NodeBaseLoad| NodeBaseLoad { node: root.id.clone(), ..base.clone() };
    Cow::Owned(Snapshot {
        now: snapshot.now,
        grid: snapshot.grid.clone(),
        limits: snapshot.limits.iter().filter(|limits| limits.node == root.id).cloned().collect(),
        base_load: snapshot.base_load.iter().map(at_root).collect(),
        prices: snapshot.prices.clone(),
        export_prices: snapshot.export_prices.clone(),
        carbon: snapshot.carbon.clone(),
        batteries: snapshot.batteries.iter().map(|own| Battery { node: root.id.clone(), ..own.clone() }).collect(),
        generation: snapshot.generation.iter().map(|own| Generation { node: root.id.clone(), ..own.clone() }).collect(),
        lines: Vec::new(),
        reserves: Vec::new(),
        demand_charge: snapshot.demand_charge,
        margin_w: snapshot.margin_w,
        settings: snapshot.settings,
        tree,
        sessions,
    })
}

/// What is alike: the stretches that a stay begins and ends in, and whether it may wait for a price.
type Key = (i64, i64, u8, bool, bool);

fn key(snapshot: &Snapshot, session: &SessionState) -> Key {
    let stretch = |at: DateTime<Utc>| (at - snapshot.now).num_minutes().div_euclid(ALIKE_MIN);
    let arrival = session.arrival.max(snapshot.now);
    let departure = session.departure.min(snapshot.grid.end()).max(arrival);
    let is_fast = session.profile_type == ProfileType::Fast;
    let extra = session.wanted_wh > session.needed_wh;
    (stretch(arrival), stretch(departure - TimeDelta::seconds(1)), u8::from(is_fast), session.may_wait, extra)
}

/// Joins sessions: their energies and powers add up, and their stay is the mean one, on whole steps.
fn joined(at: usize, group: &[&SessionState]) -> SessionState {
    let count = group.len() as f64;
    let mean = |of: fn(&SessionState) -> DateTime<Utc>| {
        let first = of(group[0]);
        let sum_s: f64 = group.iter().map(|session| (of(session) - first).num_seconds() as f64).sum();
        #[expect(clippy::cast_possible_truncation, reason = "within a stretch of an hour, or cut to the grid")]
        let mean_s = (sum_s / count) as i64;
        first + TimeDelta::seconds(mean_s)
    };
    let energy = |of: fn(&SessionState) -> Energy| Energy::from_wh(group.iter().map(|one| of(one).as_wh()).sum());
    let power_w: f64 = group.iter().map(|session| session.load(session.maximum_w).as_w()).sum();
    let yielded: f64 = group.iter().map(|session| session.maximum_w.as_w() * session.uptake.as_ratio()).sum();
    let arrival = mean(|session| session.arrival);
    SessionState {
        id: format!("alike-{at}").into(),
        node: NodeId::new(format!("alike-{at}")),
        arrival,
        departure: mean(|session| session.departure).max(arrival + TimeDelta::seconds(1)),
        needed_wh: energy(|session| session.needed_wh),
        wanted_wh: energy(|session| session.wanted_wh),
        maximum_w: Power::from_w(power_w),
        minimum_w: Power::ZERO,
        uptake: Ratio::from_ratio(if power_w > 0.0 { (yielded / power_w).clamp(1e-3, 1.0) } else { 1.0 }),
        load_share: Ratio::from_ratio(1.0),
        power_levels_w: Vec::new(),
        vehicle: None,
        discharge: None,
        priority: 1.0,
        power_now_w: None,
        safe_rate_w: Power::ZERO,
        ..group[0].clone()
    }
}

fn place(id: &NodeId, parent: Option<&NodeId>, like: &GridNode) -> GridNode {
    let rating = headroom_domain::grid::Rating::default();
    GridNode { id: id.clone(), kind: like.kind, parent: parent.cloned(), rating, wiring: None }
}
