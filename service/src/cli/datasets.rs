//! `headroom datasets`: recordings looked at and taken in, fleets fitted to them and made.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use chrono::{DateTime, FixedOffset, NaiveDate};
use chrono_tz::Tz;
use clap::{Args, Subcommand};
use headroom_simulator::fit::{FitFrame, FleetParameters, GeneratedSite, SiteKind, fit, generate};
use headroom_simulator::signals::{SignalChoice, SignalMapping, read_signals};
use headroom_simulator::{
    Format, SessionTable, inspect, read_sessions, read_sessions_salted, write_sessions_parquet, write_signals_parquet,
};
use serde::Serialize;

use super::Outcome;

/// What to do with a recording.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Guess how a file spells sessions, and print a mapping to edit.
    Inspect {
        /// The file: csv, xlsx, Parquet or JSON, plain or compressed.
        file: PathBuf,
    },
    /// Read files, say what became of every row, and write their sessions or signals as Parquet.
    Import(Import),
    /// Fit a generator of sessions to recorded ones.
    Fit(Fit),
    /// Make sessions from fitted or shipped parameters.
    Generate(Generate),
}

/// What to take in: sessions (`--format`), or loads, photovoltaics, prices or carbon (`--signals`).
#[derive(Debug, Args)]
pub(super) struct Import {
    /// The file; of signals several that belong together, for example the months of a year.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// How it spells sessions: the name of a format, or the path of a mapping (.toml).
    #[arg(long, required_unless_present = "signals", conflicts_with = "signals")]
    format: Option<Format>,
    /// How they spell signals: the name of a mapping, such as `openstef`, `ercot` or `sgip-moer`, or its path (.toml).
    #[arg(long)]
    signals: Option<String>,
    /// Of signals: only these, by name.
    #[arg(long, value_delimiter = ',', requires = "signals")]
    only: Vec<String>,
    /// Of signals: the place that is read, where files hold several, such as ERCOT's settlement points.
    #[arg(long, requires = "signals")]
    place: Option<String>,
    /// Of signals: the start of the first row, where files count steps, such as `2022-08-01T00:00:00-07:00`.
    #[arg(long, requires = "signals")]
    start: Option<DateTime<FixedOffset>>,
    /// Of signals: the power of the photovoltaics in kW, where files give its yield per kW.
    #[arg(long, requires = "signals")]
    installed_kw: Option<f64>,
    /// Where sessions or signals go, as Parquet.
    #[arg(long)]
    out: PathBuf,
    /// Where the quality report goes, as JSON; its text goes to stdout in any case.
    #[arg(long)]
    report: Option<PathBuf>,
    /// Of sessions: a file with a secret. Files read with the same one name drivers alike; otherwise each names its own.
    #[arg(long, conflicts_with = "signals")]
    salt: Option<PathBuf>,
}

/// What to fit.
#[derive(Debug, Args)]
pub(super) struct Fit {
    /// Recorded sessions.
    file: PathBuf,
    /// How the file spells them: the name of a format, or the path of a mapping (.toml).
    #[arg(long)]
    format: Format,
    /// For what kind of site: `workplace`, `home`, `public` or `depot`.
    #[arg(long)]
    kind: SiteKind,
    /// The sites' time zone, in which hours and weekdays are counted, such as `Europe/Oslo`.
    #[arg(long)]
    time_zone: Tz,
    /// The most power of a plug there, in kW.
    #[arg(long)]
    maximum_kw: f64,
    /// What the parameters rest on, with its licence; otherwise the name of the file.
    #[arg(long)]
    source: Option<String>,
    /// Where the parameters go, as TOML.
    #[arg(long, short)]
    out: PathBuf,
}

/// What to make.
#[derive(Debug, Args)]
pub(super) struct Generate {
    /// By the shipped parameters of a kind of site: `workplace`, `home`, `public` or `depot`.
    #[arg(long, required_unless_present = "parameters", conflicts_with = "parameters")]
    kind: Option<SiteKind>,
    /// By these parameters (.toml), as `datasets fit` writes them.
    #[arg(long)]
    parameters: Option<PathBuf>,
    /// How many sites.
    #[arg(long, default_value_t = 1)]
    sites: usize,
    /// Plugs of each.
    #[arg(long, default_value_t = 10)]
    evses: usize,
    /// First day.
    #[arg(long)]
    from: NaiveDate,
    /// How many days.
    #[arg(long, default_value_t = 7)]
    days: u32,
    /// The same seed makes the same sessions.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where they go, as Parquet that `--format generic-parquet` reads.
    #[arg(long, short)]
    out: PathBuf,
}

