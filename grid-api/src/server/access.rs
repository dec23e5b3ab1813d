//! Who calls: certificates, bearer tokens, and callers from this machine.

mod check;
mod refusal;

pub use super::jwt::JwtConfig;
pub use super::principals::CertificateIdentity;

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::limit::Target;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tonic::{Request, Status};

use super::ServeError;
use super::host::{Caller, Credential, Expiry, Role, Roles};
use super::jwt::{Jwt, Narrowing, TokenFault};
use super::principals::{Presented, Principals, hex};
pub(super) use refusal::expired;
use refusal::unauthenticated;

/// Who may call.
///
/// A caller with a client certificate is what the certificate says; a token bound to it may narrow that. A caller without
/// one is what its token says; one without either may be known by calling from this machine.
#[derive(Clone, Default)]
pub struct Access {
    /// Tokens for servers without client certificates.
    pub tokens: Vec<TokenGrant>,
    /// What a caller without certificate and token may do when it calls from this machine; absent: it is refused. Not for
    /// a server behind a proxy on the same machine.
    pub loopback: Option<Grant>,
    /// Client certificates.
    pub certificates: Vec<CertificateGrant>,
    /// Tokens that are bound to a client certificate (RFC 8705); absent: none are accepted.
    pub jwt: Option<JwtConfig>,
}

/// What one may do who is let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The utility it speaks for.
    pub utility: String,
    /// What it may do; not empty.
    pub roles: Roles,
    /// Which of the utility's places it may see and limit; absent: all of them. Not empty.
    pub scope: Option<BTreeSet<Target>>,
}

/// Whoever sends `authorization: Bearer {token}` may do this. A utility may have several tokens, so that they can be
/// changed without a gap.
#[derive(Clone)]
pub struct TokenGrant {
    /// The secret; at least 12 characters.
    pub token: String,
    /// How the audit calls it; each token has a name of its own.
    pub name: String,
    /// What it allows.
    pub grant: Grant,
}

/// Whoever presents this certificate may do this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateGrant {
    /// Which certificate.
    pub identity: CertificateIdentity,
    /// What it allows.
    pub grant: Grant,
}

impl Access {
    /// Tells whether a server can start with it, for those who check a configuration.
    pub fn check(&self) -> Result<(), ServeError> {
        Door::new(self).map(drop)
    }
}

impl Grant {
    fn caller(&self, principal: String) -> Caller {
        let Self { utility, roles, scope } = self.clone();
        Caller { principal, utility, roles, scope, valid_until: None }
    }
}

/// Says who a caller is. Keeps hashes of tokens, not tokens.
pub(super) struct Door {
    tokens: Vec<([u8; 32], Caller)>,
    loopback: Option<Caller>,
    principals: Principals,
    jwt: Option<Jwt>,
}

impl Door {
    pub(super) fn new(access: &Access) -> Result<Self, ServeError> {
        check::access(access)?;
        let digest = |entry: &TokenGrant| Sha256::digest(&entry.token).into();
        let holder = |entry: &TokenGrant| (digest(entry), entry.grant.caller(format!("token {}", entry.name)));
        Ok(Self {
            tokens: access.tokens.iter().map(holder).collect(),
            loopback: access.loopback.as_ref().map(|grant| grant.caller("loopback".to_owned())),
            principals: Principals::new(&access.certificates)?,
            jwt: access.jwt.as_ref().map(Jwt::new).transpose()?,
        })
    }

    /// Returns who calls. `now` is the server's time: by it certificates and tokens expire.
    ///
    /// **Errors**: UNAUTHENTICATED with `TOKEN_MISSING`, `TOKEN_UNKNOWN`, `TOKEN_NOT_BOUND`, `TOKEN_EXPIRED`,
    /// `TOKEN_INVALID`, `CERTIFICATE_UNKNOWN` or `CERTIFICATE_EXPIRED`.
    pub(super) fn caller<T>(&self, request: &Request<T>, now: DateTime<Utc>) -> Result<Caller, Status> {
        let authorization = request.metadata().get("authorization");
        let token = authorization.map(|value| value.to_str().ok().and_then(bearer).unwrap_or_default());
        let chain = request.peer_certs();
        let caller = match (chain.as_deref().and_then(|chain| chain.first()), token) {
            (Some(certificate), token) => self.certified(certificate, token, now),
            (None, Some(token)) => self.holder(token),
            (None, None) => self.local(request),
        };
        caller.inspect_err(|status| {
            tracing::warn!(peer = ?request.remote_addr(), reason = status.message(), "a caller is turned away");
        })
    }

