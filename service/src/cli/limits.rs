//! `headroom limits`: what a utility does with its limits, over gRPC.

use clap::{Args, Subcommand};
use headroom_domain::LimitId;
use headroom_domain::limit::{LimitState, Target};
use headroom_grid_api::{LimitQuery, limit_id};
use uuid::Uuid;

use super::Outcome;
use super::sheet::Format;
use super::utility::{Connection, Session, Window, call, target};

pub(super) mod file;
mod heartbeat;
mod safe_mode;
pub(super) mod submit;
mod tables;
mod watch;

/// What to do with limits.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    format: Format,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Submit the limits of a file. Exit code 1 when any was refused.
    Submit(submit::Arguments),
    /// Show the limits that were accepted.
    List {
        /// Only limits of this place.
        #[arg(long, value_parser = target)]
        target: Option<Target>,
        /// Only limits in one of these states by the clock: scheduled, active, completed, cancelled.
        #[arg(long, value_parser = state, value_delimiter = ',')]
        state: Vec<LimitState>,
        /// Withdrawn limits too.
        #[arg(long)]
        cancelled: bool,
        #[command(flatten)]
        window: Window,
    },
    /// Show what becomes of limits as it happens, until Ctrl-C; goes on by itself where a connection was cut.
    Watch(watch::Arguments),
    /// Show what a place must obey, and whose order it is.
    Effective {
        /// `connectionPoints/ID` or `gridAreas/ID`.
        #[arg(value_parser = target)]
        target: Target,
        #[command(flatten)]
        window: Window,
    },
    /// Withdraw a limit.
    Cancel {
        /// Its name as `list` shows it, or what follows the last slash of it.
        limit: String,
        /// For the people who read the log.
        #[arg(long, default_value = "")]
        reason: String,
        /// The name of this request, to repeat it safely; otherwise a new one.
        #[arg(long)]
        request_id: Option<Uuid>,
    },
    /// What a connection point falls back to when the utility is silent or states nothing.
    #[command(subcommand)]
    SafeMode(safe_mode::Command),
    /// Say that the utility is there.
    Heartbeat(heartbeat::Arguments),
}

pub(super) async fn run(arguments: Arguments) -> anyhow::Result<Outcome> {
    let Arguments { connection, format, command } = arguments;
    match command {
        Command::Submit(arguments) => return submit::run(connection, arguments, format).await,
        Command::Watch(arguments) => return watch::run(connection.open().await?, arguments, format).await,
        Command::SafeMode(command) => safe_mode::run(connection.open().await?, command, format).await?,
        Command::Heartbeat(arguments) => heartbeat::run(connection.open().await?, arguments, format).await?,
        Command::List { target, state, cancelled, window } => {
            let Session { utility, info, .. } = connection.open().await?;
            let overlaps = window.stated().map(|window| window.ahead(info.server_time)).transpose()?;
            let query = LimitQuery { target, overlaps, include_cancelled: cancelled };
            let limits = call(|| utility.list_in(&query, &state)).await?;
            tables::limits(&limits, info.server_time).show(format)?;
        }
        Command::Effective { target, window } => {
            let Session { utility, info, .. } = connection.open().await?;
            let window = window.ahead(info.server_time)?;
            let pieces = call(|| utility.effective(&target, window)).await?;
            tables::effective(&target, &pieces).show(format)?;
        }
        Command::Cancel { limit, reason, request_id } => {
            let Session { utility, name, info } = connection.open().await?;
            let (id, request_id) = (named(&name, &limit), request_id_or_new(request_id));
            let limit = call(|| utility.cancel(&id, &reason, request_id)).await?;
            tables::limits(&[limit], info.server_time).show(format)?;
        }
    }
    Ok(Outcome::Done)
}

/// Returns the whole name of a limit of a utility.
pub(super) fn named(utility: &str, limit: &str) -> LimitId {
    if limit.contains('/') { LimitId::from(limit) } else { limit_id(utility, limit) }
}

/// Makes a request id if none is stated; says it, so that the command can be repeated safely.
fn request_id_or_new(stated: Option<Uuid>) -> Uuid {
    let request_id = stated.unwrap_or_else(Uuid::new_v4);
    eprintln!("request id {request_id}: give it with --request-id to repeat this safely");
    request_id
}

fn state(word: &str) -> Result<LimitState, String> {
    let by_the_clock = [LimitState::Scheduled, LimitState::Active, LimitState::Completed, LimitState::Cancelled];
    let spelled =
        |state: &LimitState| super::sheet::word(state).as_str().is_some_and(|own| own.eq_ignore_ascii_case(word));
    let known = by_the_clock.into_iter().find(spelled);
    known.ok_or_else(|| format!("{word:?} is no such state: write scheduled, active, completed or cancelled"))
}
