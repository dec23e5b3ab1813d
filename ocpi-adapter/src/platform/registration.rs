//! Links that we make, renew and end (OCPI 2.2.1 §7).

use axum::http::Method;
use headroom_domain::PartnerId;
use url::Url;

use super::discovery::{Offer, looks_like};
use super::{Platform, PlatformError, Refusal, v211};
use crate::client::LinkError;
use crate::envelope;
use crate::exchange::{Call, masked};
use crate::partner::{Dialect, Interface, Link, Module, Partner, Registration, Role, Secret, TokenHash};
use crate::token;

impl Platform {
    /// Registers with a partner that gave us its versions URL and a token A (OCPI 2.2.1 §7.1, our side starts).
    ///
    /// A partner that is new gets the default dialect; give it another with [`Platform::new`].
    pub async fn register(
        &self,
        partner: &PartnerId,
        versions_url: &Url,
        token_a: &Secret,
    ) -> Result<(), PlatformError> {
        let lock = self.enter(partner, Dialect::default());
        let _guard = lock.lock().await;
        let known = self.known(partner)?;
        if known.link().is_some() {
            return Err(PlatformError::AlreadyRegistered(partner.clone()));
        }
        let offer = self.discover(&known, versions_url, token_a, None).await.map_err(|error| error.of(&known))?;
        let token_b = token::generate();
        self.set_pending(partner, Some(TokenHash::of(&token_b)));
        let link = self.exchange_credentials(&known, Method::POST, offer, token_a, &token_b).await;
        self.set_pending(partner, None);
        self.save(Partner { registration: Registration::Registered(link?), ..known }).await
    }

    /// Renews the link: fetches the partner's endpoints again, tells it ours and changes both tokens (PUT
    /// credentials). Call it at least monthly, at once for a token that others may know, and for [`Self::outdated`].
    ///
    /// **Errors**: the link stays as it was. Where the answer is lost, nobody knows which token the partner uses from
    /// now on, so the new one and the old one are good until the new one is used; renew again.
    pub async fn renew(&self, partner: &PartnerId) -> Result<(), PlatformError> {
        let lock = self.enter(partner, Dialect::default());
        let _guard = lock.lock().await;
        let known = self.known(partner)?;
        let Some(old) = known.link().cloned() else {
            return Err(LinkError::NotRegistered(partner.clone()).into());
        };
        let offer = self.discover(&known, &old.versions_url, &old.token_sent, None).await;
        let offer = offer.map_err(|error| error.of(&known))?;
        let token_b = token::generate();
        let mut tokens_before = vec![old.token_received];
        tokens_before.extend(&old.tokens_before);
        tokens_before.truncate(Link::TOKENS_BEFORE);
        let with = |link: Link| Partner { registration: Registration::Registered(link), ..known.clone() };
        // Durable before it is sent: should we fall over now, the partner may have taken it.
        let (token_received, before) = (TokenHash::of(&token_b), tokens_before.clone());
        self.save(with(Link { token_received, tokens_before: before, ..old.clone() })).await?;
        match self.exchange_credentials(&known, Method::PUT, offer, &old.token_sent, &token_b).await {
            Ok(link) => self.save(with(Link { tokens_before, ..link })).await,
            Err(PlatformError::Link(error)) if error.is_retryable() => Err(error.into()),
            Err(error) => self.save(with(old)).await.and(Err(error)),
        }
    }

    /// Ends the link on both sides (DELETE credentials). Ours ends even when the partner cannot be reached.
    pub async fn unregister(&self, partner: &PartnerId) -> Result<(), PlatformError> {
        let lock = self.enter(partner, Dialect::default());
        let _guard = lock.lock().await;
        let known = self.known(partner)?;
        let Some(link) = known.link().cloned() else {
            return Err(LinkError::NotRegistered(partner.clone()).into());
        };
        self.save(Partner { registration: Registration::None, ..known.clone() }).await?;
        let Some(url) = link.endpoint(&Module::Credentials, Interface::Sender) else {
            return Ok(());
        };
        let (token, partner) = (&link.token_sent, &known);
        let call = Call { method: Method::DELETE, url, token, partner, routing: None, body: None, tokens: false };
        if let Err(error) = self.exchange().send(call).await.and_then(crate::exchange::Answer::success) {
            tracing::warn!(partner = %known.id, %error, "the link is ended on our side; the partner could not be told");
        }
        Ok(())
    }

    pub(super) fn known(&self, partner: &PartnerId) -> Result<Partner, PlatformError> {
        self.partner(partner).ok_or_else(|| PlatformError::UnknownPartner(partner.clone()))
    }

    /// Sends our credentials with a token for the partner and takes the partner's.
    async fn exchange_credentials(
        &self,
        partner: &Partner,
        method: Method,
        offer: Offer,
        token: &Secret,
        token_b: &Secret,
    ) -> Result<Link, PlatformError> {
        let missing = |missing: String| PlatformError::MissingEndpoint { partner: partner.id.clone(), missing };
        let looks = |role: &Role| looks_like(role, &offer.endpoints);
        if let Some(what) = self.missing_endpoint(offer.version, looks, &offer.endpoints) {
            return Err(missing(what));
        }
        let url = offer.endpoints.iter().find(|end| end.module == Module::Credentials).map(|end| end.url.clone());
        let url = url.ok_or_else(|| missing("credentials".to_owned()))?;
        let unwritable = |error: serde_json::Error| LinkError::Unsendable(error.to_string());
        let ours = self.credentials(token_b, &partner.id, offer.version);
        let body = Some(v211::write(ours, offer.version).map_err(unwritable)?);
        let call = Call { method: method.clone(), url: &url, token, partner, routing: None, body, tokens: false };
        let data = envelope::single(self.exchange().send(call).await?.success()?);
        let unreadable = |problem: String| LinkError::Unreadable {
            method: method.to_string(),
            url: masked(&url),
            problem: format!("data.{problem}"),
        };
        let credentials = self.read_credentials(&partner.id, &data, offer.version).await.map_err(unreadable)?;
        Ok(self.link(&credentials, offer, token_b).map_err(unreadable)?)
    }
}

impl From<PlatformError> for Refusal {
    fn from(error: PlatformError) -> Self {
        tracing::error!(%error, "a registration could not be carried out");
        Self::Ocpi(envelope::SERVER_ERROR, "the registration could not be carried out: try again later".to_owned())
    }
}
