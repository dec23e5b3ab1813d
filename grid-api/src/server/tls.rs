//! What the server shows to those who connect, and what it asks them for.

use std::path::PathBuf;
use std::time::Duration;

use tonic::transport::server::ServerTlsConfig;
use tonic::transport::{Certificate, Identity};

use super::ServeError;
use crate::pem;

/// How long a connection may take to agree on keys. Real time.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// TLS 1.3 and 1.2 for a server. Files are PEM and are read once, at the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerTls {
    /// The server's certificate, then those between it and a root that callers know.
    pub certificates: PathBuf,
    /// Its private key, not encrypted.
    pub key: PathBuf,
    /// The roots of client certificates. When given, who has no certificate of theirs cannot connect; absent: nobody is
    /// asked for one.
    pub client_roots: Option<PathBuf>,
}

impl ServerTls {
    /// Tells whether a server can start with it, for those who check a configuration.
    pub fn check(&self) -> Result<(), ServeError> {
        self.load().map(drop)
    }

    /// Reads the files. The errors name the file, what is wrong with it and how to mend it.
    pub(super) fn load(&self) -> Result<ServerTlsConfig, ServeError> {
        pem::use_ring();
        let identity = pem::identity(&self.certificates, &self.key).map_err(ServeError::Access)?;
        let roots = self.client_roots.as_deref().map(pem::roots).transpose().map_err(ServeError::Access)?;
        let config = ServerTlsConfig::new()
            .identity(Identity::from_pem(identity.certificates, identity.key))
            .timeout(HANDSHAKE_TIMEOUT);
        Ok(match roots {
            Some(roots) => config.client_ca_root(Certificate::from_pem(roots)),
            None => config,
        })
    }
}

#[cfg(test)]
mod tests;
