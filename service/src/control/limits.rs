//! From the record to the book that says which limits hold.

use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::limit::{GridLimit, LimitBook, Target};
use headroom_domain::{Interval, NodeId};

use super::context::{Context, SiteContext};
use crate::store::StoreError;

impl Context {
    /// Returns everything that limits from an instant on: capacities, guaranteed minima, areas, safe modes, and the limits
    /// that end after it.
    pub async fn limit_book(&self, since: DateTime<Utc>) -> Result<LimitBook, StoreError> {
        self.book_between(since, None).await
    }

    /// Returns everything that limits in a window, as [`Context::limit_book`] does. What lies outside is not read.
    pub async fn limit_book_of(&self, window: Interval) -> Result<LimitBook, StoreError> {
        self.book_between(window.start, Some(window.end)).await
    }

    async fn book_between(&self, since: DateTime<Utc>, until: Option<DateTime<Utc>>) -> Result<LimitBook, StoreError> {
        let mut book = LimitBook::new();
        for site in &self.sites {
            book.set_capacity(site.site.node(), Some(site.import_capacity()), None);
            if let Some(minimum) = site.guaranteed_minimum() {
                book.set_guaranteed_minimum(site.site.node(), minimum);
            }
        }
        let mut areas = Vec::new();
        for area in self.store.areas().await? {
            areas.push(Target::from(area.id.clone()));
            // A site that is configured no more takes part in nothing.
            let members = area.members.into_iter().filter(|member| self.site_of_node(member).is_some()).collect();
            book.set_area(area.id, members);
        }
        for (utility, target, held) in self.links.all() {
            // Nobody could take back what a utility has left behind that has no say here any more.
            if !self.may_limit(&utility, &target) {
                continue;
            }
            book.set_safe_mode(target, utility, held.safe_mode, held.link.safe_since());
        }
        let targets = self.sites.iter().map(|site| Target::from(site.site.node()));
        let targets: Vec<Target> = targets.chain(areas).collect();
        for limit in self.store.standing_limits(&targets, since, until).await? {
            book.enter(limit);
        }
        Ok(book)
    }

    /// Returns all limits of a site's connection point, and of the areas that it is in, in the order in which they were
    /// accepted.
    pub async fn limits_of(&self, site: &SiteContext) -> Result<Vec<GridLimit>, StoreError> {
        let node = site.site.node();
        let mut limits = self.store.limits(&Target::from(node.clone())).await?;
        for area in self.store.areas_of_member(&node).await? {
            limits.extend(self.store.limits(&Target::from(area.id)).await?);
        }
        limits.sort_by_key(|limit| limit.accepted_at);
        Ok(limits)
    }

    /// Returns the sites behind a target that are configured here.
    pub async fn sites_of(&self, target: &Target) -> Result<Vec<&SiteContext>, StoreError> {
        Ok(match target {
            Target::ConnectionPoint(node) => self.site_of_node(node).into_iter().collect(),
            Target::Area(area) => {
                let area = self.store.area(area).await?;
                let members = area.into_iter().flat_map(|area| area.members);
                members.filter_map(|member| self.site_of_node(&member)).collect()
            }
        })
    }

    /// Writes down what was in force at a connection point since the last look, by what was known then, and what is now, so
    /// that later it can be said what was known when.
    pub(crate) async fn note_in_force(
        &self,
        before: &LimitBook,
        book: &LimitBook,
        node: &NodeId,
        since_last: Interval,
    ) -> Result<(), StoreError> {
        let now = Interval { start: since_last.end, end: since_last.end + TimeDelta::milliseconds(1) };
        let pieces = before.effective(node, since_last).into_iter().chain(book.effective(node, now));
        for piece in pieces {
            if self.changes_in_force(node, &piece) {
                self.store.note_in_force(node, piece.interval.start, Some(&piece)).await?;
                self.set_in_force(node.clone(), piece);
            }
        }
        Ok(())
    }
}

/// Returns from the first start to the last end of a limit.
pub fn span(limit: &GridLimit) -> Option<Interval> {
    let (first, last) = limit.intervals.first().zip(limit.intervals.last())?;
    Interval::new(first.interval.start, last.interval.end)
}
