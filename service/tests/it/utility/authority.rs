//! An authority that issues certificates into a folder.

use std::path::{Path, PathBuf};

use headroom_grid_api::audit::hex;
use headroom_grid_api::client::ClientTls;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, SanType,
};
use sha2::{Digest, Sha256};

pub(super) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: PathBuf,
    roots: PathBuf,
}

/// A certificate and its key, as files.
pub(super) struct Issued {
    certificate: PathBuf,
    key: PathBuf,
    /// SHA-256, in hexadecimal digits.
    pub(super) fingerprint: String,
}

impl Authority {
    pub(super) fn new(folder: &Path, name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let roots = folder.join(format!("{name}.pem"));
        std::fs::write(&roots, issuer.pem()).unwrap();
        Self { issuer, folder: folder.to_owned(), roots }
    }

    /// Issues a certificate for `localhost`, of a server or of a client that may have a URI.
    pub(super) fn issue(&self, name: &str, uri: Option<&str>) -> Issued {
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.subject_alt_names.extend(uri.map(|uri| SanType::URI(uri.try_into().unwrap())));
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let write = |extension: &str, text: String| {
            let path = self.folder.join(format!("{name}.{extension}"));
            std::fs::write(&path, text).unwrap();
            path
        };
        Issued {
            fingerprint: hex(&Sha256::digest(certificate.der())),
            certificate: write("pem", certificate.pem()),
            key: write("key", key.serialize_pem()),
        }
    }

    /// What a client shows that trusts this authority.
    pub(super) fn trusted_by(&self, client: Option<&Issued>) -> ClientTls {
        ClientTls {
            roots: Some(self.roots.clone()),
            certificate: client.map(|client| client.certificate.clone()),
            key: client.map(|client| client.key.clone()),
            server_name: Some("localhost".to_owned()),
        }
    }
}