pub(super) fn run(command: Command) -> anyhow::Result<Outcome> {
    match command {
        Command::Inspect { file } => look(&file)?,
        Command::Import(import) => match (&import.format, &import.signals) {
            (Some(format), _) => take_sessions(&import, format)?,
            (None, Some(mapping)) => take_signals(&import, mapping)?,
            (None, None) => anyhow::bail!("give --format for sessions or --signals for signals"),
        },
        Command::Fit(arguments) => fitted(arguments)?,
        Command::Generate(arguments) => generated(&arguments)?,
    }
    Ok(Outcome::Done)
}

fn look(file: &Path) -> anyhow::Result<()> {
    let seen = inspect(file)?;
    if let Some(format) = &seen.format {
        eprintln!("--format {format} reads it");
    }
    for note in &seen.notes {
        eprintln!("{note}");
    }
    super::say(seen.mapping_toml.trim_end())
}

fn take_sessions(import: &Import, format: &Format) -> anyhow::Result<()> {
    let [file] = import.files.as_slice() else {
        anyhow::bail!("sessions are taken in file by file: give one file");
    };
    let read = match &import.salt {
        Some(path) => {
            let salt = std::fs::read(path).with_context(|| format!("reading the salt, {}", path.display()))?;
            read_sessions_salted(file, format, &salt)?
        }
        None => read_sessions(file, format)?,
    };
    tell(import, &read.report.to_string(), &read.report)?;
    let table = SessionTable { source: name(file), time_zone: None, sessions: read.sessions };
    write_sessions_parquet(&import.out, &table)?;
    eprintln!("sessions in {}", import.out.display());
    Ok(())
}

fn take_signals(import: &Import, mapping: &str) -> anyhow::Result<()> {
    let mapping = if Path::new(mapping).extension().is_some_and(|extension| extension == "toml") {
        SignalMapping::read(Path::new(mapping))?
    } else {
        SignalMapping::shipped(mapping)?
    };
    let choice = SignalChoice {
        place: import.place.clone(),
        start: import.start,
        installed_kw: import.installed_kw,
        signals: import.only.clone(),
    };
    let read = read_signals(&import.files, &mapping, &choice)?;
    tell(import, &read.report.to_string(), &read.report)?;
    let files: Vec<String> = import.files.iter().map(|file| name(file)).collect();
    write_signals_parquet(&import.out, &files.join(", "), &read.signals)?;
    eprintln!("signals in {}", import.out.display());
    Ok(())
}

/// Says what became of every row.
fn tell(import: &Import, text: &str, report: &impl Serialize) -> anyhow::Result<()> {
    super::say(text)?;
    if let Some(path) = &import.report {
        let report = serde_json::to_vec_pretty(report)?;
        std::fs::write(path, report).with_context(|| format!("writing the report, {}", path.display()))?;
    }
    Ok(())
}

fn fitted(arguments: Fit) -> anyhow::Result<()> {
    let Fit { file, format, kind, time_zone, maximum_kw, source, out } = arguments;
    anyhow::ensure!(maximum_kw.is_finite() && maximum_kw > 0.0, "`--maximum-kw` must be more than 0 kW, such as 7.4");
    let read = read_sessions(&file, &format)?;
    eprintln!("{}", read.report);
    let source = source.unwrap_or_else(|| name(&file));
    let parameters = fit(&read.sessions, &FitFrame { kind, source, time_zone, maximum_kw })?;
    std::fs::write(&out, parameters.to_toml()?).with_context(|| format!("writing {}", out.display()))?;
    eprintln!("parameters of {} sessions in {}", read.sessions.len(), out.display());
    Ok(())
}

fn generated(arguments: &Generate) -> anyhow::Result<()> {
    let (parameters, from) = match (&arguments.parameters, arguments.kind) {
        (Some(path), _) => {
            let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
            let read = FleetParameters::from_toml(&text).with_context(|| path.display().to_string())?;
            (read, name(path))
        }
        (None, Some(kind)) => (FleetParameters::shipped(kind)?, format!("shipped parameters of {kind}")),
        (None, None) => anyhow::bail!("give --kind or --parameters"),
    };
    let site = |number: usize| GeneratedSite { name: format!("site-{number:04}"), evses: arguments.evses };
    let sites: Vec<_> = (1..=arguments.sites).map(site).collect();
    let made = generate(&parameters, &sites, arguments.from, arguments.days, arguments.seed);
    let sessions: Vec<_> = made.iter().flat_map(headroom_simulator::fit::SiteSessions::recorded).collect();
    let (count, source) = (sessions.len(), format!("generated by {from}, seed {}", arguments.seed));
    let table = SessionTable { source, time_zone: Some(parameters.time_zone), sessions };
    write_sessions_parquet(&arguments.out, &table)?;
    eprintln!("{count} sessions of {} sites in {}", sites.len(), arguments.out.display());
    Ok(())
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
