//! Who we are on the wire, and what we let through.

use std::time::Duration;

use headroom_domain::PartyId;
use url::Url;

use super::limits::Limits;
use crate::exchange::Reach;
use crate::partner::{Role, Secret};
use crate::token;
use crate::version::Version;

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
    /// The versions that we speak, oldest first; the newest that a partner speaks too is used.
    pub versions: Vec<Version>,
    /// Most objects in a page that we serve.
    pub page_limit: usize,
    /// How long one request to a partner may take, in real time.
    pub request_timeout: Duration,
    /// Which addresses partners may have.
    pub reach: Reach,
    /// What partners may ask of us.
    pub limits: Limits,
    /// Certificates, as PEM, of authorities that are trusted beside those of the system: for partners with a private
    /// one.
    pub root_certificates: Vec<String>,
    /// Salts the hashes that stand for the ids of drivers ([`DriverIds`]). Keep it: with another one, nobody is
    /// recognised.
    ///
    /// [`DriverIds`]: crate::partner::DriverIds
    pub driver_salt: Secret,
}

impl PlatformConfig {
    /// Makes a configuration with all versions, pages of 100, 20 s for a request, the reach that the public URL
    /// implies ([`Reach::implied_by`]), usual limits and a salt by chance.
    pub fn new(public_url: Url, role: Role, party: PartyId, business_name: impl Into<String>) -> Self {
        Self {
            reach: Reach::implied_by(&public_url),
            public_url,
            role,
            party,
            business_name: business_name.into(),
            versions: Version::ALL.to_vec(),
            page_limit: 100,
            request_timeout: Duration::from_secs(20),
            limits: Limits::default(),
            root_certificates: Vec::new(),
            driver_salt: token::generate(),
        }
    }

    /// Returns the version that a text names, when we speak it.
    pub(crate) fn speaks(&self, text: &str) -> Option<Version> {
        Version::parse(text).filter(|version| self.versions.contains(version))
    }
}
