//! `GridAreaService`: reads the request, asks the host, tells the answer.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use super::desk::{Attempt, Desk};
use super::host::{Page, Role, UtilityHost};
use super::pages::page;
use super::request::{areas as request, streams};
use super::status::Paths;
use super::streams::{Outlet, follow};
use crate::convert::areas::{area_to_proto, connection_point_to_proto, enrolment_to_proto};
use crate::model::{ConnectionPoint, GridArea};
use crate::proto;
use crate::proto::grid_area_service_server::GridAreaService;

pub(super) struct Areas<H> {
    pub(super) desk: Arc<Desk<H>>,
}

/// One more than is shown tells whether there is a next page.
pub(super) fn one_more<K: Clone>(page: &Page<K>) -> Page<K> {
    Page { after: page.after.clone(), size: page.size + 1 }
}

#[tonic::async_trait]
impl<H: UtilityHost> GridAreaService for Areas<H> {
    type StreamEnrolmentStream = Outlet<proto::StreamEnrolmentResponse>;

    async fn list_connection_points(
        &self,
        request: Request<proto::ListConnectionPointsRequest>,
    ) -> Result<Response<proto::ListConnectionPointsResponse>, Status> {
        let caller = self.desk.admit(&request, Role::Read)?;
        let asked = request::connection_points(request.get_ref(), &caller)?;
        let host = &self.desk.host;
        let points = self.desk.ask(Paths::PLAIN, host.connection_points(&caller, &one_more(&asked))).await?;
        let token = |point: &ConnectionPoint| point.id.to_string();
        let (connection_points, next_page_token) = page(&points, asked.size, connection_point_to_proto, token);
        Ok(Response::new(proto::ListConnectionPointsResponse { connection_points, next_page_token }))
    }

    async fn get_connection_point(
        &self,
        request: Request<proto::GetConnectionPointRequest>,
    ) -> Result<Response<proto::GetConnectionPointResponse>, Status> {
        let caller = self.desk.admit(&request, Role::Read)?;
        let id = request::connection_point(request.get_ref())?;
        let point = self.desk.ask(Paths::NAME, self.desk.host.connection_point(&caller, &id)).await?;
        let connection_point = Some(connection_point_to_proto(&point));
        Ok(Response::new(proto::GetConnectionPointResponse { connection_point }))
    }

    async fn list_grid_areas(
        &self,
        request: Request<proto::ListGridAreasRequest>,
    ) -> Result<Response<proto::ListGridAreasResponse>, Status> {
        let caller = self.desk.admit(&request, Role::Read)?;
        let asked = request::areas(request.get_ref(), &caller)?;
        let areas = self.desk.ask(Paths::PLAIN, self.desk.host.areas(&caller, &one_more(&asked))).await?;
        let token = |area: &GridArea| area.id.to_string();
        let (grid_areas, next_page_token) = page(&areas, asked.size, area_to_proto, token);
        Ok(Response::new(proto::ListGridAreasResponse { grid_areas, next_page_token }))
    }

    async fn get_grid_area(
        &self,
        request: Request<proto::GetGridAreaRequest>,
    ) -> Result<Response<proto::GetGridAreaResponse>, Status> {
        let caller = self.desk.admit(&request, Role::Read)?;
        let id = request::area(request.get_ref())?;
        let area = self.desk.ask(Paths::NAME, self.desk.host.area(&caller, &id)).await?;
        Ok(Response::new(proto::GetGridAreaResponse { grid_area: Some(area_to_proto(&area)) }))
    }

    async fn put_grid_area(
        &self,
        request: Request<proto::PutGridAreaRequest>,
    ) -> Result<Response<proto::PutGridAreaResponse>, Status> {
        let caller = self.desk.caller(&request)?;
        let request = request.into_inner();
        let attempt = Attempt {
            caller: caller.clone(),
            method: "PutGridArea",
            resource: request.grid_area.as_ref().map(|area| area.name.clone()).unwrap_or_default(),
            request_id: request.request_id.clone(),
            hash: request::putting_hash(&request),
        };
        let change = async {
            self.desk.allow(&caller, Role::Submit, 1)?;
            let putting = request::putting(request, &caller)?;
            let host = Arc::clone(&self.desk.host);
            self.desk.drive(Paths::AREA, async move { host.put_area(putting).await }).await
        };
        let area = self.desk.audited(attempt, change).await?;
        Ok(Response::new(proto::PutGridAreaResponse { grid_area: Some(area_to_proto(&area)) }))
    }

    async fn stream_enrolment(
        &self,
        request: Request<proto::StreamEnrolmentRequest>,
    ) -> Result<Response<Self::StreamEnrolmentStream>, Status> {
        let caller = self.desk.admit(&request, Role::Read)?;
        let after = streams::enrolment(request.get_ref(), &caller)?;
        let (desk, reader) = (Arc::clone(&self.desk), caller.clone());
        let outlet = self.desk.open(&caller, move |tap| {
            let read = move |host: Arc<H>, after, size| {
                let reader = reader.clone();
                async move { host.enrolment_after(&reader, after, size).await }
            };
            let show = |event: &_| proto::StreamEnrolmentResponse { event: Some(enrolment_to_proto(event)) };
            follow(desk, tap, after, Paths::PLAIN, read, show)
        })?;
        Ok(Response::new(outlet))
    }
}
