//! How long after a utility's limit is accepted the last profile that it needs is acknowledged, where that time goes, and
//! how many submissions a second are on disk before they are answered.
//!
//! The service runs as a process of its own, on a record on disk. Its partners answer on loopback, and their stations at
//! once; the utility calls over gRPC. All share the machine's cores.

#![expect(clippy::print_stdout, reason = "a bench talks to whoever runs it")]

mod durable;
mod figures;
mod partner;
mod rounds;
mod world;

use std::time::Duration;

use anyhow::Context;
use comfy_table::Table;
use comfy_table::presets::NOTHING;
use rounds::Measured;

/// EVSEs of a site, each with a session.
const EVSES: usize = 100;
/// What is measured without `--quick`: sites, and rounds at most.
const SCALES: [(usize, usize); 3] = [(1, 100), (10, 30), (100, 5)];
/// No round is begun after so long, but for the first of each kind.
const BUDGET: Duration = Duration::from_mins(3);
/// The goal at [`GOAL_SESSIONS`]. **Units**: ms.
const GOAL_P99_MS: f64 = 250.0;
const GOAL_SESSIONS: usize = 1_000;

fn main() -> anyhow::Result<()> {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let only = only_sessions()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        drop(rustls::crypto::ring::default_provider().install_default());
        let scales = if quick { vec![(1, 3)] } else { SCALES.to_vec() };
        for (sites, rounds) in scales.into_iter().filter(|(sites, _)| only.is_none_or(|only| only == sites * EVSES)) {
            let measured = Box::pin(rounds::measure(sites, EVSES, rounds, BUDGET)).await;
            tell(sites * EVSES, &measured.with_context(|| format!("{} sessions", sites * EVSES))?, quick);
        }
        if only.is_none() {
            println!("{}", durable::measure(quick).await?);
        }
        Ok(())
    })
}

/// Reads `--sessions 1000`: nothing else is measured then.
fn only_sessions() -> anyhow::Result<Option<usize>> {
    let mut arguments = std::env::args().skip_while(|argument| argument != "--sessions").skip(1);
    arguments.next().map(|count| count.parse().context("`--sessions`: give 100, 1000 or 10000")).transpose()
}

fn tell(sessions: usize, measured: &Measured, quick: bool) {
    println!(
        "{sessions} sessions in one area of {} sites, {} partners; times in ms",
        sessions / EVSES,
        measured.partners
    );
    println!("{}", measured.table());
    println!(
        "a round (down and up again) takes the service {:.0} ms of CPU and writes {:.1} MiB; shares are medians, and those of \
         the last request acknowledged: solving + in line + sending = accepted to last acknowledged",
        measured.cpu_ms, measured.written_mib
    );
    if measured.told_early() > 0 {
        println!(
            "told that all obey before the last acknowledgement, where enough had obeyed: {} times",
            measured.told_early()
        );
    }
    if sessions == GOAL_SESSIONS && !quick {
        let p99_ms = measured.p99_ms();
        let met = if p99_ms <= GOAL_P99_MS { "met" } else { "MISSED" };
        println!("goal p99 at most {GOAL_P99_MS} ms: {p99_ms:.0} ms, {met}");
    }
    println!();
}

/// Makes a table without lines.
fn plain(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_header(header.iter().copied());
    table
}

/// Reads the clock on the wall, which the service's record is written by.
#[expect(clippy::disallowed_methods, reason = "a bench is about real time")]
fn now() -> chrono::DateTime<chrono::Utc> {
    chrono::Utc::now()
}
