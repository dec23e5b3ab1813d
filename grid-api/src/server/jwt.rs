//! Bearer tokens that are bound to the caller's certificate (RFC 7519, RFC 8705 §3).

mod verification;

use chrono::{DateTime, Utc};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, DecodingKeyKind, Header, Validation};
use serde::Deserialize;

use super::ServeError;
use super::host::{Role, Roles};

/// By how much the clocks of the issuer and of this server may differ.
const LEEWAY_S: f64 = 30.0;

/// A modulus of 2048 bits.
const RSA_MODULUS_BYTES_MIN: usize = 256;

/// What a token must be to be accepted.
///
/// A token is accepted only over a connection with a client certificate that is known, and only when its claim `cnf` has
/// that certificate's SHA-256 as `x5t#S256` (RFC 8705 §3.1). It must carry `iss`, `aud`, `exp` and `sub`; `nbf` is heeded.
/// Its claim `scope`, words `submit`, `read` and `test` between blanks, narrows what the certificate may do; without one it
/// narrows nothing. It never widens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JwtConfig {
    /// What `iss` must be.
    pub issuer: String,
    /// What `aud` must be or hold: the name of this server.
    pub audience: String,
    /// The issuer's public keys, a JWK set in JSON (RFC 7517 §5): RSA from 2048 bits, P-256, P-384 or Ed25519.
    pub jwks: String,
}

/// Why a token is not accepted.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum TokenFault {
    /// It is not for the certificate of this connection.
    NotBound,
    /// Its time is over.
    Expired,
    /// It is not what it must be; with the rule it breaks.
    Invalid(String),
}

/// What a token does to what its certificate may do.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Narrowing {
    /// To which roles it narrows them; absent: it does not.
    pub(super) roles: Option<Roles>,
    /// First instant at which it is not accepted any more; absent: beyond all dates.
    pub(super) expires_at: Option<DateTime<Utc>>,
}

/// Judges tokens.
pub(super) struct Jwt {
    keys: Vec<Key>,
}

/// A public key and what a token signed with it must be.
struct Key {
    id: Option<String>,
    public: DecodingKey,
    validation: Validation,
}

#[derive(Deserialize)]
struct Claims {
    /// Presence and form; what it must be is the validation's.
    #[serde(rename = "iss")]
    _issuer: String,
    #[serde(rename = "sub")]
    subject: String,
    #[serde(rename = "exp")]
    expires_s: f64,
    #[serde(rename = "nbf")]
    not_before_s: Option<f64>,
    scope: Option<String>,
    #[serde(rename = "cnf")]
    confirmation: Option<Confirmation>,
}

#[derive(Deserialize)]
struct Confirmation {
    #[serde(rename = "x5t#S256")]
    certificate_sha256: Option<String>,
}

impl Jwt {
    pub(super) fn new(config: &JwtConfig) -> Result<Self, ServeError> {
        verification::install();
        let fault = |rule: String| ServeError::Access(format!("bearer tokens: {rule}"));
        for (name, value) in [("issuer", &config.issuer), ("audience", &config.audience)] {
            if value.is_empty() {
                return Err(fault(format!("{name} is empty: state what the tokens carry")));
            }
        }
        let set: JwkSet = serde_json::from_str(&config.jwks)
            .map_err(|error| fault(format!("jwks is not a JWK set: {error}; take it from the issuer's jwks_uri")))?;
        let mut keys = Vec::new();
        for (index, jwk) in set.keys.iter().enumerate() {
            let key = Key::new(jwk, config).map_err(|rule| fault(format!("jwks: keys[{index}]: {rule}")))?;
            keys.extend(key);
        }
        if keys.is_empty() {
            let rule = "jwks has no key for signatures: RSA, P-256, P-384 or Ed25519 is needed";
            return Err(fault(rule.to_owned()));
        }
        Ok(Self { keys })
    }

    /// Returns to what a token narrows what the certificate may do.
    pub(super) fn narrowing(
        &self,
        token: &str,
        certificate_sha256: &[u8; 32],
        now: DateTime<Utc>,
    ) -> Result<Narrowing, TokenFault> {
        let claims = self.verified(token)?;
        let now_s = now.timestamp_millis() as f64 / 1000.0;
        if now_s >= claims.expires_s + LEEWAY_S {
            return Err(TokenFault::Expired);
        }
        if claims.not_before_s.is_some_and(|not_before_s| now_s + LEEWAY_S < not_before_s) {
            return Err(TokenFault::Invalid("its nbf is still to come: check the issuer's clock".to_owned()));
        }
        if claims.subject.is_empty() {
            return Err(TokenFault::Invalid("its sub is empty".to_owned()));
        }
        let bound_to = claims.confirmation.and_then(|confirmation| confirmation.certificate_sha256);
        if bound_to != Some(base64url(certificate_sha256)) {
            return Err(TokenFault::NotBound);
        }
        let roles = claims.scope.map(|scope| scope.split_ascii_whitespace().filter_map(role).collect());
        Ok(Narrowing { roles, expires_at: expires_at(claims.expires_s) })
    }

    /// Checks header, signature, issuer and audience. Only keys that were configured count: what the header says of keys,
    /// beyond an id, is not looked at.
    fn verified(&self, token: &str) -> Result<Claims, TokenFault> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| form("it is not a signed JWT"))?;
        check_header(&header)?;
        let fits = |key: &&Key| {
            key.validation.algorithms.contains(&header.alg)
                && (header.kid.is_none() || key.id.is_none() || header.kid == key.id)
        };
        let mut fault = form("no key of its issuer fits its kid and alg");
        for key in self.keys.iter().filter(fits) {
            match jsonwebtoken::decode::<Claims>(token, &key.public, &key.validation) {
                Ok(decoded) => return Ok(decoded.claims),
                Err(error) => fault = form(&told(error.kind())),
            }
        }
        Err(fault)
    }
}

