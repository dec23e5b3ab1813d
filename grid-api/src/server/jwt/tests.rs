use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

use super::*;

/// Seconds of the test's clock.
const NOW_S: i64 = 1_700_000_000;
const CERTIFICATE: [u8; 32] = [9; 32];

fn at(after_s: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(NOW_S + after_s, 0).unwrap()
}

fn pair(seed: u8) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap()
}

fn jwk(seed: u8, id: &str) -> Value {
    json!({"kty": "OKP", "crv": "Ed25519", "kid": id, "x": base64url(pair(seed).public_key().as_ref())})
}

fn config(keys: &[Value]) -> JwtConfig {
    let jwks = json!({ "keys": keys }).to_string();
    JwtConfig { issuer: "https://id.dso-1.example".to_owned(), audience: "headroom".to_owned(), jwks }
}

fn claims() -> Value {
    json!({
        "iss": "https://id.dso-1.example", "aud": "headroom", "sub": "dispatch", "exp": NOW_S + 60,
        "cnf": {"x5t#S256": base64url(&CERTIFICATE)},
    })
}

/// The claims with one of them changed; null takes it away.
fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    if claims[name].is_null() {
        claims.as_object_mut().unwrap().remove(name);
    }
    claims
}

fn header() -> Value {
    json!({"alg": "EdDSA", "typ": "JWT", "kid": "one"})
}

fn signed(seed: u8, header: &Value, claims: &Value) -> String {
    let message = format!("{}.{}", base64url(header.to_string().as_bytes()), base64url(claims.to_string().as_bytes()));
    let signature = base64url(pair(seed).sign(message.as_bytes()).as_ref());
    format!("{message}.{signature}")
}

fn judged_at(token: &str, after_s: i64) -> Result<Option<Roles>, TokenFault> {
    narrowing_at(token, after_s).map(|narrowing| narrowing.roles)
}

fn narrowing_at(token: &str, after_s: i64) -> Result<Narrowing, TokenFault> {
    Jwt::new(&config(&[jwk(1, "one"), jwk(2, "two")])).unwrap().narrowing(token, &CERTIFICATE, at(after_s))
}

fn judged(header: &Value, claims: &Value) -> Result<Option<Roles>, TokenFault> {
    judged_at(&signed(1, header, claims), 0)
}

/// Refused as invalid, for a reason that names this.
#[track_caller]
fn check_invalid(judged: Result<Option<Roles>, TokenFault>, named: &str) {
    match judged {
        Err(TokenFault::Invalid(rule)) => assert!(rule.contains(named), "{rule}"),
        other => panic!("{other:?} instead of a refusal that names {named:?}"),
    }
}

#[test]
fn a_scope_narrows_to_the_roles_that_it_names() {
    let narrowed = |scope: &str| judged(&header(), &with("scope", json!(scope))).unwrap().unwrap();
    assert_eq!(narrowed("read"), [Role::Read].into());
    assert_eq!(narrowed(" submit  test openid "), [Role::Submit, Role::Test].into());
    assert_eq!(narrowed("openid SUBMIT"), Roles::new());
    assert_eq!(narrowed(""), Roles::new());
}

#[test]
fn a_token_without_a_scope_narrows_nothing() {
    assert_eq!(judged(&header(), &claims()), Ok(None));
}

#[test]
fn a_token_that_is_not_bound_to_the_certificate_is_refused() {
    let other = base64url(&[8; 32]);
    for confirmation in [json!({ "x5t#S256": other }), json!({}), json!({"jkt": base64url(&CERTIFICATE)}), Value::Null]
    {
        let judged = judged(&header(), &with("cnf", confirmation.clone()));
        assert_eq!(judged, Err(TokenFault::NotBound), "{confirmation}");
    }
}

#[test]
fn a_token_expires_by_the_servers_clock_with_a_leeway_of_thirty_seconds() {
    let token = signed(1, &header(), &with("exp", json!(NOW_S)));
    assert_eq!(judged_at(&token, 29), Ok(None));
    assert_eq!(judged_at(&token, 30), Err(TokenFault::Expired));
    let fraction = signed(1, &header(), &with("exp", json!(NOW_S as f64 + 0.5)));
    assert_eq!(judged_at(&fraction, 30), Ok(None));
    assert_eq!(judged_at(&fraction, 31), Err(TokenFault::Expired));
}

#[test]
fn when_a_token_expires_is_told_with_the_leeway_and_never_for_one_beyond_all_dates() {
    let told = |expires| narrowing_at(&signed(1, &header(), &with("exp", expires)), 0).unwrap().expires_at;
    assert_eq!(told(json!(NOW_S)), Some(at(30)));
    assert_eq!(told(json!(NOW_S as f64 + 0.5)), Some(at(30) + chrono::TimeDelta::milliseconds(500)));
    assert_eq!(told(json!(1e18)), None);
}

#[test]
fn a_token_is_not_taken_before_its_time() {
    let token = signed(1, &header(), &with("nbf", json!(NOW_S)));
    assert_eq!(judged_at(&token, -30), Ok(None));
    check_invalid(judged_at(&token, -31), "nbf");
}

#[test]
fn a_token_from_another_issuer_or_for_another_audience_is_refused() {
    check_invalid(judged(&header(), &with("iss", json!("https://id.dso-2.example"))), "iss");
    check_invalid(judged(&header(), &with("iss", json!(["https://id.dso-1.example"]))), "cannot be read");
    check_invalid(judged(&header(), &with("aud", json!("another-service"))), "aud");
    check_invalid(judged(&header(), &with("aud", json!([]))), "aud");
    assert_eq!(judged(&header(), &with("aud", json!(["another-service", "headroom"]))), Ok(None));
}

