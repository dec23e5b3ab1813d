//! How a connection is made.

use std::time::Duration;

use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::Endpoint;

use super::{ClientError, ClientTls, Utility};
use crate::causes;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const CALL_TIMEOUT: Duration = Duration::from_secs(15);
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// What a connection is made of.
#[derive(Clone)]
pub struct UtilityBuilder {
    url: String,
    utility: String,
    token: Option<String>,
    tls: Option<ClientTls>,
    call_timeout: Duration,
}

impl UtilityBuilder {
    pub(super) fn new(url: &str, utility: &str) -> Self {
        let (url, utility) = (url.to_owned(), utility.to_owned());
        Self { url, utility, token: None, tls: None, call_timeout: CALL_TIMEOUT }
    }

    /// Sends a token with every call: one of the server's own, or, beside a client certificate, a JWT that is bound to it.
    #[must_use]
    pub fn token(mut self, token: &str) -> Self {
        self.token = Some(token.to_owned());
        self
    }

    /// Connects by TLS; the URL begins with `https`.
    #[must_use]
    pub fn tls(mut self, tls: ClientTls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Gives a call up after so long. Real time; 15 s unless stated. Streams go on.
    #[must_use]
    pub fn call_timeout(mut self, call_timeout: Duration) -> Self {
        self.call_timeout = call_timeout;
        self
    }

    /// Makes a connection that is opened when it is first needed, and again when it breaks. Needs a tokio runtime.
    ///
    /// **Errors**: `Address` when the URL, the token or a file of TLS cannot be used.
    pub fn connect(self) -> Result<Utility, ClientError> {
        let address = |message| ClientError::Address { url: self.url.clone(), message };
        let mut endpoint = Endpoint::from_shared(self.url.clone())
            .map_err(|error| address(causes(&error)))?
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(self.call_timeout)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_while_idle(true)
            .tcp_nodelay(true);
        if let Some(tls) = &self.tls {
            let config = tls.load().map_err(address)?;
            endpoint = endpoint.tls_config(config).map_err(|error| address(causes(&error)))?;
        }
        let bearer = |token| {
            let mut value: MetadataValue<Ascii> = format!("Bearer {token}")
                .parse()
                .map_err(|_| address("the token has characters outside visible ASCII: check it".to_owned()))?;
            value.set_sensitive(true);
            Ok::<_, ClientError>(value)
        };
        let authorization = self.token.as_ref().map(bearer).transpose()?;
        Ok(Utility { channel: endpoint.connect_lazy(), name: self.utility, authorization })
    }
}
