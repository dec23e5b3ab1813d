//! `headroom plan`.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use headroom_optimizer::rolling::step;
use headroom_optimizer::snapshot::Snapshot;
use headroom_optimizer::{shadow, table};

use super::Outcome;

/// What to solve, and how to show it.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A saved problem; `-` reads it from stdin.
    problem: PathBuf,
    /// How to show the plan.
    #[arg(long, value_enum, default_value_t = Output::Table)]
    output: Output,
    /// Says beside each power what its limits cost.
    #[arg(long)]
    explain: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Output {
    /// For machines.
    Json,
    /// For people.
    Table,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let snapshot = read(&arguments.problem)?;
    let text = if arguments.explain {
        let explained = shadow::explain(&snapshot)?;
        match arguments.output {
            Output::Json => serde_json::to_string_pretty(&explained)?,
            Output::Table => table::render_explained(&snapshot, &explained),
        }
    } else {
        let schedule = step(&snapshot);
        match arguments.output {
            Output::Json => serde_json::to_string_pretty(&schedule)?,
            Output::Table => table::render(&snapshot, &schedule),
        }
    };
    super::say(&text)?;
    Ok(Outcome::Done)
}

fn read(path: &Path) -> anyhow::Result<Snapshot> {
    let mut text = String::new();
    if path.as_os_str() == "-" {
        std::io::stdin().read_to_string(&mut text).context("reading stdin")?;
    } else {
        text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    }
    Snapshot::from_json(&text).with_context(|| path.display().to_string())
}
