//! How the commands of a utility reach the server.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use clap::Args;
use headroom_domain::Interval;
use headroom_domain::limit::Target;
use headroom_grid_api::client::{ClientError, ClientTls, Refused, ServerInfo, Utility, retried};

/// How often a call is tried in all.
const ATTEMPTS: usize = 5;
/// The first pause between two attempts. Real time.
const PAUSE: Duration = Duration::from_millis(500);
/// A plan with a further limit, or a batch, may take its time. Real time.
const CALL_TIMEOUT: Duration = Duration::from_mins(1);

/// Where the server is, and who calls.
#[derive(Debug, Args)]
pub(super) struct Connection {
    /// The server's gRPC address.
    #[arg(long, env = "HEADROOM_GRID_API", default_value = "http://127.0.0.1:8081", global = true)]
    server: String,
    /// The utility that calls; otherwise the one that the server takes the caller for.
    #[arg(long, env = "HEADROOM_UTILITY", global = true)]
    utility: Option<String>,
    /// What the caller proves it by, unless a certificate does.
    #[arg(long, env = "HEADROOM_UTILITY_TOKEN", hide_env_values = true, global = true)]
    token: Option<String>,
    /// The roots of the server's certificate (PEM); otherwise those that this system trusts.
    #[arg(long, global = true)]
    ca: Option<PathBuf>,
    /// The caller's certificate (PEM).
    #[arg(long, global = true)]
    cert: Option<PathBuf>,
    /// The key of the caller's certificate (PEM).
    #[arg(long, global = true)]
    key: Option<PathBuf>,
}

/// A server that has answered.
pub(super) struct Session {
    pub(super) utility: Utility,
    /// Who calls.
    pub(super) name: String,
    /// What the server is; its time is to the second, so that windows that begin now are easy to read.
    pub(super) info: ServerInfo,
}

impl Connection {
    /// Asks the server who it is and takes the caller for.
    pub(super) async fn open(self) -> anyhow::Result<Session> {
        let utility = self.connect(self.utility.as_deref().unwrap_or_default())?;
        let mut info =
            utility.server_info().await.map_err(explained).with_context(|| format!("calling {}", self.server))?;
        info.server_time = info.server_time.trunc_subsecs(0);
        match self.utility {
            Some(ref name) if *name != info.utility => {
                bail!(
                    "{} takes the caller for {}, not for {name}: mend --utility or --token",
                    self.server,
                    info.utility
                )
            }
            Some(name) => Ok(Session { utility, name, info }),
            None => Ok(Session { utility: self.connect(&info.utility)?, name: info.utility.clone(), info }),
        }
    }

    fn connect(&self, name: &str) -> anyhow::Result<Utility> {
        let mut builder = Utility::builder(&self.server, name).call_timeout(CALL_TIMEOUT);
        if let Some(token) = &self.token {
            builder = builder.token(token);
        }
        if self.server.starts_with("https:") {
            let (roots, certificate, key) = (self.ca.clone(), self.cert.clone(), self.key.clone());
            builder = builder.tls(ClientTls { roots, certificate, key, server_name: None });
        } else if self.ca.is_some() || self.cert.is_some() || self.key.is_some() {
            bail!("--ca, --cert and --key are for TLS: give --server an address that begins with https");
        }
        builder.connect().map_err(explained)
    }
}

/// Calls until it helps no more to call again. **Errors**: with all that the server said.
pub(super) async fn call<T, F>(ask: impl FnMut() -> F) -> anyhow::Result<T>
where
    F: Future<Output = Result<T, ClientError>>,
{
    attempted(ask).await.map_err(explained)
}

/// As [`call`], with the error as it is.
pub(super) async fn attempted<T, F>(ask: impl FnMut() -> F) -> Result<T, ClientError>
where
    F: Future<Output = Result<T, ClientError>>,
{
    retried(ATTEMPTS, PAUSE, ask).await
}

/// Makes an error that names every field at fault.
pub(super) fn explained(error: ClientError) -> anyhow::Error {
    let Some(Refused { reason, message, fields, .. }) = error.refused() else { return error.into() };
    if reason == "NO_CONNECTION" {
        return anyhow!("{error}: is it running, and is this its gRPC address?");
    }
    // The message tells of the first few by itself.
    let untold = fields.iter().filter(|field| !message.contains(&field.description));
    let lines: Vec<String> = untold.map(|field| format!("\n  {}: {}", field.path, field.description)).collect();
    let lines = lines.concat();
    if lines.is_empty() { error.into() } else { anyhow!("{error}{lines}") }
}

/// An instant as it is typed: RFC 3339, or `now`, which is the server's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    Now,
    At(DateTime<Utc>),
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "now" {
            return Ok(Self::Now);
        }
        match DateTime::parse_from_rfc3339(text) {
            Ok(at) => Ok(Self::At(at.to_utc())),
            Err(_) => Err("write `now`, or a time of RFC 3339 such as 2026-11-20T12:00:00Z".to_owned()),
        }
    }
}

