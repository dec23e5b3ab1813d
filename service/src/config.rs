//! The configuration file: what it may say, and every mistake in it explained.
//!
//! Values come from the file, then from the environment (`HEADROOM__SERVER__HTTP_LISTEN`, two underscores between levels).

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use figment::Figment;
use figment::providers::{Env, Format, Toml};
use headroom_domain::site::Site;
use headroom_domain::time::ClockRate;
use headroom_ocpi_adapter::{Dialect, Limits};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::store::OPERATOR_CHAIN;
use crate::telemetry::InfluxConfig;

#[cfg(test)]
pub(crate) mod tests;
mod utility;

pub use utility::{GrpcEntry, GrpcTlsEntry, JwtEntry, PrincipalEntry, QuotaEntry, UtilityEntry, access};

/// The whole file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the service listens.
    pub server: Server,
    /// Where it keeps its record.
    pub store: Store,
    /// Who it is in the OCPI world.
    pub ocpi: Ocpi,
    /// The utilities' gRPC server, beside where it listens.
    #[serde(default)]
    pub grpc: GrpcEntry,
    /// Timers and deadlines.
    #[serde(default)]
    pub control: Control,
    /// OCPI partners.
    #[serde(default, rename = "partner")]
    pub partners: Vec<PartnerEntry>,
    /// Utilities.
    #[serde(default, rename = "utility")]
    pub utilities: Vec<UtilityEntry>,
    /// Sites.
    #[serde(default, rename = "site")]
    pub sites: Vec<SiteEntry>,
    /// Telemetry to `InfluxDB` 2, when wanted.
    #[serde(default)]
    pub influx: Option<InfluxConfig>,
    /// A clock that runs at another rate than reality, for demonstrations.
    #[serde(default)]
    pub clock: Option<ClockRate>,
}

/// Where the service listens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// OCPI, the page and its API. Put a TLS proxy before it when it is not loopback.
    pub http_listen: SocketAddr,
    /// How partners reach `http_listen` from outside.
    pub public_url: Url,
    /// The utility's gRPC.
    pub grpc_listen: SocketAddr,
    /// What `headroom partners` proves itself with. Absent: made at the first start, in a file beside the store that
    /// only the owner can read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admin_token: Option<String>,
    /// Whether partners may be administered from other machines; else only from this one.
    #[serde(default)]
    pub admin_remote: bool,
    /// Serves HTTPS by itself; absent: plain HTTP, for loopback or behind a proxy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsEntry>,
}

/// Certificate and key of the HTTP server, as PEM files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsEntry {
    /// The certificate, with those between it and the root after it.
    pub certificates: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Where the service keeps its record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
    /// The `SQLite` file; made when it is not there.
    pub path: PathBuf,
}

/// Who we are in the OCPI world.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ocpi {
    /// ISO 3166-1 alpha-2.
    pub country_code: String,
    /// Three characters.
    pub party_id: String,
    /// Business name that partners show.
    pub name: String,
    /// Where partners may be, beside where `server.public_url` implies.
    #[serde(default)]
    pub reach: ReachEntry,
    /// What one partner may ask of us.
    #[serde(default)]
    pub limits: LimitsEntry,
    /// Certificates of authorities that are trusted beside those of the system, as PEM files.
    #[serde(default)]
    pub root_certificates: Vec<PathBuf>,
}

/// Where partners may be. What is not allowed is refused before it is called, so that no partner makes the service call
/// into the operator's own network.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReachEntry {
    /// At private addresses too.
    pub private: bool,
    /// In these networks too, such as `10.1.0.0/16`.
    pub networks: Vec<String>,
    /// At these hosts too, wherever they are.
    pub hosts: Vec<String>,
    /// Behind the proxy that the environment names. It must refuse internal addresses itself.
    pub through_proxy: bool,
}

/// What one partner may ask of us; more is answered 429.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsEntry {
    /// Requests per second, in the long run.
    pub requests_per_second: f64,
    /// Requests at once after a time of silence.
    pub burst: u32,
    /// Requests under way at the same time.
    pub at_once: usize,
    /// Largest body. **Units**: KiB.
    pub body_kib: usize,
}

