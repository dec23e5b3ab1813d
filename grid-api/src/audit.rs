//! The audit: what a utility changed here, in a chain that shows when it has been tampered with.
//!
//! Each utility has a chain of its own, so that it can verify all of it. The hash of an entry is the SHA-256 of its other
//! fields: for each, in the order of [`Entry`], the number of bytes as decimal text, a colon, the value as UTF-8 text, and a
//! line feed. Numbers are decimal, times RFC 3339 in UTC with milliseconds and `Z`, hashes 64 small hexadecimal digits. The
//! first entry's `previous_hash` is 64 zeros. Anyone can check it with a few lines of any language.

use std::fmt::Write as _;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What the first entry of a chain follows.
pub const FIRST_PREVIOUS_HASH: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// One change, or one refusal of a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Counts from 1 without gaps.
    pub sequence: i64,
    /// When; to the millisecond.
    pub at: DateTime<Utc>,
    /// Who: subject and fingerprint of a certificate, or how a token is called.
    pub principal: String,
    /// The call, for example `SubmitLimit`.
    pub method: String,
    /// The caller's name for its request.
    pub request_id: String,
    /// The resource that it changed, or would have.
    pub resource: String,
    /// SHA-256 of the content of the request, in hexadecimal.
    pub request_sha256: String,
    /// `OK`, or the gRPC code and the reason of the refusal.
    pub result: String,
    /// Hash of the entry before.
    pub previous_hash: String,
    /// Hash of this entry.
    pub hash: String,
}

/// What is wrong with a chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// Entries are missing or in disorder.
    #[error("entry {found} stands where {expected} should: entries are missing, added or in disorder")]
    Sequence {
        /// Which should come.
        expected: i64,
        /// Which came.
        found: i64,
    },
    /// An entry does not follow the one before it.
    #[error("entry {0} does not follow the entry before it: one of the two was changed")]
    Link(i64),
    /// An entry is not what it was.
    #[error("entry {0} was changed: its hash is not that of its content")]
    Content(i64),
}

impl Entry {
    /// Returns the hash that its other fields have.
    pub fn computed_hash(&self) -> String {
        let mut text = String::new();
        let at = self.at.to_rfc3339_opts(SecondsFormat::Millis, true);
        for value in [
            self.sequence.to_string().as_str(),
            at.as_str(),
            &self.principal,
            &self.method,
            &self.request_id,
            &self.resource,
            &self.request_sha256,
            &self.result,
            &self.previous_hash,
        ] {
            // Writing to a string cannot fail.
            writeln!(text, "{}:{value}", value.len()).unwrap_or_default();
        }
        hex(&Sha256::digest(text.as_bytes()))
    }

    /// Makes it the next of a chain: after `previous`, or the first.
    #[must_use]
    pub fn chained(mut self, previous: Option<(i64, &str)>) -> Self {
        (self.sequence, self.previous_hash) = match previous {
            Some((sequence, hash)) => (sequence + 1, hash.to_owned()),
            None => (1, FIRST_PREVIOUS_HASH.to_owned()),
        };
        self.hash = self.computed_hash();
        self
    }
}

/// Follows a chain and says where it is broken first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verifier {
    sequence: i64,
    hash: String,
}

impl Default for Verifier {
    fn default() -> Self {
        Self { sequence: 0, hash: FIRST_PREVIOUS_HASH.to_owned() }
    }
}

impl Verifier {
    /// Takes the next entry.
    pub fn take(&mut self, entry: &Entry) -> Result<(), Broken> {
        let expected = self.sequence + 1;
        if entry.sequence != expected {
            return Err(Broken::Sequence { expected, found: entry.sequence });
        }
        if entry.previous_hash != self.hash {
            return Err(Broken::Link(entry.sequence));
        }
        if entry.hash != entry.computed_hash() {
            return Err(Broken::Content(entry.sequence));
        }
        (self.sequence, self.hash) = (entry.sequence, entry.hash.clone());
        Ok(())
    }

    /// Returns how many entries were taken and the hash of the last: keep it, and a shortened chain shows too.
    pub fn head(&self) -> (i64, &str) {
        (self.sequence, &self.hash)
    }
}

/// Spells bytes in small hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap_or_default();
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(resource: &str) -> Entry {
        Entry {
            sequence: 0,
            at: DateTime::from_timestamp(1_700_000_000, 0).unwrap(),
            principal: "CN=dso #ab".to_owned(),
            method: "SubmitLimit".to_owned(),
            request_id: "0190b2a6-4d5e-4c3a-9f00-1d2c3b4a5968".to_owned(),
            resource: resource.to_owned(),
            request_sha256: hex(&[7; 32]),
            result: "OK".to_owned(),
            previous_hash: String::new(),
            hash: String::new(),
        }
    }

    fn chain() -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::new();
        for resource in ["a", "b", "c"] {
            let previous = entries.last().map(|last| (last.sequence, last.hash.clone()));
            entries.push(entry(resource).chained(previous.as_ref().map(|(sequence, hash)| (*sequence, hash.as_str()))));
        }
        entries
    }

    fn verify(entries: &[Entry]) -> Result<(), Broken> {
        let mut verifier = Verifier::default();
        entries.iter().try_for_each(|entry| verifier.take(entry))
    }

    #[test]
    fn a_chain_verifies_and_every_kind_of_tampering_shows() {
        assert_eq!(verify(&chain()), Ok(()));
        let mut changed = chain();
        changed[1].result = "PERMISSION_DENIED".to_owned();
        assert_eq!(verify(&changed), Err(Broken::Content(2)));
        changed[1].hash = changed[1].computed_hash();
        assert_eq!(verify(&changed), Err(Broken::Link(3)));
        let mut missing = chain();
        missing.remove(1);
        assert_eq!(verify(&missing), Err(Broken::Sequence { expected: 2, found: 3 }));
        let mut other_first = chain();
        other_first[0].previous_hash = hex(&[1; 32]);
        assert_eq!(verify(&other_first), Err(Broken::Link(1)));
    }

    #[test]
    fn the_hash_is_what_its_description_says() {
        let first = entry("utilities/dso/limits/1").chained(None);
        let text = format!(
            "1:1\n24:2023-11-14T22:13:20.000Z\n10:CN=dso #ab\n11:SubmitLimit\n36:{}\n22:utilities/dso/limits/1\n\
             64:{}\n2:OK\n64:{}\n",
            first.request_id, first.request_sha256, first.previous_hash
        );
        assert_eq!(first.hash, hex(&Sha256::digest(text.as_bytes())));
    }
}
