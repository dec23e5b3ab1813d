//! What a demo shows while it runs.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use headroom_domain::Interval;
use headroom_simulator::scenario::Scenario;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::process::Child;

use super::files::Addresses;
use crate::http::SiteView;

/// How often the service is asked for the figures.
const ASK_EVERY: TimeDelta = TimeDelta::minutes(15);

/// The bar of the day and the figures beside it.
pub(super) struct Progress {
    bar: ProgressBar,
    client: reqwest::Client,
    url: String,
    window: Interval,
    time_zone: Tz,
    asked: Option<DateTime<Utc>>,
}

impl Progress {
    pub(super) fn new(addresses: Addresses, scenario: &Scenario, headless: bool) -> anyhow::Result<Self> {
        let minutes = scenario.window.duration().num_minutes().unsigned_abs();
        let target = if headless { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(Some(minutes), target);
        bar.set_style(ProgressStyle::with_template("{wide_bar} {msg}").context("the bar's style")?);
        Ok(Self {
            bar,
            client: reqwest::Client::builder().timeout(Duration::from_secs(1)).build()?,
            url: format!("{}api/v1/sites/{}", addresses.page(), scenario.site.id),
            window: scenario.window,
            time_zone: scenario.site.time_zone,
            asked: None,
        })
    }

    /// Waits until the service answers.
    pub(super) async fn wait_for_service(
        &self,
        service: &mut Child,
        patience: Duration,
        log: &Path,
    ) -> anyhow::Result<()> {
        let answering = async {
            while self.view().await.is_none() {
                if let Some(status) = service.try_wait()? {
                    bail!("the service ended ({status}): see {}", log.display());
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Ok(())
        };
        tokio::time::timeout(patience, answering)
            .await
            .with_context(|| format!("the service does not answer: see {}", log.display()))?
    }

    async fn view(&self) -> Option<SiteView> {
        self.client.get(&self.url).send().await.ok()?.json().await.ok()
    }

    /// Shows the time, and the figures from time to time.
    pub(super) async fn show(&mut self, now: DateTime<Utc>) {
        self.bar.set_position((now - self.window.start).num_minutes().max(0).unsigned_abs());
        if self.bar.is_hidden() || self.asked.is_some_and(|asked| now - asked < ASK_EVERY) {
            return;
        }
        self.asked = Some(now);
        let time = now.with_timezone(&self.time_zone).format("%H:%M");
        let Some(view) = self.view().await else { return };
        let summary = view.summary();
        let kw = |power: Option<headroom_domain::Power>| {
            power.map_or_else(|| "?".to_owned(), |power| format!("{:.0}", power.as_kw()))
        };
        let (import, limit) = (kw(summary.import_now_w), kw(summary.limit_now_w));
        self.bar.set_message(format!("{time}  {} vehicles  {import} of {limit} kW", summary.connected));
    }

    /// Clears the bar away.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