impl Default for LimitsEntry {
    fn default() -> Self {
        let Limits { requests, at_once, body_bytes, .. } = Limits::default();
        Self { requests_per_second: requests.per_second, burst: requests.burst, at_once, body_kib: body_bytes / 1024 }
    }
}

/// Timers and deadlines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Control {
    /// How often it is looked whether the plan in force still serves. What happens is planned at once, and no plan becomes
    /// older than a quarter of an hour. **Units**: s.
    pub plan_every_s: u32,
    /// Longest time a plan may take; after it a simpler rule answers. **Units**: s, of real time.
    pub plan_deadline_s: f64,
    /// Time between pulls of what has changed at a partner: locations, tariffs, sessions, records and tokens. Each partner's is up to a
    /// fifth longer, so that they are not all asked at once. **Units**: s.
    pub pull_every_s: u32,
    /// Time between full pulls, which find what is no longer there. **Units**: s.
    pub full_pull_every_s: u32,
    /// The most requests about charging profiles that a partner is sent in a minute; a sixth of them may go at once.
    pub partner_requests_per_minute: u32,
    /// How long readings of the meters are kept. **Units**: days.
    pub keep_readings_days: u32,
    /// How long profile requests are kept that have ended, and questions to stations. **Units**: days.
    pub keep_requests_days: u32,
    /// How long charge detail records are kept after they were last told of. **Units**: days.
    pub keep_cdrs_days: u32,
    /// How long utilities' limits and what became of them are kept after their end (§14a `EnWG`: two years). The audit is kept
    /// for ever. **Units**: days.
    pub keep_limits_days: u32,
}

impl Default for Control {
    fn default() -> Self {
        Self {
            plan_every_s: 300,
            plan_deadline_s: 2.0,
            pull_every_s: 4 * 3600,
            full_pull_every_s: 24 * 3600,
            partner_requests_per_minute: 600,
            keep_readings_days: 90,
            keep_requests_days: 30,
            keep_cdrs_days: 90,
            keep_limits_days: 731,
        }
    }
}

/// A partner that may register.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartnerEntry {
    /// What we call it.
    pub id: String,
    /// The token A it was given to register with us (OCPI 2.2.1 §5); useless once it has registered. Absent: it is
    /// invited with `headroom partners invite`, or we register with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invite_token: Option<String>,
    /// Whether its EVSEs take charging profiles even where it does not set the capability.
    #[serde(default)]
    pub assume_profile_capable: bool,
    /// Its quirks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dialect: Option<Dialect>,
}

impl PartnerEntry {
    /// Returns its quirks.
    pub fn dialect(&self) -> Dialect {
        let dialect = self.dialect.clone().unwrap_or_default();
        Dialect { assume_profile_capable: dialect.assume_profile_capable || self.assume_profile_capable, ..dialect }
    }
}

/// A site: its description and where its EVSEs are published.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiteEntry {
    /// The description, a file of its own that `headroom simulate --site` reads too. Relative to this file.
    pub file: PathBuf,
    /// The partner that publishes its EVSEs.
    pub partner: String,
    /// The OCPI locations that make it up.
    pub locations: Vec<String>,
    /// What its meter sends as `Authorization: Bearer …`.
    pub meter_token: String,
    /// How the utility calls its connection point.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<ExternalIdEntry>,
    /// Controllable units behind its connection point (n of §14a `EnWG`); absent: one for each EVSE.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub controllable_units: Option<u32>,
    /// What limits leave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guaranteed_minimum: Option<GuaranteedMinimum>,
}

/// How a utility calls a connection point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExternalIdEntry {
    /// `EAN18`, `NMI`, `MPAN`, `MALO` or another word.
    pub scheme: String,
    /// Verbatim.
    pub value: String,
}

/// What limits leave a site.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GuaranteedMinimum {
    /// This. **Units**: kW.
    Kw(f64),
    /// What §14a `EnWG` leaves the site's controllable units.
    Section14a,
}

/// The least length of an admin token.
const ADMIN_TOKEN_MIN: usize = 16;
/// What a partner may be called.
pub const PARTNER_NAME: &str = "give 1 to 64 letters, digits, `-`, `_` or `.`";

