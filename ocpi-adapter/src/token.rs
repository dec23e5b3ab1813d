//! The `Authorization` header (OCPI 2.2.1 §4.1).

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use subtle::Choice;

use crate::partner::{Secret, TokenForm, TokenHash};

/// A token as a header brought it: plain or in Base64, which cannot be told apart by looking.
pub(crate) struct Presented {
    plain: Reading,
    decoded: Option<Reading>,
}

/// What a header may have meant.
struct Reading {
    token: Secret,
    hash: TokenHash,
}

impl Reading {
    fn of(token: &str) -> Self {
        Self { token: Secret::new(token), hash: TokenHash::of_bytes(token.as_bytes()) }
    }
}

impl Presented {
    /// Reads the value of a header; `None` when it is of another scheme.
    pub(crate) fn read(header: &str) -> Option<Self> {
        let (scheme, token) = header.trim().split_once(' ')?;
        let token = token.trim();
        if !scheme.eq_ignore_ascii_case("Token") || token.is_empty() {
            return None;
        }
        let decoded = BASE64_STANDARD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        // The examples of the standard end in a line feed.
        let decoded = decoded.map(|text| Reading::of(text.strip_suffix('\n').unwrap_or(&text)));
        Some(Self { plain: Reading::of(token), decoded })
    }

    /// Returns the form in which it is this token, if it is, in a time that says nothing of how much of it is right.
    pub(crate) fn form_of(&self, token: &TokenHash) -> Option<TokenForm> {
        let decoded = self.decoded.as_ref().map_or(Choice::from(0), |reading| reading.hash.is(token));
        let plain = self.plain.hash.is(token);
        if decoded.into() {
            return Some(TokenForm::Base64);
        }
        bool::from(plain).then_some(TokenForm::Plain)
    }

    /// Returns the token that was meant, once the form is known.
    pub(crate) fn token(&self, form: TokenForm) -> &Secret {
        match (form, &self.decoded) {
            (TokenForm::Base64, Some(decoded)) => &decoded.token,
            _ => &self.plain.token,
        }
    }
}

/// Writes the value of a header.
pub(crate) fn write(token: &Secret, form: TokenForm) -> String {
    match form {
        TokenForm::Base64 => format!("Token {}", BASE64_STANDARD.encode(token.expose())),
        TokenForm::Plain => format!("Token {}", token.expose()),
    }
}

/// Makes a token: 64 hexadecimal digits from the chance of the operating system.
pub(crate) fn generate() -> Secret {
    Secret::new(format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple()))
}
