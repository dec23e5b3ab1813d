//! Utility scale: regions of feeders, each in a process of its own, so that its memory is its own.

use headroom_benches::area::{by_site, region};
use headroom_benches::clock::{measure, peak_memory_mib};
use headroom_domain::Power;
use headroom_optimizer::region::{Area, AreaPlan, plan};
use std::process::Command;
use std::time::Duration;

/// The argument that asks for one region, followed by its number of feeders.
pub(crate) const FLAG: &str = "--utility";
/// The argument that makes every site an area, instead of every feeder.
pub(crate) const BY_SITE: &str = "--by-site";

/// Sites of a feeder and sessions of a site.
const FEEDER: (usize, usize) = (100, 20);

/// Shows how time and memory grow with the number of feeders, and what the size of an area does.
pub(crate) fn show(quick: bool) -> anyhow::Result<()> {
    println!(
        "\nutility scale: {} sites of {} sessions on each feeder, ten feeders on a substation",
        FEEDER.0, FEEDER.1
    );
    println!("areas                   wall s    CPU s   MiB        cost  short kWh  over kW above");
    let sizes: &[usize] = if quick { &[1] } else { &[1, 2, 4] };
    for feeders in sizes {
        for areas in [&[][..], &[BY_SITE]] {
            let status =
                Command::new(std::env::current_exe()?).args([FLAG, &feeders.to_string()]).args(areas).status()?;
            anyhow::ensure!(status.success(), "a region of {feeders} feeders ended as {status}");
        }
    }
    println!("goal for 100 feeders: at most 5 s of wall time on two cores, 2 GiB, time linear in the feeders");
    Ok(())
}

/// Plans one region and prints what it took.
pub(crate) fn run(feeders: usize, each_site: bool) -> anyhow::Result<()> {
    let mut whole = region(feeders, FEEDER.0, FEEDER.1, 1)?;
    if each_site {
        whole = by_site(&whole)?;
    }
    let mut plans = Ok(Vec::new());
    let measured = measure(Duration::ZERO, || plans = plan(&whole));
    let plans = plans?;
    let (wall_s, cpu_s) = (measured.wall_ms / 1000.0, measured.cpu_ms / 1000.0);
    let cost: f64 = plans.iter().map(|plan| plan.schedule.cost.as_amount()).sum();
    let sessions = plans.iter().flat_map(|plan| &plan.schedule.sessions);
    let short_kwh: f64 = sessions.map(|plan| plan.shortfall_wh.as_kwh()).sum();
    let areas = format!("{feeders} feeders, {} areas", plans.len());
    let memory = peak_memory_mib().unwrap_or(f64::NAN);
    let over_kw = over_kw(&whole, &plans);
    println!("{areas:<22} {wall_s:>7.2}  {cpu_s:>7.2} {memory:>5.0}  {cost:>10.1}  {short_kwh:>9.2}  {over_kw:>7.4}");
    Ok(())
}

/// Returns the furthest that a limit above is passed.
fn over_kw(region: &headroom_optimizer::region::Region, plans: &[AreaPlan]) -> f64 {
    let steps = region.areas.first().map_or(0, |area| area.snapshot.grid.len());
    let mut loads = vec![vec![0.0; steps]; region.tree.nodes().len()];
    for (Area { above, snapshot }, plan) in region.areas.iter().zip(plans) {
        let mut own = vec![0.0; steps];
        let guards = snapshot.base_load.iter().map(|base| &base.guard_w);
        for powers in plan.schedule.sessions.iter().map(|plan| &plan.power_w).chain(guards) {
            own.iter_mut().zip(powers).for_each(|(sum, power)| *sum += power.as_kw());
        }
        for node in region.tree.position(above).into_iter().flat_map(|at| region.tree.path_to_root(at)) {
            loads[node].iter_mut().zip(&own).for_each(|(sum, power)| *sum += power);
        }
    }
    let over = loads.iter().zip(region.tree.nodes()).map(|(loads, node)| {
        let limit = node.rating.maximum_import_w.map_or(f64::INFINITY, Power::as_kw);
        loads.iter().copied().fold(0.0, f64::max) - limit
    });
    over.fold(0.0, f64::max)
}
