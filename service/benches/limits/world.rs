//! The service as a process, its sites, and a utility that may limit them.

use std::fmt::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, ensure};
use headroom_domain::NodeId;
use headroom_grid_api::client::Utility;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::figures::Used;
use crate::partner::{CURRENT_A, FULL_W, Partner, VOLTAGE_V, evse_uid, location_id};

/// How long anything may take before the bench gives up.
pub(crate) const PATIENCE: Duration = Duration::from_mins(10);
/// How often it looks.
pub(crate) const GLANCE: Duration = Duration::from_millis(10);
/// A partner publishes so many sites, or half of them when there are fewer.
const SITES_OF_A_PARTNER: usize = 10;
const TOKEN: &str = "token-of-the-dso";
/// More than all vehicles together draw. **Units**: share.
const CAPACITY_OVER_FULL: f64 = 1.1;

/// A service of the bench's own. Killed when dropped.
pub(crate) struct World {
    folder: tempfile::TempDir,
    process: Child,
    grpc: SocketAddr,
    sites: usize,
    evses: usize,
}

impl World {
    /// Starts a service with so many sites of so many EVSEs, and waits until it answers.
    pub(crate) async fn start(sites: usize, evses: usize) -> anyhow::Result<Self> {
        let folder = folder()?;
        let listeners = (TcpListener::bind("127.0.0.1:0")?, TcpListener::bind("127.0.0.1:0")?);
        let (http, grpc) = (listeners.0.local_addr()?, listeners.1.local_addr()?);
        drop(listeners);
        std::fs::write(folder.path().join("headroom.toml"), configuration(sites, http, grpc, folder.path())?)?;
        for site in 0..sites {
            std::fs::write(folder.path().join(format!("{}.toml", site_id(site))), description(site, evses)?)?;
        }
        let process = Command::new(env!("CARGO_BIN_EXE_headroom"))
            .args(["serve", "--config"])
            .arg(folder.path().join("headroom.toml"))
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(folder.path().join("log"))?)
            .kill_on_drop(true)
            .spawn()?;
        let world = Self { folder, process, grpc, sites, evses };
        let utility = world.utility()?;
        let answers = world.until("the service answers", async || Ok(utility.server_info().await.is_ok()));
        answers.await?;
        Ok(world)
    }

    /// Ends the service, and waits until it has: what it has used counts as this process's from then on.
    pub(crate) async fn end(mut self) -> anyhow::Result<()> {
        Ok(self.process.kill().await?)
    }

    /// Starts the partners of its sites and registers with them.
    pub(crate) async fn partners(&self) -> anyhow::Result<Vec<Partner>> {
        let mut partners = Vec::new();
        for index in 0..partners_of(self.sites) {
            let sites: Vec<_> = (0..self.sites).filter(|site| site % partners_of(self.sites) == index).collect();
            let partner = Partner::start(format!("P{index:02}"), &sites, self.evses).await?;
            let mut command = Command::new(env!("CARGO_BIN_EXE_headroom"));
            command
                .args(["partners", "--config"])
                .arg(self.path("headroom.toml"))
                .args(["register", &partner_id(index)]);
            command.args(["--versions-url", &partner.versions_url(), "--token", "token-a"]);
            let output = timeout(PATIENCE, command.output()).await??;
            ensure!(output.status.success(), "{}\n{}", String::from_utf8_lossy(&output.stderr), self.log());
            partners.push(partner);
        }
        Ok(partners)
    }

    /// Connects as the utility.
    pub(crate) fn utility(&self) -> anyhow::Result<Utility> {
        let url = format!("http://{}", self.grpc);
        Ok(Utility::builder(&url, "dso").token(TOKEN).call_timeout(PATIENCE).connect()?)
    }

    /// Waits until a look finds it so.
    pub(crate) async fn until(
        &self,
        what: &str,
        mut look: impl AsyncFnMut() -> anyhow::Result<bool>,
    ) -> anyhow::Result<()> {
        let looking = async {
            while !look().await? {
                tokio::time::sleep(GLANCE).await;
            }
            Ok(())
        };
        timeout(PATIENCE, looking).await.with_context(|| format!("never: {what}\n{}", self.log()))?
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Returns the end of what the service has logged.
    fn log(&self) -> String {
        let log = std::fs::read_to_string(self.path("log")).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    /// Returns the connection points.
    pub(crate) fn nodes(&self) -> Vec<NodeId> {
        (0..self.sites).map(|site| NodeId::new(site_id(site))).collect()
    }

    pub(crate) fn sessions(&self) -> usize {
        self.sites * self.evses
    }

    /// Returns what all connections may draw together. **Units**: kW.
    pub(crate) fn capacity_kw(&self) -> f64 {
        self.sites as f64 * capacity_kw(self.evses)
    }

    /// Returns what the service has used so far.
    pub(crate) fn used(&self) -> Used {
        Used::by(&self.process.id().map(|id| id.to_string()).unwrap_or_default())
    }
}

/// Makes a folder on disk: the usual one for temporary files may be in memory.
pub(crate) fn folder() -> anyhow::Result<tempfile::TempDir> {
    Ok(tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?)
}

fn partners_of(sites: usize) -> usize {
    sites.div_ceil(SITES_OF_A_PARTNER).max(2).min(sites)
}

fn partner_id(index: usize) -> String {
    format!("cpo{index}")
}

/// How a connection point is called.
pub(crate) fn site_id(site: usize) -> String {
    format!("site{site}")
}

fn capacity_kw(evses: usize) -> f64 {
    (evses as f64 * FULL_W * CAPACITY_OVER_FULL / 1000.0).ceil()
}

/// Nobody is held up by what is there to hold up the many.
fn configuration(sites: usize, http: SocketAddr, grpc: SocketAddr, folder: &Path) -> anyhow::Result<String> {
    let store = folder.join("headroom.db");
    let store = store.display();
    let mut text = format!(
        "[server]\nhttp_listen = \"{http}\"\npublic_url = \"http://{http}\"\ngrpc_listen = \"{grpc}\"\n\
         [store]\npath = \"{store}\"\n[ocpi]\ncountry_code = \"NL\"\nparty_id = \"HDR\"\nname = \"Headroom\"\n\
         [ocpi.limits]\nrequests_per_second = 1e6\nburst = 1000000\nat_once = 10000\n\
         [control]\npartner_requests_per_minute = 60000000\n\
         [grpc.quotas]\ncalls_per_second = 1000000\nburst = 1000000\n[[utility]]\nname = \"dso\"\ntoken = \"{TOKEN}\"\nsites = {:?}\n",
        (0..sites).map(site_id).collect::<Vec<_>>(),
    );
    for site in 0..sites {
        let (id, partner, location) = (site_id(site), partner_id(site % partners_of(sites)), location_id(site));
        writeln!(
            text,
            "[[site]]\nfile = \"{id}.toml\"\npartner = \"{partner}\"\nlocations = [\"{location}\"]\nmeter_token = \"secret\""
        )?;
    }
    Ok(text)
}

/// A site whose drivers have said nothing, so that each is assumed to need what the defaults say.
fn description(site: usize, evses: usize) -> anyhow::Result<String> {
    let (id, capacity_kw) = (site_id(site), capacity_kw(evses));
    let mut text = format!(
        "id = \"{id}\"\nname = \"{id}\"\ntime_zone = \"Europe/Amsterdam\"\nimport_capacity_kw = {capacity_kw:.1}\n\
         safe_mode = {{ import_limit_kw = {:.1}, rate_a = 6.0, station_default_a = 0.0 }}\n",
        capacity_kw / 4.0
    );
    for evse in 0..evses {
        let uid = evse_uid(site, evse);
        writeln!(
            text,
            "[[evse]]\nuid = \"{uid}\"\nphases = [\"L1\", \"L2\", \"L3\"]\nvoltage_v = {VOLTAGE_V:.1}\n\
             maximum_current_a = {CURRENT_A:.1}"
        )?;
    }
    Ok(text)
}
