//! Who is connected where, and how a utility groups them.

use std::collections::BTreeMap;

use headroom_domain::limit::Target;
use headroom_domain::{AreaId, LimitId, NodeId};
use headroom_grid_api::server::{AreaHost, Caller, Page, PutArea, Refusal};
use headroom_grid_api::{ConnectionPoint, EnrolmentEvent, ExternalId, GridArea};
use tracing::info;

use super::{UtilityEdge, refused, unavailable};
use crate::config::UtilityEntry;
use crate::control::{Context, SiteContext};
use crate::store::{AreaDraft, Recorded, StoreError};

/// Volts between a phase and neutral in Europe (EN 60038).
const NOMINAL_VOLTAGE_V: u32 = 230;

impl AreaHost for UtilityEdge {
    async fn connection_points(&self, caller: &Caller, page: &Page<NodeId>) -> Result<Vec<ConnectionPoint>, Refusal> {
        let areas = self.own_areas(&caller.utility).await?;
        let sites = self.visible(caller).await?;
        let after = |site: &&&SiteContext| page.after.as_ref().is_none_or(|after| site.site.node() > *after);
        Ok(sites.iter().filter(after).take(page.size).map(|site| described(site, &areas)).collect())
    }

    async fn connection_point(&self, caller: &Caller, id: &NodeId) -> Result<ConnectionPoint, Refusal> {
        let areas = self.own_areas(&caller.utility).await?;
        let target = Target::from(id.clone());
        let sites = self.sites(caller, &target).await?;
        sites.first().map(|site| described(site, &areas)).ok_or(Refusal::TargetUnknown { target })
    }

    async fn areas(&self, caller: &Caller, page: &Page<AreaId>) -> Result<Vec<GridArea>, Refusal> {
        let areas = self.own_areas(&caller.utility).await?;
        let is_visible = |area: &GridArea| {
            let target = Target::from(area.id.clone());
            caller.scope.as_ref().is_none_or(|scope| scope.contains(&target))
        };
        let after = |area: &GridArea| page.after.as_ref().is_none_or(|after| area.id > *after);
        Ok(areas.into_iter().filter(|area| is_visible(area) && after(area)).take(page.size).collect())
    }

    async fn area(&self, caller: &Caller, id: &AreaId) -> Result<GridArea, Refusal> {
        self.sites(caller, &Target::from(id.clone())).await?;
        self.own_area(caller, id).await
    }

    async fn put_area(&self, put: PutArea) -> Result<GridArea, Refusal> {
        let PutArea { caller, id, display_name, members, etag, request } = put;
        let target = Target::from(id.clone());
        // A principal that sees a part only may not draw the borders of the whole.
        if caller.scope.is_some() {
            let Caller { principal, utility, .. } = caller;
            return Err(Refusal::NotAuthorised { principal, utility, target });
        }
        for member in &members {
            self.sites(&caller, &Target::from(member.clone())).await?;
        }
        let change = self.change(&caller, request, "PutGridArea", target.to_string(), &target);
        let saved = self.context.store.put_area(&change, AreaDraft { id, display_name, members }, &etag).await;
        match saved.map_err(|error| unavailable(&error))? {
            Recorded::New(area) => {
                info!(area = %area.id, members = area.members.len(), "area drawn");
                self.context.wake.replan();
                self.enrolled(area).await
            }
            // What could not be noted with the first answer is now.
            Recorded::Repeated(area) => self.enrolled(area).await,
            Recorded::Reused => Err(Refusal::RequestIdReused { request_id: request.id }),
            Recorded::Refused(conflict) => Err(refused(conflict, &target, &LimitId::from(""), 0)),
        }
    }

    async fn enrolment_after(&self, caller: &Caller, after: i64, size: usize) -> Result<Vec<EnrolmentEvent>, Refusal> {
        let scope = self.scope(caller).await?;
        let is_visible = |id: &NodeId| scope.as_ref().is_none_or(|scope| scope.contains(id));
        // What the caller may not see is passed over: an empty answer says that there is nothing more.
        let mut after = after;
        loop {
            let found = self.context.store.enrolment_after(&caller.utility, after, size).await;
            let mut events = found.map_err(|error| unavailable(&error))?;
            let last = events.last().map(|event| event.sequence).filter(|_| events.len() >= size);
            events.retain(|event| is_visible(&event.connection_point.id));
            match last {
                Some(last) if events.is_empty() => after = last,
                _ => return Ok(events),
            }
        }
    }
}

impl UtilityEdge {
    async fn own_areas(&self, utility: &str) -> Result<Vec<GridArea>, Refusal> {
        areas_of(&self.context, utility).await.map_err(|error| unavailable(&error))
    }

    /// Notes what an area changes of who is enrolled where.
    async fn enrolled(&self, area: GridArea) -> Result<GridArea, Refusal> {
        note_enrolment(&self.context).await.map_err(|error| unavailable(&error))?;
        self.context.tell_utilities();
        Ok(area)
    }
}

async fn areas_of(context: &Context, utility: &str) -> Result<Vec<GridArea>, StoreError> {
    context.store.areas_page(utility, None, usize::MAX).await
}

fn described(site: &SiteContext, areas: &[GridArea]) -> ConnectionPoint {
    let node = site.site.node();
    let external_id = site.entry.external_id.as_ref();
    let is_three_phase = site.site.evses.iter().any(|evse| evse.phases.len() != 1);
    ConnectionPoint {
        display_name: site.site.name.clone(),
        external_id: external_id.map(|id| ExternalId { scheme: id.scheme.clone(), value: id.value.clone() }),
        area: areas.iter().find(|area| area.members.contains(&node)).map(|area| area.id.clone()),
        connection_capacity_w: Some(site.import_capacity()),
        phases: if is_three_phase { 3 } else { 1 },
        nominal_voltage_v: NOMINAL_VOLTAGE_V,
        controllable_unit_count: site.controllable_units(),
        guaranteed_minimum_import_w: site.guaranteed_minimum(),
        time_zone: site.site.time_zone.name().to_owned(),
        id: node,
    }
}

/// Returns the connection points of a utility.
fn connection_points(context: &Context, utility: &UtilityEntry, areas: &[GridArea]) -> Vec<ConnectionPoint> {
    let sites = utility.sites.iter().filter_map(|id| context.site(id));
    sites.map(|site| described(site, areas)).collect()
}

/// Writes down who was enrolled, changed or left since it was last written down, and notes who is in which area.
pub async fn note_enrolment(context: &Context) -> Result<(), StoreError> {
    let now = context.clock.now();
    let mut members = BTreeMap::new();
    for utility in &context.utilities {
        let areas = areas_of(context, &utility.name).await?;
        members.extend(areas.iter().map(|area| (area.id.clone(), area.members.iter().cloned().collect())));
        let points = connection_points(context, utility, &areas);
        context.store.note_enrolment(&utility.name, now, &points).await?;
    }
    context.set_members(members);
    Ok(())
}
