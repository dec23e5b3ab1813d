//! Lists of limits.

use headroom_domain::LimitId;
use headroom_domain::limit::GridLimit;

use crate::convert::limits::{limit_to_proto, state_by_clock};
use crate::proto;
use crate::server::desk::Desk;
use crate::server::host::{Caller, Page, Refusal, UtilityHost};
use crate::server::pages::Shown;
use crate::server::request::limits::Listing;

/// Pages of the host that are looked through for one answer.
const LOOKED_THROUGH_MAX: usize = 10;

/// Returns a page. Where only some states are wanted, what the host gives is looked through for them, so a page may be
/// short before the last.
pub(super) async fn listed<H: UtilityHost>(
    desk: &Desk<H>,
    caller: &Caller,
    (query, page, states): Listing,
) -> Result<proto::ListLimitsResponse, Refusal> {
    let now = desk.now();
    let wanted = |limit: &GridLimit| states.is_empty() || states.contains(&state_by_clock(limit, now));
    let mut shown = Shown::new(page.size);
    let mut after = page.after;
    for _ in 0..LOOKED_THROUGH_MAX {
        // One more than is shown tells whether there is a next page.
        let asked = Page { after: after.clone(), size: page.size + 1 };
        let limits = desk.host.limits(caller, &query, &asked).await?;
        for limit in limits.iter().take(page.size) {
            if wanted(limit) && !shown.add(limit_to_proto(limit, now)) {
                return Ok(answer(shown, after));
            }
            after = Some(limit.id.clone());
        }
        if limits.len() <= page.size {
            return Ok(answer(shown, None));
        }
        if shown.is_full() || states.is_empty() {
            break;
        }
    }
    Ok(answer(shown, after))
}

fn answer(shown: Shown<proto::Limit>, next: Option<LimitId>) -> proto::ListLimitsResponse {
    let next_page_token = next.map(|id| id.to_string()).unwrap_or_default();
    proto::ListLimitsResponse { limits: shown.items(), next_page_token }
}