    fn certified(&self, certificate: &[u8], token: Option<&str>, now: DateTime<Utc>) -> Result<Caller, Status> {
        let unknown = || unauthenticated("CERTIFICATE_UNKNOWN", refusal::CERTIFICATE_UNKNOWN);
        let presented = Presented::read(certificate).ok_or_else(unknown)?;
        let grant = self.principals.grant(&presented).ok_or_else(|| {
            let Presented { subject, uris, .. } = &presented;
            tracing::warn!(fingerprint = hex(&presented.sha256), ?uris, subject, "a client certificate is not known");
            unknown()
        })?;
        // A connection, and a session that is resumed, may outlive the certificate that opened it. It is valid through its
        // last second (RFC 5280 §4.1.2.5).
        let expiry = Expiry { at: presented.not_after + TimeDelta::seconds(1), credential: Credential::Certificate };
        if expiry.at <= now {
            return Err(expired(expiry.credential));
        }
        let mut caller = Caller { valid_until: Some(expiry), ..grant.caller(presented.principal()) };
        if let Some(token) = token {
            self.narrow(&mut caller, token, &presented.sha256, now)?;
        }
        Ok(caller)
    }

    /// What is sent beside a certificate takes away and never gives. One of our own tokens takes nothing away.
    fn narrow(&self, caller: &mut Caller, token: &str, sha256: &[u8; 32], now: DateTime<Utc>) -> Result<(), Status> {
        if self.known(token).is_some_and(|holder| holder.utility == caller.utility) {
            return Ok(());
        }
        let jwt = self.jwt.as_ref().filter(|_| is_jwt(token)).ok_or_else(refusal::token_unknown)?;
        let Narrowing { roles, expires_at } = jwt.narrowing(token, sha256, now).map_err(refusal::token_fault)?;
        if let Some(roles) = roles {
            caller.roles.retain(|role| roles.contains(role));
        }
        if let Some(at) = expires_at.filter(|at| caller.valid_until.is_none_or(|expiry| *at < expiry.at)) {
            caller.valid_until = Some(Expiry { at, credential: Credential::Token });
        }
        Ok(())
    }

    fn holder(&self, token: &str) -> Result<Caller, Status> {
        let refused = || match &self.jwt {
            Some(_) if is_jwt(token) => refusal::token_fault(TokenFault::NotBound),
            _ => refusal::token_unknown(),
        };
        self.known(token).cloned().ok_or_else(refused)
    }

    fn local<T>(&self, request: &Request<T>) -> Result<Caller, Status> {
        let local = request.remote_addr().is_some_and(|peer| peer.ip().to_canonical().is_loopback());
        let caller = self.loopback.as_ref().filter(|_| local);
        caller.cloned().ok_or_else(|| unauthenticated("TOKEN_MISSING", refusal::TOKEN_MISSING))
    }

    /// Compares with every token, so that the time taken tells nothing about how near a guess came.
    fn known(&self, token: &str) -> Option<&Caller> {
        let digest: [u8; 32] = Sha256::digest(token).into();
        let same = |known: &[u8; 32]| bool::from(known.ct_eq(&digest));
        self.tokens.iter().fold(None, |found, (known, caller)| if same(known) { Some(caller) } else { found })
    }
}

/// Lets a caller through that has a role. Who may submit in earnest may also test.
///
/// **Errors**: `PERMISSION_DENIED` with `ROLE_MISSING`.
pub(super) fn require(caller: &Caller, role: Role) -> Result<(), Status> {
    let implied = role == Role::Test && caller.has(Role::Submit);
    if implied || caller.has(role) { Ok(()) } else { Err(refusal::role_missing(caller, role)) }
}

fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Header, claims and signature between dots (RFC 7515 §3.1).
fn is_jwt(token: &str) -> bool {
    token.split('.').filter(|part| !part.is_empty()).count() >= 2 && token.matches('.').count() == 2
}

#[cfg(test)]
mod tests;
