//! `headroom simulate`: the same controller, without sockets, over recorded sessions.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use chrono::NaiveDate;
use clap::Args;
use comfy_table::Table;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use headroom_simulator::Format;
use headroom_simulator::engine::{SimulateOptions, SimulateSummary, Strategy, simulate};
use headroom_simulator::study::{self, Manifest, Shard, StudyOptions};
use indicatif::{ProgressBar, ProgressStyle};

use super::Outcome;

/// What to simulate: a study (`--manifest`), or some days of a recording at a site.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A study: scenarios, strategies and seeds (see deploy/study.example.toml and deploy/studies).
    #[arg(long, conflicts_with_all = ["sessions", "format", "site", "strategy", "from", "to"])]
    manifest: Option<PathBuf>,
    /// With a study: where recordings and tariffs are that are not beside the manifest.
    #[arg(long, env = "HEADROOM_DATA")]
    data: Option<PathBuf>,
    /// With a study: how many parts at a time; otherwise one per core.
    #[arg(long, default_value_t = 0, requires = "manifest", hide_default_value = true)]
    jobs: usize,
    /// With a study: do only one of n shares of its parts, counted from 1, for example `2/8`.
    #[arg(long, requires = "manifest")]
    shard: Option<Shard>,
    /// Recorded sessions.
    #[arg(long, required_unless_present = "manifest")]
    sessions: Option<PathBuf>,
    /// Their format: a name such as `sustaingym`, `boulder` or `acn-json`, or the path of a mapping (.toml).
    #[arg(long, required_unless_present = "manifest")]
    format: Option<Format>,
    /// The description of the site (see deploy/site.example.toml).
    #[arg(long, required_unless_present = "manifest")]
    site: Option<PathBuf>,
    /// How to steer, one run each: `uncontrolled`, `equal-share`, `round-robin`, `edf`, `llf`, `valley-filling`,
    /// `optimized`, or `offline` (perfect foresight, the bound).
    #[arg(long, value_delimiter = ',', required_unless_present = "manifest")]
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
    if let Some(manifest) = &arguments.manifest {
        return study(manifest, &arguments);
    }
    let out = arguments.out.clone();
    let missing = "clap asks for it where there is no manifest";
    let summary = simulate(&SimulateOptions {
        sessions: arguments.sessions.context(missing)?,
        format: arguments.format.context(missing)?,
        site: arguments.site.context(missing)?,
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

/// Does a study's parts; what is done already is not done again.
fn study(manifest: &Path, arguments: &Arguments) -> anyhow::Result<Outcome> {
    let manifest = Manifest::load_with(manifest, arguments.data.as_deref())?;
    let program =
        std::env::current_exe().and_then(std::fs::read).context("reading the program, to name it in results")?;
    let options = StudyOptions {
        out: arguments.out.clone(),
        shard: arguments.shard.unwrap_or(Shard::ALL),
        jobs: arguments.jobs,
        build: format!("headroom {}, {}", env!("CARGO_PKG_VERSION"), study::digest([program])),
    };
    let style = "{bar:30} {pos}/{len} parts, {elapsed} gone, {eta} left";
    let bar = ProgressBar::no_length().with_style(ProgressStyle::with_template(style)?);
    let progress = study::run(&manifest, &options, |progress| {
        bar.set_length(progress.parts as u64);
        bar.set_position(progress.done as u64);
        ControlFlow::Continue(())
    })?;
    bar.finish_and_clear();
    eprintln!("{} parts done, {} of them found done", progress.done, progress.found);
    super::say(&options.out.display().to_string())?;
    Ok(Outcome::Done)
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
