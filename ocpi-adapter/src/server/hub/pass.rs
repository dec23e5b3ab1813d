//! From party to party.

use axum::http::header::{LINK, LOCATION};
use axum::http::{HeaderName, StatusCode};
use headroom_domain::PartyId;
use serde_json::Value;
use url::Url;

use super::{Errand, Hub, Place};
use crate::client::{LinkError, fits};
use crate::envelope::{CLIENT_ERROR, HUB_ERROR, HUB_NOT_CONNECTED, HUB_TIMEOUT, HUB_UNKNOWN_RECEIVER, SERVER_ERROR};
use crate::exchange::{Answer, Call, Routing};
use crate::partner::{Interface, Module, Partner};
use crate::platform::below;
use crate::server::reply::Reply;

/// Headers of a list that mean the same on every leg.
const PASSED_BACK: [&str; 2] = ["x-total-count", "x-limit"];

impl Hub {
    /// Passes a request on to a party and its answer back, unchanged but for addresses.
    pub(super) async fn pass_on(&self, errand: &Errand<'_>, to: &PartyId) -> Result<Reply, Reply> {
        let place = self.place(errand, to)?;
        let endpoint = place.endpoint(errand)?;
        let (query, body) = self.with_own_callback(errand)?;
        let mut url = below(&endpoint, errand.rest.iter().copied());
        url.set_query(query.as_deref());
        let answer = self.send(errand, &place, &url, (&errand.from, to), body).await?;
        Ok(passed_back(answer, &endpoint, &self.own_endpoint(errand)))
    }

    /// Finds where a party is: 4001 when nobody is called that, 4003 when it is not connected.
    fn place(&self, errand: &Errand<'_>, party: &PartyId) -> Result<Place, Reply> {
        let mut found = None;
        let mut connected = false;
        for partner in self.platform.partners() {
            let Some(link) = partner.link() else { continue };
            let role = |fitting: bool| {
                let roles = link.parties.iter().filter(|known| known.party == *party);
                roles.map(|known| &known.role).find(|role| fits(&errand.module, errand.interface, role) || !fitting)
            };
            let fitting = role(true);
            if let Some(role) = fitting.or_else(|| role(false))
                && (found.is_none() || fitting.is_some())
            {
                connected = self.is_connected(party, role);
                found = Some(Place { partner: partner.clone(), party: party.clone() });
            }
        }
        match found {
            Some(place) if connected => Ok(place),
            None if !self.knows(party) => {
                Err(Reply::refused(HUB_UNKNOWN_RECEIVER, format!("{party} is not behind this hub: see hubclientinfo")))
            }
            _ => Err(Reply::refused(HUB_NOT_CONNECTED, format!("{party} is not connected: see hubclientinfo"))),
        }
    }

    /// Sends a request on the second leg: with a new request id and the same correlation id.
    pub(super) async fn send(
        &self,
        errand: &Errand<'_>,
        place: &Place,
        url: &Url,
        (from, to): (&PartyId, &PartyId),
        body: Option<Value>,
    ) -> Result<Answer, Reply> {
        let gone = || Reply::refused(HUB_NOT_CONNECTED, format!("{to} is not connected"));
        let link = place.partner.link().ok_or_else(gone)?;
        let incoming = &errand.asked.incoming;
        let correlation_id = incoming.headers.get("x-correlation-id").and_then(|id| id.to_str().ok());
        let routing =
            Routing { to: Some(to.clone()), from: from.clone(), correlation_id: correlation_id.map(str::to_owned) };
        let call = Call {
            method: incoming.method.clone(),
            url,
            token: &link.token_sent,
            partner: &place.partner,
            routing: Some(routing),
            body,
            tokens: errand.module == Module::Tokens,
        };
        match self.platform.exchange().send(call).await {
            Ok(answer) => Ok(answer),
            Err(error) => Err(self.failed(&place.partner, to, &error).await),
        }
    }

    async fn failed(&self, partner: &Partner, to: &PartyId, error: &LinkError) -> Reply {
        tracing::warn!(partner = %partner.id, %error, "a request could not be passed on");
        match error {
            LinkError::Unreachable { timed_out: true, .. } => {
                Reply::refused(HUB_TIMEOUT, format!("{to} did not answer in time"))
            }
            LinkError::Unreachable { .. } => {
                self.missed(partner).await;
                Reply::refused(HUB_NOT_CONNECTED, format!("{to} cannot be reached"))
            }
            _ => Reply::refused(HUB_ERROR, format!("the answer of {to} is no OCPI")),
        }
    }

    fn own_endpoint(&self, errand: &Errand<'_>) -> Url {
        let interface = if errand.interface == Interface::Sender { "sender" } else { "receiver" };
        let module = errand.asked.incoming.segments.get(1).map(String::as_str).unwrap_or_default();
        self.platform.url([errand.asked.version.as_str(), interface, module])
    }
}

impl Place {
    /// Returns where the module of a request is reached.
    pub(super) fn endpoint(&self, errand: &Errand<'_>) -> Result<Url, Reply> {
        let url = self.partner.link().and_then(|link| link.endpoint(&errand.module, errand.interface));
        let missing = || Reply::refused(HUB_ERROR, format!("{} does not offer this module", self.party));
        url.cloned().ok_or_else(missing)
    }
}

/// Makes an answer of a party the hub's own. Addresses below the party's endpoint become addresses below the hub's.
pub(super) fn passed_back(answer: Answer, theirs: &Url, ours: &Url) -> Reply {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::BAD_GATEWAY);
    let no_code = if status.is_client_error() { CLIENT_ERROR } else { SERVER_ERROR };
    let envelope = answer.envelope;
    let mut reply = Reply {
        status,
        code: envelope.code.unwrap_or(no_code),
        message: envelope.message,
        data: Some(envelope.data).filter(|data| !data.is_null()),
        headers: Vec::new(),
    };
    let text = |name: &HeaderName| answer.headers.get(name).and_then(|value| value.to_str().ok());
    for name in PASSED_BACK.map(HeaderName::from_static) {
        if let Some(value) = text(&name) {
            reply = reply.with(name, value);
        }
    }
    if let Some(value) = text(&LOCATION) {
        reply = reply.with(LOCATION, &moved(value, theirs, ours).unwrap_or_else(|| value.to_owned()));
    }
    // A Link that leads elsewhere is left out: the list goes on by offset.
    let next = text(&LINK).and_then(|link| link.split_once('<')?.1.split_once('>'));
    if let Some((url, rest)) = next.and_then(|(url, rest)| Some((moved(url, theirs, ours)?, rest))) {
        reply = reply.with(LINK, &format!("<{url}>{rest}"));
    }
    reply
}

fn moved(address: &str, theirs: &Url, ours: &Url) -> Option<String> {
    let url = theirs.join(address.trim()).ok()?;
    let rest = url.as_str().strip_prefix(theirs.as_str().trim_end_matches('/'))?;
    (rest.is_empty() || rest.starts_with(['/', '?'])).then(|| format!("{ours}{rest}"))
}
