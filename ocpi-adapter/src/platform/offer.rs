//! What we offer, and whom we have to tell when it has changed.

use headroom_domain::PartnerId;
use sha2::{Digest as _, Sha256};

use super::Platform;
use super::discovery::{lower_interface, lower_module, our_endpoints};
use super::v211;
use crate::partner::{Module, hex};
use crate::version::Version;
use crate::wire::versions::{self, Endpoint, InterfaceRole, VersionDetails, VersionNumber};

impl Platform {
    /// Returns the versions that we offer.
    pub(crate) fn offered_versions(&self) -> Vec<versions::Version> {
        let versions = self.config().versions.iter().map(|version| versions::Version {
            version: VersionNumber::from(version.as_str().to_owned()),
            url: self.url([version.as_str()]).to_string(),
        });
        versions.collect()
    }

    /// Returns what we offer in a version.
    pub(crate) fn offered_details(&self, version: Version) -> VersionDetails {
        let role = &self.config().role;
        let endpoints = our_endpoints(role).iter().filter(|(module, side)| {
            let module = lower_module(module);
            let side_of_old = v211::interface(&module, &v211::role(role));
            version != Version::V211 || (v211::knows(&module) && lower_interface(side) == Some(side_of_old))
        });
        let endpoints = endpoints.map(|(module, side)| {
            let path = match (lower_module(module), side) {
                (Module::Credentials, _) => vec![version.as_str(), "credentials"],
                (_, InterfaceRole::Receiver) => vec![version.as_str(), "receiver", module.as_str()],
                (_, _) => vec![version.as_str(), "sender", module.as_str()],
            };
            let role = (version != Version::V211).then(|| side.clone());
            Endpoint { identifier: module.clone(), role, url: self.url(path).to_string() }
        });
        VersionDetails {
            version: Some(VersionNumber::from(version.as_str().to_owned())),
            endpoints: endpoints.collect(),
        }
    }

    /// Returns the partners that were last told of other versions, endpoints or parties than we have now: renew their
    /// links ([`Self::renew`]), as OCPI 2.2.1 §7.1 asks.
    pub fn outdated(&self) -> Vec<PartnerId> {
        let told = self.told();
        let partners = self.inner.partners.lock();
        let links = partners.iter().filter_map(|(id, entry)| Some((id, entry.partner.link()?)));
        links.filter(|(_, link)| link.told.as_deref() != Some(&told)).map(|(id, _)| id.clone()).collect()
    }

    /// Returns a hash of what partners are told of us.
    pub(super) fn told(&self) -> String {
        let config = self.config();
        let details = config.versions.iter().map(|version| self.offered_details(*version));
        let offer = (
            config.role.clone(),
            &config.party,
            &config.business_name,
            self.offered_versions(),
            details.collect::<Vec<_>>(),
        );
        // What cannot be written is told as nothing, and so counts as new.
        hex(&Sha256::digest(serde_json::to_vec(&offer).unwrap_or_default()))
    }
}
