//! Answers that come later: a party behind the hub has no token for another, so it answers to an address of the hub.

use std::collections::VecDeque;

use axum::http::Method;
use headroom_domain::PartyId;
use serde_json::Value;
use url::Url;
use url::form_urlencoded::{Serializer, parse};

use super::{Errand, Hub, Place};
use crate::envelope::HUB_NOT_CONNECTED;
use crate::partner::{Interface, Module, Partner};
use crate::server::reply::Reply;

/// So many answers are waited for; older ones come too late.
const CALLBACKS_MAX: usize = 10_000;

/// Who waits for an answer, and where, oldest first.
#[derive(Default)]
pub(super) struct Callbacks(VecDeque<(String, Waiting)>);

#[derive(Clone)]
struct Waiting {
    place: headroom_domain::PartnerId,
    party: PartyId,
    url: Url,
}

impl Hub {
    /// Returns query and body of a request with the hub's own address where it names one for the answer.
    pub(super) fn with_own_callback(&self, errand: &Errand<'_>) -> Result<(Option<String>, Option<Value>), Reply> {
        let incoming = &errand.asked.incoming;
        let query = Some(incoming.query.clone()).filter(|query| !query.is_empty());
        let mut body = if incoming.body.is_empty() { None } else { Some(incoming.json()?) };
        let asks = matches!(errand.module, Module::ChargingProfiles | Module::Commands);
        if !asks || errand.interface != Interface::Receiver {
            return Ok((query, body));
        }
        if let Some(address) = body.as_mut().and_then(|body| body.get_mut("response_url")) {
            let own = self.own_callback(errand, address.as_str().unwrap_or_default())?;
            *address = own.to_string().into();
        }
        if !matches!(incoming.method, Method::GET | Method::DELETE) {
            return Ok((query, body));
        }
        let Some(address) = incoming.url_parameter("response_url") else { return Ok((query, body)) };
        let own = self.own_callback(errand, &address)?;
        let others = parse(incoming.query.as_bytes()).filter(|(name, _)| name == "duration");
        let query =
            Serializer::new(String::new()).extend_pairs(others).append_pair("response_url", own.as_str()).finish();
        Ok((Some(query), body))
    }

    /// Remembers an address and returns one of ours for it.
    fn own_callback(&self, errand: &Errand<'_>, address: &str) -> Result<Url, Reply> {
        let url = Url::parse(address).map_err(|error| Reply::invalid(format!("response_url: {error}")))?;
        let id = uuid::Uuid::new_v4().simple().to_string();
        let module = errand.asked.incoming.segments.get(1).map(String::as_str).unwrap_or_default();
        let own = self.platform.url([errand.asked.version.as_str(), "sender", module, "results", &id]);
        let waiting = Waiting { place: errand.asked.caller.id.clone(), party: errand.from.clone(), url };
        let callbacks = &mut self.callbacks.lock().0;
        callbacks.push_back((id, waiting));
        if callbacks.len() > CALLBACKS_MAX {
            callbacks.pop_front();
        }
        Ok(own)
    }

    /// Brings an answer to whom waits for it. It may come twice.
    pub(super) async fn call_back(&self, errand: &Errand<'_>, id: &str) -> Result<Reply, Reply> {
        let waiting =
            self.callbacks.lock().0.iter().rev().find(|(known, _)| known == id).map(|(_, found)| found.clone());
        let waiting = waiting.ok_or_else(|| Reply::invalid(format!("nobody waits for {id:?}")))?;
        let partner: Option<Partner> = self.platform.partner(&waiting.place);
        let gone = || Reply::refused(HUB_NOT_CONNECTED, format!("{} is not connected", waiting.party));
        let place = Place { partner: partner.ok_or_else(gone)?, party: waiting.party.clone() };
        let body = Some(errand.asked.incoming.json()?);
        let answer = self.send(errand, &place, &waiting.url, (&errand.from, &waiting.party), body).await?;
        Ok(super::pass::passed_back(answer, &waiting.url, &waiting.url).of_party(&waiting.party))
    }
}
