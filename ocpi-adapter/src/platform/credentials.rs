//! Links that a partner makes, renews and ends.

use headroom_domain::PartnerId;
use serde_json::Value;

use super::discovery::{DiscoveryError, versions_url};
use super::tokens::{Caller, Standing};
use super::{Platform, PlatformError, v211};
use crate::envelope::{CLIENT_API, INVALID, NO_ENDPOINT, NO_VERSION};
use crate::lower::message;
use crate::partner::{Dialect, Link, Partner, Registration, Secret, TokenHash};
use crate::received::{MessageKind, Notice};
use crate::token;
use crate::version::Version;
use crate::wire::credentials as wire;

/// Why a partner's wish is refused.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// HTTP 405: not in this state.
    NotNow(&'static str),
    /// HTTP 401: the token died while the request waited.
    DeadToken,
    /// An OCPI code.
    Ocpi(u16, String),
}

impl Refusal {
    /// Answers a POST by a registered partner (OCPI 2.2.1 §7.2).
    pub(crate) const REGISTERED: Self = Self::NotNow("registered already: PUT changes credentials");
    /// Answers a PUT or DELETE by a partner that is not registered (OCPI 2.2.1 §7.2).
    pub(crate) const NOT_REGISTERED: Self = Self::NotNow("not registered: POST registers");
}

/// What a partner wants of its link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// POST.
    Register,
    /// PUT.
    Update,
}

impl Platform {
    /// Takes a partner's credentials and returns ours, with a new token for it. Durable before it returns.
    ///
    /// Before, the partner's versions and details are fetched with its new token, as OCPI wants. What the partner had
    /// before a PUT stays good until it has used the new token once, so that it can try again when it never got our
    /// answer.
    pub(crate) async fn accept(
        &self,
        caller: &Caller,
        wish: Wish,
        version: Version,
        credentials: &wire::Credentials,
    ) -> Result<wire::Credentials, Refusal> {
        let lock = self.enter(&caller.partner.id, Dialect::default());
        let _guard = lock.lock().await;
        let known = self.known(&caller.partner.id)?;
        let standing = known.registration.standing(&caller.token).ok_or(Refusal::DeadToken)?;
        let before = match (wish, standing, known.link()) {
            (Wish::Register, Standing::Invited, _) => Vec::new(),
            (Wish::Update, Standing::Registered, Some(link)) => before(&caller.token, link),
            (Wish::Register, ..) => return Err(Refusal::REGISTERED),
            (Wish::Update, ..) => return Err(Refusal::NOT_REGISTERED),
        };
        let token = token::generate();
        let link = self.check(&known, version, credentials, &token).await?;
        let link = Link { tokens_before: before, ..link };
        self.save(Partner { registration: Registration::Registered(link), ..known }).await?;
        Ok(self.credentials(&token, &caller.partner.id, version))
    }

    /// Reads a partner's credentials, and lets it be known what in them is not as the standard has it.
    ///
    /// **Errors**: where and why, without the words of the parser: they may repeat the token.
    pub(crate) async fn read_credentials(
        &self,
        partner: &PartnerId,
        sent: &Value,
        version: Version,
    ) -> Result<wire::Credentials, String> {
        let read = v211::read(sent, version, &self.config().role).map_err(|error| {
            let rule = error.inner().to_string();
            let is_told = rule.starts_with("missing field");
            (error.path().to_string(), if is_told { rule } else { "not of the type that OCPI has".to_owned() })
        });
        let refused = read.as_ref().err().map(|(path, rule)| (path.as_str(), rule.as_str()));
        let mut warnings = message::warnings(sent, &wire::Credentials::CLASS, version, refused);
        for warning in &mut warnings {
            // Tokens, and addresses that may hold one.
            warning.value = Value::Null;
        }
        self.note(partner, Notice { kind: MessageKind::Credentials, about: None, warnings }).await;
        read.map_err(|(path, rule)| format!("{path}: {rule}"))
    }

    /// Fetches what a partner offers in a version and makes a link of it.
    async fn check(
        &self,
        partner: &Partner,
        version: Version,
        credentials: &wire::Credentials,
        token_received: &Secret,
    ) -> Result<Link, Refusal> {
        let invalid = |problem: String| Refusal::Ocpi(INVALID, problem);
        let versions_url = versions_url(credentials).map_err(invalid)?;
        let token = Secret::new(credentials.token.clone());
        let found = self.discover(partner, &versions_url, &token, Some(version)).await;
        let offer = found.map_err(|error| match error {
            DiscoveryError::Link(error) => Refusal::Ocpi(CLIENT_API, format!("your versions cannot be used: {error}")),
            DiscoveryError::NoMutualVersion(offered) => {
                Refusal::Ocpi(NO_VERSION, format!("you offer {offered:?}, these credentials are for {version}"))
            }
        })?;
        let link = self.link(credentials, offer, token_received).map_err(invalid)?;
        match self.missing_endpoint(version, |role| link.has_role(role), &link.endpoints) {
            Some(missing) => Err(Refusal::Ocpi(NO_ENDPOINT, format!("you offer no {missing}"))),
            None => Ok(link),
        }
    }

    /// Ends a link because the partner says so.
    pub(crate) async fn end(&self, caller: &Caller) -> Result<(), Refusal> {
        let lock = self.enter(&caller.partner.id, Dialect::default());
        let _guard = lock.lock().await;
        let known = self.known(&caller.partner.id)?;
        match known.registration.standing(&caller.token) {
            Some(Standing::Registered) => {}
            Some(_) => return Err(Refusal::NOT_REGISTERED),
            None => return Err(Refusal::DeadToken),
        }
        let saved: Result<(), PlatformError> = self.save(Partner { registration: Registration::None, ..known }).await;
        saved.map_err(Refusal::from)
    }
}

/// Returns what stays good for a while after a PUT: the token that it came with first, then all others, newest first.
fn before(presented: &Secret, link: &Link) -> Vec<TokenHash> {
    let presented = TokenHash::of(presented);
    let others = std::iter::once(link.token_received).chain(link.tokens_before.iter().copied());
    let before = std::iter::once(presented).chain(others.filter(|token| *token != presented));
    before.take(Link::TOKENS_BEFORE).collect()
}
