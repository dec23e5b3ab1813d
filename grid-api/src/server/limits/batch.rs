//! Many submissions at once, each with a fate of its own.

use std::sync::Arc;

use tonic::Status;
use tonic_types::StatusExt;

use super::{Limits, attempt, role};
use crate::convert::limits::{limit_to_proto, warnings_to_proto};
use crate::convert::violation;
use crate::model::Submitted;
use crate::proto;
use crate::server::access::require;
use crate::server::desk::{Attempt, to_the_end};
use crate::server::host::{Caller, Submission, UtilityHost};
use crate::server::request::content_hash;
use crate::server::request::limits::{Checked, submission};
use crate::server::status::{self, Paths};
use crate::{names, server};

/// Most submissions of one batch.
pub(in crate::server) const SUBMISSIONS_MAX: usize = 1000;

/// What became of one submission.
type Fate = Result<Submitted, Status>;

impl<H: UtilityHost> Limits<H> {
    pub(super) async fn batch(
        &self,
        caller: &Caller,
        mut request: proto::BatchSubmitLimitsRequest,
    ) -> Result<Vec<proto::BatchSubmitLimitsResult>, Status> {
        let whole = Attempt {
            caller: caller.clone(),
            method: "BatchSubmitLimits",
            resource: request.parent.clone(),
            request_id: String::new(),
            hash: content_hash("BatchSubmitLimits", &request),
        };
        self.desk.audited(whole, async { self.admit_batch(caller, &request) }).await?;
        // Only now: the parent is known to be short and the items to be few.
        for item in request.requests.iter_mut().filter(|item| item.parent.is_empty()) {
            item.parent.clone_from(&request.parent);
        }
        let items = request.requests;
        // Kept for the audit, should they be refused.
        let attempts: Vec<_> = items.iter().map(|item| (!item.validate_only).then(|| attempt(caller, item))).collect();
        let fates = self.desk.in_time(self.fates(caller, items)).await?;
        let mut results = Vec::with_capacity(fates.len());
        for (index, (fate, attempt)) in fates.into_iter().zip(attempts).enumerate() {
            if let (Err(refused), Some(attempt)) = (&fate, attempt) {
                self.desk.note(attempt, refused).await;
            }
            results.push(self.result(index, fate));
        }
        Ok(results)
    }

    /// Takes what the batch costs, or, when it is wrong as a whole, what a call costs.
    fn admit_batch(&self, caller: &Caller, request: &proto::BatchSubmitLimitsRequest) -> Result<(), Status> {
        let formed = check_form(caller, request);
        let cost = if formed.is_ok() { request.requests.len() } else { 1 };
        self.desk.quotas.take(&caller.principal, u32::try_from(cost).unwrap_or(u32::MAX))?;
        formed?;
        // Each needs more or less, the least of which is this.
        require(caller, server::Role::Test)
    }

    /// Returns what became of each, in their order.
    async fn fates(&self, caller: &Caller, items: Vec<proto::SubmitLimitRequest>) -> Result<Vec<Fate>, Status> {
        let (now, horizon_max) = (self.desk.now(), self.desk.options.horizon_max);
        let mut fates: Vec<Option<Fate>> = Vec::with_capacity(items.len());
        let mut good: Vec<(usize, Submission)> = Vec::new();
        for (index, item) in items.into_iter().enumerate() {
            let checked = require(caller, role(&item)).and_then(|()| submission(item, caller, now, horizon_max));
            fates.push(match checked {
                Ok(Checked { submission, late }) if late.is_empty() => {
                    good.push((index, submission));
                    None
                }
                Ok(late) => Some(self.submit(late).await),
                Err(refused) => Some(Err(refused)),
            });
        }
        let (places, submissions): (Vec<_>, Vec<_>) = good.into_iter().unzip();
        if !submissions.is_empty() {
            let host = Arc::clone(&self.desk.host);
            let answers = to_the_end(async move { host.submit_limits(submissions).await }).await?;
            for (place, answer) in places.into_iter().zip(answers) {
                fates[place] = Some(answer.map_err(|refusal| Paths::SUBMISSION.status(refusal)));
            }
        }
        Ok(fates.into_iter().map(|fate| fate.unwrap_or_else(|| Err(unanswered()))).collect())
    }

    fn result(&self, index: usize, fate: Fate) -> proto::BatchSubmitLimitsResult {
        match fate {
            Ok(submitted) => {
                let warnings = warnings_to_proto(&submitted.warnings);
                let mut limit = limit_to_proto(&submitted.limit, self.desk.now());
                limit.intervals.clear();
                proto::BatchSubmitLimitsResult { limit: Some(limit), warnings, error: None }
            }
            Err(refused) => {
                let error = Some(error(&status::within(&refused, &format!("requests[{index}]."))));
                proto::BatchSubmitLimitsResult { limit: None, warnings: Vec::new(), error }
            }
        }
    }
}

/// What is wrong with the batch as a whole.
fn check_form(caller: &Caller, request: &proto::BatchSubmitLimitsRequest) -> Result<(), Status> {
    let count = request.requests.len();
    let mut faults = Vec::new();
    match names::utility(&request.parent) {
        Some(utility) if utility == caller.utility => {}
        Some(_) => return Err(status::foreign_utility(&caller.utility, "parent")),
        None => faults.push(crate::convert::malformed("parent", "utilities/{utility}")),
    }
    if count == 0 {
        faults.push(violation("requests", "BATCH_EMPTY", "there is none: send one or more"));
    }
    if count > SUBMISSIONS_MAX {
        let rule = format!("{count} are too many: send at most {SUBMISSIONS_MAX} at once");
        faults.push(violation("requests", "BATCH_TOO_LARGE", rule));
    }
    if faults.is_empty() { Ok(()) } else { Err(status::invalid(&faults)) }
}

/// The host gave fewer answers than it was asked for.
fn unanswered() -> Status {
    let message = "it is not known whether it was recorded; repeat with the same request_id";
    status::unavailable(message, std::time::Duration::ZERO)
}

/// A refusal as a message.
fn error(refused: &Status) -> proto::SubmissionError {
    let details = refused.get_error_details();
    let info = details.error_info();
    let fields = details.bad_request().map(|bad| bad.field_violations.as_slice()).unwrap_or_default();
    let mut metadata: Vec<_> = info
        .into_iter()
        .flat_map(|info| &info.metadata)
        .map(|(key, value)| proto::ErrorMetadata { key: key.clone(), value: value.clone() })
        .collect();
    metadata.sort_by(|one, other| one.key.cmp(&other.key));
    let delay = details.retry_info().and_then(|retry| retry.retry_delay);
    proto::SubmissionError {
        code: refused.code().into(),
        reason: info.map(|info| info.reason.clone()).unwrap_or_default(),
        message: refused.message().to_owned(),
        field_violations: fields
            .iter()
            .map(|field| proto::FieldViolation {
                field: field.field.clone(),
                reason: field.reason.clone(),
                description: field.description.clone(),
            })
            .collect(),
        metadata,
        retry_delay_ms: delay.map(|delay| i64::try_from(delay.as_millis()).unwrap_or(i64::MAX)),
    }
}
