//! What a client shows to the server, and what it trusts.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tonic::transport::{Certificate, ClientTlsConfig, Identity};

use crate::pem;

/// How long a connection may take to agree on keys. Real time.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Where systems keep the roots that they trust: Debian, Fedora, Alpine and macOS.
const SYSTEM_ROOTS: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// TLS 1.3 and 1.2 for a client. Files are PEM.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientTls {
    /// The roots of the server's certificate; absent: those that this system trusts.
    pub roots: Option<PathBuf>,
    /// The client's certificate, then those between it and a root that the server knows; absent: none is shown.
    pub certificate: Option<PathBuf>,
    /// The private key of the certificate, not encrypted.
    pub key: Option<PathBuf>,
    /// The name that the server's certificate must carry; absent: the one in the address.
    pub server_name: Option<String>,
}

impl ClientTls {
    /// Reads the files. The errors name the file, what is wrong with it and how to mend it.
    pub(super) fn load(&self) -> Result<ClientTlsConfig, String> {
        pem::use_ring();
        let system = || SYSTEM_ROOTS.iter().map(Path::new).find(|path| path.exists());
        let roots = self.roots.as_deref().or_else(system);
        let roots = roots.ok_or("this system has no list of roots: name a file with the root of the server")?;
        let mut config =
            ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem::roots(roots)?)).timeout(HANDSHAKE_TIMEOUT);
        match (&self.certificate, &self.key) {
            (Some(certificate), Some(key)) => {
                let identity = pem::identity(certificate, key)?;
                config = config.identity(Identity::from_pem(identity.certificates, identity.key));
            }
            (None, None) => {}
            (Some(_), None) => return Err("the client's certificate has no key: name the file of its key".to_owned()),
            (None, Some(_)) => {
                return Err("the client's key has no certificate: name the file of its certificate".to_owned());
            }
        }
        Ok(match &self.server_name {
            Some(name) => config.domain_name(name),
            None => config,
        })
    }
}

#[cfg(test)]
mod tests;