impl Moment {
    /// Returns the instant.
    pub(super) fn at(self, now: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::Now => now,
            Self::At(at) => at,
        }
    }
}

/// A stretch of time as it is typed.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(super) struct Window {
    /// Its first instant, RFC 3339 or `now`.
    #[arg(long)]
    pub(super) from: Option<Moment>,
    /// The first instant after it.
    #[arg(long)]
    pub(super) to: Option<Moment>,
    /// How long it is, when not both ends are given; 24 unless stated.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) hours: Option<u16>,
}

impl Window {
    fn length(&self) -> TimeDelta {
        TimeDelta::hours(i64::from(self.hours.unwrap_or(24)))
    }

    /// Returns the window; it begins now if nothing is said.
    pub(super) fn ahead(&self, now: DateTime<Utc>) -> anyhow::Result<Interval> {
        let ends = self.to.map(|to| to.at(now));
        let from = self.from.unwrap_or(Moment::Now).at(now);
        ordered(from, ends.unwrap_or(from + self.length()))
    }

    /// Returns the window; it ends now if nothing is said.
    pub(super) fn back(&self, now: DateTime<Utc>) -> anyhow::Result<Interval> {
        let from = self.from.map(|from| from.at(now));
        let ends = match (self.to, from) {
            (Some(to), _) => to.at(now),
            (None, Some(from)) if self.hours.is_some() => from + self.length(),
            (None, _) => now,
        };
        ordered(from.unwrap_or(ends - self.length()), ends)
    }

    /// Returns itself, or nothing if nothing is said.
    pub(super) fn stated(&self) -> Option<&Self> {
        (self.from.is_some() || self.to.is_some() || self.hours.is_some()).then_some(self)
    }
}

fn ordered(start: DateTime<Utc>, end: DateTime<Utc>) -> anyhow::Result<Interval> {
    Interval::new(start, end)
        .with_context(|| format!("the window from {start} to {end} is empty: mend --from and --to"))
}

/// Reads `connectionPoints/ID`, `gridAreas/ID` or the bare ID of a connection point.
pub(super) fn target(text: &str) -> Result<Target, String> {
    let id = text.strip_prefix("connectionPoints/").or(text.strip_prefix("gridAreas/")).unwrap_or(text);
    if id.is_empty() || id.contains('/') {
        return Err(format!("{text:?} is no place: write connectionPoints/ID or gridAreas/ID"));
    }
    Ok(Target::from(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::hours(hour)
    }

    fn moment(hour: i64) -> Moment {
        at(hour).to_rfc3339().parse().unwrap()
    }

    #[test]
    fn a_window_ahead_begins_now_and_is_a_day_long_unless_said_otherwise() {
        let now = at(100);
        let ahead =
            |from, to, hours| Window { from, to, hours }.ahead(now).map(|window| (window.start, window.end)).ok();
        assert_eq!(ahead(None, None, None), Some((at(100), at(124))));
        assert_eq!(ahead(Some(Moment::Now), None, Some(2)), Some((at(100), at(102))));
        assert_eq!(ahead(Some(moment(90)), Some(moment(95)), None), Some((at(90), at(95))));
        assert_eq!(ahead(Some(moment(90)), Some(moment(90)), None), None);
    }

    #[test]
    fn a_window_back_ends_now_and_is_a_day_long_unless_said_otherwise() {
        let now = at(100);
        let back = |from, to, hours| Window { from, to, hours }.back(now).map(|window| (window.start, window.end)).ok();
        assert_eq!(back(None, None, None), Some((at(76), at(100))));
        assert_eq!(back(None, None, Some(2)), Some((at(98), at(100))));
        assert_eq!(back(Some(moment(90)), None, None), Some((at(90), at(100))));
        assert_eq!(back(Some(moment(90)), None, Some(2)), Some((at(90), at(92))));
        assert_eq!(back(None, Some(moment(90)), Some(2)), Some((at(88), at(90))));
        assert!(Window::default().stated().is_none());
    }

    #[test]
    fn a_moment_is_now_or_rfc_3339() {
        assert_eq!("now".parse(), Ok(Moment::Now));
        assert_eq!("1970-01-01T02:00:00+01:00".parse(), Ok(Moment::At(at(1))));
        assert!("tomorrow".parse::<Moment>().unwrap_err().contains("2026-11-20T12:00:00Z"));
    }

    #[test]
    fn a_place_is_a_connection_point_or_an_area() {
        assert_eq!(target("campus"), target("connectionPoints/campus"));
        assert!(target("gridAreas/feeder-7").unwrap().area().is_some());
        for wrong in ["", "sites/a", "gridAreas/", "connectionPoints/a/b"] {
            assert!(target(wrong).is_err(), "{wrong}");
        }
    }
}
