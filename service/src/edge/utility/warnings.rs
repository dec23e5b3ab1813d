//! What is accepted but probably not meant.

use headroom_domain::limit::programme::ProgrammeRules;
use headroom_domain::limit::{GridLimit, LimitBook, LimitKind, Target};
use headroom_domain::{Power, Ratio};
use headroom_grid_api::LimitWarning;

use super::UtilityEdge;
use crate::control::SiteContext;

impl UtilityEdge {
    /// Returns the warnings about a limit for these sites.
    pub(super) fn warnings(&self, book: &LimitBook, sites: &[&SiteContext], limit: &GridLimit) -> Vec<LimitWarning> {
        let mut found = Vec::new();
        let mut whole = |code: &str, message: String| {
            found.push(LimitWarning { code: code.to_owned(), interval_index: None, message });
        };
        if limit.kind == LimitKind::Test {
            whole("TEST_LIMIT", "a test limit is recorded and shown but never obeyed".to_owned());
        }
        if sites.is_empty() {
            whole("AREA_EMPTY", format!("{} has no connection point that is enrolled: nothing obeys it", limit.target));
        }
        let rules = ProgrammeRules::of(&limit.programme);
        for site in sites.iter().filter(|_| rules.safe_mode_mandatory) {
            let node = site.site.node();
            if self.context.links.get(&limit.utility, &node).is_none() {
                let message = format!(
                    "programme {} wants a safe mode, connectionPoints/{node} has none: set it",
                    limit.programme
                );
                whole("SAFE_MODE_MISSING", message);
            }
        }
        for site in sites {
            found.extend(of_site(book, site, limit));
        }
        found
    }
}

/// Of an area each site has its share.
fn of_site(book: &LimitBook, site: &SiteContext, limit: &GridLimit) -> Vec<LimitWarning> {
    let node = site.site.node();
    let share = match &limit.target {
        Target::ConnectionPoint(_) => Some(Ratio::from_ratio(1.0)),
        Target::Area(area) => book.share_of(area, &node),
    };
    let share = share.unwrap_or_default().as_ratio();
    let minimum = site.guaranteed_minimum().unwrap_or_default();
    let goes_below = limit.kind == LimitKind::Emergency && ProgrammeRules::of(&limit.programme).emergency_below_minimum;
    let mut found = Vec::new();
    for (index, item) in limit.intervals.iter().enumerate() {
        let Some(import) = item.maximum_import_w.map(|power| power * share) else { continue };
        let mut about = |code: &str, message: String| {
            found.push(LimitWarning { code: code.to_owned(), interval_index: Some(index), message });
        };
        if import > site.import_capacity() {
            about(
                "ABOVE_CONNECTION_CAPACITY",
                tells(&node, "the capacity", site.import_capacity(), "is tighter and stays in force"),
            );
        }
        if import < minimum && !goes_below {
            about("BELOW_GUARANTEED_MINIMUM", tells(&node, "its guaranteed minimum", minimum, "is kept"));
        }
    }
    found
}

fn tells(node: &headroom_domain::NodeId, what: &str, power: Power, then: &str) -> String {
    format!("connectionPoints/{node}: {what} of {:.0} W {then}", power.as_w())
}
