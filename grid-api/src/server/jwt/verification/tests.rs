use jsonwebtoken::crypto::verify;
use ring::rand::SystemRandom;
use ring::signature::{
    self as keys, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RsaEncoding, RsaKeyPair,
};

use super::super::base64url;
use super::*;

const MESSAGE: &[u8] = b"header.claims";

/// The signature counts for this message and key, and for no other message, algorithm or signature.
#[track_caller]
fn check(algorithm: Algorithm, key: &DecodingKey, signature: &[u8]) {
    install();
    let verified = |message: &[u8], signature: &[u8]| verify(&base64url(signature), message, key, algorithm).unwrap();
    assert!(verified(MESSAGE, signature), "{algorithm:?}");
    assert!(!verified(b"header.claimz", signature), "{algorithm:?}");
    let mut damaged = signature.to_vec();
    damaged[10] ^= 1;
    assert!(!verified(MESSAGE, &damaged), "{algorithm:?}");
    assert!(!verified(MESSAGE, b""), "{algorithm:?}");
}

fn rsa_key() -> RsaKeyPair {
    RsaKeyPair::from_pkcs8(include_bytes!("rsa.pk8")).unwrap()
}

#[test]
fn signatures_of_every_rsa_algorithm_are_verified() {
    let pair = rsa_key();
    let public: RsaPublicKeyComponents<Vec<u8>> = pair.public().into();
    let key = DecodingKey::from_rsa_raw_components(&public.n, &public.e);
    let der = DecodingKey::from_rsa_der(pair.public().as_ref());
    let algorithms: [(Algorithm, &'static dyn RsaEncoding); 6] = [
        (Algorithm::RS256, &keys::RSA_PKCS1_SHA256),
        (Algorithm::RS384, &keys::RSA_PKCS1_SHA384),
        (Algorithm::RS512, &keys::RSA_PKCS1_SHA512),
        (Algorithm::PS256, &keys::RSA_PSS_SHA256),
        (Algorithm::PS384, &keys::RSA_PSS_SHA384),
        (Algorithm::PS512, &keys::RSA_PSS_SHA512),
    ];
    for (algorithm, encoding) in algorithms {
        let mut signature = vec![0; pair.public().modulus_len()];
        pair.sign(encoding, &SystemRandom::new(), MESSAGE, &mut signature).unwrap();
        check(algorithm, &key, &signature);
        check(algorithm, &der, &signature);
        let others = algorithms.iter().filter(|(other, _)| *other != algorithm);
        for (other, _) in others {
            assert!(!verify(&base64url(&signature), MESSAGE, &key, *other).unwrap(), "{algorithm:?} {other:?}");
        }
    }
}

#[test]
fn signatures_on_p_256_and_p_384_are_verified() {
    let algorithms: [(Algorithm, &'static EcdsaSigningAlgorithm); 2] =
        [(Algorithm::ES256, &ECDSA_P256_SHA256_FIXED_SIGNING), (Algorithm::ES384, &ECDSA_P384_SHA384_FIXED_SIGNING)];
    for (algorithm, signing) in algorithms {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(signing, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(signing, document.as_ref(), &random).unwrap();
        let signature = pair.sign(&random, MESSAGE).unwrap();
        check(algorithm, &DecodingKey::from_ec_der(pair.public_key().as_ref()), signature.as_ref());
    }
}

#[test]
fn signatures_on_ed25519_are_verified() {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let key = DecodingKey::from_ed_der(pair.public_key().as_ref());
    check(Algorithm::EdDSA, &key, pair.sign(MESSAGE).as_ref());
}

#[test]
fn nothing_is_verified_with_a_secret_or_with_a_key_of_another_family() {
    install();
    let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let (public, signature) = (pair.public_key().as_ref(), base64url(pair.sign(MESSAGE).as_ref()));
    for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
        assert!(verify(&signature, MESSAGE, &DecodingKey::from_secret(public), algorithm).is_err());
    }
    for key in [DecodingKey::from_secret(public), DecodingKey::from_ec_der(public), DecodingKey::from_rsa_der(public)] {
        assert!(verify(&signature, MESSAGE, &key, Algorithm::EdDSA).is_err());
    }
}
