//! Our side of every OCPI link, as the configuration wants it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use headroom_domain::{Clock, PartnerId, PartyId};
use headroom_ocpi_adapter::{Limits, Partner, Platform, PlatformConfig, Rate, Reach, Registration, Role, Secret};
use tokio::sync::mpsc;
use tracing::{info, warn};
use url::Url;

use super::admin::driver_salt;
use super::partners::KeptPartners;
use crate::config::{Config, LimitsEntry, ReachEntry};
use crate::store::Store;

/// Makes our side of every link, with the partners of the record and of the configuration.
pub async fn platform(
    config: &Config,
    clock: &Arc<dyn Clock>,
    store: &Store,
    due: mpsc::Sender<PartnerId>,
) -> anyhow::Result<Platform> {
    let mut partners: Vec<Partner> = store.partners().await?;
    let known: BTreeSet<PartnerId> = partners.iter().map(|partner| partner.id.clone()).collect();
    for entry in &config.partners {
        let dialect = entry.dialect();
        if let Some(partner) = partners.iter_mut().find(|partner| partner.id.as_str() == entry.id) {
            partner.dialect = dialect;
        } else if !known.contains(&PartnerId::new(entry.id.clone())) {
            let mut partner = Partner::new(PartnerId::new(entry.id.clone()), dialect);
            if let Some(token) = &entry.invite_token {
                partner.registration = Registration::Invited { token_a: Secret::new(token.clone()).into() };
            }
            partners.push(partner);
        }
    }
    let party = PartyId::new(&config.ocpi.country_code, &config.ocpi.party_id);
    let public_url = config.server.public_url.join("ocpi").context("`server.public_url` takes no path")?;
    let platform = PlatformConfig {
        reach: reach(config, &public_url)?,
        limits: limits(&config.ocpi.limits),
        root_certificates: root_certificates(&config.ocpi.root_certificates)?,
        driver_salt: driver_salt(config)?,
        ..PlatformConfig::new(public_url, Role::Scsp, party, config.ocpi.name.clone())
    };
    let kept = Arc::new(KeptPartners::new(store.clone(), Arc::clone(clock), due));
    let platform = Platform::new(platform, Arc::clone(clock), partners, kept)?;
    // Tokens that an earlier version kept as they were are kept as hashes from now on.
    platform.save_all().await?;
    Ok(platform)
}

/// Tells partners of what has changed of us since they were told last: versions, endpoints, parties.
pub async fn renew_outdated(platform: Platform) {
    for partner in platform.outdated() {
        match platform.renew(&partner).await {
            Ok(()) => info!(%partner, "the partner knows of our new endpoints"),
            Err(error) => {
                warn!(%partner, %error, "the partner could not be told of our new endpoints: rotate its link");
            }
        }
    }
}

fn reach(config: &Config, public_url: &Url) -> anyhow::Result<Reach> {
    let ReachEntry { private, networks, hosts, through_proxy } = &config.ocpi.reach;
    let mut reach = Reach::implied_by(public_url);
    for network in networks {
        let wrong = || format!("`ocpi.reach.networks`: {network:?} is no network such as 10.1.0.0/16");
        reach.networks.push(network.parse().with_context(wrong)?);
    }
    reach.private |= private;
    reach.hosts.extend(hosts.iter().cloned());
    reach.through_proxy = *through_proxy;
    Ok(reach)
}

fn limits(entry: &LimitsEntry) -> Limits {
    let requests = Rate { per_second: entry.requests_per_second, burst: entry.burst };
    Limits { requests, at_once: entry.at_once, body_bytes: entry.body_kib * 1024, ..Limits::default() }
}

fn root_certificates(files: &[PathBuf]) -> anyhow::Result<Vec<String>> {
    let read = |file: &PathBuf| {
        std::fs::read_to_string(file).with_context(|| format!("`ocpi.root_certificates`: {}", file.display()))
    };
    files.iter().map(read).collect()
}
