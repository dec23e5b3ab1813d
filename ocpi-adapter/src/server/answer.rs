//! From request to answer: who calls, which module, and the headers and envelope around it.

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode};
use axum::response::Response;

use super::reply::Reply;
use super::request::Incoming;
use super::{Asked, Modules, Peer, clients, configuration};
use crate::envelope;
use crate::platform::{Caller, Platform, Standing};
use crate::token::Presented;
use crate::version::Version;

/// What of a request is repeated in its answer.
pub(super) struct Frame {
    platform: Platform,
    what: String,
    headers: HeaderMap,
}

/// Headers that an answer repeats.
const REPEATED: [&str; 2] = ["x-request-id", "x-correlation-id"];

/// Headers that change places in an answer.
const SWAPPED: [(&str, &str); 4] = [
    ("ocpi-from-country-code", "ocpi-to-country-code"),
    ("ocpi-from-party-id", "ocpi-to-party-id"),
    ("ocpi-to-country-code", "ocpi-from-country-code"),
    ("ocpi-to-party-id", "ocpi-from-party-id"),
];

impl Frame {
    pub(super) fn of(platform: &Platform, request: &Request<Body>) -> Self {
        let mut headers = HeaderMap::new();
        for name in REPEATED {
            let given = request.headers().get(name).cloned();
            let made = || HeaderValue::from_str(&uuid::Uuid::new_v4().to_string()).ok();
            if let Some(value) = given.or_else(made) {
                headers.insert(name, value);
            }
        }
        let path = request.uri().path();
        if !is_configuration(path) {
            for (theirs, ours) in SWAPPED {
                if let Some(value) = request.headers().get(theirs) {
                    headers.insert(HeaderName::from_static(ours), value.clone());
                }
            }
            let party = &platform.config().party;
            for (name, code) in [("country-code", party.country_code()), ("party-id", party.party_id())] {
                if let (Ok(name), Ok(code)) =
                    (HeaderName::try_from(format!("ocpi-from-{name}")), HeaderValue::from_str(code))
                {
                    headers.entry(name).or_insert(code);
                }
            }
        }
        Self { platform: platform.clone(), what: format!("{} {}", request.method(), shown(path)), headers }
    }

    /// Puts a reply into its envelope.
    pub(super) fn close(self, reply: Reply) -> Response {
        let status = reply.status.as_u16();
        if reply.status == StatusCode::TOO_MANY_REQUESTS {
            // A flood of requests must not become one of lines.
            tracing::debug!(what = self.what, status, message = reply.message, "told to wait");
        } else if reply.code != envelope::SUCCESS {
            tracing::warn!(what = self.what, status, code = reply.code, message = reply.message, "refused");
        }
        let body = envelope::write(reply.data, reply.code, reply.message.as_deref(), self.platform.now());
        let mut response = Response::new(Body::from(body.to_string()));
        *response.status_mut() = reply.status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response.headers_mut().extend(self.headers);
        response.headers_mut().extend(reply.headers);
        response
    }
}

/// Returns a path as it may stand in a log: without what stands for a driver, which follows the module of tokens.
fn shown(path: &str) -> &str {
    const TOKENS: &str = "/tokens/";
    path.find(TOKENS).map_or(path, |start| &path[..start + TOKENS.len()])
}

/// Tells whether a path, ours or an alias, leads to a module that goes from platform to platform: without parties.
fn is_configuration(path: &str) -> bool {
    let mut segments = path.split('/').filter(|part| !part.is_empty()).rev();
    let last = segments.next().unwrap_or_default();
    matches!(last, "versions" | "credentials") || Version::parse(last).is_some() || path.contains("/hubclientinfo")
}

/// Answers a request.
pub(super) async fn answer(
    platform: &Platform,
    modules: &impl Modules,
    prefix: &[String],
    request: Request<Body>,
) -> Reply {
    answer_or_refuse(platform, modules, prefix, request).await.unwrap_or_else(|refused| refused)
}

