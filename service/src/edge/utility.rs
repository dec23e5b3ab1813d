//! What utilities ask, answered from the record and the plans in force.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use headroom_domain::limit::{LimitViolation, Target};
use headroom_domain::{AreaId, LimitId, NodeId};
use headroom_grid_api::GridArea;
use headroom_grid_api::audit::hex;
use headroom_grid_api::server::{Caller, Refusal, RequestKey};
use tokio::sync::Semaphore;
use tracing::error;

use crate::control::{Context, SiteContext};
use crate::store::{Change, Conflict, StoreError};

mod areas;
mod compliance;
mod flexibility;
mod limits;
mod refusals;
mod samples;
mod warnings;

pub use areas::note_enrolment;
use refusals::Refusals;

/// How many simulations are solved at once, of all utilities: the planner keeps its threads and its cores.
const SIMULATIONS_AT_ONCE: usize = 1;

/// Answers utilities.
pub struct UtilityEdge {
    context: Arc<Context>,
    refusals: Refusals,
    simulations: Arc<Semaphore>,
}

impl UtilityEdge {
    /// Makes the edge.
    pub fn new(context: Arc<Context>) -> Self {
        let simulations = Arc::new(Semaphore::new(SIMULATIONS_AT_ONCE));
        Self { context, refusals: Refusals::default(), simulations }
    }

    /// Returns the sites behind a target that the caller may limit and see.
    ///
    /// **Errors**: `TargetUnknown`, also for another utility's area; `NotAuthorised`; `Unavailable`.
    async fn sites(&self, caller: &Caller, target: &Target) -> Result<Vec<&SiteContext>, Refusal> {
        let refused = || Refusal::NotAuthorised {
            principal: caller.principal.clone(),
            utility: caller.utility.clone(),
            target: target.clone(),
        };
        match target {
            Target::ConnectionPoint(node) => {
                let site = self.context.site_of_node(node).ok_or_else(|| unknown(target))?;
                let allowed = self.is_of(caller, site) && self.in_scope(caller, node).await?;
                if allowed { Ok(vec![site]) } else { Err(refused()) }
            }
            Target::Area(id) => {
                let area = self.own_area(caller, id).await?;
                if caller.scope.as_ref().is_some_and(|scope| !scope.contains(target)) {
                    return Err(refused());
                }
                let members = area.members.iter().filter_map(|member| self.context.site_of_node(member));
                Ok(members.filter(|site| self.is_of(caller, site)).collect())
            }
        }
    }

    /// Returns all connection points that a caller may limit and see, by name.
    async fn visible(&self, caller: &Caller) -> Result<Vec<&SiteContext>, Refusal> {
        let scope = self.scope(caller).await?;
        let in_scope = |site: &&SiteContext| scope.as_ref().is_none_or(|scope| scope.contains(&site.site.node()));
        let sites = self.context.sites.iter().filter(|site| self.is_of(caller, site));
        let mut sites: Vec<_> = sites.filter(in_scope).collect();
        sites.sort_by(|one, other| one.site.id.cmp(&other.site.id));
        Ok(sites)
    }

    fn is_of(&self, caller: &Caller, site: &SiteContext) -> bool {
        self.context.may_limit(&caller.utility, &site.site.node())
    }

    async fn in_scope(&self, caller: &Caller, node: &NodeId) -> Result<bool, Refusal> {
        Ok(self.scope(caller).await?.is_none_or(|scope| scope.contains(node)))
    }

    /// Returns the connection points that a caller is restricted to, if it is; areas stand for their members.
    async fn scope(&self, caller: &Caller) -> Result<Option<BTreeSet<NodeId>>, Refusal> {
        let Some(scope) = &caller.scope else { return Ok(None) };
        let mut nodes = BTreeSet::new();
        for target in scope {
            match target {
                Target::ConnectionPoint(node) => {
                    nodes.insert(node.clone());
                }
                Target::Area(area) => {
                    let area = self.context.store.area(area).await.map_err(|error| unavailable(&error))?;
                    nodes.extend(
                        area.filter(|area| area.utility == caller.utility).into_iter().flat_map(|area| area.members),
                    );
                }
            }
        }
        Ok(Some(nodes))
    }

    /// Returns an area of the caller's utility; those of others are not known to it.
    async fn own_area(&self, caller: &Caller, id: &AreaId) -> Result<GridArea, Refusal> {
        let area = self.context.store.area(id).await.map_err(|error| unavailable(&error))?;
        area.filter(|area| area.utility == caller.utility).ok_or_else(|| unknown(&Target::from(id.clone())))
    }

    /// Describes a change to the record.
    fn change(&self, caller: &Caller, request: RequestKey, method: &str, resource: String, target: &Target) -> Change {
        Change {
            utility: caller.utility.clone(),
            request_id: request.id.to_string(),
            hash: hex(&request.hash),
            method: method.to_owned(),
            principal: caller.principal.clone(),
            resource,
            target: Some(target.clone()),
            at: self.context.clock.now(),
        }
    }
}

/// Puts a conflict with what is there into the words of the interface. `revision` is what was submitted.
fn refused(conflict: Conflict, target: &Target, limit: &LimitId, revision: i64) -> Refusal {
    match conflict {
        Conflict::StaleRevision { latest } => Refusal::StaleRevision { revision, latest },
        Conflict::EtagMismatch { etag } => Refusal::EtagMismatch { target: target.clone(), etag },
        Conflict::Unknown => Refusal::LimitUnknown { limit: limit.clone() },
        Conflict::Taken => Refusal::Invalid(vec![LimitViolation {
            field: "area.name".to_owned(),
            code: "AREA_NAME_TAKEN",
            rule: format!("{target} is another's: choose a name of your own, such as one that begins with yours"),
        }]),
    }
}

fn unknown(target: &Target) -> Refusal {
    Refusal::TargetUnknown { target: target.clone() }
}

fn unavailable(error: &StoreError) -> Refusal {
    error!(%error, "a utility could not be answered");
    Refusal::Unavailable { message: "the store does not answer".to_owned(), retry_after: Duration::from_secs(1) }
}

fn not_planned_yet() -> Refusal {
    let message = "the first plan of a site is not made yet".to_owned();
    Refusal::Unavailable { message, retry_after: Duration::from_secs(5) }
}

#[cfg(test)]
mod tests;
