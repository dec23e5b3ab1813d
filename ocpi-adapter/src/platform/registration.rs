//! Links that we make, renew and end (OCPI 2.2.1 §7).

use axum::http::Method;
use headroom_domain::PartnerId;
use url::Url;

use super::discovery::{Offer, looks_like};
use super::{Platform, PlatformError, Refusal};
use crate::client::LinkError;
use crate::envelope;
use crate::exchange::Call;
use crate::partner::{Dialect, Interface, Link, Module, Partner, Registration, Secret};
use crate::token;
use crate::wire::credentials as wire;

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
        let link = self.exchange_credentials(&known, Method::POST, offer, token_a).await?;
        self.save(Partner { registration: Registration::Registered(link), ..known }).await
    }

    /// Renews the link: fetches the partner's endpoints again and changes both tokens (PUT credentials).
    pub async fn renew(&self, partner: &PartnerId) -> Result<(), PlatformError> {
        let lock = self.enter(partner, Dialect::default());
        let _guard = lock.lock().await;
        let known = self.known(partner)?;
        let Some(old) = known.link().cloned() else {
            return Err(LinkError::NotRegistered(partner.clone()).into());
        };
        let offer = self.discover(&known, &old.versions_url, &old.token_sent, None).await;
        let offer = offer.map_err(|error| error.of(&known))?;
        let link = self.exchange_credentials(&known, Method::PUT, offer, &old.token_sent).await?;
        self.save(Partner { registration: Registration::Registered(link), ..known }).await
    }

    /// Ends the link on both sides (DELETE credentials). Ours ends even when the partner cannot be reached.
    pub async fn unregister(&self, partner: &PartnerId) -> Result<(), PlatformError> {
        let lock = self.enter(partner, Dialect::default());
        let _guard = lock.lock().await;
        let known = self.known(partner)?;
        let Some(link) = known.link().cloned() else {
            return Err(LinkError::NotRegistered(partner.clone()).into());
        };
        let (id, form) = (known.id.clone(), known.dialect.token_form);
        self.save(Partner { registration: Registration::None, ..known }).await?;
        let Some(url) = link.endpoint(&Module::Credentials, Interface::Sender) else {
            return Ok(());
        };
        let call = Call { method: Method::DELETE, url, token: &link.token_sent, form, routing: None, body: None };
        if let Err(error) = self.exchange().send(call).await.and_then(crate::exchange::Answer::success) {
            tracing::warn!(partner = %id, %error, "the link is ended on our side; the partner could not be told");
        }
        Ok(())
    }

    pub(super) fn known(&self, partner: &PartnerId) -> Result<Partner, PlatformError> {
        self.partner(partner).ok_or_else(|| PlatformError::UnknownPartner(partner.clone()))
    }

    /// Sends our credentials and takes the partner's. While the request is open, our versions answer to the new token.
    async fn exchange_credentials(
        &self,
        partner: &Partner,
        method: Method,
        offer: Offer,
        token: &Secret,
    ) -> Result<Link, PlatformError> {
        let missing = |missing: String| PlatformError::MissingEndpoint { partner: partner.id.clone(), missing };
        if let Some(what) = self.missing_endpoint(|role| looks_like(role, &offer.endpoints), &offer.endpoints) {
            return Err(missing(what));
        }
        let url = offer.endpoints.iter().find(|end| end.module == Module::Credentials).map(|end| end.url.clone());
        let url = url.ok_or_else(|| missing("credentials".to_owned()))?;
        let token_b = token::generate();
        let unwritable = |error: serde_json::Error| LinkError::Unsendable(error.to_string());
        let ours = self.credentials(&token_b, &partner.id, offer.version);
        let body = Some(serde_json::to_value(ours).map_err(unwritable)?);
        self.set_pending(&partner.id, Some(token_b.clone()));
        let form = partner.dialect.token_form;
        let call = Call { method: method.clone(), url: &url, token, form, routing: None, body };
        let answer = self.exchange().send(call).await;
        self.set_pending(&partner.id, None);
        let data = envelope::single(answer?.success()?);
        let unreadable = |problem: String| LinkError::Unreadable {
            method: method.to_string(),
            url: url.to_string(),
            problem: format!("data.{problem}"),
        };
        let credentials: wire::Credentials =
            serde_path_to_error::deserialize(&data).map_err(|error| unreadable(error.to_string()))?;
        Ok(self.link(&credentials, offer, token_b).map_err(unreadable)?)
    }
}

impl From<PlatformError> for Refusal {
    fn from(error: PlatformError) -> Self {
        tracing::error!(%error, "a registration could not be carried out");
        Self::Ocpi(envelope::SERVER_ERROR, "the registration could not be carried out: try again later".to_owned())
    }
}
