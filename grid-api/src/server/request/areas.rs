//! Requests of `GridAreaService`.

use std::collections::BTreeSet;

use headroom_domain::{AreaId, NodeId};
use tonic::Status;

use super::{Faults, content_hash, page, parent, request_id, text};
use crate::convert::{self, violation};
use crate::server::status::invalid;
use crate::server::{Caller, Page, PutArea, RequestKey};
use crate::{names, proto};

/// The most connection points of an area.
const MEMBERS_MAX: usize = 10_000;

/// A page token is a bare id.
fn id<K: From<String>>(token: &str) -> Option<K> {
    names::is_id(token).then(|| K::from(token.to_owned()))
}

pub(in crate::server) fn connection_points(
    request: &proto::ListConnectionPointsRequest,
    caller: &Caller,
) -> Result<Page<NodeId>, Status> {
    let mut faults = Faults::default();
    faults.take(parent(&request.parent, &caller.utility)?);
    let page = page(request.page_size, &request.page_token, id, &mut faults);
    faults.none_or(Some(page))
}

pub(in crate::server) fn areas(request: &proto::ListGridAreasRequest, caller: &Caller) -> Result<Page<AreaId>, Status> {
    let mut faults = Faults::default();
    faults.take(parent(&request.parent, &caller.utility)?);
    let page = page(request.page_size, &request.page_token, id, &mut faults);
    faults.none_or(Some(page))
}

pub(in crate::server) fn connection_point(request: &proto::GetConnectionPointRequest) -> Result<NodeId, Status> {
    convert::connection_point(&request.name, "name").map_err(|fault| invalid(&[fault]))
}

pub(in crate::server) fn area(request: &proto::GetGridAreaRequest) -> Result<AreaId, Status> {
    convert::area(&request.name, "name").map_err(|fault| invalid(&[fault]))
}

pub(in crate::server) fn putting(request: proto::PutGridAreaRequest, caller: &Caller) -> Result<PutArea, Status> {
    let hash = putting_hash(&request);
    let mut faults = Faults::default();
    let request_id = faults.take(request_id(&request.request_id));
    let Some(area) = request.grid_area else {
        faults.add("grid_area", "REQUIRED", "it is absent: state it");
        return Err(faults.status());
    };
    let id = faults.take(convert::area(&area.name, "grid_area.name"));
    let display_name = faults.take(text(area.display_name, "grid_area.display_name"));
    let members = members(&area.members, &mut faults);
    let (Some(request_id), Some(id), Some(display_name), true) = (request_id, id, display_name, faults.0.is_empty())
    else {
        return Err(faults.status());
    };
    let request = RequestKey { id: request_id, hash };
    Ok(PutArea { caller: caller.clone(), id, display_name, members, etag: area.etag, request })
}

/// Reads the members and sorts them.
fn members(names: &[String], faults: &mut Faults) -> Vec<NodeId> {
    if names.len() > MEMBERS_MAX {
        let rule = format!("{} members are too many: divide the area, {MEMBERS_MAX} are allowed", names.len());
        faults.add("grid_area.members", "TOO_MANY_MEMBERS", rule);
        return Vec::new();
    }
    let mut members = BTreeSet::new();
    for (index, name) in names.iter().enumerate() {
        let field = format!("grid_area.members[{index}]");
        let Some(member) = faults.take(convert::connection_point(name, &field)) else { continue };
        if !members.insert(member) {
            faults.0.push(violation(field, "MEMBER_TWICE", format!("{name} is a member already: name it once")));
        }
    }
    members.into_iter().collect()
}

pub(in crate::server) fn putting_hash(request: &proto::PutGridAreaRequest) -> [u8; 32] {
    content_hash("PutGridArea", &proto::PutGridAreaRequest { request_id: String::new(), ..request.clone() })
}
