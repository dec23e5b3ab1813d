//! What utilities submit.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use headroom_domain::limit::{EffectiveInterval, GridLimit, LimitBook, LimitKind};
use headroom_domain::{Interval, LimitId, NodeId};
use headroom_grid_api::server::{Cancellation, Page, Refusal, Submission, UtilityHost};
use headroom_grid_api::{LimitQuery, LimitWarning, Submitted, limit_id};
use tracing::{error, info};
use uuid::Uuid;

use crate::config::UtilityEntry;
use crate::control::{Context, SiteContext};
use crate::store::{AcceptedLimit, LimitRequest, StoreError};

/// Answers utilities from the record.
pub struct UtilityEdge {
    context: Arc<Context>,
    utilities: Vec<UtilityEntry>,
}

impl UtilityEdge {
    /// Makes the edge.
    pub fn new(context: Arc<Context>, utilities: Vec<UtilityEntry>) -> Self {
        Self { context, utilities }
    }

    fn site(&self, utility: &str, target: &NodeId) -> Result<&SiteContext, Refusal> {
        let site =
            self.context.site_of_node(target).ok_or_else(|| Refusal::TargetUnknown { target: target.clone() })?;
        let entry = self.utilities.iter().find(|entry| entry.name == utility);
        if entry.is_some_and(|entry| entry.sites.contains(&site.site.id)) {
            Ok(site)
        } else {
            Err(Refusal::NotAuthorised { utility: utility.to_owned(), target: target.clone() })
        }
    }

    async fn book(&self, site: &SiteContext) -> Result<LimitBook, Refusal> {
        site.limit_book(&self.context.store).await.map_err(|error| unavailable(&error))
    }
}

impl UtilityHost for UtilityEdge {
    async fn submit_limit(&self, submission: Submission) -> Result<Submitted, Refusal> {
        let Submission { utility, draft, request_id, request_hash, validate_only } = submission;
        if let Some(answered) =
            self.recorded_submission(&utility, request_id, &request_hash).await?.filter(|_| !validate_only)
        {
            return Ok(answered);
        }
        let site = self.site(&utility, &draft.target)?;
        let id = limit_id(&utility, &Uuid::new_v4().to_string());
        let limit = draft.into_limit(id, utility.clone(), self.context.clock.now());
        let limit = if validate_only {
            self.validate(limit).await?
        } else {
            let hash = hex(&request_hash);
            let request = LimitRequest { utility: &utility, request_id: &request_id.to_string(), hash: &hash };
            let answer = self.context.store.accept_limit(request, &limit).await.map_err(|error| unavailable(&error))?;
            let limit = recorded(answer, request_id, &limit)?;
            info!(limit = %limit.id, target = %limit.target, "limit accepted");
            self.context.wake.replan();
            limit
        };
        self.submitted(site, limit).await
    }

    async fn recorded_submission(
        &self,
        utility: &str,
        request_id: Uuid,
        request_hash: &[u8; 32],
    ) -> Result<Option<Submitted>, Refusal> {
        let hash = hex(request_hash);
        let request = LimitRequest { utility, request_id: &request_id.to_string(), hash: &hash };
        match self.context.store.answered(request).await.map_err(|error| unavailable(&error))? {
            Some(AcceptedLimit::Repeated(limit)) => {
                let site = self.context.site_of_node(&limit.target);
                let site = site.ok_or_else(|| Refusal::TargetUnknown { target: limit.target.clone() })?;
                Ok(Some(self.submitted(site, *limit).await?))
            }
            Some(_) => Err(Refusal::RequestIdReused { request_id }),
            None => Ok(None),
        }
    }

    async fn cancel_limit(&self, cancellation: Cancellation) -> Result<GridLimit, Refusal> {
        let Cancellation { utility, limit: id, request_id, request_hash, .. } = cancellation;
        let hash = hex(&request_hash);
        let request = LimitRequest { utility: &utility, request_id: &request_id.to_string(), hash: &hash };
        let answer = self
            .context
            .store
            .cancel_limit(request, &id, self.context.clock.now())
            .await
            .map_err(|error| unavailable(&error))?;
        self.context.wake.replan();
        match answer {
            AcceptedLimit::New(limit) | AcceptedLimit::Repeated(limit) => Ok(*limit),
            AcceptedLimit::Reused => Err(Refusal::RequestIdReused { request_id }),
            AcceptedLimit::NotFound | AcceptedLimit::Stale { .. } => Err(Refusal::LimitUnknown { limit: id }),
        }
    }

