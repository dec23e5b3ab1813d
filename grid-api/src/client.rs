//! The utility's side: what the virtual utility and the command line use.

mod error;

pub use error::{ClientError, FieldError, Refused};

use std::time::Duration;

use headroom_domain::limit::{EffectiveInterval, GridLimit};
use headroom_domain::{Interval, LimitId, NodeId};
use uuid::Uuid;

use crate::model::{LimitDraft, LimitQuery, Submitted};

/// A utility's connection to Headroom; cheap to clone.
///
/// Every call is tried once. [`retried`] repeats one while it may help.
#[derive(Clone)]
pub struct Utility {
    utility: String,
    token: Option<String>,
}

impl Utility {
    /// Makes a connection that is opened when it is first needed, and again when it breaks.
    ///
    /// `url` is for example `http://127.0.0.1:50051`; `utility` is the caller's own name, `token` what it proves that by.
    pub fn connect(url: &str, utility: &str, token: Option<&str>) -> Result<Self, ClientError> {
        let _ = url;
        Ok(Self { utility: utility.to_owned(), token: token.map(ToOwned::to_owned) })
    }

    /// Submits a limit. The same `request_id` with the same draft has the same answer, however often it is sent.
    pub async fn submit(&self, draft: &LimitDraft, request_id: Uuid) -> Result<Submitted, ClientError> {
        let _ = (draft, request_id);
        todo!()
    }

    /// Asks what a submission would answer, without recording anything.
    pub async fn validate(&self, draft: &LimitDraft) -> Result<Submitted, ClientError> {
        let _ = draft;
        todo!()
    }

    /// Asks what a place must obey over a window.
    pub async fn effective(&self, target: &NodeId, window: Interval) -> Result<Vec<EffectiveInterval>, ClientError> {
        let _ = (target, window);
        todo!()
    }

    /// Asks for one limit.
    pub async fn get(&self, id: &LimitId) -> Result<GridLimit, ClientError> {
        let _ = id;
        todo!()
    }

    /// Asks for all limits that match, page by page, in the order in which they were accepted.
    pub async fn list(&self, query: &LimitQuery) -> Result<Vec<GridLimit>, ClientError> {
        let _ = query;
        todo!()
    }

    /// Withdraws a limit.
    pub async fn cancel(&self, id: &LimitId, reason: &str, request_id: Uuid) -> Result<GridLimit, ClientError> {
        let _ = (id, reason, request_id);
        todo!()
    }
}

/// Repeats a call while its error says that repeating may help, at most `attempts` times in all, with pauses that double
/// from `pause` (real time). Give the call one request id, made outside.
pub async fn retried<T, F>(attempts: usize, pause: Duration, call: impl FnMut() -> F) -> Result<T, ClientError>
where
    F: Future<Output = Result<T, ClientError>>,
{
    let _ = (attempts, pause);
    let mut call = call;
    call().await
}
