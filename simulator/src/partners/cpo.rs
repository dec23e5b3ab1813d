//! The virtual CPO: its platform speaks OCPI, its stations and vehicles are physical, its meters see the truth.

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::Clock;
use headroom_domain::session::Session;
use headroom_ocpi_adapter::{Client, LinkError, Platform, Role, server};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use url::Url;

use crate::partners::link::{OcpiLink, platform, register, serve, service, until};
use crate::partners::report;
use crate::scenario::Scenario;
use crate::world::{Score, SessionOutcome, TraceStep, World, score, twin};

mod host;
mod offer;
mod readings;
mod state;
mod stations;

use host::Cpo;
use readings::MeterLink;
pub use state::Counts;
use state::{Push, State};
use stations::Reply;

/// How often the world is looked at: in simulated time, but in reality no more often than `TICK_REAL`.
const TICK: TimeDelta = TimeDelta::seconds(10);
const TICK_REAL: Duration = Duration::from_millis(20);

/// Least real time between two updates of a session, so that a fast clock does not flood the service.
const SPACING_REAL_S: f64 = 0.35;

/// Most pushes of sessions at a time.
const PUSHES_MAX: usize = 8;

/// Most answers of stations passed on at a time.
const REPLIES_MAX: usize = 16;

/// How often the result file is written. Real time.
const REPORT_EVERY: Duration = Duration::from_secs(3);

/// How long the service is given to take the last pushes after the end of the day. Real time.
const FAREWELL: Duration = Duration::from_secs(10);

/// What a virtual CPO is told.
#[derive(Debug, Clone)]
pub struct CpoConfig {
    /// The day.
    pub scenario: Arc<Scenario>,
    /// Its way to the service.
    pub link: OcpiLink,
    /// Where the service's own API is.
    pub service: Url,
    /// The token of the site's meter.
    pub meter_token: String,
    /// Where the results go.
    pub result: PathBuf,
}

/// What a virtual CPO saw: the physical truth of the day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CpoResult {
    /// The day.
    pub scenario: String,
    /// Until when.
    pub at: DateTime<Utc>,
    /// Whether the day is over.
    pub finished: bool,
    /// What it came to so far.
    pub score: Score,
    /// What was sent and received.
    pub counts: Counts,
    /// Session by session.
    pub sessions: Vec<SessionOutcome>,
    /// Sessions of the source that could not take place.
    pub left_out: Vec<String>,
    /// What the meters saw, under the limits that the utility was to submit.
    pub trace: Vec<TraceStep>,
}

/// Runs a virtual CPO until its day is over or it is told to stop.
pub async fn run(
    config: CpoConfig,
    clock: Arc<dyn Clock>,
    shutdown: impl Future<Output = ()> + Send,
) -> anyhow::Result<()> {
    let listener = TcpListener::bind(config.link.listen).await.context("cannot listen for OCPI")?;
    let offer = offer::Offer::new(&config.scenario)?;
    let platform = platform(&listener, Role::Cpo, offer.party.clone(), "Virtual CPO", clock.clone())?;
    let state = Mutex::new(State::new(config.scenario.clone(), offer, spacing(clock.as_ref()))?);
    let cpo = Arc::new(Cpo { state, clock: clock.clone() });
    let (stop, stopped) = watch::channel(false);
    let server = serve(listener, server::cpo(platform.clone(), cpo.clone()), stopped.clone());
    let day = Day {
        twin: twin(&config.scenario.site_plan())?,
        meter: MeterLink::new(&config.service, &config.scenario.site.id, &config.meter_token)?,
        client: platform.client(&service()),
        pushes: Arc::new(Semaphore::new(PUSHES_MAX)),
        replies: Arc::new(Semaphore::new(REPLIES_MAX)),
        cpo,
        config,
    };
    let finished = until(day.run(&platform), shutdown).await;
    day.write(finished)?;
    stop.send(true)?;
    server.await?;
    Ok(())
}

/// Returns the least simulated time between two updates of a session.
fn spacing(clock: &dyn Clock) -> TimeDelta {
    let real_s = clock.real(TimeDelta::hours(1)).as_secs_f64().max(1e-3);
    #[expect(clippy::cast_possible_truncation, reason = "a clock that runs a thousand years a second is of no use")]
    let spacing_ms = (SPACING_REAL_S * 3600.0 / real_s * 1000.0) as i64;
    TimeDelta::milliseconds(spacing_ms).clamp(TimeDelta::seconds(1), TimeDelta::hours(1))
}

/// A day of the virtual CPO.
struct Day {
    config: CpoConfig,
    cpo: Arc<Cpo>,
    client: Client,
    meter: MeterLink,
    pushes: Arc<Semaphore>,
    replies: Arc<Semaphore>,
    twin: World,
}

