//! The goals beyond plain areas: plans made anew after a change, phases with minimum currents, recorded networks whose
//! currents add at angles, and the last rung of the ladder.

use headroom_benches::acn::{Network, Plain, fullest};
use headroom_benches::area::{feeder, phased, synthetic};
use headroom_benches::clock::measure;
use headroom_domain::Power;
use headroom_domain::grid::GridTree;
use headroom_domain::schedule::Schedule;
use headroom_optimizer::rolling::{Memory, step, step_with};
use headroom_optimizer::snapshot::Snapshot;
use headroom_optimizer::strategies::equal_share;
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::goal;

/// Shows each of these goals beside its figure.
pub(crate) fn show(quick: bool, export: Option<&Path>) -> anyhow::Result<()> {
    let at_least = if quick { Duration::ZERO } else { Duration::from_secs(2) };
    println!();
    let (sessions, sites) = if quick { (50, 5) } else { (1000, 100) };
    restart(&format!("site-{sessions}"), &synthetic(sessions, 1)?, at_least)?;
    restart(&format!("feeder-{sites}x20"), &feeder(sites, 20, 1)?, at_least)?;
    phases(&phased(200, 1)?, at_least);
    crowded(if quick { &[(50, 10.0)] } else { &[(50, 10.0), (200, 40.0), (500, 150.0)] }, at_least, export)?;
    let many = synthetic(10_000, 1)?;
    let cpu_ms = measure(at_least, || equal_share(&many)).cpu_ms;
    let steps = many.grid.len() as f64;
    let what = format!(
        "equal shares for 10,000 sessions {cpu_ms:.0} ms, {:.1} ms a step, goal at most 5 ms a step",
        cpu_ms / steps
    );
    goal("site-10000", &what, cpu_ms <= 5.0 * steps);
    Ok(())
}

/// After one arrival, and after one limit, a plan starts from where the one before ended.
fn restart(name: &str, area: &Snapshot, at_least: Duration) -> anyhow::Result<()> {
    let mut before_arrival = area.clone();
    before_arrival.sessions.remove(area.sessions.len() / 2);
    let mut before_limit = area.clone();
    let mut nodes = area.tree.nodes().to_vec();
    let changed = nodes.len() / 2;
    let limits = nodes[..=changed].iter_mut().rev().filter_map(|node| node.rating.maximum_import_w.as_mut());
    limits.take(1).for_each(|limit| *limit = *limit * 0.9);
    before_limit.tree = GridTree::new(nodes)?;
    let cold = measure(at_least, || step(area)).cpu_ms;
    for (what, before) in [("arrival", before_arrival), ("limit", before_limit)] {
        let mut memory = Memory::default();
        step_with(&mut memory, &before);
        let warm = measure(at_least, || step_with(&mut memory.clone(), area)).cpu_ms;
        let what =
            format!("after one {what} {warm:.1} ms, cold {cold:.1}: {:.1} times as fast, goal at least 5", cold / warm);
        goal(name, &what, cold >= 5.0 * warm);
    }
    Ok(())
}

fn phases(site: &Snapshot, at_least: Duration) {
    let cpu_ms = measure(at_least, || step(site)).cpu_ms;
    let schedule = step(site);
    let over = over_phases(site, &schedule);
    let broken = schedule.sessions.iter().zip(&site.sessions).flat_map(|(plan, state)| {
        let near = site.grid.steps().take_while(|step| {
            step.start < site.now + chrono::TimeDelta::seconds(site.settings.minimum_current_within_s)
        });
        let powers = plan.power_w.iter().zip(near);
        powers.filter(|(power, _)| **power > Power::ZERO && **power < state.minimum_w).map(|(power, _)| *power)
    });
    let broken = broken.count();
    let what = format!(
        "phases and minimum currents {cpu_ms:.0} ms, {broken} invalid currents, phases {over:+.3} A at most over their \
         rating; goal at most 500 ms, none, none"
    );
    goal(&format!("phases-{}", site.sessions.len()), &what, cpu_ms <= 500.0 && broken == 0 && over < 1e-3);
}

/// Returns the furthest that a phase of any node is over its rating, in A; less than zero where none is full.
fn over_phases(site: &Snapshot, schedule: &Schedule) -> f64 {
    let mut over = f64::NEG_INFINITY;
    for (at, node) in site.tree.nodes().iter().enumerate() {
        let Some(rated) = node.rating.maximum_phase_current_a else { continue };
        for step in 0..site.grid.len() {
            let mut amperes = [0.0; 3];
            for plan in schedule.sessions.iter().filter(|plan| site.tree.is_below(&plan.node, at)) {
                let Some(wiring) = site.tree.get(&plan.node).and_then(|evse| evse.wiring.as_ref()) else { continue };
                for phase in &wiring.phases {
                    amperes[*phase as usize] +=
                        plan.power_w[step].as_w() / wiring.voltage_v.as_v() / wiring.phase_count();
                }
            }
            over = amperes.into_iter().fold(over, |over, amperes| over.max(amperes - rated.as_a()));
        }
    }
    over
}

/// A recorded network of which more is wanted than it can carry.
fn crowded(sizes: &[(usize, f64)], at_least: Duration, export: Option<&Path>) -> anyhow::Result<()> {
    let data = PathBuf::from(std::env::var_os("HEADROOM_DATA").unwrap_or_default());
    let Ok(text) = fs::read_to_string(data.join("grid/acn_sites/acn_caltech_network.json")) else {
        println!("acn: left out, there are no recordings in HEADROOM_DATA");
        return Ok(());
    };
    let network: Network = serde_json::from_str(&text)?;
    for &(sessions, most_ms) in sizes {
        let site = network.crowded(sessions, 1)?;
        let cpu_ms = measure(at_least, || step(&site)).cpu_ms;
        let schedule = step(&site);
        let full = fullest(&site, &schedule);
        let powers_kw = schedule.sessions.iter().flat_map(|plan| &plan.power_w).map(|power| power.as_kw());
        let delivered_kwh: f64 = powers_kw.sum::<f64>() * site.grid.step_h(0);
        let wanted_kwh: f64 = site.sessions.iter().map(|state| state.wanted_wh.as_kwh()).sum();
        let delivered = delivered_kwh / wanted_kwh;
        let name = format!("acn-{sessions}");
        let what = format!(
            "{cpu_ms:.0} ms, {:.2} % of the energy, fullest line {full:.4} of its rating; goal at most {most_ms} ms, none \
             over",
            100.0 * delivered
        );
        goal(&name, &what, cpu_ms <= most_ms && full <= 1.0 + 1e-6);
        if let Some(folder) = export {
            let ours = json!({ "cpu_ms": cpu_ms, "delivered": delivered });
            let exported = json!({ "name": name, "network": Plain::of(&site), "ours": ours });
            fs::create_dir_all(folder)?;
            fs::write(folder.join(format!("{name}.json")), serde_json::to_string(&exported)?)?;
        }
    }
    Ok(())
}
