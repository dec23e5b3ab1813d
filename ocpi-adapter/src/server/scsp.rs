//! The modules of a smart charging service.

use std::sync::Arc;

use super::reply::Reply;
use super::request::Incoming;
use super::{Asked, Modules, locations, owned, preferences, profiles, sessions, tariffs};
use crate::hosts::{ObjectKind, ScspHost};
use crate::platform::Platform;

pub(super) struct Scsp<H> {
    pub platform: Platform,
    pub host: Arc<H>,
}

impl<H> Clone for Scsp<H> {
    fn clone(&self) -> Self {
        Self { platform: self.platform.clone(), host: self.host.clone() }
    }
}

impl<H: ScspHost> Modules for Scsp<H> {
    async fn answer(&self, asked: &Asked) -> Result<Reply, Reply> {
        let segments: Vec<&str> = asked.incoming.segments.iter().map(String::as_str).collect();
        match segments.as_slice() {
            ["receiver", "sessions", country, party, id] => {
                let key = owned::key(asked, ObjectKind::Session, country, party, id)?;
                sessions::answer(self, asked, key).await
            }
            ["receiver", "locations", country, party, id, part @ ..] if part.len() <= 2 => {
                let key = owned::key(asked, ObjectKind::Location, country, party, id)?;
                locations::answer(self, asked, key, part).await
            }
            ["receiver", "tariffs", country, party, id] => {
                let key = owned::key(asked, ObjectKind::Tariff, country, party, id)?;
                tariffs::answer(self, asked, key).await
            }
            ["sender", "sessions", id, "charging_preferences"] => preferences::answer(self, asked, id).await,
            ["sender", "chargingprofiles", "results", request_id] => profiles::result(self, asked, request_id).await,
            ["sender", "chargingprofiles", id] => profiles::active(self, asked, id).await,
            _ => Err(Incoming::unknown_path()),
        }
    }
}
