//! The virtual utility: submits the limits of the scenario over gRPC, each at its time, and reads them back.

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::invariants::import_limit_at;
use headroom_domain::limit::{EffectiveInterval, LimitKind, Target, Terms};
use headroom_domain::{Clock, Interval, Power};
use headroom_grid_api::LimitDraft;
use headroom_grid_api::client::{ClientError, Utility};
use serde::{Deserialize, Serialize};

use crate::partners::link::{RETRY, until};
use crate::partners::report;
use crate::scenario::{LimitSubmission, Scenario};

/// What a virtual utility is told.
#[derive(Debug, Clone)]
pub struct UtilityConfig {
    /// The day.
    pub scenario: Arc<Scenario>,
    /// Where the service listens for utilities, for example `http://127.0.0.1:50051`.
    pub grid_api: String,
    /// What the utility proves its name by.
    pub token: Option<String>,
    /// Where the findings go.
    pub result: PathBuf,
}

/// What a utility found.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct UtilityResult {
    /// One per submission that was made, in order.
    pub submissions: Vec<Finding>,
    /// Whether every submission was settled.
    pub finished: bool,
}

/// What became of a submission.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The revision submitted.
    pub revision: i64,
    /// The limit's name at the service; empty when it was refused.
    pub limit: String,
    /// When it was first sent.
    pub sent_at: DateTime<Utc>,
    /// When the service's answer was here.
    pub answered_at: DateTime<Utc>,
    /// When the service says that it accepted it.
    pub accepted_at: Option<DateTime<Utc>>,
    /// How often it was sent.
    pub attempts: usize,
    /// What the service warned of.
    pub warnings: Vec<String>,
    /// Why it was refused.
    pub refused: Option<String>,
    /// What holds by the service's word, read back after the submission.
    pub effective: Vec<EffectiveInterval>,
    /// Whether that is what was submitted, wherever the connection carries it.
    pub as_submitted: bool,
}

/// Runs a virtual utility until its last submission is settled or it is told to stop.
pub async fn run(
    config: UtilityConfig,
    clock: Arc<dyn Clock>,
    shutdown: impl Future<Output = ()> + Send,
) -> anyhow::Result<()> {
    let utility = Utility::connect(&config.grid_api, &config.scenario.utility.name, config.token.as_deref())?;
    let mut found = UtilityResult::default();
    let work = async {
        for submission in &config.scenario.utility.submissions {
            tokio::time::sleep(clock.real(submission.submit_at - clock.now())).await;
            let finding = submit(&utility, &config.scenario, submission, clock.as_ref()).await;
            tracing::info!(revision = finding.revision, as_submitted = finding.as_submitted, "a limit was submitted");
            found.submissions.push(finding);
            if let Err(error) = report::write(&config.result, &found) {
                tracing::warn!(%error, "the findings could not be written");
            }
        }
    };
    let finished = until(work, shutdown).await;
    found.finished = finished;
    report::write(&config.result, &found)
}

/// Submits a limit under one request id until it is answered, and reads back what holds then.
async fn submit(utility: &Utility, scenario: &Scenario, submission: &LimitSubmission, clock: &dyn Clock) -> Finding {
    let draft = LimitDraft {
        target: scenario.site.node().into(),
        programme: submission.programme.clone(),
        kind: LimitKind::Scheduled,
        revision: submission.revision,
        intervals: submission.intervals.clone(),
        reason: submission.reason.clone(),
        terms: Terms::default(),
    };
    let sent_at = clock.now();
    let (attempts, answer) = persistent(|| utility.submit(&draft, submission.request_id)).await;
    let answered_at = clock.now();
    let mut finding = Finding {
        revision: submission.revision,
        limit: String::new(),
        sent_at,
        answered_at,
        accepted_at: None,
        attempts,
        warnings: Vec::new(),
        refused: None,
        effective: Vec::new(),
        as_submitted: false,
    };
    match answer {
        Ok(submitted) => {
            finding.limit = submitted.limit.id.to_string();
            finding.accepted_at = Some(submitted.limit.accepted_at);
            finding.warnings = submitted.warnings.into_iter().map(|warning| warning.message).collect();
        }
        Err(error) => finding.refused = Some(error.to_string()),
    }
    if finding.refused.is_none() {
        read_back(utility, scenario, submission, answered_at, &mut finding).await;
    }
    finding
}

async fn read_back(
    utility: &Utility,
    scenario: &Scenario,
    submission: &LimitSubmission,
    now: DateTime<Utc>,
    finding: &mut Finding,
) {
    let starts = submission.intervals.first().map_or(now, |first| first.interval.start.max(now));
    let ends = submission.intervals.last().map_or(now, |last| last.interval.end).max(starts + TimeDelta::minutes(1));
    let window = Interval { start: starts, end: ends };
    let node = Target::from(scenario.site.node());
    match persistent(|| utility.effective(&node, window)).await.1 {
        Ok(effective) => {
            let capacity = Power::try_new(scenario.site.import_capacity_kw * 1000.0).unwrap_or_default();
            finding.as_submitted = holds(submission, window, capacity, &effective);
            finding.effective = effective;
        }
        Err(error) => finding.refused = Some(format!("accepted, but not to be read back: {error}")),
    }
}

/// Tells whether what holds is what was submitted, to the watt.
fn holds(submission: &LimitSubmission, window: Interval, capacity: Power, effective: &[EffectiveInterval]) -> bool {
    submission.intervals.iter().filter_map(|item| Some((item, item.interval.intersection(&window)?))).all(
        |(item, piece)| {
            let wanted = item.maximum_import_w.map_or(capacity, |limit| limit.min(capacity));
            let edges = effective.iter().map(|one| one.interval.start).filter(|edge| piece.contains(*edge));
            edges.chain([piece.start]).all(|at| {
                import_limit_at(effective, at).is_some_and(|limit| (limit.as_w() - wanted.as_w()).abs() < 1.0)
            })
        },
    )
}

/// Repeats a call until it is answered for good; returns how often it was made.
async fn persistent<T, F: Future<Output = Result<T, ClientError>>>(
    mut call: impl FnMut() -> F,
) -> (usize, Result<T, ClientError>) {
    let mut attempts = 0;
    loop {
        attempts += 1;
        match call().await {
            Err(error) if error.is_retryable() => {
                tracing::debug!(%error, "the service does not answer the utility");
                tokio::time::sleep(RETRY).await;
            }
            answer => return (attempts, answer),
        }
    }
}
