//! Connection points, areas and enrolment.

use headroom_domain::limit::LimitViolation;

use super::{
    area as read_area, connection_point as read_connection_point, count, instant, malformed, power, timestamp, uncount,
    unknown_word, watts,
};
use crate::model::{ConnectionPoint, EnrolmentChange, EnrolmentEvent, ExternalId, GridArea};
use crate::{names, proto};

pub(crate) fn connection_point_to_proto(point: &ConnectionPoint) -> proto::ConnectionPoint {
    proto::ConnectionPoint {
        name: names::of_connection_point(&point.id),
        display_name: point.display_name.clone(),
        external_id: point
            .external_id
            .as_ref()
            .map(|id| proto::ExternalId { scheme: id.scheme.clone(), value: id.value.clone() }),
        grid_area: point.area.as_ref().map(names::of_area).unwrap_or_default(),
        connection_capacity_w: point.connection_capacity_w.map(watts),
        phases: count(point.phases),
        nominal_voltage_v: count(point.nominal_voltage_v),
        controllable_unit_count: count(point.controllable_unit_count),
        guaranteed_minimum_import_w: point.guaranteed_minimum_import_w.map(watts),
        time_zone: point.time_zone.clone(),
    }
}

pub(crate) fn connection_point(point: proto::ConnectionPoint) -> Result<ConnectionPoint, LimitViolation> {
    let area = Some(point.grid_area).filter(|name| !name.is_empty());
    Ok(ConnectionPoint {
        id: read_connection_point(&point.name, "name")?,
        display_name: point.display_name,
        external_id: point.external_id.map(|id| ExternalId { scheme: id.scheme, value: id.value }),
        area: area.map(|name| read_area(&name, "grid_area")).transpose()?,
        connection_capacity_w: point.connection_capacity_w.map(power),
        phases: uncount(point.phases),
        nominal_voltage_v: uncount(point.nominal_voltage_v),
        controllable_unit_count: uncount(point.controllable_unit_count),
        guaranteed_minimum_import_w: point.guaranteed_minimum_import_w.map(power),
        time_zone: point.time_zone,
    })
}

pub(crate) fn area_to_proto(area: &GridArea) -> proto::GridArea {
    proto::GridArea {
        name: names::of_area(&area.id),
        display_name: area.display_name.clone(),
        members: area.members.iter().map(names::of_connection_point).collect(),
        etag: area.etag.clone(),
        update_time: Some(timestamp(area.updated_at)),
        utility: names::of_utility(&area.utility),
    }
}

pub(crate) fn area(area: proto::GridArea) -> Result<GridArea, LimitViolation> {
    let members = area.members.iter().enumerate();
    let utility = names::utility(&area.utility).ok_or_else(|| malformed("utility", "utilities/{utility}"))?;
    Ok(GridArea {
        id: read_area(&area.name, "name")?,
        utility: utility.to_owned(),
        display_name: area.display_name,
        members: members
            .map(|(index, name)| read_connection_point(name, &format!("members[{index}]")))
            .collect::<Result<_, _>>()?,
        etag: area.etag,
        updated_at: instant(area.update_time, "update_time")?,
    })
}

pub(crate) fn enrolment_to_proto(event: &EnrolmentEvent) -> proto::EnrolmentEvent {
    let change = match event.change {
        EnrolmentChange::Enrolled => proto::EnrolmentChange::Enrolled,
        EnrolmentChange::Updated => proto::EnrolmentChange::Updated,
        EnrolmentChange::Removed => proto::EnrolmentChange::Removed,
    };
    proto::EnrolmentEvent {
        sequence: event.sequence,
        event_time: Some(timestamp(event.at)),
        change: change.into(),
        connection_point: Some(connection_point_to_proto(&event.connection_point)),
    }
}

pub(crate) fn enrolment(event: proto::EnrolmentEvent) -> Result<EnrolmentEvent, LimitViolation> {
    let change = match proto::EnrolmentChange::try_from(event.change) {
        Ok(proto::EnrolmentChange::Enrolled) => EnrolmentChange::Enrolled,
        Ok(proto::EnrolmentChange::Updated) => EnrolmentChange::Updated,
        Ok(proto::EnrolmentChange::Removed) => EnrolmentChange::Removed,
        Ok(proto::EnrolmentChange::Unspecified) | Err(_) => return Err(unknown_word("event.change", event.change)),
    };
    Ok(EnrolmentEvent {
        sequence: event.sequence,
        at: instant(event.event_time, "event.event_time")?,
        change,
        connection_point: connection_point(event.connection_point.unwrap_or_default())?,
    })
}
