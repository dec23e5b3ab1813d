//! Certificates for a test: authorities, a server, clients.

use std::path::PathBuf;

use headroom_grid_api::client::ClientTls;
use headroom_grid_api::server::{CertificateIdentity, ServerTls};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, SanType,
    date_time_ymd,
};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// Signs certificates, and keeps them and their keys in files as long as it lives.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    directory: TempDir,
}

/// A certificate of a client.
pub(crate) struct Issued {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
    pub(crate) sha256: [u8; 32],
}

impl Issued {
    pub(crate) fn identity(&self) -> CertificateIdentity {
        CertificateIdentity::Sha256(self.sha256)
    }
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let authority = Self { issuer, directory: TempDir::new().unwrap() };
        authority.write("roots.pem", &authority.issuer.pem());
        authority
    }

    /// A client's certificate with these URIs.
    pub(crate) fn client(&self, name: &str, uris: &[&str]) -> Issued {
        self.issue(name, &client_params(name, uris))
    }

    /// A client's certificate whose time is over.
    pub(crate) fn expired_client(&self, name: &str, uris: &[&str]) -> Issued {
        let mut params = client_params(name, uris);
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(2001, 1, 1);
        self.issue(name, &params)
    }

    /// What a server on this machine shows; with `clients` it wants certificates of that authority.
    pub(crate) fn server(&self, clients: Option<&Authority>) -> ServerTls {
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let Issued { certificate, key, .. } = self.issue("server", &params);
        ServerTls { certificates: certificate, key, client_roots: clients.map(Self::roots) }
    }

    /// What a client shows that trusts this authority.
    pub(crate) fn trusted_by(&self, client: Option<&Issued>) -> ClientTls {
        ClientTls {
            roots: Some(self.roots()),
            certificate: client.map(|client| client.certificate.clone()),
            key: client.map(|client| client.key.clone()),
            server_name: Some("localhost".to_owned()),
        }
    }

    fn roots(&self) -> PathBuf {
        self.directory.path().join("roots.pem")
    }

    fn issue(&self, name: &str, params: &CertificateParams) -> Issued {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Issued {
            sha256: Sha256::digest(certificate.der()).into(),
            certificate: self.write(&format!("{name}.pem"), &certificate.pem()),
            key: self.write(&format!("{name}.key"), &key.serialize_pem()),
        }
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.directory.path().join(name);
        assert!(!path.exists(), "{name} is there already: use another name");
        std::fs::write(&path, text).unwrap();
        path
    }
}

fn client_params(name: &str, uris: &[&str]) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.subject_alt_names = uris.iter().map(|uri| SanType::URI((*uri).try_into().unwrap())).collect();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params
}
