//! The demo's folder: what it writes there for the programs to read.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use headroom_simulator::scenario::Scenario;
use url::Url;

use crate::config::{
    Config, Control, GrpcEntry, LimitsEntry, Ocpi, PartnerEntry, ReachEntry, Server, SiteEntry, Store, UtilityEntry,
};

/// The demo's partners; their tokens are good for nothing but this demo on this machine.
pub(super) const CPO_TOKEN: &str = "demo-cpo-token-a";
pub(super) const EMSP_TOKEN: &str = "demo-emsp-token-a";
pub(super) const UTILITY_TOKEN: &str = "demo-utility-token";
pub(super) const METER_TOKEN: &str = "demo-meter";

/// Where the service of a demo listens.
#[derive(Debug, Clone, Copy)]
pub(super) struct Addresses {
    pub(super) http: SocketAddr,
    pub(super) grpc: SocketAddr,
}

impl Addresses {
    /// Chooses free ports of this machine, the page's unless it is given.
    pub(super) fn choose(port: u16) -> anyhow::Result<Self> {
        let free = |port| std::net::TcpListener::bind(("127.0.0.1", port));
        let http = free(port).with_context(|| format!("port {port} is not free: choose another with --port"))?;
        let grpc = free(0).context("no port is free")?;
        Ok(Self { http: http.local_addr()?, grpc: grpc.local_addr()? })
    }

    pub(super) fn page(&self) -> String {
        format!("http://{}/", self.http)
    }
}

/// A folder that holds one demo.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    // Removed with its contents when the demo ends, unless the user named a folder.
    _temporary: Option<tempfile::TempDir>,
}

impl Folder {
    /// Takes the folder that the user named, or makes one. The files of an earlier demo in it are replaced.
    pub(super) fn open(named: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = named else {
            let temporary = tempfile::tempdir().context("making a folder for the demo")?;
            return Ok(Self { path: temporary.path().to_owned(), _temporary: Some(temporary) });
        };
        std::fs::create_dir_all(path).with_context(|| format!("making {}", path.display()))?;
        let folder = Self { path: path.to_owned(), _temporary: None };
        let used = std::fs::read_dir(path)?.next().is_some();
        if used && !folder.scenario().exists() {
            bail!("{} holds something else than a demo: name an empty folder with --data", path.display());
        }
        for file in std::fs::read_dir(path)? {
            std::fs::remove_file(file?.path()).context("clearing away an earlier demo")?;
        }
        Ok(folder)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn scenario(&self) -> PathBuf {
        self.path.join("scenario.json")
    }

    pub(super) fn config(&self) -> PathBuf {
        self.path.join("headroom.toml")
    }

    pub(super) fn store(&self) -> PathBuf {
        self.path.join("headroom.db")
    }

    pub(super) fn result(&self, partner: &str) -> PathBuf {
        self.path.join(format!("{partner}.json"))
    }

    /// Writes the scenario, the site and the service's configuration.
    pub(super) fn write(&self, scenario: &Scenario, addresses: Addresses) -> anyhow::Result<()> {
        scenario.save(&self.scenario())?;
        std::fs::write(self.path.join("site.toml"), toml::to_string(&scenario.site)?)?;
        std::fs::write(self.config(), toml::to_string(&self.configuration(scenario, addresses)?)?)?;
        Ok(())
    }

    fn configuration(&self, scenario: &Scenario, addresses: Addresses) -> anyhow::Result<Config> {
        let partner = |id: &str, token: &str| PartnerEntry {
            id: id.to_owned(),
            invite_token: Some(token.to_owned()),
            assume_profile_capable: false,
            dialect: None,
        };
        Ok(Config {
            server: Server {
                http_listen: addresses.http,
                public_url: Url::parse(&addresses.page())?,
                grpc_listen: addresses.grpc,
                admin_token: None,
                admin_remote: false,
                tls: None,
            },
            store: Store { path: self.store() },
            ocpi: Ocpi {
                country_code: "NL".to_owned(),
                party_id: "HDR".to_owned(),
                name: "Headroom demo".to_owned(),
                reach: ReachEntry::default(),
                limits: LimitsEntry::default(),
                root_certificates: Vec::new(),
            },
            grpc: GrpcEntry::default(),
            control: Control::default(),
            partners: vec![partner("cpo", CPO_TOKEN), partner("emsp", EMSP_TOKEN)],
            utilities: vec![UtilityEntry {
                name: scenario.utility.name.clone(),
                token: Some(UTILITY_TOKEN.to_owned()),
                sites: vec![scenario.site.id.clone()],
                principals: Vec::new(),
            }],
            sites: vec![SiteEntry {
                file: PathBuf::from("site.toml"),
                partner: "cpo".to_owned(),
                locations: vec![scenario.site.id.clone()],
                meter_token: METER_TOKEN.to_owned(),
                external_id: None,
                controllable_units: None,
                guaranteed_minimum: None,
            }],
            influx: None,
            clock: Some(scenario.clock),
        })
    }
}
