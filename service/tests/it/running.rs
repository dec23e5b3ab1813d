//! The service as a process, for tests that call it from outside.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::time::Duration;

use headroom_grid_api::client::Utility;
use serde_json::{Value, json};
use tokio::process::{Child, Command};
use tokio::sync::Mutex;

pub(crate) mod stub;

use stub::Stub;

/// How long anything here may take before the test gives up.
const PATIENCE: Duration = Duration::from_mins(2);
/// How often it looks.
const GLANCE: Duration = Duration::from_millis(20);

/// Taken by demos, whose clock runs 720 times as fast as time, and by whatever else takes the whole machine: two at once would
/// only measure the machine.
pub(crate) static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// What a service is started with.
pub(crate) struct Setup {
    /// Seconds of the service's clock in a second: time-outs of half a minute pass in half a second. Absent: the clock is the
    /// real one.
    pub(crate) speed: Option<f64>,
    /// Its sites; the EVSEs of `campus` are `E1`, `E2`, `E3`, those of `depot` `F1`, `F2`, `F3`. Each is a location.
    pub(crate) sites: &'static [&'static str],
    /// What else stands in the file, before the sites.
    pub(crate) more: String,
}

impl Default for Setup {
    fn default() -> Self {
        Self { speed: Some(60.0), sites: &["campus"], more: String::new() }
    }
}

/// A service of the test's own. Killed when dropped.
pub(crate) struct Service {
    folder: tempfile::TempDir,
    pub(crate) url: String,
    pub(crate) grpc: SocketAddr,
    process: Child,
}

impl Service {
    pub(crate) async fn start() -> Self {
        Self::start_with(&Setup::default()).await
    }

    /// Starts one, and waits until it answers.
    pub(crate) async fn start_with(setup: &Setup) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), setup).await
    }

    /// As [`Service::start_with`], in a folder that holds what its configuration names.
    pub(crate) async fn start_in(folder: tempfile::TempDir, setup: &Setup) -> Self {
        let [http, grpc] = free_addresses();
        let config = configuration(setup, http, grpc, &folder.path().join("headroom.db").display().to_string());
        std::fs::write(folder.path().join("headroom.toml"), config).unwrap();
        for id in setup.sites {
            std::fs::write(folder.path().join(format!("{id}.toml")), site(id)).unwrap();
        }
        let process = spawn(&folder);
        let mut service = Self { folder, url: format!("http://{http}"), grpc, process };
        service.answers().await;
        service
    }

    /// Waits until it answers.
    pub(crate) async fn answers(&mut self) {
        in_time("the service answers", async {
            while get(&self.url, "/api/v1/sites", None).await.0 != 200 {
                assert!(self.process.try_wait().unwrap().is_none(), "it has ended: {}", self.log());
                tokio::time::sleep(GLANCE).await;
            }
        })
        .await;
    }

    /// Takes it away without a word, as a power cut does.
    pub(crate) async fn kill(&mut self) {
        self.process.kill().await.unwrap();
    }

    /// Starts it again on what it has recorded; it may not answer yet.
    pub(crate) fn begin_again(&mut self) {
        self.process = spawn(&self.folder);
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// Connects as a utility.
    pub(crate) fn utility(&self, name: &str, token: &str) -> Utility {
        Utility::connect(&format!("http://{}", self.grpc), name, Some(token)).unwrap()
    }

    /// Runs `headroom partners`.
    pub(crate) async fn partners(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_headroom"));
        command.args(["partners", "--config"]).arg(self.path("headroom.toml")).args(arguments);
        tokio::time::timeout(PATIENCE, command.output()).await.expect("the command ends").unwrap()
    }

    /// As [`Service::partners`], which must succeed.
    pub(crate) async fn done(&self, arguments: &[&str]) -> String {
        let output = self.partners(arguments).await;
        assert!(output.status.success(), "{arguments:?}: {}\n{}", text(&output.stderr), self.log());
        text(&output.stdout)
    }

    pub(crate) async fn register(&self, stub: &Stub) {
        self.done(&["register", "cpo", "--versions-url", &stub.versions_url(), "--token", "token-a"]).await;
    }

    /// Returns the only partner as `list` shows it.
    pub(crate) async fn partner(&self) -> Value {
        let listed: Value = serde_json::from_str(&self.done(&["list", "--format", "json"]).await).unwrap();
        listed["partners"][0].clone()
    }

    pub(crate) fn admin_token(&self) -> String {
        std::fs::read_to_string(self.path("headroom.db.admin-token")).unwrap().trim().to_owned()
    }
}

