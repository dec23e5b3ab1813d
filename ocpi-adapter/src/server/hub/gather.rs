//! A list of all owners at once.

use serde_json::Value;

use super::{Errand, Hub, Place};
use crate::client::{objects_of, total_of};
use crate::hosts::{Page, PageQuery};
use crate::partner::Module;
use crate::server::lists::{self, next_url};
use crate::server::reply::Reply;

impl Hub {
    /// Answers with a page of the lists of all owners, one owner after the other. An owner that fails is left out.
    pub(super) async fn gather(&self, errand: &Errand<'_>) -> Result<Reply, Reply> {
        let query = lists::query(errand.asked)?;
        if errand.module == Module::Sessions && query.date_from.is_none() {
            return Err(Reply::invalid("date_from: required for sessions (OCPI 2.2.1 §9.2)"));
        }
        let mut page = Page { objects: Vec::new(), total: 0 };
        for place in self.places(errand) {
            let part = PageQuery {
                offset: query.offset.saturating_sub(page.total),
                limit: query.limit - page.objects.len(),
                ..query
            };
            if let Ok(found) = self.part_of(errand, &place, part).await {
                page.objects.extend(found.objects);
                page.total += found.total;
            }
        }
        let module = errand.asked.incoming.segments.get(1).map(String::as_str).unwrap_or_default();
        Ok(lists::page(errand.asked, module, &query, &page, Value::clone))
    }

    /// Returns as much of one owner's list as is wanted, and how long that list is.
    async fn part_of(&self, errand: &Errand<'_>, place: &Place, wanted: PageQuery) -> Result<Page<Value>, Reply> {
        let endpoint = place.endpoint(errand)?;
        let mut objects: Vec<Value> = Vec::new();
        loop {
            let offset = wanted.offset + objects.len();
            // The length is told with the smallest of pages.
            let rest = PageQuery { limit: (wanted.limit - objects.len()).max(1), ..wanted };
            let url = next_url(endpoint.clone(), &rest, offset);
            let answer = self.send(errand, place, &url, (&errand.from, &place.party), None).await?;
            let total = total_of(&answer.headers);
            let refused = |error: crate::client::LinkError| {
                tracing::warn!(partner = %place.partner.id, %error, "a list is left out of the whole");
                Reply::refused(crate::envelope::HUB_ERROR, "left out")
            };
            let found = objects_of(answer).map_err(refused)?;
            let total = total.unwrap_or(offset + found.len());
            let is_end = found.is_empty() || offset + found.len() >= total;
            objects.extend(found);
            if is_end || objects.len() >= wanted.limit {
                objects.truncate(wanted.limit);
                return Ok(Page { objects, total });
            }
        }
    }
}
