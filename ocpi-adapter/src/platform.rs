//! Our side of every link: who we are, who our partners are, and how links are made and ended.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use headroom_domain::{Clock, PartnerId, PartyId};
use parking_lot::Mutex;
use url::Url;

use crate::client::{Client, LinkError};
use crate::exchange::Exchange;
use crate::hosts::{HostError, PartnerStore};
use crate::partner::{Dialect, Partner, Registration, Role, Secret};
use crate::roaming::ClientInfo;
use crate::token::{self, Presented};
use crate::version::Version;

mod clients;
mod credentials;
mod discovery;
mod registration;

pub(crate) use credentials::{Refusal, Wish};
pub(crate) use discovery::{lift_interface, lift_module, lift_role, lower_module, lower_role, our_endpoints};

/// Who we are on the wire.
#[derive(Debug, Clone)]
pub struct PlatformConfig {
    /// Where partners reach us, for example `https://charge.example/ocpi`; its path is where the router answers.
    pub public_url: Url,
    /// What we do: [`Role::Scsp`], [`Role::Cpo`], [`Role::Emsp`] or [`Role::Hub`]. It decides the modules on offer.
    pub role: Role,
    /// Who we are.
    pub party: PartyId,
    /// What we are called.
    pub business_name: String,
    /// The versions that we speak, oldest first; the newest that a partner speaks too is used.
    pub versions: Vec<Version>,
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
            versions: vec![Version::V22, Version::V221, Version::V230],
            page_limit: 100,
            request_timeout: Duration::from_secs(20),
        }
    }

    /// Returns the version that a text names, when we speak it.
    pub(crate) fn speaks(&self, text: &str) -> Option<Version> {
        Version::parse(text).filter(|version| self.versions.contains(version))
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
    #[error("partner {partner} offers versions {offered:?}, none of which we speak")]
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
    partners: Mutex<BTreeMap<PartnerId, Entry>>,
    store: Arc<dyn PartnerStore>,
    exchange: Exchange,
}

/// A partner and what is going on with it.
struct Entry {
    partner: Arc<Partner>,
    /// A token that the partner was just given and has not confirmed: good for our versions, nothing else.
    pending: Option<Secret>,
    /// Held while a link is made, renewed or ended.
    registration: Arc<tokio::sync::Mutex<()>>,
    /// Held while an object of the partner is read, merged and stored.
    objects: Arc<tokio::sync::Mutex<()>>,
    /// What it has told of its clients, when it is a hub.
    clients: BTreeMap<(PartyId, Role), ClientInfo>,
}

impl Entry {
    fn new(partner: Partner) -> Self {
        Self {
            partner: Arc::new(partner),
            pending: None,
            registration: Arc::default(),
            objects: Arc::default(),
            clients: BTreeMap::new(),
        }
    }
}

/// With what a caller has shown who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// With the token A of an invitation.
    Invited,
    /// With a token that was just handed out by a handshake that is not over.
    Pending,
    /// With the token of its link.
    Registered,
}

impl Platform {
    /// Makes a platform with the partners it had when it last ran.
    pub fn new(
        config: PlatformConfig,
        clock: Arc<dyn Clock>,
        partners: Vec<Partner>,
        store: Arc<dyn PartnerStore>,
    ) -> Result<Self, PlatformError> {
        let exchange = Exchange::new(config.request_timeout).map_err(|error| PlatformError::Http(error.to_string()))?;
        let partners = partners.into_iter().map(|partner| (partner.id.clone(), Entry::new(partner))).collect();
        Ok(Self { inner: Arc::new(Inner { config, clock, partners: Mutex::new(partners), store, exchange }) })
    }

    /// Returns who we are.
    pub fn config(&self) -> &PlatformConfig {
        &self.inner.config
    }

    /// Returns all partners, by name.
    pub fn partners(&self) -> Vec<Partner> {
        self.inner.partners.lock().values().map(|entry| Partner::clone(&entry.partner)).collect()
    }

    /// Returns a partner.
    pub fn partner(&self, id: &PartnerId) -> Option<Partner> {
        self.shared(id).map(|partner| Partner::clone(&partner))
    }

    /// Returns a client to a partner. It looks at the link at each call, so it outlives a change of tokens.
    pub fn client(&self, partner: &PartnerId) -> Client {
        Client::new(self.clone(), partner.clone())
    }

