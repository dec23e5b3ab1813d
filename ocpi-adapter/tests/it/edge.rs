//! The edge is safe: where we call, what we let in, and what we say of it.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use axum::http::Method;
use headroom_domain::time::ManualClock;
use headroom_ocpi_adapter::server::{self, Peer, TlsFiles};
use headroom_ocpi_adapter::{
    Dialect, Limits, LinkError, Partner, Platform, PlatformConfig, PlatformError, Rate, Reach, Registration, Role,
    Secret, TokenHash,
};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use url::Url;

use crate::hosts::ScspMemory;
use crate::stub::{Stub, said};
use crate::world::{Caller, Saved, Side, id, now, party, registered, scsp, session_json};

const SESSION: &str = "/2.2.1/receiver/sessions/NL/STK/S1";

/// A service whose configuration a test changes; strangers are counted by address.
async fn service(partners: Vec<Partner>, change: impl FnOnce(&mut PlatformConfig)) -> Side<ScspMemory> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}/ocpi", listener.local_addr().unwrap())).unwrap();
    let mut config = PlatformConfig::new(url, Role::Scsp, party("NL", "HDR"), "Test");
    change(&mut config);
    let (saved, host) = (Arc::new(Saved::default()), Arc::new(ScspMemory::default()));
    let platform = Platform::new(config, Arc::new(ManualClock::new(now())), partners, saved.clone()).unwrap();
    let router = server::scsp(platform.clone(), host.clone()).into_make_service_with_connect_info::<Peer>();
    tokio::spawn(async move { axum::serve(listener, router).await });
    Side { platform, host, saved }
}

async fn stub() -> Stub {
    Stub::start(|_| said(&Value::Null)).await
}

fn cpo(stub: &Stub) -> Partner {
    registered("cpo", stub.link(&[(Role::Cpo, "NL", "STK")]))
}

fn s1() -> Value {
    session_json("S1", "2026-03-09T11:00:00Z")
}

fn caller() -> Caller {
    Caller::plain("token-of-stub")
}

async fn refused(service: &Side<ScspMemory>, url: &str) -> LinkError {
    let registered = service.platform.register(&id("new"), &Url::parse(url).unwrap(), &Secret::new("a")).await;
    match registered {
        Err(PlatformError::Link(error)) => error,
        other => panic!("{url}: {other:?}"),
    }
}

#[tokio::test]
async fn addresses_of_our_own_network_are_not_called_however_they_are_written() {
    let stub = stub().await;
    let port = Url::parse(&stub.root).unwrap().port().unwrap();
    let service = service(Vec::new(), |config| config.reach = Reach::default()).await;
    for host in ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "0.0.0.0"] {
        let error = refused(&service, &format!("http://{host}:{port}/versions")).await;
        assert!(matches!(&error, LinkError::Unsendable(words) if words.contains("not a public address")), "{error}");
    }
    for url in ["http://10.0.0.1/", "http://169.254.169.254/latest/meta-data", "http://100.64.0.1", "http://[fd00::1]"]
    {
        assert!(matches!(refused(&service, url).await, LinkError::Unsendable(_)), "{url}");
    }
    for url in ["ftp://a.example/", "http://user:secret@a.example/", "file:///etc/hosts"] {
        let error = refused(&service, url).await;
        assert!(matches!(error, LinkError::Unsendable(_)) && !error.to_string().contains("address:"), "{url}: {error}");
    }
    assert!(stub.seen().is_empty());
}

#[tokio::test]
async fn a_name_that_resolves_to_loopback_is_called_only_when_that_is_allowed() {
    let stub = stub().await;
    let port = Url::parse(&stub.root).unwrap().port().unwrap();
    let url = format!("http://localhost:{port}/versions");
    let named = Reach { hosts: vec!["LOCALHOST".to_owned()], ..Reach::default() };
    let network = Reach { networks: vec!["127.0.0.0/8".parse().unwrap()], ..Reach::default() };
    for reach in [named, network, Reach { private: true, ..Reach::default() }] {
        let calls = stub.seen().len();
        let service = service(Vec::new(), |config| config.reach = reach).await;
        assert!(matches!(refused(&service, &url).await, LinkError::Unreadable { .. }));
        assert_eq!(stub.seen().len(), calls + 1);
    }
}

