use std::net::SocketAddr;

use tonic::Code;
use tonic::transport::server::TcpConnectInfo;
use tonic_types::StatusExt;

use super::*;

const TOKEN: &str = "0123456789abcdef";

fn access(tokens: &[(&str, &str)], loopback: Option<&str>) -> Access {
    let owned = |&(token, utility): &(&str, &str)| (token.to_owned(), utility.to_owned());
    Access { tokens: tokens.iter().map(owned).collect(), loopback_utility: loopback.map(ToOwned::to_owned) }
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
fn check(access: &Access, request: &Request<()>, expected: Result<&str, &str>) {
    let door = Door::new(access).unwrap();
    let told = door.utility(request).map_err(|status| {
        assert_eq!(status.code(), Code::Unauthenticated);
        status.get_details_error_info().unwrap().reason
    });
    assert_eq!(told, expected.map_err(ToOwned::to_owned));
}

#[test]
fn a_token_names_its_utility() {
    let access =
        access(&[("another-utilitys-token", "dso-2"), (TOKEN, "dso-1"), ("dso-1s-second-token", "dso-1")], None);
    check(&access, &request(Some("Bearer 0123456789abcdef"), None), Ok("dso-1"));
    check(&access, &request(Some("bearer  0123456789abcdef"), None), Ok("dso-1"));
    check(&access, &request(Some("Bearer dso-1s-second-token"), None), Ok("dso-1"));
    check(&access, &request(Some("Bearer another-utilitys-token"), None), Ok("dso-2"));
}

#[test]
fn a_caller_without_a_known_token_is_refused() {
    let access = access(&[(TOKEN, "dso-1")], None);
    check(&access, &request(None, Some("127.0.0.1:5")), Err("TOKEN_MISSING"));
    for authorization in ["", "Bearer", "Bearer ", TOKEN, "Basic 0123456789abcdef", "Bearer 0123456789abcdeg"] {
        check(&access, &request(Some(authorization), None), Err("TOKEN_UNKNOWN"));
    }
}

#[test]
fn a_caller_from_this_machine_needs_no_token_only_when_so_configured() {
    let access = access(&[(TOKEN, "dso-1")], Some("dso-2"));
    for peer in ["127.0.0.1:5", "[::1]:5", "[::ffff:127.0.0.1]:5"] {
        check(&access, &request(None, Some(peer)), Ok("dso-2"));
    }
    check(&access, &request(None, Some("192.0.2.1:5")), Err("TOKEN_MISSING"));
    check(&access, &request(None, None), Err("TOKEN_MISSING"));
    check(&access, &request(Some("Bearer wrong"), Some("127.0.0.1:5")), Err("TOKEN_UNKNOWN"));
    check(&access, &request(Some("Bearer 0123456789abcdef"), Some("127.0.0.1:5")), Ok("dso-1"));
}

#[test]
fn a_list_that_would_let_the_wrong_in_does_not_start() {
    let refused = |access: &Access| access.check().unwrap_err().to_string();
    assert!(refused(&access(&[("", "dso-1")], None)).contains("too short"));
    assert!(refused(&access(&[("eleven-long", "dso-1")], None)).contains("too short"));
    assert!(refused(&access(&[(TOKEN, "dso/1")], None)).contains("utility name"));
    assert!(refused(&access(&[], Some(""))).contains("utility name"));
    let twice = refused(&access(&[(TOKEN, "dso-1"), (TOKEN, "dso-2")], None));
    assert!(twice.contains("has the token of another") && !twice.contains(TOKEN));
}
