//! Lists in pages, from both sides.

use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::TimeDelta;
use headroom_domain::location::Location;
use headroom_domain::session::Session;
use headroom_ocpi_adapter::{LinkError, PulledPage, Role};
use serde_json::{Value, json};

use crate::stub::{Said, Seen, Stub, said};
use crate::world::{Caller, cpo, id, location, now, registered, scsp, session, session_json, tariff};

const AT: &str = "2026-03-09T11:00:00Z";

fn ids(page: &PulledPage<Session>) -> Vec<&str> {
    page.objects.iter().map(|received| received.value.key.id.as_str()).collect()
}

async fn pull(stub: &Stub) -> Result<PulledPage<Session>, LinkError> {
    let service = scsp(vec![registered("cpo", stub.link(&[(Role::Cpo, "NL", "STK")]))]).await;
    service.platform.client(&id("cpo")).pull_sessions(now() - TimeDelta::days(1)).all().await
}

fn offset(seen: &Seen) -> usize {
    seen.parameter("offset").map_or(0, |text| text.parse().unwrap())
}

/// Three sessions, one per page, with the `Link` that a test wants.
fn three(seen: &Seen, link: Option<String>) -> Said {
    let page = said(&json!([session_json(&format!("S{}", offset(seen)), AT)]));
    match link {
        Some(link) if offset(seen) < 2 => page.with("link", link),
        _ => page,
    }
}

#[tokio::test]
async fn line_18_a_client_follows_links_to_the_end_and_repeats_what_they_say() {
    let stub = Stub::start(|seen| {
        let host = seen.header("host");
        three(seen, Some(format!("<http://{host}/sessions?cursor=x&offset={}>; rel=\"next\"", offset(seen) + 1)))
    })
    .await;
    assert_eq!(ids(&pull(&stub).await.unwrap()), ["S0", "S1", "S2"]);
    let queries: Vec<_> = stub.seen().iter().map(|seen| seen.query.clone()).collect();
    assert_eq!(queries[1..], ["cursor=x&offset=1", "cursor=x&offset=2"]);
}

#[tokio::test]
async fn line_19_a_client_stops_without_a_link() {
    let stub = Stub::start(|seen| three(seen, None)).await;
    assert_eq!(ids(&pull(&stub).await.unwrap()), ["S0"]);
    assert_eq!(stub.seen().len(), 1);
}

#[tokio::test]
async fn line_20_a_client_goes_on_by_offset_where_links_are_broken() {
    let elsewhere = ["<https://elsewhere.example/sessions?offset=1>; rel=\"next\"", "nonsense; rel=\"next\"", ""];
    for link in elsewhere {
        let stub = Stub::start(move |seen| {
            let link = (!link.is_empty()).then(|| link.to_owned());
            three(seen, link).with("x-total-count", "3")
        })
        .await;
        assert_eq!(ids(&pull(&stub).await.unwrap()), ["S0", "S1", "S2"], "{link}");
        assert_eq!(stub.seen()[2].parameter("date_from").unwrap(), "2026-03-08T12:00:00Z");
    }
}

#[tokio::test]
async fn line_20_a_link_that_leads_nowhere_is_given_up_for_offsets() {
    let stub = Stub::start(|seen| {
        if seen.path.contains("VersionNumber") {
            return Said::of(&json!({ "detail": "Not Found" })).status(404);
        }
        let host = seen.header("host");
        three(seen, Some(format!("<http://{host}/VersionNumber.v_2_2_1/sessions?date_to=None>; rel=\"next\"")))
    })
    .await;
    assert_eq!(ids(&pull(&stub).await.unwrap()), ["S0", "S1", "S2"]);
}

#[tokio::test]
async fn a_list_without_end_ends_at_an_empty_page_or_a_link_to_itself() {
    let stub = Stub::start(|seen| {
        let host = seen.header("host");
        let list = if offset(seen) < 1 { json!([session_json("S0", AT)]) } else { json!([]) };
        said(&list).with("link", format!("<http://{host}{}?{}>; rel=\"next\"", seen.path, seen.query))
    })
    .await;
    assert_eq!(ids(&pull(&stub).await.unwrap()), ["S0"]);
    assert_eq!(stub.seen().len(), 2);
}

#[tokio::test]
async fn line_21_one_bad_object_keeps_the_good_ones() {
    let stub =
        Stub::start(|_| said(&json!([session_json("S0", AT), { "id": 5 }, "nonsense", session_json("S3", AT)]))).await;
    let page = pull(&stub).await.unwrap();
    assert_eq!(ids(&page), ["S0", "S3"]);
    assert_eq!(page.rejected.len(), 2);
    assert_eq!(page.rejected[0].raw["id"], 5);
}

#[tokio::test]
async fn line_22_date_from_is_sent_for_sessions() {
    let stub = Stub::start(|seen| three(seen, None)).await;
    pull(&stub).await.unwrap();
    let seen = &stub.seen()[0];
    assert_eq!(
        (seen.path.as_str(), seen.parameter("date_from").unwrap().as_str()),
        ("/sessions", "2026-03-08T12:00:00Z")
    );
    assert_eq!(seen.header("authorization"), "Token dG9rZW4tdG8tc3R1Yg==");
    assert_eq!((seen.header("ocpi-to-party-id"), seen.header("ocpi-from-party-id")), ("STK", "HDR"));
}

