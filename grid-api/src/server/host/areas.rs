//! What `GridAreaService` asks.

use std::future::Future;

use headroom_domain::{AreaId, NodeId};

use super::{Caller, Page, Refusal, RequestKey};
use crate::model::{ConnectionPoint, EnrolmentEvent, GridArea};

/// A utility's grouping of connection points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutArea {
    /// Who draws it.
    pub caller: Caller,
    /// Its name; it is made when it is not there.
    pub id: AreaId,
    /// For people.
    pub display_name: String,
    /// Its connection points.
    pub members: Vec<NodeId>,
    /// The `etag` of the area as the caller knows it; empty: it is made, or replaced whatever it is.
    pub etag: String,
    /// Its name for this request.
    pub request: RequestKey,
}

/// Knows who is connected where.
pub trait AreaHost: Send + Sync + 'static {
    /// Returns the connection points that a caller may see, by id. **Errors**: `Unavailable`.
    fn connection_points(
        &self,
        _: &Caller,
        _: &Page<NodeId>,
    ) -> impl Future<Output = Result<Vec<ConnectionPoint>, Refusal>> + Send {
        async { Err(Refusal::NotOffered) }
    }

    /// Returns a connection point. **Errors**: `TargetUnknown`, `NotAuthorised`, `Unavailable`.
    fn connection_point(
        &self,
        _: &Caller,
        _: &NodeId,
    ) -> impl Future<Output = Result<ConnectionPoint, Refusal>> + Send {
        async { Err(Refusal::NotOffered) }
    }

    /// Returns the areas of the caller's utility, by id. **Errors**: `Unavailable`.
    fn areas(&self, _: &Caller, _: &Page<AreaId>) -> impl Future<Output = Result<Vec<GridArea>, Refusal>> + Send {
        async { Err(Refusal::NotOffered) }
    }

    /// Returns an area. **Errors**: `TargetUnknown`, `NotAuthorised`, `Unavailable`.
    fn area(&self, _: &Caller, _: &AreaId) -> impl Future<Output = Result<GridArea, Refusal>> + Send {
        async { Err(Refusal::NotOffered) }
    }

    /// Makes or replaces an area. Its id may not be another utility's.
    ///
    /// **Errors**: `TargetUnknown` and `NotAuthorised` for a member, `EtagMismatch`, `RequestIdReused`, `Invalid`,
    /// `Unavailable`.
    fn put_area(&self, _: PutArea) -> impl Future<Output = Result<GridArea, Refusal>> + Send {
        async { Err(Refusal::NotOffered) }
    }

    /// Returns who was enrolled, changed or left after a sequence number, at most `size`, in order. **Errors**:
    /// `Unavailable`.
    fn enrolment_after(
        &self,
        _: &Caller,
        _after: i64,
        _size: usize,
    ) -> impl Future<Output = Result<Vec<EnrolmentEvent>, Refusal>> + Send {
        async { Err(Refusal::NotOffered) }
    }
}
