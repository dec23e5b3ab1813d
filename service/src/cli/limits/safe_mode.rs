//! `headroom limits safe-mode`.

use clap::{Args, Subcommand};
use headroom_domain::limit::failsafe::SafeMode;
use headroom_domain::{Interval, NodeId, Power};
use headroom_grid_api::SafeModeState;
use serde_json::Value;
use uuid::Uuid;

use super::request_id_or_new;
use crate::cli::sheet::{Format, Sheet, instant_if, watts, word};
use crate::cli::utility::{Moment, Session, call, target};

/// What to do with what a connection point falls back to.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show what it is, and whether the connection point has fallen back.
    Show {
        /// The connection point.
        #[arg(value_parser = connection_point)]
        place: NodeId,
    },
    /// State it, instead of what was stated before.
    Set(Stated),
    /// State that it falls back to nothing any more.
    Clear {
        /// The connection point.
        #[arg(value_parser = connection_point)]
        place: NodeId,
        /// The name of this request, to repeat it safely; otherwise a new one.
        #[arg(long)]
        request_id: Option<Uuid>,
    },
}

/// What a connection point is to fall back to. Powers are in W.
#[derive(Debug, Args)]
pub(super) struct Stated {
    /// The connection point.
    #[arg(value_parser = connection_point)]
    place: NodeId,
    /// Most import where the utility states none; 0 is none at all.
    #[arg(long)]
    import_limit_w: Option<u32>,
    /// Most export where the utility states none; 0 is none at all.
    #[arg(long)]
    export_limit_w: Option<u32>,
    /// Silence of so many seconds is the loss of the link (60 or more); otherwise silence is no sign.
    #[arg(long)]
    heartbeat_timeout_s: Option<u32>,
    /// How long safe mode lasts at least.
    #[arg(long, default_value_t = 7200)]
    minimum_hold_s: u32,
    /// How long the utility must be heard again before safe mode ends by itself.
    #[arg(long, default_value_t = 120)]
    release_delay_s: u32,
    /// When all this begins to apply; otherwise it always does.
    #[arg(long, requires = "valid_to")]
    valid_from: Option<Moment>,
    /// When it ends to apply.
    #[arg(long, requires = "valid_from")]
    valid_to: Option<Moment>,
    /// The name of this request, to repeat it safely; otherwise a new one.
    #[arg(long)]
    request_id: Option<Uuid>,
}

pub(super) async fn run(session: Session, command: Command, format: Format) -> anyhow::Result<()> {
    let Session { utility, info, .. } = session;
    let state = match command {
        Command::Show { place } => call(|| utility.safe_mode(&place)).await?,
        Command::Clear { place, request_id } => {
            let request_id = request_id_or_new(request_id);
            call(|| utility.set_safe_mode(&place, None, request_id)).await?
        }
        Command::Set(stated) => {
            let request_id = request_id_or_new(stated.request_id);
            let at = |moment: Option<Moment>| moment.map(|moment| moment.at(info.server_time));
            let watts = |power: Option<u32>| power.map(|power| Power::from_w(power.into()));
            let safe_mode = SafeMode {
                maximum_import_w: watts(stated.import_limit_w),
                maximum_export_w: watts(stated.export_limit_w),
                heartbeat_timeout_s: stated.heartbeat_timeout_s,
                minimum_hold_s: stated.minimum_hold_s,
                release_delay_s: stated.release_delay_s,
                validity: at(stated.valid_from).zip(at(stated.valid_to)).map(|(start, end)| Interval { start, end }),
            };
            call(|| utility.set_safe_mode(&stated.place, Some(&safe_mode), request_id)).await?
        }
    };
    sheet(&state).show(format)
}

fn connection_point(text: &str) -> Result<NodeId, String> {
    let point = target(text)?.connection_point().cloned();
    point.ok_or_else(|| {
        format!("{text:?} is an area: a safe mode is one connection point's, so name each of its members")
    })
}

fn sheet(state: &SafeModeState) -> Sheet<0> {
    let stated = state.safe_mode;
    let seconds = |length: fn(SafeMode) -> Option<u32>| Value::from(stated.and_then(length));
    let validity = stated.and_then(|safe_mode| safe_mode.validity);
    Sheet::of_facts()
        .fact("target", format!("connectionPoints/{}", state.target))
        .fact("mode", word(&state.mode))
        .fact("since", instant_if(state.since))
        .fact("import_limit_w", watts(stated.and_then(|safe_mode| safe_mode.maximum_import_w)))
        .fact("export_limit_w", watts(stated.and_then(|safe_mode| safe_mode.maximum_export_w)))
        .fact("heartbeat_timeout_s", seconds(|safe_mode| safe_mode.heartbeat_timeout_s))
        .fact("minimum_hold_s", seconds(|safe_mode| Some(safe_mode.minimum_hold_s)))
        .fact("release_delay_s", seconds(|safe_mode| Some(safe_mode.release_delay_s)))
        .fact("valid_from", instant_if(validity.map(|validity| validity.start)))
        .fact("valid_to", instant_if(validity.map(|validity| validity.end)))
        .fact("update_time", instant_if(state.updated_at))
}

#[cfg(test)]
mod tests {
    use headroom_domain::limit::failsafe::Mode;

    use super::*;

    #[test]
    fn a_safe_mode_is_shown_with_what_is_not_stated_left_open() {
        let safe_mode = SafeMode {
            maximum_import_w: Some(Power::from_w(4200.0)),
            maximum_export_w: None,
            heartbeat_timeout_s: Some(120),
            minimum_hold_s: 7200,
            release_delay_s: 120,
            validity: None,
        };
        let state = SafeModeState {
            target: "campus".into(),
            safe_mode: Some(safe_mode),
            mode: Mode::Safe,
            since: Some(chrono::DateTime::UNIX_EPOCH),
            updated_at: None,
        };
        let shown = sheet(&state).text(Format::default()).unwrap();
        for line in ["mode                 safe", "import_limit_w       4200", "export_limit_w       -"] {
            assert!(shown.contains(line), "{shown}");
        }
        let none = sheet(&SafeModeState { safe_mode: None, ..state }).text(Format::default()).unwrap();
        assert!(none.contains("minimum_hold_s       -"), "{none}");
    }

    #[test]
    fn an_area_has_no_safe_mode() {
        assert_eq!(connection_point("campus").unwrap(), "campus".into());
        assert!(connection_point("gridAreas/feeder").unwrap_err().contains("each of its members"));
    }
}
