//! `headroom partners`: what the operator does with OCPI partners, by way of the running service.

use std::io::Read as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand, ValueEnum};
use headroom_ocpi_adapter::Secret;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::Outcome;
use super::check_config::load;
use crate::edge::admin::{self, Invitation, LintReport, PartnerView, Partners, Registering, Report};

mod tables;

/// What to do with partners.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The configuration file of the running service.
    #[arg(long, env = "HEADROOM_CONFIG", default_value = "/etc/headroom/headroom.toml", global = true)]
    config: PathBuf,
    /// As a table for people or as JSON for programs.
    #[arg(long, value_enum, default_value_t = Format::Text, global = true)]
    format: Format,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Let a partner register with us: prints its token A and our versions URL, to be handed over on a safe way.
    Invite {
        /// What we call it.
        name: String,
    },
    /// Register with a partner that gave us a token A.
    Register {
        /// What we call it.
        name: String,
        /// Where its versions are.
        #[arg(long)]
        versions_url: Url,
        /// The token A that it gave us; `-` reads it from stdin, where no other user of this machine sees it.
        #[arg(long, env = "HEADROOM_PARTNER_TOKEN", hide_env_values = true)]
        token: String,
    },
    /// Change both tokens of a link and fetch the partner's endpoints again.
    Rotate {
        /// What we call it.
        name: String,
    },
    /// End the link on both sides.
    Unregister {
        /// What we call it.
        name: String,
    },
    /// Show all partners.
    List,
    /// Look at what a partner would send and at what would have to be forgiven; nothing is kept. Exit code 1 when
    /// something would be lost.
    Lint {
        /// What we call it.
        name: String,
    },
    /// Write down what was wrong with what a partner sent, to be sent to it.
    Report {
        /// What we call it.
        name: String,
    },
}

pub(super) async fn run(arguments: Arguments) -> anyhow::Result<Outcome> {
    let config = load(&arguments.config)?.config;
    let service = Service::new(config.server.http_listen, admin::token(&config)?)?;
    let format = arguments.format;
    match arguments.command {
        Command::Invite { name } => {
            let invitation: Invitation = service.post(&name, "invite", &()).await?;
            show(format, &invitation, tables::invitation)?;
        }
        Command::Register { name, versions_url, token } => {
            let body = Registering { versions_url, token: given(token)? };
            let partner: PartnerView = service.post(&name, "register", &body).await?;
            show(format, &partner, tables::partner)?;
        }
        Command::Rotate { name } => {
            show(format, &service.post::<PartnerView>(&name, "rotate", &()).await?, tables::partner)?;
        }
        Command::Unregister { name } => {
            show(format, &service.post::<PartnerView>(&name, "unregister", &()).await?, tables::partner)?;
        }
        Command::List => show(format, &service.get::<Partners>(&["partners"]).await?, tables::partners)?,
        Command::Report { name } => {
            show(format, &service.get::<Report>(&["partners", &name, "report"]).await?, tables::report)?;
        }
        Command::Lint { name } => {
            let report: LintReport = service.post(&name, "lint", &()).await?;
            show(format, &report, tables::lint)?;
            return Ok(if report.loses() { Outcome::SomethingLost } else { Outcome::Done });
        }
    }
    Ok(Outcome::Done)
}

fn show<T: Serialize>(format: Format, shown: &T, table: impl FnOnce(&T) -> String) -> anyhow::Result<()> {
    match format {
        Format::Text => super::say(table(shown).trim_end()),
        Format::Json => super::say(&serde_json::to_string_pretty(shown)?),
    }
}

/// Reads a token from stdin when it is asked for by `-`.
fn given(token: String) -> anyhow::Result<String> {
    if token != "-" {
        return Ok(token);
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).context("reading the token from stdin")?;
    Ok(text.trim().to_owned())
}

/// The running service.
struct Service {
    client: reqwest::Client,
    address: SocketAddr,
    token: Secret,
}

impl Service {
    fn new(listen: SocketAddr, token: Secret) -> anyhow::Result<Self> {
        let ip = match listen.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        // Plain HTTP to this machine: no proxy and no certificates.
        let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build()?;
        Ok(Self { client, address: SocketAddr::new(ip, listen.port()), token })
    }

    async fn get<T: DeserializeOwned>(&self, path: &[&str]) -> anyhow::Result<T> {
        self.ask(self.client.get(self.url(path)?)).await
    }

    async fn post<T: DeserializeOwned>(&self, name: &str, action: &str, body: &impl Serialize) -> anyhow::Result<T> {
        self.ask(self.client.post(self.url(&["partners", name, action])?).json(body)).await
    }

    fn url(&self, path: &[&str]) -> anyhow::Result<Url> {
        let mut url = Url::parse(&format!("http://{}/api/v1", self.address))?;
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.extend(path);
        }
        Ok(url)
    }

    async fn ask<T: DeserializeOwned>(&self, request: reqwest::RequestBuilder) -> anyhow::Result<T> {
        let sent = request.bearer_auth(self.token.expose()).send().await;
        let response =
            sent.with_context(|| format!("the service does not answer at {}: is it running?", self.address))?;
        let status = response.status();
        let body: Value = response.json().await.unwrap_or_default();
        if !status.is_success() {
            bail!("{}", body["detail"].as_str().unwrap_or_else(|| status.as_str()));
        }
        serde_json::from_value(body).context("the service is of another version than this command")
    }
}
