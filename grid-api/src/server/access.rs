//! Who calls: tokens, compared in constant time.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tonic::{Request, Status};

use super::ServeError;
use super::status::unauthenticated;
use crate::names;

const TOKEN_LENGTH_MIN: usize = 12;

/// Who may call.
#[derive(Clone, Default)]
pub struct Access {
    /// `(token, utility)`: whoever sends `authorization: Bearer {token}` is this utility. A utility may have several
    /// tokens, so that they can be changed without a gap. At least 12 characters.
    pub tokens: Vec<(String, String)>,
    /// The utility that a caller without a token is when it calls from this machine; absent: it is refused. Not for a
    /// server behind a proxy on the same machine.
    pub loopback_utility: Option<String>,
}

impl Access {
    /// Tells whether a server can start with it, for those who check a configuration.
    pub fn check(&self) -> Result<(), ServeError> {
        Door::new(self).map(drop)
    }
}

/// Says who a caller is. Keeps hashes, not tokens.
pub(super) struct Door {
    tokens: Vec<([u8; 32], String)>,
    loopback_utility: Option<String>,
}

impl Door {
    pub(super) fn new(access: &Access) -> Result<Self, ServeError> {
        for utility in access.tokens.iter().map(|(_, utility)| utility).chain(&access.loopback_utility) {
            if !names::is_id(utility) {
                let rule = "use 1 to 128 of A-Z a-z 0-9 . _ ~ -, the first a letter or a digit";
                return Err(ServeError::Access(format!("utility name {utility:?}: {rule}")));
            }
        }
        let mut tokens: Vec<([u8; 32], String)> = Vec::new();
        for (token, utility) in &access.tokens {
            if token.len() < TOKEN_LENGTH_MIN {
                let rule = format!("use at least {TOKEN_LENGTH_MIN} characters");
                return Err(ServeError::Access(format!("a token of utility {utility} is too short: {rule}")));
            }
            let digest = Sha256::digest(token).into();
            if tokens.iter().any(|(known, other)| *known == digest && other != utility) {
                return Err(ServeError::Access(format!("utility {utility} has the token of another: make its own")));
            }
            tokens.push((digest, utility.clone()));
        }
        Ok(Self { tokens, loopback_utility: access.loopback_utility.clone() })
    }

    /// Returns the utility that calls.
    pub(super) fn utility<T>(&self, request: &Request<T>) -> Result<&str, Status> {
        let Some(authorization) = request.metadata().get("authorization") else {
            let loopback = request.remote_addr().is_some_and(|peer| peer.ip().to_canonical().is_loopback());
            return self.loopback_utility.as_deref().filter(|_| loopback).ok_or_else(|| {
                unauthenticated("TOKEN_MISSING", "no token: send the metadata authorization: Bearer {token}")
            });
        };
        let token = authorization.to_str().ok().and_then(bearer).unwrap_or_default();
        self.utility_of(token).ok_or_else(|| {
            tracing::warn!(peer = ?request.remote_addr(), "a caller's token is not known");
            unauthenticated("TOKEN_UNKNOWN", "the token is not known here: ask the operator for a new one")
        })
    }

    /// Compares with every token, so that the time taken tells nothing about how near a guess came.
    fn utility_of(&self, token: &str) -> Option<&str> {
        let digest: [u8; 32] = Sha256::digest(token).into();
        self.tokens.iter().fold(
            None,
            |found, (known, utility)| {
                if bool::from(known.ct_eq(&digest)) { Some(utility.as_str()) } else { found }
            },
        )
    }
}

fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests;
