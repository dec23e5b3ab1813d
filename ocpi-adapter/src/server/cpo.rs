//! The modules of a charge point operator.

use std::sync::Arc;

use super::reply::Reply;
use super::request::Incoming;
use super::{Asked, Modules, lists, profile_requests};
use crate::hosts::CpoHost;
use crate::platform::Platform;

pub(super) struct Cpo<H> {
    pub platform: Platform,
    pub host: Arc<H>,
}

impl<H> Clone for Cpo<H> {
    fn clone(&self) -> Self {
        Self { platform: self.platform.clone(), host: self.host.clone() }
    }
}

impl<H: CpoHost> Modules for Cpo<H> {
    async fn answer(&self, asked: &Asked) -> Result<Reply, Reply> {
        let segments: Vec<&str> = asked.incoming.segments.iter().map(String::as_str).collect();
        match segments.as_slice() {
            ["sender", "locations"] => lists::all_locations(self, asked).await,
            ["sender", "locations", id, part @ ..] if part.len() <= 2 => lists::location(self, asked, id, part).await,
            ["sender", "tariffs"] => lists::tariffs(self, asked).await,
            ["sender", "sessions"] => lists::sessions(self, asked).await,
            ["receiver", "chargingprofiles", id] => profile_requests::answer(self, asked, id).await,
            _ => Err(Incoming::unknown_path()),
        }
    }
}
