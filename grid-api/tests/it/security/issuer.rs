//! An issuer of bearer tokens that are bound to certificates.

use headroom_grid_api::server::JwtConfig;
use ring::hmac;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

use super::super::at;
use super::pki::Issued;

const NAME: &str = "https://id.dso-1.example";

pub(crate) const AUDIENCE: &str = "headroom";

/// Signs with a key that is the same in every test.
pub(crate) struct Issuer(Ed25519KeyPair);

impl Issuer {
    pub(crate) fn new() -> Self {
        Self(Ed25519KeyPair::from_seed_unchecked(&[1; 32]).unwrap())
    }

    /// What a server is told to accept its tokens.
    pub(crate) fn config(&self) -> JwtConfig {
        let key = json!({"kty": "OKP", "crv": "Ed25519", "kid": "one", "x": base64url(self.0.public_key().as_ref())});
        let jwks = json!({ "keys": [key] }).to_string();
        JwtConfig { issuer: NAME.to_owned(), audience: AUDIENCE.to_owned(), jwks }
    }

    /// A token for an hour from the beginning of the test's time, bound to a certificate.
    pub(crate) fn token(&self, audience: &str, scope: &str, bound_to: &Issued) -> String {
        let message = message("EdDSA", &claims(audience, scope, bound_to));
        let signature = base64url(self.0.sign(message.as_bytes()).as_ref());
        format!("{message}.{signature}")
    }

    /// The same without a signature.
    pub(crate) fn unsigned(scope: &str, bound_to: &Issued) -> String {
        format!("{}.", message("none", &claims(AUDIENCE, scope, bound_to)))
    }

    /// The same by someone who knows the public key only, and takes it for a secret.
    pub(crate) fn forged(&self, scope: &str, bound_to: &Issued) -> String {
        let message = message("HS256", &claims(AUDIENCE, scope, bound_to));
        let secret = hmac::Key::new(hmac::HMAC_SHA256, self.0.public_key().as_ref());
        format!("{message}.{}", base64url(hmac::sign(&secret, message.as_bytes()).as_ref()))
    }
}

fn claims(audience: &str, scope: &str, bound_to: &Issued) -> Value {
    json!({
        "iss": NAME, "aud": audience, "sub": "dispatch", "scope": scope, "exp": at(60).timestamp(),
        "cnf": {"x5t#S256": base64url(&bound_to.sha256)},
    })
}

fn message(algorithm: &str, claims: &Value) -> String {
    let header = json!({"alg": algorithm, "typ": "JWT", "kid": "one"});
    format!("{}.{}", base64url(header.to_string().as_bytes()), base64url(claims.to_string().as_bytes()))
}

/// Base64url without padding (RFC 7515 §2).
fn base64url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bits = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| usize::from(byte >> bit & 1)));
    let bits: Vec<usize> = bits.collect();
    let digit = |bits: &[usize]| (0..6).fold(0, |digit, bit| digit << 1 | bits.get(bit).copied().unwrap_or_default());
    bits.chunks(6).map(|bits| char::from(ALPHABET[digit(bits)])).collect()
}