    /// Returns where partners find our versions; what goes to them with a token A.
    pub fn versions_url(&self) -> Url {
        self.url(["versions"])
    }

    /// Returns the address for the result of a request, to be named in that request. **Shape**: at most 255
    /// characters (the request is not sent otherwise).
    pub fn response_url(&self, request_id: &str) -> Url {
        self.url([Version::default().as_str(), "sender", "chargingprofiles", "results", request_id])
    }

    /// Returns the address for what becomes of a command, to be named in it. **Shape**: at most 255 characters (the
    /// command is not sent otherwise).
    pub fn command_url(&self, request_id: &str) -> Url {
        self.url([Version::default().as_str(), "sender", "commands", "results", request_id])
    }

    /// Lets a partner register with us: makes a token A, to be handed over on a safe way with [`Self::versions_url`].
    ///
    /// A partner that is invited again gets a new token A; the one before is dead.
    pub async fn invite(&self, partner: &PartnerId, dialect: Dialect) -> Result<Secret, PlatformError> {
        let lock = self.enter(partner, dialect.clone());
        let _guard = lock.lock().await;
        if self.shared(partner).is_some_and(|known| known.link().is_some()) {
            return Err(PlatformError::AlreadyRegistered(partner.clone()));
        }
        let token_a = token::generate();
        let registration = Registration::Invited { token_a: token_a.clone() };
        self.save(Partner { id: partner.clone(), registration, dialect }).await?;
        Ok(token_a)
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.inner.clock.now()
    }

    pub(crate) fn exchange(&self) -> &Exchange {
        &self.inner.exchange
    }

    pub(crate) fn shared(&self, id: &PartnerId) -> Option<Arc<Partner>> {
        self.inner.partners.lock().get(id).map(|entry| entry.partner.clone())
    }

    /// Returns an address of ours.
    pub(crate) fn url<'a>(&self, segments: impl IntoIterator<Item = &'a str>) -> Url {
        below(&self.inner.config.public_url, segments)
    }

    /// Returns who presents a token. Looks at every token, so that the time taken does not tell which is close.
    pub(crate) fn authenticate(&self, presented: &Presented) -> Option<(Arc<Partner>, Standing)> {
        let partners = self.inner.partners.lock();
        let tokens = partners.values().flat_map(|entry| {
            let known = match &entry.partner.registration {
                Registration::None => None,
                Registration::Invited { token_a } => Some((token_a, Standing::Invited)),
                Registration::Registered(link) => Some((&link.token_received, Standing::Registered)),
            };
            let pending = entry.pending.as_ref().map(|token| (token, Standing::Pending));
            known.into_iter().chain(pending).map(|(token, standing)| (entry.partner.clone(), token, standing))
        });
        let found = tokens.filter(|(_, token, _)| presented.is(token));
        found.map(|(partner, _, standing)| (partner, standing)).reduce(|_, later| later)
    }

    /// Returns the lock under which objects of a partner are merged.
    pub(crate) fn objects_lock(&self, partner: &PartnerId) -> Arc<tokio::sync::Mutex<()>> {
        self.inner.partners.lock().get(partner).map(|entry| entry.objects.clone()).unwrap_or_default()
    }

    /// Returns the lock under which a link is changed, of a partner that may be new.
    fn enter(&self, id: &PartnerId, dialect: Dialect) -> Arc<tokio::sync::Mutex<()>> {
        let mut partners = self.inner.partners.lock();
        let entry = partners.entry(id.clone()).or_insert_with(|| Entry::new(Partner::new(id.clone(), dialect)));
        entry.registration.clone()
    }

    /// Saves a partner and, once it is durable, takes it as it is.
    async fn save(&self, partner: Partner) -> Result<(), PlatformError> {
        let saved = self.inner.store.save(&partner).await;
        saved.map_err(|error| PlatformError::Store(partner.id.clone(), error))?;
        if let Some(entry) = self.inner.partners.lock().get_mut(&partner.id) {
            entry.partner = Arc::new(partner);
        }
        Ok(())
    }

    fn set_pending(&self, id: &PartnerId, token: Option<Secret>) {
        if let Some(entry) = self.inner.partners.lock().get_mut(id) {
            entry.pending = token;
        }
    }
}

/// Returns an address below another, with exactly one slash between the parts.
pub(crate) fn below<'a>(base: &Url, segments: impl IntoIterator<Item = &'a str>) -> Url {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}
