use std::net::SocketAddr;

use rcgen::{CertificateParams, DnType, KeyPair, SanType, date_time_ymd};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::json;
use tonic::Code;
use tonic::transport::server::TcpConnectInfo;
use tonic_types::StatusExt;

use super::super::jwt::base64url;
use super::*;

const TOKEN: &str = "0123456789abcdef";
const URI: &str = "urn:dso-1:dispatch";

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 0).unwrap()
}

fn grant(utility: &str) -> Grant {
    Grant { utility: utility.to_owned(), roles: [Role::Submit, Role::Read].into(), scope: None }
}

fn access(tokens: &[(&str, &str)], loopback: Option<&str>) -> Access {
    let entry = |(index, &(token, utility)): (usize, &(&str, &str))| TokenGrant {
        token: token.to_owned(),
        name: format!("t{index}"),
        grant: grant(utility),
    };
    let tokens = tokens.iter().enumerate().map(entry).collect();
    Access { tokens, loopback: loopback.map(grant), ..Default::default() }
}

fn request(authorization: Option<&str>, peer: Option<&str>) -> Request<()> {
    let mut request = Request::new(());
    if let Some(authorization) = authorization {
        request.metadata_mut().insert("authorization", authorization.parse().unwrap());
    }
    if let Some(peer) = peer {
        let remote_addr: Option<SocketAddr> = Some(peer.parse().unwrap());
        request.extensions_mut().insert(TcpConnectInfo { local_addr: None, remote_addr });
    }
    request
}

#[track_caller]
fn reason(status: &Status, code: Code) -> String {
    assert_eq!(status.code(), code);
    status.get_details_error_info().unwrap().reason
}

#[track_caller]
fn check(access: &Access, request: &Request<()>, expected: Result<(&str, &str), &str>) {
    let caller = Door::new(access).unwrap().caller(request, now());
    let told = caller.as_ref().map(|caller| (caller.principal.as_str(), caller.utility.as_str()));
    let told = told.map_err(|status| reason(status, Code::Unauthenticated));
    assert_eq!(told, expected.map_err(ToOwned::to_owned));
}

#[test]
fn a_token_names_its_utility_and_the_audit_has_its_name() {
    let access =
        access(&[("another-utilitys-token", "dso-2"), (TOKEN, "dso-1"), ("dso-1s-second-token", "dso-1")], None);
    check(&access, &request(Some("Bearer 0123456789abcdef"), None), Ok(("token t1", "dso-1")));
    check(&access, &request(Some("bearer  0123456789abcdef"), None), Ok(("token t1", "dso-1")));
    check(&access, &request(Some("Bearer dso-1s-second-token"), None), Ok(("token t2", "dso-1")));
    check(&access, &request(Some("Bearer another-utilitys-token"), None), Ok(("token t0", "dso-2")));
}

#[test]
fn a_caller_without_a_known_token_is_refused() {
    let access = access(&[(TOKEN, "dso-1")], None);
    check(&access, &request(None, Some("127.0.0.1:5")), Err("TOKEN_MISSING"));
    let authorizations =
        ["", "Bearer", "Bearer ", TOKEN, "Basic 0123456789abcdef", "Bearer 0123456789abcdeg", "Bearer a.b.c"];
    for authorization in authorizations {
        check(&access, &request(Some(authorization), None), Err("TOKEN_UNKNOWN"));
    }
}

#[test]
fn a_caller_from_this_machine_needs_no_token_only_when_so_configured() {
    let access = access(&[(TOKEN, "dso-1")], Some("dso-2"));
    for peer in ["127.0.0.1:5", "[::1]:5", "[::ffff:127.0.0.1]:5"] {
        check(&access, &request(None, Some(peer)), Ok(("loopback", "dso-2")));
    }
    check(&access, &request(None, Some("192.0.2.1:5")), Err("TOKEN_MISSING"));
    check(&access, &request(None, None), Err("TOKEN_MISSING"));
    check(&access, &request(Some("Bearer wrong"), Some("127.0.0.1:5")), Err("TOKEN_UNKNOWN"));
    check(&access, &request(Some("Bearer 0123456789abcdef"), Some("127.0.0.1:5")), Ok(("token t0", "dso-1")));
}

#[test]
fn what_is_granted_is_what_the_caller_may_do() {
    let scope: BTreeSet<Target> = [Target::from("gridAreas/feeder-7".to_owned())].into();
    let grant = Grant { roles: [Role::Test].into(), scope: Some(scope.clone()), ..grant("dso-1") };
    let access = Access { loopback: Some(grant), ..Default::default() };
    let caller = Door::new(&access).unwrap().caller(&request(None, Some("127.0.0.1:5")), now()).unwrap();
    assert_eq!((caller.roles, caller.scope), ([Role::Test].into(), Some(scope)));
}

