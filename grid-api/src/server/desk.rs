//! What all services share: who is let in, how long an answer may take, what the audit is told.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::watch;
use tonic::{Request, Status};
use uuid::Uuid;

use super::access::{Door, require};
use super::host::{Caller, Refusal, RefusedChange, Role, UtilityHost};
use super::options::{Options, ServeError};
use super::quota::Quotas;
use super::status::{self, Paths};

pub(super) struct Desk<H> {
    pub(super) host: Arc<H>,
    pub(super) options: Options,
    pub(super) quotas: Quotas,
    pub(super) stopping: watch::Receiver<bool>,
    door: Door,
}

/// The longest resource that the audit keeps of a refusal; the longest name of a limit is shorter. **Units**: bytes.
const RESOURCE_NOTED_MAX: usize = 300;

/// A change on its way, as the audit knows it should it be refused.
pub(super) struct Attempt {
    pub(super) caller: Caller,
    pub(super) method: &'static str,
    pub(super) resource: String,
    pub(super) request_id: String,
    pub(super) hash: [u8; 32],
}

impl<H: UtilityHost> Desk<H> {
    pub(super) fn new(host: Arc<H>, options: Options, stopping: watch::Receiver<bool>) -> Result<Self, ServeError> {
        let (door, quotas) = (Door::new(&options.access)?, Quotas::new(options.quotas));
        Ok(Self { host, options, quotas, stopping, door })
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.options.clock.now()
    }

    /// Returns who calls, without a word to the host.
    pub(super) fn identify<T>(&self, request: &Request<T>) -> Result<Caller, Status> {
        self.door.caller(request, self.now())
    }

    /// Returns who calls. The host hears of it: a call is a sign of life.
    pub(super) fn caller<T>(&self, request: &Request<T>) -> Result<Caller, Status> {
        let caller = self.identify(request)?;
        self.host.heard(&caller);
        Ok(caller)
    }

    /// Lets a caller do what a role allows, at a cost, which it also has who lacks the role.
    pub(super) fn allow(&self, caller: &Caller, role: Role, cost: u32) -> Result<(), Status> {
        self.quotas.take(&caller.principal, cost)?;
        require(caller, role)
    }

    /// Lets in who may do what a role allows, for a call that changes nothing.
    pub(super) fn admit<T>(&self, request: &Request<T>, role: Role) -> Result<Caller, Status> {
        let caller = self.caller(request)?;
        self.allow(&caller, role, 1)?;
        Ok(caller)
    }

    /// Waits for an answer as long as a call may take. The transport's own time-out would say CANCELLED, which callers do
    /// not repeat.
    pub(super) async fn in_time<T>(&self, answer: impl Future<Output = Result<T, Status>>) -> Result<T, Status> {
        match tokio::time::timeout(self.options.call_timeout, answer).await {
            Ok(answer) => answer,
            Err(_) => Err(status::too_late(self.options.call_timeout)),
        }
    }

    /// Waits for an answer of the host and tells its refusal with the caller's paths.
    pub(super) async fn ask<T>(
        &self,
        paths: Paths,
        answer: impl Future<Output = Result<T, Refusal>>,
    ) -> Result<T, Status> {
        self.in_time(async { answer.await.map_err(|refusal| paths.status(refusal)) }).await
    }

    /// As [`Desk::ask`], for a change: it is driven to its end also when the caller hangs up or the time is over.
    pub(super) async fn drive<T: Send + 'static>(
        &self,
        paths: Paths,
        change: impl Future<Output = Result<T, Refusal>> + Send + 'static,
    ) -> Result<T, Status> {
        self.in_time(async { to_the_end(change).await?.map_err(|refusal| paths.status(refusal)) }).await
    }

    /// Waits for what becomes of a change, and tells the host when it is refused. What only was not answered is no refusal:
    /// it may have been recorded.
    pub(super) async fn audited<T>(
        &self,
        attempt: Attempt,
        change: impl Future<Output = Result<T, Status>>,
    ) -> Result<T, Status> {
        let answer = change.await;
        if let Err(refused) = &answer {
            self.note(attempt, refused).await;
        }
        answer
    }

    /// Tells the host that a change was refused, unless it is not known whether it was.
    pub(super) async fn note(&self, attempt: Attempt, refused: &Status) {
        if status::is_open(refused) {
            return;
        }
        let Attempt { caller, method, resource, request_id, hash } = attempt;
        let result = status::result(refused);
        // What the caller wrote was judged by nobody, and an audit keeps it for ever.
        let resource = bounded(resource);
        let request_id = uuid_or_nothing(request_id);
        let refused = RefusedChange { caller, method, resource, request_id, request_hash: hash, result };
        self.host.note_refused(refused).await;
    }
}

fn bounded(mut resource: String) -> String {
    const CUT: char = '…';
    if resource.len() > RESOURCE_NOTED_MAX {
        resource.truncate(resource.floor_char_boundary(RESOURCE_NOTED_MAX - CUT.len_utf8()));
        resource.push(CUT);
    }
    resource
}

fn uuid_or_nothing(text: String) -> String {
    if Uuid::try_parse(&text).is_ok() { text } else { String::new() }
}

/// Drives a change to its end, also when the caller hangs up in the middle of it.
pub(super) async fn to_the_end<T: Send + 'static>(
    change: impl Future<Output = T> + Send + 'static,
) -> Result<T, Status> {
    tokio::spawn(change).await.map_err(|error| {
        tracing::error!(%error, "a change broke off");
        status::unavailable("it is not known whether it was recorded; repeat with the same request_id", Duration::ZERO)
    })
}

#[cfg(test)]
mod tests;
