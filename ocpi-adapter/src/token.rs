//! The `Authorization` header (OCPI 2.2.1 §4.1.1).

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use subtle::{Choice, ConstantTimeEq};

use crate::partner::{Secret, TokenForm};

/// A token as a header brought it: plain or in Base64, which cannot be told apart by looking.
pub(crate) struct Presented {
    raw: Vec<u8>,
    decoded: Option<Vec<u8>>,
}

impl Presented {
    /// Reads the value of a header; `None` when it is of another scheme.
    pub(crate) fn read(header: &str) -> Option<Self> {
        let (scheme, token) = header.trim().split_once(' ')?;
        let token = token.trim();
        if !scheme.eq_ignore_ascii_case("Token") || token.is_empty() {
            return None;
        }
        let decoded = BASE64_STANDARD.decode(token).ok().map(|mut bytes| {
            // The examples of the standard end in a line feed.
            if bytes.last() == Some(&b'\n') {
                bytes.pop();
            }
            bytes
        });
        Some(Self { raw: token.as_bytes().to_vec(), decoded })
    }

    /// Tells whether it is this token, in a time that says nothing of how much of it is right.
    pub(crate) fn is(&self, token: &Secret) -> bool {
        let token = token.expose().as_bytes();
        let decoded = self.decoded.as_ref().map_or(Choice::from(0), |decoded| decoded.as_slice().ct_eq(token));
        (self.raw.as_slice().ct_eq(token) | decoded).into()
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
