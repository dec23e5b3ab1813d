//! Links that a partner makes, renews and ends.

use super::discovery::{DiscoveryError, versions_url};
use super::{Platform, PlatformError, Standing};
use crate::envelope::{CLIENT_API, INVALID, NO_ENDPOINT, NO_VERSION};
use crate::partner::{Dialect, Link, Partner, Registration, Secret};
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
    /// Before, the partner's versions and details are fetched with its new token, as OCPI wants. The old token stays
    /// good until then, so that a partner whose request fails can try again.
    pub(crate) async fn accept(
        &self,
        partner: &Partner,
        wish: Wish,
        version: Version,
        credentials: &wire::Credentials,
    ) -> Result<wire::Credentials, Refusal> {
        let lock = self.enter(&partner.id, Dialect::default());
        let _guard = lock.lock().await;
        let known = self.known(&partner.id)?;
        if known.registration != partner.registration {
            return Err(Refusal::DeadToken);
        }
        match (wish, &known.registration) {
            (Wish::Register, Registration::Invited { .. }) | (Wish::Update, Registration::Registered(_)) => {}
            (Wish::Register, _) => return Err(Refusal::REGISTERED),
            (Wish::Update, _) => return Err(Refusal::NOT_REGISTERED),
        }
        let link = self.check(&known, version, credentials).await?;
        let ours = self.credentials(&link.token_received, &partner.id, version);
        self.save(Partner { registration: Registration::Registered(link), ..known }).await?;
        Ok(ours)
    }

    /// Fetches what a partner offers in a version and makes a link of it.
    async fn check(
        &self,
        partner: &Partner,
        version: Version,
        credentials: &wire::Credentials,
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
        let link = self.link(credentials, offer, token::generate()).map_err(invalid)?;
        match self.missing_endpoint(|role| link.has_role(role), &link.endpoints) {
            Some(missing) => Err(Refusal::Ocpi(NO_ENDPOINT, format!("you offer no {missing}"))),
            None => Ok(link),
        }
    }

    /// Ends a link because the partner says so.
    pub(crate) async fn end(&self, partner: &Partner, standing: Standing) -> Result<(), Refusal> {
        let lock = self.enter(&partner.id, Dialect::default());
        let _guard = lock.lock().await;
        let known = self.known(&partner.id)?;
        if standing != Standing::Registered || known.link().is_none() {
            return Err(Refusal::NOT_REGISTERED);
        }
        let saved: Result<(), PlatformError> = self.save(Partner { registration: Registration::None, ..known }).await;
        saved.map_err(Refusal::from)
    }
}