impl Day {
    async fn run(&self, platform: &Platform) {
        let prepare = async {
            self.meter.post_history(self.config.scenario.base_load_history()).await;
            register(platform, &self.config.link).await;
            tracing::info!("registered with the service");
            tokio::join!(self.push_sessions(), self.post_readings());
        };
        tokio::select! {
            () = prepare => {}
            () = self.live() => {}
            () = self.report() => {}
        }
    }

    /// Lets the world go on with the clock, and tells the service what stations answer.
    async fn live(&self) {
        let mut telling = JoinSet::new();
        while self.cpo.clock.now() < self.config.scenario.window.end {
            let replies = self.cpo.state.lock().advance(self.cpo.clock.now());
            for reply in replies {
                let (cpo, client, permits) = (self.cpo.clone(), self.client.clone(), self.replies.clone());
                telling.spawn(async move {
                    let _permit = permits.acquire().await;
                    tell(&cpo, &client, reply).await;
                });
            }
            while telling.try_join_next().is_some() {}
            tokio::time::sleep(self.cpo.clock.real(TICK).max(TICK_REAL)).await;
        }
        self.cpo.state.lock().advance(self.config.scenario.window.end);
        let told = async {
            while !self.cpo.state.lock().all_told() {
                tokio::time::sleep(TICK_REAL).await;
            }
            telling.join_all().await;
        };
        if tokio::time::timeout(FAREWELL, told).await.is_err() {
            tracing::warn!("the day is over and the service was not told of every end of a session");
        }
    }

    /// Pushes sessions as they come, change and end; each one request at a time, several sessions at once.
    async fn push_sessions(&self) {
        let mut pushing = JoinSet::new();
        loop {
            let pushes = self.cpo.state.lock().pushes();
            for (index, push, session) in pushes {
                let (cpo, client, permits) = (self.cpo.clone(), self.client.clone(), self.pushes.clone());
                pushing.spawn(async move {
                    let _permit = permits.acquire().await;
                    let arrived = push_session(&client, push, &session).await;
                    cpo.state.lock().pushed(index, push, &session, arrived);
                });
            }
            while pushing.try_join_next().is_some() {}
            tokio::time::sleep(self.cpo.clock.real(TICK).max(TICK_REAL)).await;
        }
    }

    async fn post_readings(&self) {
        let mut waiting = Vec::new();
        loop {
            waiting.append(&mut self.cpo.state.lock().readings);
            let posted = self.meter.post(&mut waiting).await;
            self.cpo.state.lock().counts.readings_posted += posted as u64;
            let pause = if waiting.is_empty() { Duration::ZERO } else { crate::partners::link::RETRY };
            tokio::time::sleep(self.cpo.clock.real(TimeDelta::minutes(1)).max(TICK_REAL * 2).max(pause)).await;
        }
    }

    async fn report(&self) {
        loop {
            tokio::time::sleep(REPORT_EVERY).await;
            if let Err(error) = self.write(false) {
                tracing::warn!(%error, "the result file could not be written");
            }
        }
    }

    fn write(&self, finished: bool) -> anyhow::Result<()> {
        let result = {
            let state = self.cpo.state.lock();
            let (score, sessions) = score(&state.world, &self.twin);
            CpoResult {
                scenario: self.config.scenario.name.clone(),
                at: state.world.now(),
                finished,
                score,
                counts: state.counts,
                sessions,
                left_out: self.config.scenario.left_out.clone(),
                trace: state.world.meter().trace().to_vec(),
            }
        };
        report::write(&self.config.result, &result)
    }
}

/// Pushes a session; the error tells whether the service could not be reached at all.
async fn push_session(client: &Client, push: Push, session: &Session) -> Result<(), bool> {
    let pushed = match push {
        Push::Whole => client.put_session(session).await,
        Push::Update => client.patch_session(session).await,
    };
    pushed.map_err(|error| {
        tracing::debug!(session = session.key.id, %error, "a push of a session failed");
        matches!(error, LinkError::Unreachable { .. })
    })
}

/// Tells the service what a station answered. OCPI knows no second try.
async fn tell(cpo: &Cpo, client: &Client, reply: Reply) {
    let told = match &reply {
        Reply::Result { response_url, result } => client.post_profile_result(response_url, *result).await,
        Reply::ActiveResult { response_url, result, profile } => {
            client.post_active_profile_result(response_url, *result, profile.as_ref()).await
        }
        Reply::Active { session } => {
            // What is in force now, not when the message was made: a newer profile may have come since.
            let active = cpo.state.lock().active_profile(*session);
            let Some((id, profile)) = active else { return };
            client.put_active_profile(&id, &profile).await
        }
    };
    let counts = &mut cpo.state.lock().counts;
    match (told, reply) {
        (Ok(()), Reply::Active { .. }) => counts.active_profiles += 1,
        (Ok(()), _) => counts.results_posted += 1,
        (Err(error), reply) => {
            tracing::debug!(?reply, %error, "the service was not told what a station answered");
            counts.results_failed += u64::from(!matches!(reply, Reply::Active { .. }));
        }
    }
}
