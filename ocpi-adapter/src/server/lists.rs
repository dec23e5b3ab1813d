//! Lists in pages (OCPI 2.2.1 §4.1), as their owner.

use axum::http::header::LINK;
use axum::http::{HeaderName, Method};
use chrono::{DateTime, Utc};
use headroom_domain::tariff::Tariff;
use serde::Serialize;
use url::Url;

use super::Asked;
use super::locations::{self, unknown_part};
use super::owned;
use super::reply::Reply;
use crate::hosts::{CpoHost, Page, PageQuery, TokenSender};
use crate::lift;
use crate::wire::base::Timestamp;

pub(super) async fn locations(host: &impl CpoHost, asked: &Asked) -> Result<Reply, Reply> {
    let query = query(asked)?;
    Ok(page(asked, "locations", &query, &host.locations(query).await?, lift::location))
}

/// Returns one location, or the EVSE or connector in it that `part` names.
pub(super) async fn location(host: &impl CpoHost, asked: &Asked, id: &str, part: &[&str]) -> Result<Reply, Reply> {
    if asked.incoming.method != Method::GET {
        return Err(owned::no_method(&asked.incoming.method));
    }
    let all = PageQuery { limit: usize::MAX, ..PageQuery::default() };
    let locations = host.locations(all).await?.objects;
    let found = locations.iter().find(|location| location.id.eq_ignore_ascii_case(id)).map(lift::location);
    let found = found.and_then(|location| serde_json::to_value(location).ok());
    found.and_then(|mut location| locations::find(&mut location, part)).map(Reply::data).ok_or_else(unknown_part)
}

pub(super) async fn tariffs(host: &impl CpoHost, asked: &Asked) -> Result<Reply, Reply> {
    let query = query(asked)?;
    let lift = |tariff: &Tariff| lift::tariff(tariff, asked.version);
    Ok(page(asked, "tariffs", &query, &host.tariffs(query).await?, lift))
}

pub(super) async fn sessions(host: &impl CpoHost, asked: &Asked) -> Result<Reply, Reply> {
    let query = query(asked)?;
    if query.date_from.is_none() {
        return Err(Reply::invalid("date_from: required for sessions (OCPI 2.2.1 §9.2)"));
    }
    Ok(page(asked, "sessions", &query, &host.sessions(query).await?, lift::session))
}

pub(super) async fn cdrs(host: &impl CpoHost, asked: &Asked) -> Result<Reply, Reply> {
    let query = query(asked)?;
    Ok(page(asked, "cdrs", &query, &host.cdrs(query).await?, |cdr| lift::cdr(cdr, asked.version)))
}

pub(super) async fn tokens(host: &impl TokenSender, asked: &Asked) -> Result<Reply, Reply> {
    let query = query(asked)?;
    Ok(page(asked, "tokens", &query, &host.tokens(query).await?, lift::token))
}

/// Reads which part of a list is wanted.
pub(super) fn query(asked: &Asked) -> Result<PageQuery, Reply> {
    if asked.incoming.method != Method::GET {
        return Err(owned::no_method(&asked.incoming.method));
    }
    let most = asked.platform.config().page_limit.max(1);
    Ok(PageQuery {
        date_from: instant(asked, "date_from")?,
        date_to: instant(asked, "date_to")?,
        offset: count(asked, "offset")?.unwrap_or(0),
        limit: count(asked, "limit")?.map_or(most, |limit| limit.clamp(1, most)),
    })
}

fn instant(asked: &Asked, name: &str) -> Result<Option<DateTime<Utc>>, Reply> {
    let instant = asked.incoming.parameter(name).map(|text| {
        let wrong = || Reply::invalid(format!("{name}: {text:?} is no time: send 2026-01-31T12:00:00Z"));
        Timestamp::parse(&text).ok_or_else(wrong)
    });
    Ok(instant.transpose()?.map(|at| at.0))
}

fn count(asked: &Asked, name: &str) -> Result<Option<usize>, Reply> {
    let count = asked
        .incoming
        .parameter(name)
        .map(|text| text.parse().map_err(|_| Reply::invalid(format!("{name}: {text:?} is no number, 0 or more"))));
    count.transpose()
}

/// Answers with a page and where the next one is.
pub(super) fn page<T, W: Serialize>(
    asked: &Asked,
    module: &str,
    query: &PageQuery,
    page: &Page<T>,
    lift: impl Fn(&T) -> W,
) -> Reply {
    let objects: Vec<W> = page.objects.iter().map(lift).collect();
    let next = query.offset.saturating_add(objects.len());
    let mut reply = Reply::data(&objects)
        .with(HeaderName::from_static("x-total-count"), &page.total.to_string())
        .with(HeaderName::from_static("x-limit"), &asked.platform.config().page_limit.max(1).to_string());
    if next < page.total && !objects.is_empty() {
        let url = asked.platform.url([asked.version.as_str(), "sender", module]);
        let url = next_url(url, query, next);
        reply = reply.with(LINK, &format!("<{url}>; rel=\"next\""));
    }
    reply
}

/// Returns the address of the next page, with the filters of this one.
pub(super) fn next_url(mut url: Url, query: &PageQuery, offset: usize) -> Url {
    let mut pairs = url.query_pairs_mut();
    for (name, at) in [("date_from", query.date_from), ("date_to", query.date_to)] {
        if let Some(at) = at {
            pairs.append_pair(name, &Timestamp(at).to_string());
        }
    }
    pairs.append_pair("offset", &offset.to_string()).append_pair("limit", &query.limit.to_string());
    drop(pairs);
    url
}
