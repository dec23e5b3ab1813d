//! The modules of a smart charging service.

use std::sync::Arc;

use super::reply::Reply;
use super::request::Incoming;
use super::{Asked, Modules, cdrs, locations, owned, preferences, profiles, sessions, tariffs, tokens};
use crate::hosts::{ObjectKind, ScspHost};

mod interests;

pub(super) struct Scsp<H> {
    pub host: Arc<H>,
}

impl<H> Clone for Scsp<H> {
    fn clone(&self) -> Self {
        Self { host: self.host.clone() }
    }
}

impl<H: ScspHost> Modules for Scsp<H> {
    async fn answer(&self, asked: &Asked) -> Result<Reply, Reply> {
        match asked.incoming.parts().as_slice() {
            ["receiver", "sessions", country, party, id] => {
                sessions::answer(self, asked, owned::key(asked, ObjectKind::Session, country, party, id)?).await
            }
            ["receiver", "locations", country, party, id, part @ ..] if part.len() <= 2 => {
                let key = owned::key(asked, ObjectKind::Location, country, party, id)?;
                locations::answer(self, asked, key, part).await
            }
            ["receiver", "tariffs", country, party, id] => {
                tariffs::answer(self, asked, owned::key(asked, ObjectKind::Tariff, country, party, id)?).await
            }
            ["receiver", "tokens", country, party, uid] => tokens::answer(self, asked, country, party, uid).await,
            ["receiver", "cdrs"] => cdrs::post(self, asked).await,
            ["receiver", "cdrs", country, party, id] => cdrs::get(self, asked, country, party, id).await,
            ["sender", "sessions", id, "charging_preferences"] => preferences::answer(self, asked, id).await,
            ["sender", "chargingprofiles", "results", request_id] => profiles::result(self, asked, request_id).await,
            ["sender", "chargingprofiles", id] => profiles::active(self, asked, id).await,
            _ => Err(Incoming::unknown_path()),
        }
    }
}
