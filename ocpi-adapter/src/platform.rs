//! Our side of every link: who we are, who our partners are, and how links are made and ended.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use headroom_domain::{Clock, PartnerId, PartyId};
use parking_lot::Mutex;
use url::Url;

use crate::client::Client;
use crate::exchange::Exchange;
use crate::hosts::PartnerStore;
use crate::partner::{Dialect, Partner, Registration, Role, Secret, TokenHash};
use crate::received::Notice;
use crate::roaming::ClientInfo;
use crate::token;
use crate::version::Version;
use limits::Gate;

mod clients;
mod config;
mod credentials;
mod discovery;
mod error;
mod limits;
mod offer;
mod registration;
mod tokens;
pub(crate) mod v211;

pub use config::PlatformConfig;
pub use error::PlatformError;
pub use limits::Limits;

pub use crate::exchange::Reach;
pub(crate) use credentials::{Refusal, Wish};
pub(crate) use discovery::{lift_interface, lift_module, lift_role, lower_module, lower_role};
pub(crate) use limits::TooMany;
pub(crate) use tokens::{Caller, Standing};

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
    gate: Gate,
}

/// A partner and what is going on with it.
struct Entry {
    partner: Arc<Partner>,
    /// A token that the partner was just given and has not confirmed: good for our versions, nothing else.
    pending: Option<TokenHash>,
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

impl Platform {
    /// Makes a platform with the partners it had when it last ran.
    pub fn new(
        config: PlatformConfig,
        clock: Arc<dyn Clock>,
        partners: Vec<Partner>,
        store: Arc<dyn PartnerStore>,
    ) -> Result<Self, PlatformError> {
        let exchange = Exchange::new(&config).map_err(|error| PlatformError::Http(error.to_string()))?;
        let gate = Gate::new(config.limits, clock.now());
        let partners = partners.into_iter().map(|partner| (partner.id.clone(), Entry::new(partner))).collect();
        Ok(Self { inner: Arc::new(Inner { config, clock, partners: Mutex::new(partners), store, exchange, gate }) })
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
        let registration = Registration::Invited { token_a: TokenHash::of(&token_a) };
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

    /// Saves all partners, for a store that still holds tokens as older versions of this program saved them.
    pub async fn save_all(&self) -> Result<(), PlatformError> {
        for partner in self.partners() {
            let lock = self.enter(&partner.id, Dialect::default());
            let _guard = lock.lock().await;
            self.save(self.known(&partner.id)?).await?;
        }
        Ok(())
    }

    /// Lets it be known what was wrong with a message. That it cannot be kept costs the message nothing.
    pub(crate) async fn note(&self, partner: &PartnerId, notice: Notice) {
        if notice.warnings.is_empty() {
            return;
        }
        if let Err(error) = self.inner.store.note(partner, notice).await {
            tracing::error!(%partner, %error, "what is wrong with a message could not be kept");
        }
    }

    fn set_pending(&self, id: &PartnerId, token: Option<TokenHash>) {
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
