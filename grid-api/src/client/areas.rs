//! Calls of `GridAreaService` that are answered once.

use headroom_domain::{AreaId, NodeId};
use tonic::transport::Channel;
use uuid::Uuid;

use super::{ClientError, MESSAGE_BYTES_MAX, Utility, all_pages, there};
use crate::convert::areas as convert;
use crate::model::{ConnectionPoint, GridArea};
use crate::proto::grid_area_service_client::GridAreaServiceClient;
use crate::{names, proto};

impl Utility {
    /// Asks for all connection points that the caller may see, page by page.
    pub async fn connection_points(&self) -> Result<Vec<ConnectionPoint>, ClientError> {
        all_pages(async |page_token| {
            let request = proto::ListConnectionPointsRequest { parent: self.parent(), page_size: 0, page_token };
            let page = self.areas_client().list_connection_points(self.request(request)).await?.into_inner();
            let points = page.connection_points.into_iter().map(convert::connection_point).collect::<Result<_, _>>()?;
            Ok((points, page.next_page_token))
        })
        .await
    }

    /// Asks for one connection point.
    pub async fn connection_point(&self, id: &NodeId) -> Result<ConnectionPoint, ClientError> {
        let request = proto::GetConnectionPointRequest { name: names::of_connection_point(id) };
        let answer = self.areas_client().get_connection_point(self.request(request)).await?.into_inner();
        Ok(convert::connection_point(there(answer.connection_point, "connection point")?)?)
    }

    /// Asks for all areas of the utility, page by page.
    pub async fn grid_areas(&self) -> Result<Vec<GridArea>, ClientError> {
        all_pages(async |page_token| {
            let request = proto::ListGridAreasRequest { parent: self.parent(), page_size: 0, page_token };
            let page = self.areas_client().list_grid_areas(self.request(request)).await?.into_inner();
            let areas = page.grid_areas.into_iter().map(convert::area).collect::<Result<_, _>>()?;
            Ok((areas, page.next_page_token))
        })
        .await
    }

    /// Asks for one area.
    pub async fn grid_area(&self, id: &AreaId) -> Result<GridArea, ClientError> {
        let request = proto::GetGridAreaRequest { name: names::of_area(id) };
        let answer = self.areas_client().get_grid_area(self.request(request)).await?.into_inner();
        Ok(convert::area(there(answer.grid_area, "area")?)?)
    }

    /// Makes an area, or replaces it as a whole when `etag` is the one it has; an empty `etag` replaces whatever is there.
    pub async fn put_grid_area(
        &self,
        id: &AreaId,
        display_name: &str,
        members: &[NodeId],
        etag: &str,
        request_id: Uuid,
    ) -> Result<GridArea, ClientError> {
        let grid_area = proto::GridArea {
            name: names::of_area(id),
            display_name: display_name.to_owned(),
            members: members.iter().map(names::of_connection_point).collect(),
            etag: etag.to_owned(),
            ..Default::default()
        };
        let request = proto::PutGridAreaRequest { grid_area: Some(grid_area), request_id: request_id.to_string() };
        let answer = self.areas_client().put_grid_area(self.request(request)).await?.into_inner();
        Ok(convert::area(there(answer.grid_area, "area")?)?)
    }

    pub(super) fn areas_client(&self) -> GridAreaServiceClient<Channel> {
        GridAreaServiceClient::new(self.channel.clone()).max_decoding_message_size(MESSAGE_BYTES_MAX)
    }
}
