//! `headroom limits heartbeat`.

use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::Args;
use headroom_grid_api::HeartbeatAnswer;
use headroom_grid_api::server::Heartbeat;
use serde_json::Value;

use crate::cli::sheet::{Format, Lines, instant, instant_if, word};
use crate::cli::utility::{Session, call};

/// How often to say that the utility is there.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Say so every so many seconds, until Ctrl-C; otherwise once.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    every: Option<u16>,
}

pub(super) async fn run(session: Session, arguments: Arguments, format: Format) -> anyhow::Result<()> {
    let mut lines = Lines::new(["received_time", "next_due_time", "mode", "places_in_safe_mode"], format);
    let Some(every) = arguments.every else {
        return lines.tell(&row(&beat(&session).await?)).map(drop);
    };
    let mut ticks = tokio::time::interval(Duration::from_secs(every.into()));
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            stopped = tokio::signal::ctrl_c() => return Ok(stopped?),
        }
        if !lines.tell(&row(&beat(&session).await?))? {
            return Ok(());
        }
    }
}

async fn beat(session: &Session) -> anyhow::Result<HeartbeatAnswer> {
    call(|| {
        let sent_at = by_own_clock();
        session.utility.heartbeat(Heartbeat { sent_at, sequence: sent_at.timestamp_millis() })
    })
    .await
}

#[expect(clippy::disallowed_methods, reason = "the server compares the utility's clock with its own")]
fn by_own_clock() -> DateTime<Utc> {
    Utc::now()
}

fn row(answer: &HeartbeatAnswer) -> [Value; 4] {
    let due = instant_if(answer.next_due_at);
    [instant(answer.received_at), due, word(&answer.mode), answer.places_in_safe_mode.into()]
}
