//! Signatures of JSON web tokens, by ring. Nothing is signed here, and nothing is verified with a secret.

use jsonwebtoken::crypto::{CryptoProvider, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind, new_error};
use jsonwebtoken::signature::{self, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512,
    RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
};

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| Err(unsupported()),
    verifier_factory: |algorithm, key| Ok(Box::new(ByRing::new(*algorithm, key)?)),
    key_utils: KeyUtils::new_unimplemented(),
};

/// Makes it the process's way to verify, unless there is one already.
pub(super) fn install() {
    if PROVIDER.install_default().is_err() {
        tracing::trace!("signatures of tokens are verified by what was there first");
    }
}

fn unsupported() -> Error {
    new_error(ErrorKind::UnsupportedAlgorithm)
}

/// RFC 7518 §3.1 and RFC 8037 §3.1.
enum Rule {
    Rsa(&'static RsaParameters),
    Curve(&'static dyn VerificationAlgorithm),
}

struct ByRing {
    algorithm: Algorithm,
    rule: Rule,
    key: DecodingKey,
}

impl ByRing {
    fn new(algorithm: Algorithm, key: &DecodingKey) -> Result<Self, Error> {
        let rule = match algorithm {
            Algorithm::RS256 => Rule::Rsa(&RSA_PKCS1_2048_8192_SHA256),
            Algorithm::RS384 => Rule::Rsa(&RSA_PKCS1_2048_8192_SHA384),
            Algorithm::RS512 => Rule::Rsa(&RSA_PKCS1_2048_8192_SHA512),
            Algorithm::PS256 => Rule::Rsa(&RSA_PSS_2048_8192_SHA256),
            Algorithm::PS384 => Rule::Rsa(&RSA_PSS_2048_8192_SHA384),
            Algorithm::PS512 => Rule::Rsa(&RSA_PSS_2048_8192_SHA512),
            Algorithm::ES256 => Rule::Curve(&ECDSA_P256_SHA256_FIXED),
            Algorithm::ES384 => Rule::Curve(&ECDSA_P384_SHA384_FIXED),
            Algorithm::EdDSA => Rule::Curve(&ED25519),
            _ => return Err(unsupported()),
        };
        // Whoever takes a public key for a secret is let in by anyone (RFC 8725 §2.1).
        if key.family() != algorithm.family() {
            return Err(new_error(ErrorKind::InvalidKeyFormat));
        }
        Ok(Self { algorithm, rule, key: key.clone() })
    }
}

impl Verifier<Vec<u8>> for ByRing {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        let verified = match (&self.rule, self.key.kind()) {
            (Rule::Rsa(rule), DecodingKeyKind::RsaModulusExponent { n, e }) => {
                RsaPublicKeyComponents { n, e }.verify(rule, message, signature)
            }
            (Rule::Rsa(rule), DecodingKeyKind::SecretOrDer(der)) => {
                UnparsedPublicKey::new(*rule, der).verify(message, signature)
            }
            (Rule::Curve(rule), DecodingKeyKind::SecretOrDer(point)) => {
                UnparsedPublicKey::new(*rule, point).verify(message, signature)
            }
            (Rule::Curve(_), DecodingKeyKind::RsaModulusExponent { .. }) => Err(ring::error::Unspecified),
        };
        verified.map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for ByRing {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

#[cfg(test)]
mod tests;
