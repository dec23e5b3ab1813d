//! The token that the operator's command line proves itself with.

use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use headroom_ocpi_adapter::Secret;

use crate::config::Config;

/// Why there is no admin token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// It was not made yet.
    #[error("{0} is not there: start the service with this configuration, or set `server.admin_token`")]
    Absent(PathBuf),
    /// Others may read it.
    #[error("{0} can be read by others: chmod 600 it, or delete it and start the service again")]
    Open(PathBuf),
    /// It holds no token.
    #[error("{0} holds no token: delete it and start the service again")]
    Empty(PathBuf),
    /// It cannot be read or written.
    #[error("{0}: {1}")]
    File(PathBuf, std::io::Error),
}

/// Returns the admin token of a configuration: stated there, or in the file that the service has made.
pub fn token(config: &Config) -> Result<Secret, TokenError> {
    match &config.server.admin_token {
        Some(token) => Ok(Secret::new(token.clone())),
        None => read(&path(config)),
    }
}

/// Returns the admin token of a configuration; makes the file when there is neither token nor file.
pub fn token_or_made(config: &Config) -> Result<Secret, TokenError> {
    match token(config) {
        Err(TokenError::Absent(path)) => read_or_made(&path),
        found => found,
    }
}

/// Returns what salts the hashes of drivers' ids. It is made at the first start, and kept: with another one nobody is
/// recognised.
///
/// **Errors**: the file cannot be read or made, or others can read it.
pub fn driver_salt(config: &Config) -> Result<Secret, TokenError> {
    read_or_made(&beside(config, ".driver-salt"))
}

fn read_or_made(path: &Path) -> Result<Secret, TokenError> {
    match read(path) {
        Err(TokenError::Absent(path)) => {
            make(&path)?;
            read(&path)
        }
        found => found,
    }
}

/// Returns where the token is kept.
fn path(config: &Config) -> PathBuf {
    beside(config, ".admin-token")
}

/// Returns a file beside the store.
fn beside(config: &Config, suffix: &str) -> PathBuf {
    let mut path = config.store.path.clone().into_os_string();
    path.push(suffix);
    path.into()
}

fn read(path: &Path) -> Result<Secret, TokenError> {
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => TokenError::Absent(path.to_owned()),
        _ => TokenError::File(path.to_owned(), error),
    };
    let mode = std::fs::metadata(path).map_err(failed)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(TokenError::Open(path.to_owned()));
    }
    let text = std::fs::read_to_string(path).map_err(failed)?;
    match text.trim() {
        "" => Err(TokenError::Empty(path.to_owned())),
        token => Ok(Secret::new(token)),
    }
}

fn make(path: &Path) -> Result<(), TokenError> {
    let token = format!("{}{}\n", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple());
    let written = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(token.as_bytes()));
    written.map_err(|error| TokenError::File(path.to_owned(), error))
}
