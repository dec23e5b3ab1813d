//! Who is connected to a hub.

use axum::http::Method;
use chrono::{DateTime, Utc};

use super::{Client, LinkError, Pages, write};
use crate::partner::{Interface, Module};
use crate::roaming::ClientInfo;
use crate::{lift, lower};

impl Client {
    /// Pulls who is connected to a hub, and keeps it: parties that are not connected get no requests from then on.
    pub async fn pull_clients(&self, since: Option<DateTime<Utc>>) -> Result<Vec<ClientInfo>, LinkError> {
        let pages = Pages::new(self.clone(), Module::HubClientInfo, since, lower::client_info::client_info);
        let pulled = pages.all().await?;
        for rejected in &pulled.rejected {
            tracing::warn!(partner = %self.partner, reason = rejected.reason(), "a client of the hub is not readable");
        }
        let clients: Vec<_> = pulled.objects.into_iter().map(|received| received.value).collect();
        for client in &clients {
            self.platform.put_client(&self.partner, client.clone());
        }
        Ok(clients)
    }

    /// Tells a client of ours of another one, as the hub.
    pub async fn put_client(&self, client: &ClientInfo) -> Result<(), LinkError> {
        let target = self.target(&Module::HubClientInfo, Interface::Receiver)?;
        let url = target.below([client.party.country_code(), client.party.party_id()]);
        let body = write(&lift::client_info(client))?;
        self.send(&target, Method::PUT, &url, None, Some(body)).await?.success().map(drop)
    }
}