#[test]
fn a_token_that_lacks_a_claim_is_refused_with_its_name() {
    for claim in ["iss", "sub", "exp", "aud"] {
        check_invalid(judged(&header(), &with(claim, Value::Null)), claim);
    }
    check_invalid(judged(&header(), &with("sub", json!(""))), "sub");
    check_invalid(judged(&header(), &with("exp", json!("tomorrow"))), "cannot be read");
}

#[test]
fn a_token_without_a_signature_is_refused() {
    let none = signed(1, &json!({"alg": "none"}), &claims());
    check_invalid(judged_at(&none, 0), "not a signed JWT");
    let (message, _) = none.rsplit_once('.').unwrap();
    check_invalid(judged_at(&format!("{message}."), 0), "not a signed JWT");
    let stripped = signed(1, &header(), &claims());
    let (message, _) = stripped.rsplit_once('.').unwrap();
    check_invalid(judged_at(&format!("{message}."), 0), "signature");
}

#[test]
fn a_public_key_is_not_taken_for_a_secret() {
    let header = json!({"alg": "HS256", "typ": "JWT", "kid": "one"});
    let message =
        format!("{}.{}", base64url(header.to_string().as_bytes()), base64url(claims().to_string().as_bytes()));
    let secret = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, pair(1).public_key().as_ref());
    let signature = base64url(ring::hmac::sign(&secret, message.as_bytes()).as_ref());
    check_invalid(judged_at(&format!("{message}.{signature}"), 0), "no key of its issuer fits");
}

#[test]
fn a_token_signed_by_another_key_than_its_kid_names_is_refused() {
    check_invalid(judged_at(&signed(2, &header(), &claims()), 0), "signature");
    check_invalid(judged_at(&signed(3, &json!({"alg": "EdDSA"}), &claims()), 0), "signature");
    check_invalid(judged_at(&signed(1, &json!({"alg": "EdDSA", "kid": "three"}), &claims()), 0), "no key");
    assert_eq!(judged_at(&signed(2, &json!({"alg": "EdDSA"}), &claims()), 0), Ok(None));
}

#[test]
fn a_key_in_the_header_is_not_looked_at() {
    let header = json!({"alg": "EdDSA", "kid": "one", "jwk": jwk(3, "one"), "jku": "https://evil.example/jwks"});
    check_invalid(judged_at(&signed(3, &header, &claims()), 0), "signature");
}

#[test]
fn claims_changed_after_signing_are_refused() {
    let token = signed(1, &header(), &with("scope", json!("read")));
    let parts: Vec<&str> = token.split('.').collect();
    let wider = base64url(with("scope", json!("submit")).to_string().as_bytes());
    check_invalid(judged_at(&[parts[0], &wider, parts[2]].join("."), 0), "signature");
}

#[test]
fn a_header_that_asks_for_more_than_is_understood_is_refused() {
    check_invalid(judged(&json!({"alg": "EdDSA", "crit": ["b64"], "b64": false}), &claims()), "crit");
    check_invalid(judged(&json!({"alg": "EdDSA", "typ": "logout+jwt"}), &claims()), "typ");
    for kind in ["at+jwt", "application/at+JWT", "jwt"] {
        assert_eq!(judged(&json!({"alg": "EdDSA", "typ": kind}), &claims()), Ok(None), "{kind}");
    }
}

#[test]
fn a_set_of_keys_that_would_let_the_wrong_in_is_refused() {
    let refused = |config: &JwtConfig| Jwt::new(config).err().unwrap().to_string();
    let rsa = |bytes: &[u8]| json!({"kty": "RSA", "n": base64url(bytes), "e": "AQAB"});
    let secret = json!({"kty": "oct", "k": base64url(b"a secret")});
    assert!(refused(&config(&[jwk(1, "one"), secret])).contains("keys[1]: it is a secret"));
    assert!(refused(&config(&[rsa(&[255; 128])])).contains("2048 bits"));
    assert!(refused(&config(&[json!({"kty": "EC", "crv": "P-256", "x": "AQ", "y": "AQ"})])).contains("coordinates"));
    assert!(refused(&config(&[])).contains("no key for signatures"));
    assert!(refused(&JwtConfig { jwks: "[]".to_owned(), ..config(&[]) }).contains("not a JWK set"));
    assert!(refused(&JwtConfig { issuer: String::new(), ..config(&[jwk(1, "one")]) }).contains("issuer is empty"));
    assert!(refused(&JwtConfig { audience: String::new(), ..config(&[jwk(1, "one")]) }).contains("audience is empty"));
}

#[test]
fn keys_for_other_purposes_do_not_sign() {
    let mut encrypting = jwk(1, "one");
    encrypting["use"] = json!("enc");
    let mut of_another_algorithm = jwk(1, "one");
    of_another_algorithm["alg"] = json!("ES256");
    let unknown = json!({"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"});
    let keys = config(&[encrypting, of_another_algorithm, unknown, jwk(2, "two")]);
    let jwt = Jwt::new(&keys).unwrap();
    assert_eq!(jwt.keys.len(), 1);
    let token = signed(1, &json!({"alg": "EdDSA"}), &claims());
    check_invalid(jwt.narrowing(&token, &CERTIFICATE, at(0)).map(|narrowing| narrowing.roles), "signature");
}

/// RFC 4648 §10, without padding; RFC 7515 Appendix C.
#[test]
fn bytes_are_written_as_jose_writes_them() {
    for (bytes, text) in
        [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE")]
    {
        assert_eq!(base64url(bytes.as_bytes()), text);
    }
    assert_eq!(base64url(&[3, 236, 255, 224, 193]), "A-z_4ME");
}