/// Tells whether a partner may be called so: names stand in paths, in tables and before a slash.
pub fn is_partner_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (1..=64).contains(&name.len()) && name.chars().all(plain)
}

/// A configuration that was read and found good, with its sites.
#[derive(Debug, Clone)]
pub struct Checked {
    /// The file.
    pub config: Config,
    /// The sites' descriptions, in the order of `config.sites`.
    pub sites: Vec<Site>,
}

/// A mistake in the configuration, with its remedy.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is missing or is not what it should be; the text says where.
    #[error("{path}: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong, with the key and where its value came from.
        source: Box<figment::Error>,
    },
    /// A site's file cannot be read.
    #[error("site[{index}].file {path}: {problem}")]
    SiteFile {
        /// Which site.
        index: usize,
        /// Its file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A rule over several values is broken.
    #[error("{field}: {rule}")]
    Rule {
        /// The key.
        field: String,
        /// What is wrong and how to mend it.
        rule: String,
    },
}

/// Reads and checks a configuration file; returns every mistake found, not only the first.
pub fn load(path: &Path) -> Result<Checked, Vec<ConfigError>> {
    let figment = Figment::from(Toml::file_exact(path)).merge(Env::prefixed("HEADROOM__").split("__"));
    let unreadable = |source| vec![ConfigError::Unreadable { path: path.to_owned(), source: Box::new(source) }];
    let config: Config = figment.extract().map_err(unreadable)?;
    let mut mistakes = rules(&config);
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let mut sites = Vec::new();
    for (index, entry) in config.sites.iter().enumerate() {
        let path = folder.join(&entry.file);
        match read_site(&path) {
            Ok(site) => sites.push(site),
            Err(problem) => mistakes.push(ConfigError::SiteFile { index, path, problem }),
        }
    }
    mistakes.extend(rules_over_sites(&config, &sites));
    if mistakes.is_empty() { Ok(Checked { config, sites }) } else { Err(mistakes) }
}

impl Checked {
    /// Returns what is allowed and may still be a slip: sites of partners that the file does not name, which have to be
    /// invited on the command line.
    pub fn notes(&self) -> Vec<String> {
        let known: BTreeSet<_> = self.config.partners.iter().map(|partner| partner.id.as_str()).collect();
        let strangers = self.config.sites.iter().enumerate().filter(|(_, site)| !known.contains(site.partner.as_str()));
        let names = known.iter().copied().collect::<Vec<_>>().join(", ");
        let note = |(index, site): (usize, &SiteEntry)| {
            format!(
                "site[{index}].partner: `{0}` is no [[partner]] (there are: {names}): invite it with `headroom partners \
                 invite {0}`",
                site.partner
            )
        };
        strangers.map(note).collect()
    }
}

/// Reads and checks the description of a site.
pub fn read_site(path: &Path) -> Result<Site, String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let site: Site = toml::from_str(&text).map_err(|error| error.to_string())?;
    site.check().map_err(|error| error.to_string())?;
    Ok(site)
}

fn rule(field: impl Into<String>, rule: impl Into<String>) -> ConfigError {
    ConfigError::Rule { field: field.into(), rule: rule.into() }
}

