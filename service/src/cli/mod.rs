//! The command line. Data goes to stdout, talk to stderr.
//!
//! Exit codes: 0 done, 1 failed, 2 usage, 3 steered sessions violated a limit.

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

mod audit;
mod check_config;
mod compliance;
#[cfg(feature = "simulate")]
mod datasets;
#[cfg(feature = "simulate")]
mod demo;
mod flexibility;
mod limits;
mod partners;
mod plan;
#[cfg(feature = "simulate")]
mod report;
mod serve;
mod sheet;
#[cfg(feature = "simulate")]
mod simulate;
mod table;
mod utility;

/// Plans the charging of electric vehicles under the limits of the grid.
#[derive(Debug, Parser)]
#[command(
    name = "headroom",
    version,
    about,
    after_help = "Exit codes: 0 done, 1 failed, 2 usage, 3 steered sessions violated a limit."
)]
struct Cli {
    /// Log as JSON lines.
    #[arg(long, global = true)]
    log_json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the service.
    Serve {
        /// The configuration file (see deploy/headroom.example.toml).
        #[arg(long, env = "HEADROOM_CONFIG")]
        config: PathBuf,
    },
    /// Check a configuration and explain every mistake in it.
    CheckConfig {
        /// The configuration file.
        config: PathBuf,
    },
    /// Submit, watch and withdraw the limits of a utility.
    Limits(limits::Arguments),
    /// Show what a place will draw, how far that can be moved, and what a limit would change.
    Flexibility(flexibility::Arguments),
    /// Show whether limits were obeyed, by what the meters measured.
    Compliance(compliance::Arguments),
    /// Show and verify what utilities changed.
    Audit(audit::Arguments),
    /// Invite, register and look after OCPI partners of the running service.
    Partners(partners::Arguments),
    /// Solve a saved problem.
    Plan(plan::Arguments),
    /// Look at recordings and take them in.
    #[cfg(feature = "simulate")]
    #[command(subcommand)]
    Datasets(datasets::Command),
    /// Run the service with virtual partners, vehicles and a utility: a day in about two minutes.
    #[cfg(feature = "simulate")]
    Demo(demo::Arguments),
    /// Run the controller over recorded sessions, without sockets.
    #[cfg(feature = "simulate")]
    Simulate(simulate::Arguments),
    /// Show what a study came to, as one page.
    #[cfg(feature = "simulate")]
    Report(report::Arguments),
    /// Run one of the demo's virtual partners.
    #[cfg(feature = "simulate")]
    #[command(hide = true)]
    Partner(headroom_simulator::partners::cli::PartnersArgs),
}

/// How a command ended, when it did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Done,
    /// A partner's data cannot be taken without loss.
    SomethingLost,
    /// The server took some of what was submitted, not all.
    SomethingRefused,
    /// What was waited for will not come.
    NotReached,
    #[cfg(feature = "simulate")]
    LimitViolated,
}

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    log_to_stderr(cli.log_json);
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        tracing::debug!("the process has a TLS provider already");
    }
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: the runtime could not be started: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(cli.command)) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::SomethingLost | Outcome::SomethingRefused | Outcome::NotReached) => ExitCode::FAILURE,
        #[cfg(feature = "simulate")]
        Ok(Outcome::LimitViolated) => ExitCode::from(3),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> anyhow::Result<Outcome> {
    match command {
        Command::Serve { config } => serve::run(&config).await,
        Command::CheckConfig { config } => check_config::run(&config),
        Command::Limits(arguments) => Box::pin(limits::run(arguments)).await,
        Command::Flexibility(arguments) => Box::pin(flexibility::run(arguments)).await,
        Command::Compliance(arguments) => Box::pin(compliance::run(arguments)).await,
        Command::Audit(arguments) => Box::pin(audit::run(arguments)).await,
        Command::Partners(arguments) => Box::pin(partners::run(arguments)).await,
        Command::Plan(arguments) => plan::run(&arguments),
        #[cfg(feature = "simulate")]
        Command::Datasets(command) => datasets::run(command),
        #[cfg(feature = "simulate")]
        Command::Demo(arguments) => Box::pin(demo::run(arguments)).await,
        #[cfg(feature = "simulate")]
        Command::Simulate(arguments) => simulate::run(arguments),
        #[cfg(feature = "simulate")]
        Command::Report(arguments) => report::run(arguments),
        #[cfg(feature = "simulate")]
        Command::Partner(arguments) => {
            headroom_simulator::partners::cli::run(arguments).await?;
            Ok(Outcome::Done)
        }
    }
}

/// Writes a result to stdout. A reader that has seen enough (`| head`) is no mistake.
fn say(result: &str) -> anyhow::Result<()> {
    say_while_read(result).map(drop)
}

/// As [`say`]; returns whether anyone still reads.
fn say_while_read(result: &str) -> anyhow::Result<bool> {
    match writeln!(std::io::stdout().lock(), "{result}") {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(false),
        written => written.context("writing to stdout").map(|()| true),
    }
}

fn log_to_stderr(as_json: bool) {
    let filter = EnvFilter::try_from_env("HEADROOM_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if as_json {
        log.json().init();
    } else {
        let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        log.with_ansi(colours).init();
    }
}
