//! A push to all to whom it may matter.

use futures::future::join_all;

use super::{Errand, Hub, Place};
use crate::platform::below;
use crate::server::reply::Reply;

impl Hub {
    /// Passes a push on to all parties whose role fits. Path and object keep naming the owner; what single receivers say
    /// is not passed back.
    pub(super) async fn broadcast(&self, errand: &Errand<'_>) -> Result<Reply, Reply> {
        let places = self.places(errand);
        join_all(places.iter().map(|place| self.push(errand, place))).await;
        Ok(Reply::done())
    }

    async fn push(&self, errand: &Errand<'_>, place: &Place) {
        let (Ok(endpoint), Ok(body)) = (place.endpoint(errand), errand.asked.incoming.json()) else { return };
        let mut url = below(&endpoint, errand.rest.iter().copied());
        url.set_query(Some(errand.asked.incoming.query.as_str()).filter(|query| !query.is_empty()));
        let hub = &self.platform.config().party;
        if let Ok(answer) = self.send(errand, place, &url, (hub, &place.party), Some(body)).await
            && let Err(error) = answer.success()
        {
            tracing::warn!(partner = %place.partner.id, %error, "a broadcast was refused");
        }
    }
}
