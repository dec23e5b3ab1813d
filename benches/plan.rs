//! Planning: the linear programme (`rolling::step`) beside the greedy floor (`strategies::greedy`).
//!
//! `cargo bench --profile dev -p headroom-benches --bench plan`; with `-- --quick` a short run that only shows that it
//! works.
#![expect(clippy::print_stdout, reason = "a bench talks to whoever runs it")]

use headroom_benches::area::{STEPS, synthetic};
use headroom_benches::clock::{Measured, measure};
use headroom_domain::schedule::Schedule;
use headroom_optimizer::dispatch::dispatch;
use headroom_optimizer::rolling::step;
use headroom_optimizer::strategies::greedy;
use std::time::Duration;

fn main() -> Result<(), headroom_domain::grid::TreeError> {
    let quick = std::env::args().any(|argument| argument == "--quick" || argument == "--test");
    let sizes: &[usize] = if quick { &[50] } else { &[50, 200, 500, 1000] };
    let at_least = if quick { Duration::ZERO } else { Duration::from_secs(2) };
    println!("planning {STEPS} steps of 15 min, limits at site, circuit and EVSE, a demand charge; one thread");
    println!("{HEADING}");
    for &sessions in sizes {
        let area = synthetic(sessions, 1)?;
        let floor = measure(at_least, || greedy(&area));
        let best = measure(at_least, || step(&area));
        let (simple, planned) = (greedy(&area), step(&area));
        let sent = measure(at_least / 4, || dispatch(&area, &planned));
        let ratio = best.median_ms / floor.median_ms;
        println!(
            "{sessions:>8}  {}  {}  {ratio:>5.0}x  {:>8.2}  {}  {}  {:?}",
            times(floor),
            times(best),
            sent.median_ms,
            quality(&simple),
            quality(&planned),
            planned.status,
        );
    }
    Ok(())
}

const HEADING: &str = "sessions  greedy: ms  CPU ms  good_lp: ms  CPU ms   ratio  dispatch  greedy: cost  short kWh  good_lp: cost  short kWh  status";

fn times(measured: Measured) -> String {
    let cpu = measured.cpu_ms.map_or_else(|| "-".to_owned(), |cpu| format!("{cpu:.2}"));
    format!("{:>10.3}  {cpu:>7}", measured.median_ms)
}

fn quality(schedule: &Schedule) -> String {
    let short: f64 = schedule.sessions.iter().map(|plan| plan.shortfall_wh.as_kwh()).sum();
    format!("{:>12.2}  {short:>9.2}", schedule.cost.as_amount())
}
