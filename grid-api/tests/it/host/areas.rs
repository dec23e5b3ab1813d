use headroom_grid_api::ConnectionPoint;
use headroom_grid_api::server::{AreaHost, Page, PutArea};

use super::*;

/// A connection point of which only the id matters.
pub(crate) fn connection_point(id: &str) -> ConnectionPoint {
    ConnectionPoint {
        id: id.into(),
        display_name: format!("the depot {id}"),
        external_id: None,
        area: Some("feeder-7".into()),
        connection_capacity_w: Some(headroom_domain::Power::from_w(50_000.0)),
        phases: 3,
        nominal_voltage_v: 230,
        controllable_unit_count: 4,
        guaranteed_minimum_import_w: Some(headroom_domain::Power::from_w(13_020.0)),
        time_zone: "Europe/Berlin".to_owned(),
    }
}

impl AreaHost for Memory {
    async fn connection_points(&self, _: &Caller, page: &Page<NodeId>) -> Result<Vec<ConnectionPoint>, Refusal> {
        let all: Vec<_> = (0..120).map(|number| connection_point(&format!("place-{number:03}"))).collect();
        Ok(part(&all, page.after.as_ref(), page.size, |point| point.id.clone()))
    }

    async fn connection_point(&self, caller: &Caller, id: &NodeId) -> Result<ConnectionPoint, Refusal> {
        check(caller, &Target::from(id.clone()))?;
        Ok(connection_point(id.as_str()))
    }

    async fn areas(&self, _: &Caller, page: &Page<AreaId>) -> Result<Vec<GridArea>, Refusal> {
        let all: Vec<_> = self.kept.lock().areas.values().cloned().collect();
        Ok(part(&all, page.after.as_ref(), page.size, |area| area.id.clone()))
    }

    async fn area(&self, _: &Caller, id: &AreaId) -> Result<GridArea, Refusal> {
        let unknown = || Refusal::TargetUnknown { target: Target::from(id.clone()) };
        self.kept.lock().areas.get(id).cloned().ok_or_else(unknown)
    }

    async fn put_area(&self, put: PutArea) -> Result<GridArea, Refusal> {
        put.members.iter().try_for_each(|member| check(&put.caller, &Target::from(member.clone())))?;
        let mut kept = self.kept.lock();
        let before = kept.areas.get(&put.id).map(|area| area.etag.clone());
        let version: u32 = before.as_ref().map_or(0, |etag| etag.parse().unwrap());
        if let Some(etag) = before.filter(|etag| !put.etag.is_empty() && *etag != put.etag) {
            return Err(Refusal::EtagMismatch { target: Target::from(put.id), etag });
        }
        let area = GridArea {
            id: put.id.clone(),
            utility: put.caller.utility,
            display_name: put.display_name,
            members: put.members,
            etag: (version + 1).to_string(),
            updated_at: self.clock.now(),
        };
        kept.areas.insert(put.id, area.clone());
        Ok(area)
    }

    async fn enrolment_after(&self, _: &Caller, after: i64, size: usize) -> Result<Vec<EnrolmentEvent>, Refusal> {
        let kept = self.kept.lock();
        Ok(kept.enrolment.iter().filter(|event| event.sequence > after).take(size).cloned().collect())
    }
}
