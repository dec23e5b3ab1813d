//! A file as bytes, unpacked, and the names that its drivers get.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::ImportError;
use crate::file::unpacked;

/// Bytes of a digest that name a driver: enough to tell a million drivers apart.
const NAME_BYTES: usize = 8;

pub(super) struct Source {
    pub(super) path: PathBuf,
    pub(super) bytes: Vec<u8>,
    /// SHA-256 of the file as it is stored.
    digest: [u8; 32],
    salt: Vec<u8>,
}

impl Source {
    /// Reads a file, plain, gzip or zstd by its first bytes; without a salt the digest of the file is the salt.
    pub(super) fn open(path: &Path, salt: Option<&[u8]>) -> Result<Self, ImportError> {
        let raw = std::fs::read(path).map_err(|source| ImportError::Unreadable { path: path.to_owned(), source })?;
        let digest: [u8; 32] = Sha256::digest(&raw).into();
        let salt = salt.unwrap_or(&digest).to_vec();
        let bytes = unpacked(raw).map_err(|(packing, error)| ImportError::Broken {
            path: path.to_owned(),
            column: packing.to_owned(),
            rule: format!("does not unpack to its end ({error})"),
            remedy: "copy or download the file again".to_owned(),
        })?;
        Ok(Self { path: path.to_owned(), bytes, digest, salt })
    }

    /// Returns its SHA-256 in hexadecimal.
    pub(super) fn sha256(&self) -> String {
        self.digest.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
    }

    /// Returns the name by which a driver is known. Ids that are numbers count by value: `000743` is `743`.
    pub(super) fn driver(&self, id: &str) -> String {
        let digits = id.trim().trim_start_matches('0');
        let number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let mut hasher = Sha256::new();
        hasher.update(&self.salt);
        hasher.update([0]);
        hasher.update(if number { digits } else { id.trim() });
        let digest = hasher.finalize();
        let name = digest.iter().take(NAME_BYTES).fold(0_u64, |name, byte| (name << 8) | u64::from(*byte));
        format!("{name:016x}")
    }

    pub(super) fn broken(&self, column: &str, rule: impl Into<String>, remedy: &str) -> ImportError {
        ImportError::Broken {
            path: self.path.clone(),
            column: column.to_owned(),
            rule: rule.into(),
            remedy: remedy.to_owned(),
        }
    }
}
