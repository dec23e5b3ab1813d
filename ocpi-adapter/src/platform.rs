//! Our side of every link: who we are, who our partners are, and how links are made and ended.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use headroom_domain::{Clock, PartnerId, PartyId};
use parking_lot::Mutex;
use url::Url;

use crate::client::{Client, LinkError};
use crate::hosts::{HostError, PartnerStore};
use crate::partner::{Dialect, Partner, Role, Secret};

/// Who we are on the wire.
#[derive(Debug, Clone)]
pub struct PlatformConfig {
    /// Where partners reach us, for example `https://charge.example/ocpi`; its path is where the router answers.
    pub public_url: Url,
    /// What we do: [`Role::Scsp`], [`Role::Cpo`] or [`Role::Emsp`]. It decides the modules on offer.
    pub role: Role,
    /// Who we are.
    pub party: PartyId,
    /// What we are called.
    pub business_name: String,
    /// Most objects in a page that we serve.
    pub page_limit: usize,
    /// How long one request to a partner may take, in real time.
    pub request_timeout: Duration,
}

impl PlatformConfig {
    /// Makes a configuration with pages of 100 and 20 s for a request.
    pub fn new(public_url: Url, role: Role, party: PartyId, business_name: impl Into<String>) -> Self {
        Self {
            public_url,
            role,
            party,
            business_name: business_name.into(),
            page_limit: 100,
            request_timeout: Duration::from_secs(20),
        }
    }
}

/// Why a link could not be made, renewed or ended.
#[derive(Debug, thiserror::Error)]
pub enum PlatformError {
    /// Nobody of that name.
    #[error("partner {0} is not known: name it in the configuration or invite it")]
    UnknownPartner(PartnerId),
    /// The link is there already.
    #[error("partner {0} is registered already: unregister it first")]
    AlreadyRegistered(PartnerId),
    /// The partner offers no version that we speak.
    #[error("partner {partner} offers versions {offered:?} and none that we speak (2.2.1)")]
    NoMutualVersion {
        /// The partner.
        partner: PartnerId,
        /// What it offers.
        offered: Vec<String>,
    },
    /// The partner lacks a module without which a link is of no use.
    #[error("partner {partner} offers no {missing}: ask it to")]
    MissingEndpoint {
        /// The partner.
        partner: PartnerId,
        /// What is missing.
        missing: String,
    },
    /// A request to the partner failed.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The partner could not be saved.
    #[error("partner {0} could not be saved: {1}")]
    Store(PartnerId, HostError),
    /// No HTTP client could be made.
    #[error("no HTTP client could be made: {0}")]
    Http(String),
}

/// Our side of every link. Clones are handles to the same platform, the one owner of its partners.
#[derive(Clone)]
pub struct Platform {
    inner: Arc<Inner>,
}

struct Inner {
    config: PlatformConfig,
    clock: Arc<dyn Clock>,
    partners: Mutex<BTreeMap<PartnerId, Partner>>,
    store: Arc<dyn PartnerStore>,
}

impl Platform {
    /// Makes a platform with the partners it had when it last ran.
    pub fn new(
        config: PlatformConfig,
        clock: Arc<dyn Clock>,
        partners: Vec<Partner>,
        store: Arc<dyn PartnerStore>,
    ) -> Result<Self, PlatformError> {
        let partners = partners.into_iter().map(|partner| (partner.id.clone(), partner)).collect();
        Ok(Self { inner: Arc::new(Inner { config, clock, partners: Mutex::new(partners), store }) })
    }

    /// Returns who we are.
    pub fn config(&self) -> &PlatformConfig {
        &self.inner.config
    }

    /// Returns all partners, by name.
    pub fn partners(&self) -> Vec<Partner> {
        self.inner.partners.lock().values().cloned().collect()
    }

    /// Returns a partner.
    pub fn partner(&self, id: &PartnerId) -> Option<Partner> {
        self.inner.partners.lock().get(id).cloned()
    }

    /// Returns a client to a partner. It looks at the link at each call, so it outlives a change of tokens.
    pub fn client(&self, _partner: &PartnerId) -> Client {
        todo!()
    }

    /// Returns where partners find our versions; what goes to them with a token A.
    pub fn versions_url(&self) -> Url {
        todo!()
    }

    /// Returns the address for the result of a request, to be named in that request. **Shape**: at most 255
    /// characters when the id has at most 64.
    pub fn response_url(&self, _request_id: &str) -> Url {
        todo!()
    }

    /// Lets a partner register with us: makes a token A, to be handed over on a safe way with [`Self::versions_url`].
    ///
    /// A partner that is invited again gets a new token A; the one before is dead.
    #[expect(clippy::unused_async, reason = "follows")]
    pub async fn invite(&self, _partner: &PartnerId, _dialect: Dialect) -> Result<Secret, PlatformError> {
        let _ = (&self.inner.clock, &self.inner.store);
        todo!()
    }

    /// Registers with a partner that gave us its versions URL and a token A (OCPI 2.2.1 §5, our side starts).
    #[expect(clippy::unused_async, reason = "follows")]
    pub async fn register(
        &self,
        _partner: &PartnerId,
        _versions_url: &Url,
        _token_a: &Secret,
    ) -> Result<(), PlatformError> {
        todo!()
    }

    /// Renews the link: fetches the partner's endpoints again and changes both tokens (PUT credentials).
    #[expect(clippy::unused_async, reason = "follows")]
    pub async fn renew(&self, _partner: &PartnerId) -> Result<(), PlatformError> {
        todo!()
    }

    /// Ends the link on both sides (DELETE credentials). Ours ends even when the partner cannot be reached.
    #[expect(clippy::unused_async, reason = "follows")]
    pub async fn unregister(&self, _partner: &PartnerId) -> Result<(), PlatformError> {
        todo!()
    }
}
