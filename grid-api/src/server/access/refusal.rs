//! How callers are turned away.

use std::collections::HashMap;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use super::super::host::{Caller, Credential, Role};
use super::super::jwt::TokenFault;
use super::super::status::DOMAIN;

pub(super) const TOKEN_MISSING: &str = "no token: send the metadata authorization: Bearer {token}";
pub(super) const CERTIFICATE_UNKNOWN: &str =
    "the client certificate is not known here: send its SHA-256 fingerprint or its URI to the operator";
const CERTIFICATE_EXPIRED: &str = "the client certificate has expired: connect again with a new one";

pub(super) fn unauthenticated(reason: &str, message: &str) -> Status {
    let details = ErrorDetails::with_error_info(reason, DOMAIN, HashMap::new());
    Status::with_error_details(Code::Unauthenticated, message, details)
}

/// A caller whose time is over.
pub(in crate::server) fn expired(credential: Credential) -> Status {
    match credential {
        Credential::Certificate => unauthenticated("CERTIFICATE_EXPIRED", CERTIFICATE_EXPIRED),
        Credential::Token => token_fault(TokenFault::Expired),
    }
}

pub(super) fn token_unknown() -> Status {
    unauthenticated("TOKEN_UNKNOWN", "the token is not known here: ask the operator for a new one")
}

pub(super) fn token_fault(fault: TokenFault) -> Status {
    match fault {
        TokenFault::NotBound => {
            let message = "the token is not for the certificate of this connection: present the certificate whose SHA-256 \
                           is the x5t#S256 in the token's cnf";
            unauthenticated("TOKEN_NOT_BOUND", message)
        }
        TokenFault::Expired => unauthenticated("TOKEN_EXPIRED", "the token has expired: get a new one from its issuer"),
        TokenFault::Invalid(rule) => unauthenticated(
            "TOKEN_INVALID",
            &format!("the token is not accepted: {rule}; get a new one from its issuer"),
        ),
    }
}

pub(super) fn role_missing(caller: &Caller, role: Role) -> Status {
    let role = match role {
        Role::Submit => "submit",
        Role::Read => "read",
        Role::Test => "test",
    };
    let message = format!("{} lacks the role {role}: ask the operator for it", caller.principal);
    let metadata = HashMap::from([("role".to_owned(), role.to_owned())]);
    let details = ErrorDetails::with_error_info("ROLE_MISSING", DOMAIN, metadata);
    Status::with_error_details(Code::PermissionDenied, message, details)
}