/// A certificate that names `URI` and is valid to the end of 2023.
fn certificate() -> Vec<u8> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "dispatch");
    params.subject_alt_names = vec![SanType::URI(URI.try_into().unwrap())];
    params.not_after = date_time_ymd(2024, 1, 1);
    params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
}

fn issuer() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[1; 32]).unwrap()
}

/// A server that knows the certificate, one token of `dso-1`, one of `dso-2` and, if wanted, an issuer.
fn with_certificate(jwt: bool) -> Access {
    let key = json!({"kty": "OKP", "crv": "Ed25519", "x": base64url(issuer().public_key().as_ref())});
    let config = JwtConfig {
        issuer: "issuer".to_owned(),
        audience: "headroom".to_owned(),
        jwks: json!({ "keys": [key] }).to_string(),
    };
    let certificates = vec![CertificateGrant { identity: URI.parse().unwrap(), grant: grant("dso-1") }];
    let tokens = access(&[(TOKEN, "dso-1"), ("another-utilitys-token", "dso-2")], None);
    Access { certificates, jwt: jwt.then_some(config), ..tokens }
}

fn token(certificate: &[u8], scope: &str) -> String {
    let claims = json!({
        "iss": "issuer", "aud": "headroom", "sub": "dispatch", "exp": now().timestamp(), "scope": scope,
        "cnf": {"x5t#S256": base64url(&Sha256::digest(certificate))},
    });
    let message = format!("{}.{}", base64url(br#"{"alg":"EdDSA"}"#), base64url(claims.to_string().as_bytes()));
    format!("{message}.{}", base64url(issuer().sign(message.as_bytes()).as_ref()))
}

#[test]
fn a_certificate_needs_no_token() {
    let (door, certificate) = (Door::new(&with_certificate(false)).unwrap(), certificate());
    let caller = door.certified(&certificate, None, now()).unwrap();
    assert!(caller.principal.contains("CN=dispatch sha256:"), "{}", caller.principal);
    assert_eq!((caller.utility.as_str(), caller.roles), ("dso-1", [Role::Submit, Role::Read].into()));
}

#[test]
fn a_certificate_that_is_not_known_is_refused_whatever_the_token() {
    let access = Access { certificates: Vec::new(), jwt: None, ..with_certificate(false) };
    let door = Door::new(&access).unwrap();
    for token in [None, Some(TOKEN), Some("a.b.c")] {
        let status = door.certified(&certificate(), token, now()).unwrap_err();
        assert_eq!(reason(&status, Code::Unauthenticated), "CERTIFICATE_UNKNOWN");
        assert!(!status.message().contains(URI), "{}", status.message());
    }
    assert_eq!(
        reason(&door.certified(b"junk", None, now()).unwrap_err(), Code::Unauthenticated),
        "CERTIFICATE_UNKNOWN"
    );
}

#[test]
fn a_certificate_that_expires_while_connected_is_refused_from_then_on() {
    let (door, certificate) = (Door::new(&with_certificate(false)).unwrap(), certificate());
    let last = DateTime::parse_from_rfc3339("2024-01-01T00:00:00Z").unwrap().to_utc();
    door.certified(&certificate, None, last).unwrap();
    let status = door.certified(&certificate, None, last + TimeDelta::seconds(1)).unwrap_err();
    assert_eq!(reason(&status, Code::Unauthenticated), "CERTIFICATE_EXPIRED");
}

#[test]
fn a_caller_is_let_in_until_the_first_of_its_certificate_and_its_token_expires() {
    let (door, certificate) = (Door::new(&with_certificate(true)).unwrap(), certificate());
    let until = |token: Option<&str>| door.certified(&certificate, token, now()).unwrap().valid_until;
    let last = DateTime::parse_from_rfc3339("2024-01-01T00:00:00Z").unwrap().to_utc();
    let of_certificate = Expiry { at: last + TimeDelta::seconds(1), credential: Credential::Certificate };
    assert_eq!((until(None), until(Some(TOKEN))), (Some(of_certificate), Some(of_certificate)));
    // The token expires now, the leeway later it is over.
    let of_token = Expiry { at: now() + TimeDelta::seconds(30), credential: Credential::Token };
    assert_eq!(until(Some(&token(&certificate, "read"))), Some(of_token));
    assert_eq!(door.holder(TOKEN).unwrap().valid_until, None);
}

#[test]
fn a_token_beside_a_certificate_narrows_and_never_widens() {
    let (door, certificate) = (Door::new(&with_certificate(true)).unwrap(), certificate());
    let roles = |scope: &str| door.certified(&certificate, Some(&token(&certificate, scope)), now()).unwrap().roles;
    assert_eq!(roles("read"), [Role::Read].into());
    assert_eq!(roles("submit read test"), [Role::Submit, Role::Read].into());
    assert_eq!(roles("test"), Roles::new());
}

#[test]
fn a_token_beside_a_certificate_that_cannot_be_judged_is_not_passed_over() {
    let certificate = certificate();
    let refused = |jwt: bool, token: &str| {
        let door = Door::new(&with_certificate(jwt)).unwrap();
        reason(&door.certified(&certificate, Some(token), now()).unwrap_err(), Code::Unauthenticated)
    };
    assert_eq!(refused(true, "another-utilitys-token"), "TOKEN_UNKNOWN");
    assert_eq!(refused(true, "guess"), "TOKEN_UNKNOWN");
    assert_eq!(refused(false, &token(&certificate, "read")), "TOKEN_UNKNOWN");
    assert_eq!(refused(true, "a.b.c"), "TOKEN_INVALID");
    assert_eq!(refused(true, &token(b"another", "read")), "TOKEN_NOT_BOUND");
    let door = Door::new(&with_certificate(true)).unwrap();
    let late = now() + TimeDelta::seconds(30);
    let status = door.certified(&certificate, Some(&token(&certificate, "read")), late).unwrap_err();
    assert_eq!(reason(&status, Code::Unauthenticated), "TOKEN_EXPIRED");
}

#[test]
fn a_known_token_of_the_same_utility_beside_a_certificate_changes_nothing() {
    let (door, certificate) = (Door::new(&with_certificate(true)).unwrap(), certificate());
    assert_eq!(
        door.certified(&certificate, Some(TOKEN), now()).unwrap(),
        door.certified(&certificate, None, now()).unwrap()
    );
}

#[test]
fn a_bound_token_without_its_certificate_is_refused() {
    let authorization = format!("Bearer {}", token(&certificate(), "read"));
    check(&with_certificate(true), &request(Some(&authorization), None), Err("TOKEN_NOT_BOUND"));
}

#[test]
fn a_caller_without_the_role_is_refused_with_its_name() {
    let with =
        |roles: &[Role]| Caller { roles: roles.iter().copied().collect(), ..grant("dso-1").caller("a".to_owned()) };
    let status = require(&with(&[Role::Read, Role::Test]), Role::Submit).unwrap_err();
    assert_eq!(reason(&status, Code::PermissionDenied), "ROLE_MISSING");
    assert_eq!(status.get_details_error_info().unwrap().metadata["role"], "submit");
    assert!(require(&with(&[Role::Submit]), Role::Read).is_err());
    assert!(require(&with(&[Role::Read]), Role::Test).is_err());
    for role in [Role::Submit, Role::Read, Role::Test] {
        require(&with(&[role]), role).unwrap();
    }
}

#[test]
fn who_may_submit_in_earnest_may_test() {
    let caller = Caller { roles: [Role::Submit].into(), ..grant("dso-1").caller("a".to_owned()) };
    require(&caller, Role::Test).unwrap();
}

#[test]
fn a_list_that_would_let_the_wrong_in_does_not_start() {
    let refused = |access: &Access| access.check().unwrap_err().to_string();
    assert!(refused(&access(&[("", "dso-1")], None)).contains("too short"));
    assert!(refused(&access(&[("eleven-long", "dso-1")], None)).contains("too short"));
    assert!(refused(&access(&[(TOKEN, "dso/1")], None)).contains("utility name"));
    assert!(refused(&access(&[], Some(""))).contains("utility name"));
    let twice = refused(&access(&[(TOKEN, "dso-1"), (TOKEN, "dso-2")], None));
    assert!(twice.contains("token t1 is the same as another") && !twice.contains(TOKEN));
    let mut same_name = access(&[(TOKEN, "dso-1"), ("another-token", "dso-1")], None);
    same_name.tokens[1].name = "t0".to_owned();
    assert!(refused(&same_name).contains("token name t0 is there twice"));
    same_name.tokens[1].name = "a token".to_owned();
    assert!(refused(&same_name).contains("token name \"a token\""));
}

#[test]
fn a_grant_that_allows_nothing_does_not_start() {
    let refused = |grant| {
        let certificates = vec![CertificateGrant { identity: URI.parse().unwrap(), grant }];
        Access { certificates, ..Default::default() }.check().unwrap_err().to_string()
    };
    let told = refused(Grant { roles: Roles::new(), ..grant("dso-1") });
    assert!(told.contains(URI) && told.contains("no role"), "{told}");
    assert!(refused(Grant { scope: Some(BTreeSet::new()), ..grant("dso-1") }).contains("scope is empty"));
}

#[test]
fn bound_tokens_without_certificates_do_not_start() {
    let access = Access { certificates: Vec::new(), ..with_certificate(true) };
    assert!(access.check().unwrap_err().to_string().contains("state certificates"));
}
