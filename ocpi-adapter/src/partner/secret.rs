//! Tokens: those that we send, and the hashes of those that we are sent.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq};

/// A token. It is written in full where it is saved and never where it is logged.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps a token.
    pub fn new(token: impl Into<String>) -> Self {
        Self(token.into())
    }

    /// Returns the token, for the one line of a request that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The SHA-256 of a token that others send and that is only compared: who reads what we saved cannot send it.
///
/// Saved as `{"sha256": "…"}`. A token that was once saved as it is (a text) is hashed when it is read.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Saved", into = "Saved")]
pub struct TokenHash([u8; 32]);

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Saved {
    Hash { sha256: String },
    Token(Secret),
}

impl TokenHash {
    /// Hashes a token.
    pub fn of(token: &Secret) -> Self {
        Self::of_bytes(token.expose().as_bytes())
    }

    pub(crate) fn of_bytes(token: &[u8]) -> Self {
        Self(Sha256::digest(token).into())
    }

    /// Compares in a time that says nothing of what is alike.
    pub(crate) fn is(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

/// Returns bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

impl From<Secret> for TokenHash {
    fn from(token: Secret) -> Self {
        Self::of(&token)
    }
}

impl From<TokenHash> for Saved {
    fn from(hash: TokenHash) -> Self {
        Self::Hash { sha256: hex(&hash.0) }
    }
}

impl TryFrom<Saved> for TokenHash {
    type Error = &'static str;

    fn try_from(saved: Saved) -> Result<Self, Self::Error> {
        const RULE: &str = "sha256: 64 hexadecimal digits";
        let text = match saved {
            Saved::Token(token) => return Ok(Self::of(&token)),
            Saved::Hash { sha256 } => sha256,
        };
        let mut hash = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return Err(RULE);
        }
        for (byte, at) in hash.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| RULE)?;
        }
        Ok(Self(hash))
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::{Secret, TokenHash};

    #[test]
    fn a_hash_reads_what_it_wrote_and_the_plain_token_of_before() {
        let hash = TokenHash::of(&Secret::new("token"));
        let json = serde_json::to_string(&hash).unwrap();
        assert!(json.starts_with(r#"{"sha256":"3c469e9d6c5875d37a43f353d4f88e61fcf812c66eee3457465a40b0da4153e0""#));
        assert_eq!(serde_json::from_str::<TokenHash>(&json).unwrap(), hash);
        assert_eq!(serde_json::from_str::<TokenHash>(r#""token""#).unwrap(), hash);
        for bad in [r#"{"sha256":"00"}"#, r#"{"sha256":"+"}"#, "5"] {
            assert!(serde_json::from_str::<TokenHash>(bad).is_err(), "{bad}");
        }
        assert_eq!(format!("{hash:?}"), "TokenHash(…)");
    }
}
