//! Charge detail records, from both sides.

use axum::http::Method;
use headroom_domain::Money;
use headroom_ocpi_adapter::roaming::{Cdr, CdrKey};
use headroom_ocpi_adapter::{LinkError, Role, Version};
use serde_json::{Value, json};
use url::Url;

use crate::stub::{Stub, said};
use crate::world::{Caller, cdr, cpo, emsp, id, join, registered, scsp};

fn of(partner: &str, cdr: Cdr) -> Cdr {
    Cdr { key: CdrKey { partner: id(partner), ..cdr.key }, ..cdr }
}

#[tokio::test]
async fn a_record_is_posted_told_where_it_is_kept_and_got_from_there() {
    let (operator, provider) = (cpo(Vec::new()).await, emsp(Vec::new()).await);
    join((&operator.platform, "cpo"), (&provider.platform, "emsp")).await;
    let to_emsp = operator.platform.client(&id("emsp"));
    let place = to_emsp.post_cdr(&cdr("C1")).await.unwrap().unwrap();
    assert!(place.path().ends_with("/receiver/cdrs/NL/STK/C1"), "{place}");
    let kept = provider.host.shared.cdrs.lock()[0].clone();
    assert_eq!((kept.value, kept.warnings), (of("cpo", cdr("C1")), Vec::new()));
    let got = to_emsp.get_cdr(&place).await.unwrap();
    assert_eq!(got.value, of("emsp", cdr("C1")));
    let elsewhere = to_emsp.get_cdr(&Url::parse("http://127.0.0.1:9/cdr").unwrap()).await;
    assert!(matches!(elsewhere, Err(LinkError::Unsendable(_))), "the token stays with the partner: {elsewhere:?}");
}

#[tokio::test]
async fn a_wrong_record_is_credited() {
    let (operator, service) = (cpo(Vec::new()).await, scsp(Vec::new()).await);
    join((&service.platform, "scsp"), (&operator.platform, "cpo")).await;
    let mut credit = Cdr { is_credit: true, credit_reference_id: Some("C1".to_owned()), ..cdr("C1-credit") };
    credit.total_cost = credit.total_cost.map(|cost| headroom_ocpi_adapter::roaming::Cost {
        before_tax: Money::from_amount(-cost.before_tax.as_amount()),
        after_tax: cost.after_tax.map(|after| Money::from_amount(-after.as_amount())),
    });
    let client = operator.platform.client(&id("scsp"));
    client.post_cdr(&credit).await.unwrap();
    let kept = service.host.cdrs.lock()[0].value.clone();
    assert_ne!(kept.token, credit.token, "a smart charging service does not know who drives");
    assert_eq!(Cdr { token: credit.token.clone(), ..kept }, of("cpo", credit.clone()));
    let of_nothing = client.post_cdr(&Cdr { credit_reference_id: None, ..credit }).await;
    assert!(matches!(of_nothing, Err(LinkError::Refused { code: 2001, .. })), "{of_nothing:?}");
}

#[tokio::test]
async fn records_are_pulled_by_date() {
    let (operator, provider) = (cpo(Vec::new()).await, emsp(Vec::new()).await);
    join((&operator.platform, "cpo"), (&provider.platform, "emsp")).await;
    let early = Cdr { last_updated: cdr("C0").started_at, ..cdr("C0") };
    *operator.host.cdrs.lock() = vec![early, cdr("C1"), cdr("C2"), cdr("C3"), cdr("C4")];
    let client = provider.platform.client(&id("cpo"));
    let pulled = client.pull_cdrs(Some(cdr("C1").last_updated)).all().await.unwrap();
    let pulled: Vec<_> = pulled.objects.into_iter().map(|received| received.value).collect();
    assert_eq!(pulled, ["C1", "C2", "C3", "C4"].map(|name| of("cpo", cdr(name))));
}

#[tokio::test]
async fn line_50_prices_are_written_and_read_in_the_words_of_each_version() {
    let words = [
        (Version::V221, json!({ "excl_vat": 4.25, "incl_vat": 5.1425 })),
        (Version::V230, json!({ "before_taxes": 4.25, "taxes": [{ "name": "VAT", "amount": 0.8925 }] })),
    ];
    for (version, expected) in words {
        let stub = Stub::start(|_| said(&Value::Null)).await;
        let mut link = stub.link(&[(Role::Emsp, "NL", "MSP"), (Role::Cpo, "NL", "STK")]);
        link.version = version;
        let operator = cpo(vec![registered("emsp", link.clone())]).await;
        operator.platform.client(&id("emsp")).post_cdr(&cdr("C1")).await.unwrap();
        let written = stub.seen()[0].body.clone();
        assert_eq!(written["total_cost"], expected);
        let provider = emsp(vec![registered("cpo", link)]).await;
        let url = provider.url(&format!("/{version}/receiver/cdrs"));
        let got = Caller::plain("token-of-stub").call(Method::POST, &url, Some(&written)).await;
        assert_eq!(got.outcome(), (201, 1000), "{}", got.body);
        assert_eq!(provider.host.shared.cdrs.lock()[0].value, of("cpo", cdr("C1")));
    }
}

#[tokio::test]
async fn records_are_neither_changed_nor_of_others() {
    let stub = Stub::start(|_| said(&Value::Null)).await;
    let provider = emsp(vec![registered("cpo", stub.link(&[(Role::Cpo, "NL", "TWO")]))]).await;
    let caller = Caller::plain("token-of-stub");
    let operator = cpo(vec![registered("emsp", stub.link(&[(Role::Emsp, "NL", "MSP")]))]).await;
    operator.platform.client(&id("emsp")).post_cdr(&cdr("C1")).await.unwrap();
    let of_stk = stub.seen()[0].body.clone();
    let url = provider.url("/2.2.1/receiver/cdrs");
    assert_eq!(caller.call(Method::POST, &url, Some(&of_stk)).await.outcome(), (404, 2001));
    assert_eq!(caller.put(&url, &of_stk).await.status, 405);
    assert_eq!(caller.get(&format!("{url}/NL/TWO/C1")).await.outcome(), (404, 2001));
    assert_eq!(caller.patch(&format!("{url}/NL/TWO/C1"), &of_stk).await.status, 405);
    assert!(provider.host.shared.cdrs.lock().is_empty());
}
