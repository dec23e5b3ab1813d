//! `headroom datasets`: recordings looked at and taken in.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use headroom_simulator::{Format, SessionTable, inspect, read_sessions, read_sessions_salted, write_sessions_parquet};

use super::Outcome;

/// What to do with a recording.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Guess how a file spells sessions, and print a mapping to edit.
    Inspect {
        /// The file: csv, xlsx, Parquet or JSON, plain or compressed.
        file: PathBuf,
    },
    /// Read a file, say what became of every row, and write its sessions as Parquet.
    Import(Import),
}

/// What to take in.
#[derive(Debug, Args)]
pub(super) struct Import {
    /// The file.
    file: PathBuf,
    /// How it spells sessions: the name of a format, or the path of a mapping (.toml).
    #[arg(long)]
    format: Format,
    /// Where the sessions go, as Parquet.
    #[arg(long)]
    out: PathBuf,
    /// Where the quality report goes, as JSON; its text goes to stdout in any case.
    #[arg(long)]
    report: Option<PathBuf>,
    /// A file with a secret: files read with the same one name drivers alike. Otherwise each file names its own.
    #[arg(long)]
    salt: Option<PathBuf>,
}

pub(super) fn run(command: Command) -> anyhow::Result<Outcome> {
    match command {
        Command::Inspect { file } => look(&file),
        Command::Import(import) => take_in(&import),
    }
}

fn look(file: &Path) -> anyhow::Result<Outcome> {
    let seen = inspect(file)?;
    if let Some(format) = &seen.format {
        eprintln!("--format {format} reads it");
    }
    for note in &seen.notes {
        eprintln!("{note}");
    }
    super::say(seen.mapping_toml.trim_end())?;
    Ok(Outcome::Done)
}

fn take_in(import: &Import) -> anyhow::Result<Outcome> {
    let read = match &import.salt {
        Some(path) => {
            let salt = std::fs::read(path).with_context(|| format!("reading the salt, {}", path.display()))?;
            read_sessions_salted(&import.file, &import.format, &salt)?
        }
        None => read_sessions(&import.file, &import.format)?,
    };
    super::say(&read.report.to_string())?;
    if let Some(path) = &import.report {
        let report = serde_json::to_vec_pretty(&read.report)?;
        std::fs::write(path, report).with_context(|| format!("writing the report, {}", path.display()))?;
    }
    let source = import.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    write_sessions_parquet(&import.out, &SessionTable { source, time_zone: None, sessions: read.sessions })?;
    eprintln!("sessions in {}", import.out.display());
    Ok(Outcome::Done)
}
