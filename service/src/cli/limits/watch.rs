//! `headroom limits watch`.

use std::ops::ControlFlow;
use std::pin::pin;
use std::time::Duration;

use anyhow::bail;
use clap::{Args, ValueEnum};
use futures::StreamExt as _;
use headroom_domain::LimitId;
use headroom_domain::limit::{LimitState, Target};
use headroom_grid_api::StatusEvent;
use serde_json::Value;

use super::named;
use crate::cli::Outcome;
use crate::cli::sheet::{Format, Lines, instant, instant_if, watts, word};
use crate::cli::utility::{Session, call, explained, target};

/// The first pause before a stream that was cut is opened again. Real time.
const PAUSE: Duration = Duration::from_millis(500);

const COLUMNS: [&str; 10] = [
    "sequence",
    "event_time",
    "state",
    "limit",
    "target",
    "confirmed_session_count",
    "affected_session_count",
    "measured_import_w",
    "expected_in_force_time",
    "reason_code",
];

/// What to watch.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Begin after this sequence number; 0 begins with all that is kept.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(i64).range(0..))]
    after: i64,
    /// Only limits of this place; may be repeated.
    #[arg(long, value_parser = target)]
    target: Vec<Target>,
    /// Only this limit: its name, or what follows the last slash of it.
    #[arg(long, conflicts_with = "target")]
    limit: Option<String>,
    /// End when the limit has come so far. Exit code 1 when it never will.
    #[arg(long, requires = "limit")]
    until: Option<Until>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Until {
    /// Every session behind it is known to obey.
    Obeyed,
    /// It is over.
    Completed,
}

pub(super) async fn run(session: Session, arguments: Arguments, format: Format) -> anyhow::Result<Outcome> {
    let Session { utility, name, .. } = session;
    let only = arguments.limit.map(|limit| named(&name, &limit));
    let targets = match &only {
        Some(id) => vec![call(|| utility.get(id)).await?.target],
        None => arguments.target,
    };
    let mut events = pin!(utility.watch_statuses(arguments.after, targets, PAUSE));
    let mut lines = Lines::new(COLUMNS, format);
    loop {
        let event = tokio::select! {
            event = events.next() => event,
            stopped = tokio::signal::ctrl_c() => {
                stopped?;
                return Ok(Outcome::Done);
            }
        };
        let Some(event) = event.transpose().map_err(explained)? else { bail!("the server ended the stream") };
        if let ControlFlow::Break(outcome) = take(&event, only.as_ref(), arguments.until, &mut lines)? {
            return Ok(outcome);
        }
    }
}

/// Shows an event, if it is wanted, and tells whether that was the last.
fn take(
    event: &StatusEvent,
    only: Option<&LimitId>,
    until: Option<Until>,
    lines: &mut Lines<10>,
) -> anyhow::Result<ControlFlow<Outcome>> {
    if only.is_some_and(|only| *only != event.limit) {
        return Ok(ControlFlow::Continue(()));
    }
    if !lines.tell(&row(event))? {
        return Ok(ControlFlow::Break(Outcome::Done));
    }
    Ok(until.map_or(ControlFlow::Continue(()), |until| until.judge(event)))
}

impl Until {
    fn judge(self, event: &StatusEvent) -> ControlFlow<Outcome> {
        let reached = match self {
            Self::Obeyed => event.status.is_obeyed(),
            Self::Completed => event.status.state == LimitState::Completed,
        };
        if reached {
            ControlFlow::Break(Outcome::Done)
        } else if event.status.state.is_final() {
            ControlFlow::Break(Outcome::NotReached)
        } else {
            ControlFlow::Continue(())
        }
    }
}

fn row(event: &StatusEvent) -> [Value; 10] {
    let status = &event.status;
    [
        event.sequence.into(),
        instant(event.at),
        word(&status.state),
        event.limit.as_str().into(),
        event.target.to_string().into(),
        status.confirmed_sessions.into(),
        status.affected_sessions.into(),
        watts(status.measured_import_w),
        instant_if(status.expected_in_force_at),
        status.amiss.map(|amiss| amiss.to_string()).into(),
    ]
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use headroom_domain::NodeId;
    use headroom_domain::limit::{Amiss, LimitStatus};

    use super::*;

    fn event(state: LimitState, confirmed_sessions: u32) -> StatusEvent {
        StatusEvent {
            sequence: 7,
            limit: "utilities/dso/limits/1".into(),
            target: Target::from(NodeId::from("campus")),
            at: DateTime::UNIX_EPOCH,
            status: LimitStatus { affected_sessions: 2, confirmed_sessions, ..LimitStatus::of(state) },
        }
    }

    #[test]
    fn it_waits_until_every_session_obeys() {
        let judged = |state, confirmed| Until::Obeyed.judge(&event(state, confirmed));
        assert_eq!(judged(LimitState::Active, 1), ControlFlow::Continue(()));
        assert_eq!(judged(LimitState::NotAchieved, 1), ControlFlow::Continue(()));
        assert_eq!(judged(LimitState::Active, 2), ControlFlow::Break(Outcome::Done));
    }

    #[test]
    fn a_limit_that_never_will_come_so_far_is_not_waited_for() {
        for state in [LimitState::Cancelled, LimitState::Superseded, LimitState::Expired, LimitState::Rejected] {
            for until in [Until::Obeyed, Until::Completed] {
                assert_eq!(until.judge(&event(state, 0)), ControlFlow::Break(Outcome::NotReached), "{state:?}");
            }
        }
        let judged = |until: Until| until.judge(&event(LimitState::Completed, 0));
        assert_eq!(judged(Until::Obeyed), ControlFlow::Break(Outcome::NotReached));
        assert_eq!(judged(Until::Completed), ControlFlow::Break(Outcome::Done));
    }

    #[test]
    fn an_event_says_how_many_obey_and_why_not_all_do() {
        let mut told = event(LimitState::NotAchieved, 1);
        told.status.amiss = Some(Amiss::StationsSilent);
        let cells = row(&told).map(|value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned));
        let expected = "7 1970-01-01T00:00:00Z NOT_ACHIEVED utilities/dso/limits/1 connectionPoints/campus 1 2 null null \
                        STATIONS_SILENT";
        assert_eq!(cells.join(" "), expected);
    }
}
