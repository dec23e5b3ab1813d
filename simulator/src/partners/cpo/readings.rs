//! The site's meter, as it reports to the service's own API.

use std::time::Duration;

use headroom_domain::Power;
use reqwest::header::AUTHORIZATION;
use serde::Serialize;
use url::Url;

use crate::world::Reading;

/// Most readings in one post.
const CHUNK: usize = 1000;

/// Most readings kept while the service is away: two days of minutes. The oldest go first.
const KEPT: usize = 2880;

/// A site's way to report readings.
#[derive(Debug, Clone)]
pub(super) struct MeterLink {
    client: reqwest::Client,
    url: Url,
    authorization: String,
}

#[derive(Debug, Serialize)]
struct Report<'a> {
    readings: &'a [Reading],
}

impl MeterLink {
    pub(super) fn new(service: &Url, site: &str, token: &str) -> anyhow::Result<Self> {
        let url = service.join(&format!("api/v1/sites/{site}/meter-readings"))?;
        let builder = reqwest::Client::builder().timeout(Duration::from_secs(5));
        // On this machine neither a proxy nor certificates can help, and either may be broken.
        let builder = if is_loopback(service) { builder.no_proxy().tls_certs_only([]) } else { builder };
        let client = builder.build()?;
        Ok(Self { client, url, authorization: format!("Bearer {token}") })
    }

    /// Posts readings until the first failure and takes off those that arrived; returns how many.
    pub(super) async fn post(&self, readings: &mut Vec<Reading>) -> usize {
        readings.drain(..readings.len().saturating_sub(KEPT));
        let mut arrived = 0;
        while !readings.is_empty() {
            let chunk = readings.len().min(CHUNK);
            if let Err(error) = self.post_once(&readings[..chunk]).await {
                tracing::debug!(%error, "meter readings wait");
                break;
            }
            readings.drain(..chunk);
            arrived += chunk;
        }
        arrived
    }

    async fn post_once(&self, readings: &[Reading]) -> Result<(), reqwest::Error> {
        let request = self.client.post(self.url.clone()).header(AUTHORIZATION, &self.authorization);
        request.json(&Report { readings }).send().await?.error_for_status().map(|_| ())
    }

    /// Posts what was measured before the day began, however often it takes.
    pub(super) async fn post_history(&self, history: Vec<(headroom_domain::Interval, Power)>) {
        let reading = |(interval, power): (headroom_domain::Interval, Power)| Reading {
            start: interval.start,
            end: interval.end,
            import_w: power,
            base_load_w: power,
        };
        let readings: Vec<_> = history.into_iter().map(reading).collect();
        for chunk in readings.chunks(CHUNK) {
            while let Err(error) = self.post_once(chunk).await {
                tracing::info!(%error, "the history of the base load waits");
                tokio::time::sleep(crate::partners::link::RETRY).await;
            }
        }
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}
