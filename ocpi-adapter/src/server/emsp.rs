//! The modules of an eMSP.

use std::sync::Arc;

use super::reply::Reply;
use super::request::Incoming;
use super::{
    Asked, Modules, authorize, cdrs, commands, lists, locations, owned, profile_requests, profiles, sessions, tariffs,
};
use crate::hosts::{EmspHost, ObjectKind};

pub(super) struct Emsp<H> {
    pub host: Arc<H>,
}

impl<H> Clone for Emsp<H> {
    fn clone(&self) -> Self {
        Self { host: self.host.clone() }
    }
}

impl<H: EmspHost> Modules for Emsp<H> {
    async fn answer(&self, asked: &Asked) -> Result<Reply, Reply> {
        let host = &*self.host;
        match asked.incoming.parts().as_slice() {
            ["receiver", "sessions", country, party, id] => {
                sessions::answer(host, asked, owned::key(asked, ObjectKind::Session, country, party, id)?).await
            }
            ["receiver", "locations", country, party, id, part @ ..] if part.len() <= 2 => {
                let key = owned::key(asked, ObjectKind::Location, country, party, id)?;
                locations::answer(host, asked, key, part).await
            }
            ["receiver", "tariffs", country, party, id] => {
                tariffs::answer(host, asked, owned::key(asked, ObjectKind::Tariff, country, party, id)?).await
            }
            ["receiver", "cdrs"] => cdrs::post(host, asked).await,
            ["receiver", "cdrs", country, party, id] => cdrs::get(host, asked, country, party, id).await,
            ["receiver", "chargingprofiles", id] => profile_requests::answer(host, asked, id).await,
            ["sender", "tokens"] => lists::tokens(host, asked).await,
            ["sender", "tokens", uid, "authorize"] => authorize::answer(host, asked, uid).await,
            ["sender", "commands", "results", request_id] => commands::outcome(host, asked, request_id).await,
            ["sender", "chargingprofiles", "results", request_id] => profiles::result(host, asked, request_id).await,
            ["sender", "chargingprofiles", id] => profiles::active(host, asked, id).await,
            _ => Err(Incoming::unknown_path()),
        }
    }
}
