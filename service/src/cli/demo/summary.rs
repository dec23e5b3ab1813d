//! What a demo came to.

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use headroom_domain::units::seconds;
use headroom_simulator::partners::cpo::CpoResult;
use headroom_simulator::partners::emsp::EmspResult;
use headroom_simulator::partners::utility::UtilityResult;
use headroom_simulator::world::Score;
use serde::{Deserialize, Serialize};

use super::files::Folder;
use crate::store::{RequestCounts, Store};

/// The summary of a demo. Money is in `currency`; times are of the demo's clock unless said otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Summary {
    /// The day.
    pub scenario: String,
    /// Whether the day ran to its end.
    pub finished: bool,
    /// What it came to, by the virtual meters.
    #[serde(flatten)]
    pub score: Score,
    /// Profiles sent to the CPO.
    pub profiles_sent: u64,
    /// Of them, acknowledged by the station.
    pub profiles_acknowledged: u64,
    /// Of them, refused by the CPO or the station.
    pub profiles_refused: u64,
    /// Of them, without a word in time: counted as possibly in force until replaced.
    pub profiles_silent: u64,
    /// Of them, still under way when the demo ended.
    pub profiles_under_way: u64,
    /// Limits that the utility submitted, and whether it read back what it had submitted.
    pub limits_submitted: usize,
    /// How many of them were read back as submitted.
    pub limits_as_submitted: usize,
    /// The longest time from a limit's acceptance to the acknowledgement of the last reduction made for it.
    pub limit_to_acknowledged_s: Option<f64>,
    /// The same in real time.
    pub limit_to_acknowledged_real_s: Option<f64>,
    /// Preferences that drivers stated.
    pub preferences_stated: usize,
    /// How often the service was started again.
    pub service_restarts: usize,
}

impl Summary {
    /// Reads what the programs of a demo left behind.
    pub(super) async fn read(folder: &Folder, speed: f64, service_restarts: usize) -> anyhow::Result<Self> {
        let cpo: CpoResult = report(folder, "cpo")?;
        let utility: UtilityResult = report(folder, "utility")?;
        let emsp: EmspResult = report(folder, "emsp")?;
        let store = Store::open(&folder.store()).await?;
        let RequestCounts { sent, acknowledged, refused, silent } = store.request_counts().await?;
        let accepted: Vec<DateTime<Utc>> =
            utility.submissions.iter().filter_map(|finding| finding.accepted_at).collect();
        let limit_to_acknowledged_s = slowest(&store, &accepted).await?;
        Ok(Self {
            scenario: cpo.scenario,
            finished: cpo.finished,
            score: cpo.score,
            profiles_sent: sent,
            profiles_acknowledged: acknowledged,
            profiles_refused: refused,
            profiles_silent: silent,
            profiles_under_way: sent.saturating_sub(acknowledged + refused + silent),
            limits_submitted: utility.submissions.len(),
            limits_as_submitted: utility.submissions.iter().filter(|finding| finding.as_submitted).count(),
            limit_to_acknowledged_s,
            limit_to_acknowledged_real_s: limit_to_acknowledged_s.map(|slowest_s| slowest_s / speed),
            preferences_stated: emsp.stated,
            service_restarts,
        })
    }

    /// Returns the summary as a table for people.
    pub(super) fn table(&self) -> String {
        let score = &self.score;
        let mut table = comfy_table::Table::new();
        table.load_style(comfy_table::presets::UTF8_FULL_CONDENSED);
        let money = |amount: f64| format!("{amount:.2} {}", score.currency);
        let kwh = |energy: f64| format!("{energy:.1} kWh");
        let span = |span: Option<f64>| span.map_or_else(|| "none was needed".to_owned(), |span| format!("{span:.1} s"));
        let rows = [
            ("", "with Headroom".to_owned(), "uncontrolled".to_owned()),
            (
                "limit broken by vehicles",
                format!("{:.0} s, {:.2} kWh", score.violation_s, score.violation_kwh),
                format!("{:.0} s", score.violation_uncontrolled_s),
            ),
            ("limit broken by base load alone", format!("{:.0} s", score.base_load_violation_s), String::new()),
            ("circuits over their rating", format!("{:.0} s", score.circuit_violation_s), String::new()),
            ("sessions", score.sessions.to_string(), score.sessions.to_string()),
            ("energy needed", kwh(score.energy_needed_kwh), String::new()),
            ("energy delivered", kwh(score.energy_delivered_kwh), String::new()),
            (
                "missed",
                format!("{} ({} by leaving early)", kwh(score.shortfall_kwh), kwh(score.shortfall_left_early_kwh)),
                String::new(),
            ),
            ("cost", money(score.cost), money(score.cost_uncontrolled)),
            ("peak", format!("{:.1} kW", score.peak_kw), format!("{:.1} kW", score.peak_uncontrolled_kw)),
            ("profiles sent", self.profiles_sent.to_string(), String::new()),
            (
                "acknowledged, refused, silent, under way",
                format!(
                    "{}, {}, {}, {}",
                    self.profiles_acknowledged, self.profiles_refused, self.profiles_silent, self.profiles_under_way
                ),
                String::new(),
            ),
            (
                "limits read back as submitted",
                format!("{} of {}", self.limits_as_submitted, self.limits_submitted),
                String::new(),
            ),
            (
                "limit accepted to reductions in force",
                format!("{} ({} real)", span(self.limit_to_acknowledged_s), span(self.limit_to_acknowledged_real_s)),
                String::new(),
            ),
        ];
        for (what, with, without) in rows {
            table.add_row([what.to_owned(), with, without]);
        }
        table.to_string()
    }
}

fn report<T: serde::de::DeserializeOwned>(folder: &Folder, partner: &str) -> anyhow::Result<T> {
    let path = folder.result(partner);
    let text =
        std::fs::read(&path).with_context(|| format!("the virtual {partner} left no result in {}", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("reading {}", path.display()))
}

async fn slowest(store: &Store, accepted: &[DateTime<Utc>]) -> anyhow::Result<Option<f64>> {
    let mut slowest: Option<f64> = None;
    for at in accepted {
        if let Some(acknowledged) = store.reductions_acknowledged(*at).await? {
            let span = seconds(acknowledged - *at);
            slowest = Some(slowest.map_or(span, |slowest| slowest.max(span)));
        }
    }
    Ok(slowest)
}