#[tokio::test]
async fn lines_18_23_a_server_caps_pages_and_its_links_keep_the_filters() {
    let stub = Stub::start(|_| said(&Value::Null)).await;
    let cpo = cpo(vec![registered("scsp", stub.link(&[(Role::Scsp, "NL", "HDR")]))]).await;
    cpo.host.sessions.lock().extend((0..7).map(|index| session(&format!("S{index}"))));
    let caller = Caller::plain("token-of-stub");
    let mut url =
        cpo.url("/2.2.1/sender/sessions?date_from=2026-03-09T00:00:00Z&date_to=2026-03-10T00:00:00Z&limit=2000");
    let mut found = Vec::new();
    for expected in [3, 3, 1] {
        let got = caller.get(&url).await;
        assert_eq!(got.outcome(), (200, 1000));
        assert_eq!((got.header("x-total-count"), got.header("x-limit")), ("7", "3"));
        let sessions = got.body["data"].as_array().unwrap();
        assert_eq!(sessions.len(), expected);
        found.extend(sessions.iter().map(|session| session["id"].clone()));
        let link = got.header("link").to_owned();
        assert_eq!(link.is_empty(), expected == 1);
        if let Some((address, _)) = link.trim_start_matches('<').split_once('>') {
            assert!(address.contains("limit=3") && address.contains("date_to=2026-03-10"), "{address}");
            url = address.to_owned();
        }
    }
    assert_eq!(found, ["S0", "S1", "S2", "S3", "S4", "S5", "S6"]);
    let none = cpo.url("/2.2.1/sender/sessions?date_from=2026-03-09T12:00:01Z");
    assert_eq!(caller.get(&none).await.header("x-total-count"), "0");
}

#[tokio::test]
async fn wrong_filters_are_2001_and_sessions_need_a_date_from() {
    let stub = Stub::start(|_| said(&Value::Null)).await;
    let cpo = cpo(vec![registered("scsp", stub.link(&[(Role::Scsp, "NL", "HDR")]))]).await;
    let caller = Caller::plain("token-of-stub");
    for query in ["", "?date_from=soon", "?date_from=2026-03-09T00:00:00Z&limit=-1"] {
        let got = caller.get(&cpo.url(&format!("/2.2.1/sender/sessions{query}"))).await;
        assert_eq!(got.outcome(), (200, 2001), "{query}");
    }
    cpo.host.tariffs.lock().push(tariff("T1"));
    cpo.host.locations.lock().push(location("L1"));
    assert_eq!(caller.get(&cpo.url("/2.2.1/sender/tariffs")).await.body["data"][0]["id"], "T1");
    assert_eq!(caller.get(&cpo.url("/2.2.1/sender/locations/l1/E1/1")).await.body["data"]["max_voltage"], 230);
    assert_eq!(caller.get(&cpo.url("/2.2.1/sender/locations/L2")).await.outcome(), (404, 2003));
}

#[tokio::test]
async fn line_24_an_error_in_the_middle_loses_nothing() {
    let failures = [
        said(&json!([])).status(429),
        Said { status: 500, headers: Vec::new(), body: "oops".to_owned() },
        Said { status: 200, headers: Vec::new(), body: "{".to_owned() },
        Said::of(&json!({ "status_code": 3000, "timestamp": AT })),
    ];
    let calls = AtomicUsize::new(0);
    let stub = Stub::start(move |seen| {
        // Every second page fails once in each way.
        let call = calls.fetch_add(1, Ordering::SeqCst);
        if (1..=4).contains(&call) {
            return failures[call - 1].clone();
        }
        let host = seen.header("host");
        three(seen, Some(format!("<http://{host}/sessions?offset={}>; rel=\"next\"", offset(seen) + 1)))
    })
    .await;
    let service = scsp(vec![registered("cpo", stub.link(&[(Role::Cpo, "NL", "STK")]))]).await;
    let mut pages = service.platform.client(&id("cpo")).pull_sessions(now());
    let (mut found, mut errors) = (Vec::new(), Vec::new());
    while let Some(page) = pages.next().await {
        match page {
            Ok(page) => found.extend(page.objects.into_iter().map(|received| received.value.key.id)),
            Err(error) => errors.push(error),
        }
    }
    assert_eq!(found, ["S0", "S1", "S2"]);
    assert_eq!(errors.len(), 4);
    assert!(errors.iter().all(LinkError::is_retryable), "{errors:?}");
}

#[tokio::test]
async fn a_page_that_is_null_or_a_single_object_is_read() {
    for (data, expected) in [(Value::Null, 0), (session_json("S0", AT), 1)] {
        let stub = Stub::start(move |_| said(&data)).await;
        assert_eq!(pull(&stub).await.unwrap().objects.len(), expected);
    }
}

#[tokio::test]
async fn locations_and_tariffs_are_pulled_from_a_real_server() {
    let stub = Stub::start(|_| said(&Value::Null)).await;
    let cpo = cpo(vec![registered("scsp", stub.link(&[(Role::Scsp, "NL", "HDR")]))]).await;
    cpo.host.locations.lock().extend((0..5).map(|index| location(&format!("L{index}"))));
    cpo.host.tariffs.lock().push(tariff("T1"));
    let mut link = stub.link(&[(Role::Cpo, "NL", "STK")]);
    link.token_sent = headroom_ocpi_adapter::Secret::new("token-of-stub");
    for endpoint in &mut link.endpoints {
        let path = endpoint.url.path().trim_start_matches('/').to_owned();
        endpoint.url = cpo.url(&format!("/2.2.1/sender/{path}")).parse().unwrap();
    }
    let service = scsp(vec![registered("cpo", link)]).await;
    let client = service.platform.client(&id("cpo"));
    let pulled = client.pull_locations(None).all().await.unwrap();
    let expected: Vec<_> =
        (0..5).map(|index| Location { partner: id("cpo"), ..location(&format!("L{index}")) }).collect();
    assert_eq!(pulled.objects.into_iter().map(|received| received.value).collect::<Vec<_>>(), expected);
    assert_eq!(client.pull_tariffs(Some(now())).all().await.unwrap().objects.len(), 1);
}