fn spawn(folder: &tempfile::TempDir) -> Child {
    let log = std::fs::File::options().create(true).append(true).open(folder.path().join("log")).unwrap();
    Command::new(env!("CARGO_BIN_EXE_headroom"))
        .args(["serve", "--config"])
        .arg(folder.path().join("headroom.toml"))
        .stdout(Stdio::null())
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

fn configuration(setup: &Setup, http: SocketAddr, grpc: SocketAddr, store: &str) -> String {
    let Setup { speed, sites, more } = setup;
    let site = |id: &&str| {
        let location = location_of(id).0;
        format!(
            "[[site]]\nfile = \"{id}.toml\"\npartner = \"cpo\"\nlocations = [\"{location}\"]\nmeter_token = \"secret\"\n"
        )
    };
    let clock = speed.map(|speed| {
        format!("[clock]\nreal_origin = \"{}\"\norigin = \"2026-03-09T12:00:00Z\"\nspeed = {speed:.1}\n", now())
    });
    format!(
        "[server]\nhttp_listen = \"{http}\"\npublic_url = \"http://{http}\"\ngrpc_listen = \"{grpc}\"\n\
         [store]\npath = \"{store}\"\n[ocpi]\ncountry_code = \"NL\"\nparty_id = \"HDR\"\nname = \"Headroom\"\n\
         {}{more}\n{}",
        clock.unwrap_or_default(),
        sites.iter().map(site).collect::<String>(),
    )
}

/// Returns the location of a site and its EVSEs.
fn location_of(site: &str) -> (&'static str, [&'static str; 3]) {
    if site == "depot" { ("LOC2", ["F1", "F2", "F3"]) } else { ("LOC1", ["E1", "E2", "E3"]) }
}

fn site(id: &str) -> String {
    let evse = |uid| {
        format!(
            "[[evse]]\nuid = \"{uid}\"\nphases = [\"L1\", \"L2\", \"L3\"]\nvoltage_v = 230.0\nmaximum_current_a = 32.0\n"
        )
    };
    format!(
        "id = \"{id}\"\nname = \"Site {id}\"\ntime_zone = \"Europe/Amsterdam\"\nimport_capacity_kw = 100.0\n\
         safe_mode = {{ import_limit_kw = 20.0, rate_a = 6.0, station_default_a = 0.0 }}\n{}",
        location_of(id).1.map(evse).concat()
    )
}

fn free_addresses() -> [SocketAddr; 2] {
    let listeners = [0, 0].map(|port| std::net::TcpListener::bind(("127.0.0.1", port)).unwrap());
    listeners.map(|listener| listener.local_addr().unwrap())
}

#[expect(clippy::disallowed_methods, reason = "the service's clock is set by the real one")]
fn now() -> String {
    chrono::Utc::now().to_rfc3339()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub(crate) async fn get(base: &str, path: &str, token: Option<&str>) -> (u16, Value) {
    drop(rustls::crypto::ring::default_provider().install_default());
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
    let request = client.get(format!("{base}{path}"));
    let request = token.iter().fold(request, reqwest::RequestBuilder::bearer_auth);
    match request.send().await {
        Ok(response) => (response.status().as_u16(), response.json().await.unwrap_or_default()),
        Err(_) => (0, Value::Null),
    }
}

/// Waits until a look finds it so.
pub(crate) async fn eventually<F: Future<Output = bool>>(what: &str, mut look: impl FnMut() -> F) {
    in_time(what, async {
        while !look().await {
            tokio::time::sleep(GLANCE).await;
        }
    })
    .await;
}

/// Waits for something that must come.
pub(crate) async fn in_time<T>(what: &str, coming: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, coming).await.unwrap_or_else(|_| panic!("never: {what}"))
}

/// A location with the EVSE `E1`.
pub(crate) fn location(id: &str) -> Value {
    location_with(id, &["E1"])
}

/// The location of a site with all its EVSEs.
pub(crate) fn site_location(site: &str) -> Value {
    let (id, evses) = location_of(site);
    location_with(id, &evses)
}

fn location_with(id: &str, evses: &[&str]) -> Value {
    let evse = |uid: &&str| {
        json!({
            "uid": uid, "status": "CHARGING", "capabilities": ["CHARGING_PROFILE_CAPABLE"],
            "last_updated": "2026-03-01T12:00:00Z",
            "connectors": [{
                "id": "1", "standard": "IEC_62196_T2", "format": "SOCKET", "power_type": "AC_3_PHASE",
                "max_voltage": 230, "max_amperage": 32, "last_updated": "2026-03-01T12:00:00Z",
            }],
        })
    };
    json!({
        "country_code": "NL", "party_id": "STK", "id": id, "publish": true, "name": id, "address": "Street 1",
        "city": "Delft", "postal_code": "2600", "country": "NLD", "time_zone": "Europe/Amsterdam",
        "coordinates": {"latitude": "52.00000", "longitude": "4.36000"}, "last_updated": "2026-03-01T12:00:00Z",
        "evses": evses.iter().map(evse).collect::<Vec<_>>(),
    })
}

/// A session at `E1` of `LOC1`.
pub(crate) fn session(id: &str) -> Value {
    session_at(id, "LOC1", "E1")
}

/// A session at each EVSE of a site, called as the EVSE is.
pub(crate) fn site_sessions(site: &str) -> Vec<Value> {
    let (location, evses) = location_of(site);
    evses.iter().map(|uid| session_at(uid, location, uid)).collect()
}

fn session_at(id: &str, location: &str, evse: &str) -> Value {
    json!({
        "country_code": "NL", "party_id": "STK", "id": id, "start_date_time": "2026-03-09T11:50:00Z", "kwh": 1.5,
        "cdr_token": {"country_code": "NL", "party_id": "TST", "uid": "04AABBCC", "type": "RFID", "contract_id": "C1"},
        "auth_method": "WHITELIST", "location_id": location, "evse_uid": evse, "connector_id": "1",
        "currency": "EUR", "status": "ACTIVE", "last_updated": "2026-03-09T11:59:00Z", "charging_periods": [],
    })
}
