//! A partner's list, page by page (OCPI 2.2.1 §4.1).

use axum::http::Method;
use axum::http::header::LINK;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::{Client, LinkError, Target};
use crate::exchange::Answer;
use crate::lower::Lower;
use crate::partner::{Interface, Module};
use crate::received::{Received, Rejected};
use crate::wire::base::Timestamp;

/// A page of a partner's list.
#[derive(Debug, Clone, PartialEq)]
pub struct PulledPage<T> {
    /// The good objects.
    pub objects: Vec<Received<T>>,
    /// The objects that could not be read.
    pub rejected: Vec<Rejected>,
}

/// The pages of a partner's list, one at a time.
///
/// Follows the `Link` of each page, on the partner's own host only. Where it is broken, or missing although
/// `X-Total-Count` says there is more, pages are asked for by offset.
pub struct Pages<T> {
    client: Client,
    module: Module,
    since: Option<DateTime<Utc>>,
    lower: Lower<T>,
    next: Next,
    /// Objects seen so far, good or not.
    seen: usize,
}

/// Where a list was left, so that it can be gone on with later, also by another process.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PageCursor {
    next: Next,
    seen: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Next {
    #[default]
    First,
    Linked(Url),
    Offset,
    Nothing,
}

impl<T> Pages<T> {
    pub(super) fn new(client: Client, module: Module, since: Option<DateTime<Utc>>, lower: Lower<T>) -> Self {
        Self { client, module, since, lower, next: Next::First, seen: 0 }
    }

    /// Returns where the next page begins.
    pub fn cursor(&self) -> PageCursor {
        PageCursor { next: self.next.clone(), seen: self.seen }
    }

    /// Goes on where a list of the same partner, module and instant was left.
    #[must_use]
    pub fn resume(mut self, cursor: PageCursor) -> Self {
        (self.next, self.seen) = (cursor.next, cursor.seen);
        self
    }

    /// Fetches the next page; `None` after the last one. After an error the same page is asked for again.
    pub async fn next(&mut self) -> Option<Result<PulledPage<T>, LinkError>> {
        if matches!(self.next, Next::Nothing) {
            return None;
        }
        let result = match self.fetch().await {
            // A Link that leads nowhere: go on by offset.
            Err(
                LinkError::Http { status: 400 | 404 | 405 | 422, .. } | LinkError::Refused { code: 2000..3000, .. },
            ) if matches!(self.next, Next::Linked(_)) => {
                self.next = Next::Offset;
                self.fetch().await
            }
            result => result,
        };
        Some(result)
    }

    /// Fetches all that is left, as one page. An error loses nothing but what this call has fetched.
    pub async fn all(mut self) -> Result<PulledPage<T>, LinkError> {
        let mut all = PulledPage { objects: Vec::new(), rejected: Vec::new() };
        while let Some(page) = self.next().await {
            let page = page?;
            all.objects.extend(page.objects);
            all.rejected.extend(page.rejected);
        }
        Ok(all)
    }

    async fn fetch(&mut self) -> Result<PulledPage<T>, LinkError> {
        let target = self.client.target(&self.module, Interface::Sender)?;
        // A page of a link that has moved meanwhile: the token must not go there.
        if matches!(&self.next, Next::Linked(url) if url.origin() != target.url.origin()) {
            self.next = Next::Offset;
        }
        let url = self.url(&target);
        let answer = self.client.send(&target, Method::GET, &url, None, None).await?;
        let headers = answer.headers.clone();
        let objects = objects(answer)?;
        self.seen += objects.len();
        self.next = match (linked(&headers, &url, &target.url), total(&headers)) {
            // An empty page ends the list whatever else it says, so that no list is endless.
            _ if objects.is_empty() => Next::Nothing,
            (Some(Some(next)), _) => Next::Linked(next),
            (Some(None), total) if total.is_none_or(|total| total > self.seen) => Next::Offset,
            (_, Some(total)) if total > self.seen => Next::Offset,
            _ => Next::Nothing,
        };
        let origin = target.origin(self.client.platform.now());
        let mut page = PulledPage { objects: Vec::new(), rejected: Vec::new() };
        for object in objects {
            match (self.lower)(origin, object) {
                Ok(object) => page.objects.push(object),
                Err(rejected) => page.rejected.push(rejected),
            }
        }
        Ok(page)
    }

    fn url(&self, target: &Target) -> Url {
        if let Next::Linked(url) = &self.next {
            return url.clone();
        }
        let mut url = target.url.clone();
        if let Some(since) = self.since {
            url.query_pairs_mut().append_pair("date_from", &Timestamp(since).to_string());
        }
        if matches!(self.next, Next::Offset) {
            url.query_pairs_mut().append_pair("offset", &self.seen.to_string());
        }
        url
    }
}

/// Returns the objects of a page; a page that is a single object is a list of one.
pub(crate) fn objects(answer: Answer) -> Result<Vec<Value>, LinkError> {
    let (method, url) = (answer.method.to_string(), answer.url.clone());
    match answer.success()? {
        Value::Array(objects) => Ok(objects),
        Value::Null => Ok(Vec::new()),
        object @ Value::Object(_) => Ok(vec![object]),
        _ => Err(LinkError::Unreadable { method, url, problem: "data is no list".to_owned() }),
    }
}

pub(crate) fn total(headers: &axum::http::HeaderMap) -> Option<usize> {
    headers.get("x-total-count")?.to_str().ok()?.trim().parse().ok()
}

/// Returns where the next page is: `None` without a Link, `Some(None)` when the Link leads elsewhere than to the
/// partner's endpoint, which would give the token away, or to this very page.
#[expect(clippy::option_option, reason = "no link and a broken link differ")]
pub(crate) fn linked(headers: &axum::http::HeaderMap, page: &Url, endpoint: &Url) -> Option<Option<Url>> {
    let text = headers.get(LINK)?.to_str().ok()?;
    // An address may hold commas, so links are told apart by their brackets.
    let mut links = text.split('<').skip(1).filter_map(|link| link.split_once('>'));
    let (address, _) = links.find(|(_, rel)| rel.contains("rel=\"next\"") || rel.contains("rel=next"))?;
    let url = page.join(address.trim()).ok();
    Some(url.filter(|url| url.origin() == endpoint.origin() && url != page))
}