/// Returns the first millisecond at which a token has expired: the clock counts these.
fn expires_at(expires_s: f64) -> Option<DateTime<Utc>> {
    #[expect(clippy::cast_possible_truncation, reason = "a cast from f64 saturates")]
    let expires_ms = ((expires_s + LEEWAY_S) * 1000.0).ceil() as i64;
    DateTime::from_timestamp_millis(expires_ms)
}

/// RFC 7515 §4.1.11: what must be understood is not; RFC 8725 §3.11: a JWT of another kind is not an access token.
fn check_header(header: &Header) -> Result<(), TokenFault> {
    if header.crit.is_some() {
        return Err(form("its header has crit, which is not understood here"));
    }
    let kind = header.typ.as_deref().map(str::to_ascii_lowercase);
    match kind.as_deref().map(|kind| kind.strip_prefix("application/").unwrap_or(kind)) {
        None | Some("jwt" | "at+jwt") => Ok(()),
        Some(_) => Err(form("its typ is not JWT or at+jwt")),
    }
}

fn form(rule: &str) -> TokenFault {
    TokenFault::Invalid(rule.to_owned())
}

fn told(kind: &ErrorKind) -> String {
    match kind {
        ErrorKind::InvalidIssuer => "its iss is not the issuer that is trusted here".to_owned(),
        ErrorKind::InvalidAudience => "its aud is not this server".to_owned(),
        ErrorKind::MissingRequiredClaim(claim) => format!("its {claim} is missing"),
        ErrorKind::Json(error) => format!("its claims cannot be read: {error}"),
        _ => "its signature is not of its issuer".to_owned(),
    }
}

fn role(word: &str) -> Option<Role> {
    match word {
        "submit" => Some(Role::Submit),
        "read" => Some(Role::Read),
        "test" => Some(Role::Test),
        _ => None,
    }
}

impl Key {
    /// Absent: a key that is not for signatures that are known here, such as one for encryption.
    fn new(jwk: &Jwk, config: &JwtConfig) -> Result<Option<Self>, String> {
        let possible = algorithms(&jwk.algorithm)?;
        let stated = |&algorithm: &Algorithm| {
            jwk.common.key_algorithm.is_none_or(|stated| stated == KeyAlgorithm::from(algorithm))
        };
        let algorithms: Vec<Algorithm> = possible.into_iter().filter(stated).collect();
        if algorithms.is_empty() || !is_for_signatures(jwk) {
            return Ok(None);
        }
        let public = DecodingKey::from_jwk(jwk).map_err(|error| format!("it cannot be read: {error}"))?;
        check_size(&public, &jwk.algorithm)?;
        let mut validation = Validation::new(algorithms[0]);
        validation.algorithms = algorithms;
        validation.set_issuer(&[&config.issuer]);
        validation.set_audience(&[&config.audience]);
        validation.set_required_spec_claims(&["iss", "aud", "exp", "sub"]);
        // Times are judged by the server's clock, not by the machine's.
        (validation.validate_exp, validation.validate_nbf) = (false, false);
        Ok(Some(Self { id: jwk.common.key_id.clone(), public, validation }))
    }
}

fn algorithms(parameters: &AlgorithmParameters) -> Result<Vec<Algorithm>, String> {
    Ok(match parameters {
        AlgorithmParameters::RSA(_) => AlgorithmFamily::Rsa.algorithms().to_vec(),
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => vec![Algorithm::ES256],
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P384 => vec![Algorithm::ES384],
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => vec![Algorithm::EdDSA],
        AlgorithmParameters::OctetKey(_) => {
            return Err("it is a secret, and whoever knows it could sign: use public keys only".to_owned());
        }
        _ => Vec::new(),
    })
}

fn is_for_signatures(jwk: &Jwk) -> bool {
    let common = &jwk.common;
    common.public_key_use.as_ref().is_none_or(|purpose| *purpose == PublicKeyUse::Signature)
        && common.key_operations.as_ref().is_none_or(|operations| operations.contains(&KeyOperations::Verify))
}

fn check_size(key: &DecodingKey, parameters: &AlgorithmParameters) -> Result<(), String> {
    match (key.kind(), parameters) {
        (DecodingKeyKind::RsaModulusExponent { n, .. }, _) => {
            let rule = "an RSA modulus has at least 2048 bits and no leading zero: make a longer key";
            (n.len() >= RSA_MODULUS_BYTES_MIN && n[0] != 0).then_some(()).ok_or_else(|| rule.to_owned())
        }
        (DecodingKeyKind::SecretOrDer(point), parameters) => {
            let bytes = match parameters {
                AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => 65,
                AlgorithmParameters::EllipticCurve(_) => 97,
                _ => 32,
            };
            let rule = "its coordinates are not as long as its curve wants: take the key from its issuer again";
            (point.len() == bytes).then_some(()).ok_or_else(|| rule.to_owned())
        }
    }
}

/// Writes bytes as JOSE does: base64url without padding (RFC 7515 §2).
pub(super) fn base64url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let word =
        |chunk: &[u8]| chunk.iter().fold(0, |word, byte| word << 8 | usize::from(*byte)) << (8 * (3 - chunk.len()));
    let digits = |chunk: &[u8]| {
        let word = word(chunk);
        (0..=chunk.len()).map(move |digit| char::from(ALPHABET[word >> (18 - 6 * digit) & 63]))
    };
    bytes.chunks(3).flat_map(digits).collect()
}

#[cfg(test)]
mod tests;