    async fn effective_limit(
        &self,
        utility: &str,
        target: &NodeId,
        window: Interval,
    ) -> Result<Vec<EffectiveInterval>, Refusal> {
        let site = self.site(utility, target)?;
        Ok(self.book(site).await?.effective(target, window))
    }

    async fn limit(&self, id: &LimitId) -> Result<GridLimit, Refusal> {
        let limit = self.context.store.limit(id).await.map_err(|error| unavailable(&error))?;
        limit.ok_or_else(|| Refusal::LimitUnknown { limit: id.clone() })
    }

    async fn limits(&self, utility: &str, query: &LimitQuery, page: &Page) -> Result<Vec<GridLimit>, Refusal> {
        let all = self.context.store.limits_of(utility).await.map_err(|error| unavailable(&error))?;
        // The place is found first: the limit that a page ended with may have stopped matching meanwhile.
        let begin = match &page.after {
            None => 0,
            Some(after) => all.iter().position(|limit| limit.id == *after).map_or(all.len(), |position| position + 1),
        };
        Ok(all.into_iter().skip(begin).filter(|limit| query.matches(limit)).take(page.size).collect())
    }
}

impl UtilityEdge {
    async fn submitted(&self, site: &SiteContext, limit: GridLimit) -> Result<Submitted, Refusal> {
        let mut book = self.book(site).await?;
        book.enter(limit.clone());
        let now = self.context.clock.now();
        let window = limit
            .intervals
            .first()
            .zip(limit.intervals.last())
            .and_then(|(first, last)| Interval::new(first.interval.start.max(now), last.interval.end));
        let effective = window.map(|window| book.effective(&limit.target, window)).unwrap_or_default();
        Ok(Submitted { warnings: warnings(site, &limit), limit, effective })
    }

    async fn validate(&self, mut limit: GridLimit) -> Result<GridLimit, Refusal> {
        let latest = self.context.store.latest_revision(&limit).await.map_err(|error| unavailable(&error))?;
        if let Some(latest) = latest.filter(|latest| *latest >= limit.revision) {
            return Err(Refusal::StaleRevision { revision: limit.revision, latest });
        }
        limit.id = LimitId::new("");
        Ok(limit)
    }
}

fn recorded(answer: AcceptedLimit, request_id: Uuid, limit: &GridLimit) -> Result<GridLimit, Refusal> {
    match answer {
        AcceptedLimit::New(limit) | AcceptedLimit::Repeated(limit) => Ok(*limit),
        AcceptedLimit::Reused => Err(Refusal::RequestIdReused { request_id }),
        AcceptedLimit::Stale { latest } => Err(Refusal::StaleRevision { revision: limit.revision, latest }),
        AcceptedLimit::NotFound => Err(Refusal::LimitUnknown { limit: limit.id.clone() }),
    }
}

fn warnings(site: &SiteContext, limit: &GridLimit) -> Vec<LimitWarning> {
    let mut found = Vec::new();
    if limit.kind == LimitKind::Test {
        let message = "a test limit is recorded and shown but never obeyed".to_owned();
        found.push(LimitWarning { code: "TEST_LIMIT".to_owned(), interval_index: None, message });
    }
    let capacity_kw = site.site.import_capacity_kw;
    for (index, item) in limit.intervals.iter().enumerate() {
        if item.maximum_import_w.is_some_and(|power| power.as_kw() > capacity_kw) {
            let message = format!("the connection's capacity of {capacity_kw} kW is tighter and stays in force");
            found.push(LimitWarning {
                code: "ABOVE_CONNECTION_CAPACITY".to_owned(),
                interval_index: Some(index),
                message,
            });
        }
    }
    found
}

fn unavailable(error: &StoreError) -> Refusal {
    error!(%error, "a utility could not be answered");
    Refusal::Unavailable { message: "the store does not answer".to_owned(), retry_after: Duration::from_secs(1) }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        write!(text, "{byte:02x}").unwrap_or_default();
        text
    })
}