async fn answer_or_refuse(
    platform: &Platform,
    modules: &impl Modules,
    prefix: &[String],
    request: Request<Body>,
) -> Result<Reply, Reply> {
    let caller = caller(platform, &request)?;
    let _permit = platform.admit(&caller.partner.id).map_err(Reply::too_many)?;
    platform.confirm(&caller).await;
    let wraps = caller.partner.dialect.wraps_data;
    let incoming = Incoming::read(platform, &caller.partner, request, prefix).await?;
    let reply = admitted(platform, modules, incoming, &caller).await;
    if wraps { reply.map(Reply::wrapped) } else { reply }
}

/// Returns who calls.
fn caller(platform: &Platform, request: &Request<Body>) -> Result<Caller, Reply> {
    presented(request.headers())
        .and_then(|presented| {
            let caller = platform.authenticate(&presented);
            caller.ok_or_else(|| Reply::unauthorized("the token is not known: was the link made, renewed or ended?"))
        })
        .map_err(|refused| {
            let peer = request.extensions().get::<ConnectInfo<Peer>>().map(|info| info.0.0.ip());
            platform.count_stranger(peer).err().map_or(refused, Reply::too_many)
        })
}

async fn admitted(
    platform: &Platform,
    modules: &impl Modules,
    mut incoming: Incoming,
    caller: &Caller,
) -> Result<Reply, Reply> {
    let segments: Vec<&str> = incoming.segments.iter().map(String::as_str).collect();
    let dialect = &caller.partner.dialect;
    let callback = matches!(segments.as_slice(), [_, "sender", "chargingprofiles" | "commands", ..]);
    let accepted = if callback { dialect.accepts_in_callbacks } else { dialect.accepts };
    if !accepted.allows(caller.form) {
        return Err(Reply::unauthorized(format!("the token is not in the form that was agreed on: {accepted:?}")));
    }
    if let ["versions"] = segments.as_slice() {
        return configuration::versions(platform, &incoming);
    }
    let version = segments.first().and_then(|text| platform.config().speaks(text));
    let version = version.ok_or_else(Incoming::unknown_path)?;
    incoming.segments.remove(0);
    let asked = Asked { platform: platform.clone(), caller: caller.partner.clone(), version, incoming };
    of_version(modules, asked, caller).await
}

/// Answers below the details of a version.
async fn of_version(modules: &impl Modules, asked: Asked, caller: &Caller) -> Result<Reply, Reply> {
    let platform = &asked.platform;
    let segments: Vec<&str> = asked.incoming.segments.iter().map(String::as_str).collect();
    match segments.as_slice() {
        [] => configuration::details(platform, &asked),
        ["credentials"] => {
            let reply = configuration::credentials(platform, &asked, caller).await;
            modules.links_changed(&asked.caller).await;
            reply
        }
        ["sender" | "receiver", ..] if caller.standing != Standing::Registered => {
            Err(Reply::unauthorized("the token opens credentials and versions only: register first"))
        }
        ["receiver", "hubclientinfo", country, party] => clients::answer(&asked, country, party),
        ["sender" | "receiver", _, ..] => {
            if !modules.passes_on() {
                addressed_to_us(platform, &asked.incoming)?;
            }
            modules.answer(&asked).await
        }
        _ => Err(Incoming::unknown_path()),
    }
}

fn presented(headers: &HeaderMap) -> Result<Presented, Reply> {
    let header = headers.get(AUTHORIZATION).ok_or_else(|| Reply::unauthorized("no Authorization header"))?;
    let presented = header.to_str().ok().and_then(Presented::read);
    presented.ok_or_else(|| Reply::unauthorized("send Authorization: Token <credentials token in Base64>"))
}

fn addressed_to_us(platform: &Platform, incoming: &Incoming) -> Result<(), Reply> {
    let party = &platform.config().party;
    match incoming.party("to") {
        Some(to) if to != *party => {
            Err(Reply::invalid(format!("OCPI-to-* names {to}, which is not on this platform: {party} is")))
        }
        _ => Ok(()),
    }
}
