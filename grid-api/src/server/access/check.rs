//! The rules of a list of those who may call.

use std::collections::BTreeSet;

use super::{Access, Grant};
use crate::names;
use crate::server::ServeError;

const TOKEN_LENGTH_MIN: usize = 12;

const ID: &str = "use 1 to 128 of A-Z a-z 0-9 . _ ~ -, the first a letter or a digit";

pub(super) fn access(access: &Access) -> Result<(), ServeError> {
    tokens(access)?;
    for entry in &access.certificates {
        grant(&entry.grant, &format!("certificate {}", entry.identity))?;
    }
    if let Some(loopback) = &access.loopback {
        grant(loopback, "callers from this machine")?;
    }
    if access.jwt.is_some() && access.certificates.is_empty() {
        return fault("bearer tokens are bound to certificates, and none is known: state certificates");
    }
    Ok(())
}

fn tokens(access: &Access) -> Result<(), ServeError> {
    let (mut names, mut tokens) = (BTreeSet::new(), BTreeSet::new());
    for entry in &access.tokens {
        let name = &entry.name;
        if !names::is_id(name) {
            return fault(&format!("token name {name:?}: {ID}"));
        }
        grant(&entry.grant, &format!("token {name}"))?;
        if entry.token.len() < TOKEN_LENGTH_MIN {
            return fault(&format!("token {name} is too short: use at least {TOKEN_LENGTH_MIN} characters"));
        }
        if !names.insert(name) {
            return fault(&format!("token name {name} is there twice: the audit needs a name for each"));
        }
        if !tokens.insert(&entry.token) {
            return fault(&format!("token {name} is the same as another: make a new one"));
        }
    }
    Ok(())
}

fn grant(grant: &Grant, whose: &str) -> Result<(), ServeError> {
    let Grant { utility, roles, scope } = grant;
    if !names::is_id(utility) {
        return fault(&format!("{whose}: utility name {utility:?}: {ID}"));
    }
    if roles.is_empty() {
        return fault(&format!("{whose}: it has no role: state at least one of submit, read, test"));
    }
    if scope.as_ref().is_some_and(BTreeSet::is_empty) {
        return fault(&format!("{whose}: its scope is empty: name places, or leave it out for all of them"));
    }
    Ok(())
}

fn fault(rule: &str) -> Result<(), ServeError> {
    Err(ServeError::Access(rule.to_owned()))
}