#[tokio::test]
async fn a_registration_that_names_an_address_of_our_network_is_3001_and_nothing_is_called() {
    let inside = stub().await;
    let service = service(Vec::new(), |config| config.reach = Reach::default()).await;
    let caller = Caller::of(&service.platform.invite(&id("cpo"), Dialect::default()).await.unwrap());
    let roles = json!([{ "role": "CPO", "party_id": "STK", "country_code": "NL" }]);
    let body = json!({ "token": "b", "url": inside.url("/versions"), "roles": roles });
    let got = caller.call(Method::POST, &service.url("/2.2.1/credentials"), Some(&body)).await;
    assert_eq!(got.outcome(), (200, 3001));
    assert!(inside.seen().is_empty());
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = stub().await;
    let to = elsewhere.root.clone();
    let stub = Stub::start(move |_| said(&Value::Null).status(302).with("location", to.clone())).await;
    let service = service(vec![cpo(&stub)], |_| {}).await;
    let pulled = service.platform.client(&id("cpo")).pull_tariffs(None).all().await;
    assert!(matches!(pulled, Err(LinkError::Http { status: 302, .. })), "{pulled:?}");
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn a_partner_that_floods_us_is_told_to_wait_and_others_are_not() {
    let stub = stub().await;
    let mut other = registered("other", stub.link(&[(Role::Cpo, "NL", "TWO")]));
    if let Registration::Registered(link) = &mut other.registration {
        link.token_received = Secret::new("token-of-other").into();
    }
    let requests = Rate { per_second: 0.5, burst: 3 };
    let service = service(vec![cpo(&stub), other], |config| config.limits.requests = requests).await;
    for _ in 0..3 {
        assert_eq!(caller().get(&service.url("/versions")).await.outcome(), (200, 1000));
    }
    let flooded = caller().get(&service.url("/versions")).await;
    assert_eq!((flooded.outcome(), flooded.header("retry-after")), ((429, 2000), "2"));
    assert_eq!(Caller::plain("token-of-other").get(&service.url("/versions")).await.outcome(), (200, 1000));
}

#[tokio::test]
async fn a_partner_that_dawdles_takes_only_its_own_places() {
    let stub = stub().await;
    let mut other = registered("other", stub.link(&[(Role::Cpo, "NL", "TWO")]));
    if let Registration::Registered(link) = &mut other.registration {
        link.token_received = Secret::new("token-of-other").into();
    }
    let service = service(vec![cpo(&stub), other], |config| config.limits.at_once = 1).await;
    let address = service.platform.config().public_url.socket_addrs(|| None).unwrap()[0];
    let mut slow = tokio::net::TcpStream::connect(address).await.unwrap();
    let head = format!(
        "PUT /ocpi{SESSION} HTTP/1.1\r\nhost: x\r\nauthorization: Token token-of-stub\r\ncontent-length: 9\r\nexpect: 100-continue\r\n\r\n"
    );
    tokio::io::AsyncWriteExt::write_all(&mut slow, head.as_bytes()).await.unwrap();
    // It is told to go on once its body is asked for, which is after it was let in.
    let mut told = [0; 12];
    tokio::io::AsyncReadExt::read_exact(&mut slow, &mut told).await.unwrap();
    assert_eq!(&told, b"HTTP/1.1 100");
    let busy = caller().get(&service.url("/versions")).await;
    assert_eq!((busy.outcome(), busy.header("retry-after")), ((429, 2000), "1"));
    assert_eq!(Caller::plain("token-of-other").get(&service.url("/versions")).await.outcome(), (200, 1000));
    drop(slow);
}

#[tokio::test]
async fn strangers_are_told_to_wait_and_partners_at_the_same_address_are_not() {
    let stub = stub().await;
    let strangers = Rate { per_second: 0.1, burst: 2 };
    let service = service(vec![cpo(&stub)], |config| config.limits.strangers = strangers).await;
    let stranger = Caller::plain("guess");
    for expected in [401, 401, 429] {
        assert_eq!(stranger.get(&service.url("/versions")).await.status, expected);
    }
    assert_eq!(caller().get(&service.url("/versions")).await.status, 200);
}

#[tokio::test]
async fn bodies_that_are_too_large_or_too_deep_are_refused_unread() {
    let stub = stub().await;
    let limits = Limits { body_bytes: 4_000, depth: 8, ..Limits::default() };
    let service = service(vec![cpo(&stub)], |config| config.limits = limits).await;
    let mut body = s1();
    body["x"] = json!("y".repeat(4_000));
    assert_eq!(caller().put(&service.url(SESSION), &body).await.outcome(), (413, 2001));
    let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let put = async |text: String| caller().text(Method::PUT, &service.url(SESSION), Some(text)).await.outcome();
    assert_eq!(put(deep(9)).await, (200, 2001), "it is JSON: no error of HTTP");
    assert_eq!(put("[".repeat(3_000)).await, (400, 2001));
    assert_eq!(put(deep(1_900)).await, (200, 2001));
    assert_eq!(caller().put(&service.url(SESSION), &s1()).await.outcome(), (201, 1000));
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_408() {
    let stub = stub().await;
    let service = service(vec![cpo(&stub)], |config| config.limits.body_timeout = Duration::ZERO).await;
    let address = service.platform.config().public_url.socket_addrs(|| None).unwrap()[0];
    let mut slow = tokio::net::TcpStream::connect(address).await.unwrap();
    let head = format!(
        "PUT /ocpi{SESSION} HTTP/1.1\r\nhost: x\r\nauthorization: Token token-of-stub\r\ncontent-length: 9\r\n\r\n"
    );
    tokio::io::AsyncWriteExt::write_all(&mut slow, head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    tokio::io::AsyncReadExt::read_exact(&mut slow, &mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 408");
}

#[tokio::test]
async fn a_partner_that_asks_us_to_wait_is_heard() {
    let stub = Stub::start(|_| said(&Value::Null).status(429).with("retry-after", "7")).await;
    let service = scsp(vec![cpo(&stub)]).await;
    let error = service.platform.client(&id("cpo")).pull_tariffs(None).all().await.unwrap_err();
    assert!(error.is_retryable());
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
}

#[tokio::test]
async fn tokens_that_were_saved_plain_are_hashed_when_they_are_read() {
    let stub = stub().await;
    let mut saved = serde_json::to_value(cpo(&stub)).unwrap();
    saved["registration"]["registered"]["token_received"] = json!("token-of-stub");
    let partner: Partner = serde_json::from_value(saved).unwrap();
    assert_eq!(partner, cpo(&stub));
    let service = scsp(vec![partner]).await;
    assert_eq!(caller().get(&service.url("/versions")).await.status, 200);
    service.platform.save_all().await.unwrap();
    let text = serde_json::to_string(&*service.saved.0.lock()).unwrap();
    assert!(!text.contains("token-of-stub") && text.contains("sha256"), "{text}");
    let invited = Registration::Invited { token_a: TokenHash::of(&Secret::new("token-a")) };
    let old: Registration = serde_json::from_value(json!({ "invited": { "token_a": "token-a" } })).unwrap();
    assert_eq!(old, invited);
}

/// Keeps what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What a partner does that registers, errs, renews and leaves.
async fn handshake(log: &Log) -> Vec<String> {
    let stub = Stub::start(|seen| {
        let root = format!("http://{}", seen.header("host"));
        let end = |module: &str, role: &str| {
            json!({ "identifier": module, "role": role, "url": format!("{root}/{module}?token=token-in-url") })
        };
        match seen.path.as_str() {
            "/versions" => said(&json!([{ "version": "2.2.1", "url": format!("{root}/2.2.1") }])),
            "/2.2.1" => said(&json!({ "version": "2.2.1", "endpoints": [end("credentials", "SENDER"),
                end("chargingprofiles", "RECEIVER"), end("tariffs", "SENDER")] })),
            // Some repeat what they were sent.
            _ => said(&json!(seen.header("authorization"))).status(500),
        }
    })
    .await;
    let service = service(Vec::new(), |_| {}).await;
    let token_a = service.platform.invite(&id("cpo"), Dialect::default()).await.unwrap();
    let url = service.url("/2.2.1/credentials");
    let roles = json!([{ "role": "CPO", "party_id": "STK", "country_code": "NL" }]);
    let body = json!({ "token": "token-b-of-partner", "url": stub.url("/versions"), "roles": roles });
    for bad in [json!("token-b-of-partner"), json!({ "token": ["token-b-of-partner"], "url": 5 })] {
        Caller::of(&token_a).call(Method::POST, &url, Some(&bad)).await;
    }
    let got = Caller::of(&token_a).call(Method::POST, &url, Some(&body)).await;
    assert_eq!(got.outcome(), (200, 1000));
    let token_c = got.body["data"]["token"].as_str().unwrap().to_owned();
    Caller::of(&token_a).get(&url).await;
    Caller::plain("guessed-token").get(&url).await;
    Caller::plain(&token_c).call(Method::POST, &url, Some(&body)).await;
    let failed = service.platform.client(&id("cpo")).pull_tariffs(None).all().await.unwrap_err();
    let renewed = service.platform.renew(&id("cpo")).await.unwrap_err();
    write!(log.clone(), "{failed} {failed:?} {renewed} {renewed:?} {:?}", service.platform.partners()).unwrap();
    let offered = stub.seen().iter().find_map(|seen| Some(seen.body["token"].as_str()?.to_owned())).unwrap();
    service.platform.unregister(&id("cpo")).await.unwrap();
    let tokens = [token_a.expose(), "token-b-of-partner", &token_c, &offered, "guessed-token", "token-in-url"];
    tokens.iter().map(|token| (*token).to_owned()).collect()
}

#[tokio::test]
async fn no_token_is_ever_logged() {
    use base64::Engine;
    let log = Log::default();
    let writer = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || writer.clone());
    // For all threads, or what other tests have called before may stay silent here.
    tracing::subscriber::set_global_default(subscriber.finish()).unwrap();
    tracing::callsite::rebuild_interest_cache();
    let tokens = handshake(&log).await;
    let text = String::from_utf8(log.0.lock().clone()).unwrap();
    assert!(text.contains("refused") && text.contains("called a partner") && text.contains("HTTP 500"), "{text}");
    for token in tokens {
        let encoded = base64::prelude::BASE64_STANDARD.encode(&token);
        assert!(!text.contains(&token) && !text.contains(&encoded), "{token} in:\n{text}");
    }
}

#[tokio::test]
async fn https_is_served_and_called_with_a_certificate_of_ones_own() {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let files = TlsFiles { certificates: folder.path().join("cert.pem"), key: folder.path().join("key.pem") };
    std::fs::write(&files.certificates, made.cert.pem()).unwrap();
    std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let url = Url::parse(&format!("https://localhost:{}/ocpi", address.port())).unwrap();
    let config = PlatformConfig::new(url, Role::Scsp, party("NL", "HDR"), "Secure");
    let clock = Arc::new(ManualClock::new(now()));
    let secure = Platform::new(config, clock, Vec::new(), Arc::new(Saved::default())).unwrap();
    let router = server::scsp(secure.clone(), Arc::new(ScspMemory::default()));
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let key = files.key.clone();
    let serving =
        tokio::spawn(async move { server::serve_tls(listener, router, &files, async { drop(stopped.await) }).await });

    // Who says nothing delays nobody.
    let _silent = tokio::net::TcpStream::connect(address).await.unwrap();
    let token_a = secure.invite(&id("partner"), Dialect::default()).await.unwrap();
    let distrustful = service(Vec::new(), |_| {}).await;
    let failed = distrustful.platform.register(&id("secure"), &secure.versions_url(), &token_a).await;
    assert!(matches!(failed, Err(PlatformError::Link(LinkError::Unreachable { .. }))), "{failed:?}");
    let trusting = service(Vec::new(), |config| config.root_certificates = vec![made.cert.pem()]).await;
    trusting.platform.register(&id("secure"), &secure.versions_url(), &token_a).await.unwrap();
    assert!(secure.partner(&id("partner")).unwrap().link().is_some());

    drop(stop);
    serving.await.unwrap().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let swapped = TlsFiles { certificates: key.clone(), key };
    assert!(server::TlsListener::new(listener, &swapped).is_err(), "a key is no certificate");
}
