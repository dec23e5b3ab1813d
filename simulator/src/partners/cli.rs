//! The command line of the virtual partners, alone or behind a hidden command of `headroom`.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use clap::{Args, Subcommand};
use headroom_domain::Clock;
use headroom_domain::time::{ClockRate, ScaledClock};
use headroom_ocpi_adapter::Secret;
use url::Url;

use crate::partners::cpo::{self, CpoConfig};
use crate::partners::emsp::{self, EmspConfig};
use crate::partners::link::OcpiLink;
use crate::partners::utility::{self, UtilityConfig};
use crate::scenario::Scenario;

/// One of the virtual partners.
#[derive(Debug, Clone, Args)]
pub struct PartnersArgs {
    /// Which.
    #[command(subcommand)]
    partner: Partner,
}

#[derive(Debug, Clone, Subcommand)]
enum Partner {
    /// The charge point operator with its stations and vehicles.
    Cpo {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        ocpi: OcpiArgs,
        /// The token of the site's meter.
        #[arg(long)]
        meter_token: String,
    },
    /// The drivers' eMSP.
    Emsp {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        ocpi: OcpiArgs,
    },
    /// The utility.
    Utility {
        #[command(flatten)]
        common: Common,
        /// Where the service listens for utilities, for example `http://127.0.0.1:50051`.
        #[arg(long)]
        grid_api: String,
        /// What the utility proves its name by.
        #[arg(long)]
        token: Option<String>,
    },
}

#[derive(Debug, Clone, Args)]
struct Common {
    /// The scenario.
    #[arg(long)]
    scenario: PathBuf,
    /// Where the results go, as JSON.
    #[arg(long)]
    result: PathBuf,
}

#[derive(Debug, Clone, Args)]
struct OcpiArgs {
    /// Where the service is, for example `http://127.0.0.1:8080/`.
    #[arg(long)]
    service: Url,
    /// Where the service lists its OCPI versions; otherwise `ocpi/versions` under `--service`.
    #[arg(long)]
    versions_url: Option<Url>,
    /// The token A that the service gave.
    #[arg(long)]
    token_a: String,
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value_t = SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))]
    listen: SocketAddr,
}

impl OcpiArgs {
    fn link(&self) -> anyhow::Result<OcpiLink> {
        let versions_url = match &self.versions_url {
            Some(url) => url.clone(),
            None => self.service.join("ocpi/versions").context("--service is no base for `ocpi/versions`")?,
        };
        Ok(OcpiLink { versions_url, token_a: Secret::new(self.token_a.clone()), listen: self.listen })
    }
}

/// Runs a virtual partner until its day is over or the process is told to stop.
pub async fn run(args: PartnersArgs) -> anyhow::Result<()> {
    let stop = stop_signal();
    match args.partner {
        Partner::Cpo { common, ocpi, meter_token } => {
            let (scenario, clock) = open(&common.scenario)?;
            let (link, service) = (ocpi.link()?, ocpi.service);
            let config = CpoConfig { scenario, link, service, meter_token, result: common.result };
            Box::pin(cpo::run(config, clock, stop)).await
        }
        Partner::Emsp { common, ocpi } => {
            let (scenario, clock) = open(&common.scenario)?;
            Box::pin(emsp::run(EmspConfig { scenario, link: ocpi.link()?, result: common.result }, clock, stop)).await
        }
        Partner::Utility { common, grid_api, token } => {
            let (scenario, clock) = open(&common.scenario)?;
            let config = UtilityConfig { scenario, grid_api, token, result: common.result };
            Box::pin(utility::run(config, clock, stop)).await
        }
    }
}

fn open(path: &Path) -> anyhow::Result<(Arc<Scenario>, Arc<dyn Clock>)> {
    let scenario = Scenario::load(path)?;
    let clock = real_clock(scenario.clock);
    Ok((Arc::new(scenario), clock))
}

#[expect(clippy::disallowed_methods, reason = "here the program's one clock is made")]
fn real_clock(rate: ClockRate) -> Arc<dyn Clock> {
    Arc::new(ScaledClock::new(Some(rate), chrono::Utc::now))
}

async fn stop_signal() {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupted => {}
                _ = terminated.recv() => {}
            }
            return;
        }
    }
    if interrupted.await.is_err() {
        std::future::pending::<()>().await;
    }
}
