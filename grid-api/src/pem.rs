//! Certificates and keys in PEM files (RFC 7468), looked at before they are used.

use std::path::Path;

use rustls::RootCertStore;
use rustls::crypto::ring;
use rustls::pki_types::pem::{Error as PemError, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

/// A certificate with what stands between it and a root, and its private key; PEM.
pub(crate) struct PemIdentity {
    pub(crate) certificates: Vec<u8>,
    pub(crate) key: Vec<u8>,
}

/// Makes ring the process's way to encrypt, unless there is one already.
pub(crate) fn use_ring() {
    if ring::default_provider().install_default().is_err() {
        tracing::trace!("TLS is done by what was there first");
    }
}

/// Reads a certificate and the key that belongs to it. Errors name the file, what is wrong and the remedy.
pub(crate) fn identity(certificates: &Path, key: &Path) -> Result<PemIdentity, String> {
    let (pem, chain) = read_certificates(certificates)?;
    let key_pem = read(key)?;
    let private = PrivateKeyDer::from_pem_slice(&key_pem).map_err(|error| match error {
        PemError::NoItemsFound => {
            let remedy = "it must hold one that is not encrypted, after a line such as BEGIN PRIVATE KEY";
            format!("{}: there is no private key in it: {remedy}", key.display())
        }
        error => garbage(key, &error),
    })?;
    CertifiedKey::from_der(chain, private, &ring::default_provider()).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => format!(
            "{}: it is not the key of the first certificate in {}: name the two that were made together",
            key.display(),
            certificates.display()
        ),
        error => format!("{}: the key cannot be used: {error}; make an ECDSA, Ed25519 or RSA key", key.display()),
    })?;
    Ok(PemIdentity { certificates: pem, key: key_pem })
}

/// Reads certificates to trust; at least one.
pub(crate) fn roots(path: &Path) -> Result<Vec<u8>, String> {
    let (pem, certificates) = read_certificates(path)?;
    let mut store = RootCertStore::empty();
    for (index, certificate) in certificates.into_iter().enumerate() {
        store.add(certificate).map_err(|error| {
            let number = index + 1;
            format!("{}: certificate {number} cannot be a root: {error}; take it out or replace it", path.display())
        })?;
    }
    Ok(pem)
}

fn read_certificates(path: &Path) -> Result<(Vec<u8>, Vec<CertificateDer<'static>>), String> {
    let pem = read(path)?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let certificates = certificates.map_err(|error| garbage(path, &error))?;
    if certificates.is_empty() {
        let remedy = "it must hold PEM, from a line BEGIN CERTIFICATE on";
        return Err(format!("{}: there is no certificate in it: {remedy}", path.display()));
    }
    for (index, certificate) in certificates.iter().enumerate() {
        x509_parser::parse_x509_certificate(certificate).map_err(|error| {
            let number = index + 1;
            format!("{}: certificate {number} is damaged: {error}; copy the file again", path.display())
        })?;
    }
    Ok((pem, certificates))
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path)
        .map_err(|error| format!("{}: it cannot be read: {error}; check the path and who may read it", path.display()))
}

fn garbage(path: &Path, error: &PemError) -> String {
    format!("{}: it is not PEM: {error}; copy the file again", path.display())
}

#[cfg(test)]
mod tests;