fn rules(config: &Config) -> Vec<ConfigError> {
    let mut found = Vec::new();
    let Ocpi { country_code, party_id, .. } = &config.ocpi;
    if country_code.len() != 2 || !country_code.chars().all(|c| c.is_ascii_alphabetic()) {
        found.push(rule("ocpi.country_code", "give two letters (ISO 3166-1 alpha-2), for example NL"));
    }
    if party_id.len() != 3 || !party_id.chars().all(|c| c.is_ascii_alphanumeric()) {
        found.push(rule("ocpi.party_id", "give three letters or digits, for example HDR"));
    }
    if !matches!(config.server.public_url.scheme(), "http" | "https") {
        found.push(rule("server.public_url", "give an http or https URL"));
    }
    if config.control.plan_every_s == 0 {
        found.push(rule("control.plan_every_s", "give 1 s or more"));
    }
    if !(config.control.plan_deadline_s.is_finite() && config.control.plan_deadline_s > 0.0) {
        found.push(rule("control.plan_deadline_s", "give more than 0 s"));
    }
    if config.clock.is_some_and(|clock| !(clock.speed.is_finite() && clock.speed > 0.0)) {
        found.push(rule("clock.speed", "give more than 0; 1 is real time"));
    }
    if let Some(Err(error)) = config.influx.as_ref().map(InfluxConfig::check) {
        found.push(rule("influx", error.to_string()));
    }
    found.extend(utility::rules(&config.grpc, &config.utilities));
    found.extend(repeated("partner", config.partners.iter().map(|partner| partner.id.as_str())));
    found.extend(repeated("utility", config.utilities.iter().map(|utility| utility.name.as_str())));
    if config.utilities.iter().any(|utility| utility.name == OPERATOR_CHAIN) {
        found.push(rule("utility", format!("`{OPERATOR_CHAIN}` is how the audit calls you: choose another name")));
    }
    let admin_token = config.server.admin_token.as_deref();
    if admin_token.is_some_and(|token| token.len() < ADMIN_TOKEN_MIN || !token.chars().all(|c| c.is_ascii_graphic())) {
        let text = format!("give {ADMIN_TOKEN_MIN} or more printable characters without blanks, or leave it out");
        found.push(rule("server.admin_token", text));
    }
    for partner in &config.partners {
        if !is_partner_name(&partner.id) {
            found.push(rule(format!("partner[{}].id", partner.id), PARTNER_NAME));
        }
        let unusable =
            |token: &String| token.is_empty() || token.len() > 64 || !token.chars().all(|c| c.is_ascii_graphic());
        if partner.invite_token.as_ref().is_some_and(unusable) {
            let field = format!("partner[{}].invite_token", partner.id);
            found.push(rule(field, "give 1 to 64 printable characters without blanks (OCPI 2.2.1 §2.2)"));
        }
    }
    found
}

fn rules_over_sites(config: &Config, sites: &[Site]) -> Vec<ConfigError> {
    let mut found = repeated("site", sites.iter().map(|site| site.id.as_str()));
    for (index, entry) in config.sites.iter().enumerate() {
        if !is_partner_name(&entry.partner) {
            found.push(rule(format!("site[{index}].partner"), PARTNER_NAME));
        }
        if matches!(entry.guaranteed_minimum, Some(GuaranteedMinimum::Kw(kw)) if !(kw.is_finite() && kw >= 0.0)) {
            found.push(rule(format!("site[{index}].guaranteed_minimum"), "give 0 kW or more"));
        }
        if entry.meter_token.is_empty() {
            found.push(rule(format!("site[{index}].meter_token"), "give the token that the site's meter sends"));
        }
    }
    let known: BTreeSet<_> = sites.iter().map(|site| site.id.as_str()).collect();
    for utility in &config.utilities {
        for site in utility.sites.iter().filter(|site| !known.contains(site.as_str())) {
            let text = format!("`{site}` is the id of no site: correct it or add the site");
            found.push(rule(format!("utility[{}].sites", utility.name), text));
        }
    }
    found
}

fn repeated<'a>(table: &str, names: impl Iterator<Item = &'a str>) -> Vec<ConfigError> {
    let mut seen = BTreeSet::new();
    let twice = names.filter(|name| !seen.insert((*name).to_owned()));
    twice.map(|name| rule(table, format!("`{name}` is there twice: give each a name of its own"))).collect()
}

impl Control {
    /// Returns the time between plans.
    pub fn plan_every(&self) -> TimeDelta {
        TimeDelta::seconds(i64::from(self.plan_every_s))
    }

    /// Returns the time between pulls.
    pub fn pull_every(&self) -> TimeDelta {
        TimeDelta::seconds(i64::from(self.pull_every_s.max(60)))
    }

    /// Returns the time between full pulls.
    pub fn full_pull_every(&self) -> TimeDelta {
        TimeDelta::seconds(i64::from(self.full_pull_every_s)).max(self.pull_every())
    }
}
