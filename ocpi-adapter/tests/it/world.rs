//! Platforms on loopback, objects to exchange, and a caller that says exactly what a test wants.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, Method};
use chrono::{DateTime, TimeDelta, Utc};
use futures::future::BoxFuture;
use headroom_domain::location::{Connector, Evse, Location, Place, Supply};
use headroom_domain::preference::ProfileType;
use headroom_domain::session::{Session, SessionKey, SessionStatus};
use headroom_domain::tariff::{EnergyPriceElement, Tariff, TariffElement};
use headroom_domain::time::ManualClock;
use headroom_domain::{Current, Energy, EnergyPrice, Money, PartnerId, PartyId, Power, Voltage};
use headroom_ocpi_adapter::roaming::{
    AuthMethod, Cdr, CdrKey, CdrPlace, CdrToken, Cost, Dimension, EnergyContract, Measure, Period, Token, TokenKey,
    TokenKind, Whitelist,
};
use headroom_ocpi_adapter::server::Hub;
use headroom_ocpi_adapter::{
    Dialect, HostError, Link, Notice, Partner, PartnerStore, Platform, PlatformConfig, Registration, Role, Secret,
    server,
};
use parking_lot::Mutex;
use serde_json::{Value, json};
use url::Url;

use crate::emsp_host::EmspMemory;
use crate::hosts::{CpoMemory, ScspMemory};

pub(crate) fn now() -> DateTime<Utc> {
    "2026-03-09T12:00:00Z".parse().unwrap()
}

pub(crate) fn party(country: &str, id: &str) -> PartyId {
    PartyId::new(country, id)
}

pub(crate) fn id(name: &str) -> PartnerId {
    PartnerId::new(name)
}

/// Remembers what was saved, and what was noted, in order.
#[derive(Default)]
pub(crate) struct Saved(pub Mutex<Vec<Partner>>, pub Mutex<Vec<(PartnerId, Notice)>>);

impl PartnerStore for Saved {
    fn save<'a>(&'a self, partner: &'a Partner) -> BoxFuture<'a, Result<(), HostError>> {
        self.0.lock().push(partner.clone());
        Box::pin(std::future::ready(Ok(())))
    }

    fn note<'a>(&'a self, partner: &'a PartnerId, notice: Notice) -> BoxFuture<'a, Result<(), HostError>> {
        self.1.lock().push((partner.clone(), notice));
        Box::pin(std::future::ready(Ok(())))
    }
}

/// A platform that answers.
pub(crate) struct Side<H> {
    pub platform: Platform,
    pub host: Arc<H>,
    pub saved: Arc<Saved>,
}

impl<H> Side<H> {
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.platform.config().public_url)
    }
}

async fn side<H>(
    role: Role,
    party: PartyId,
    partners: Vec<Partner>,
    host: Arc<H>,
    router: impl FnOnce(Platform, Arc<H>) -> Router,
) -> Side<H> {
    side_that_waits(role, party, partners, host, router, Duration::from_secs(20)).await
}

async fn side_that_waits<H>(
    role: Role,
    party: PartyId,
    partners: Vec<Partner>,
    host: Arc<H>,
    router: impl FnOnce(Platform, Arc<H>) -> Router,
    request_timeout: Duration,
) -> Side<H> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}/ocpi", listener.local_addr().unwrap())).unwrap();
    let config = PlatformConfig { page_limit: 3, request_timeout, ..PlatformConfig::new(url, role, party, "Test") };
    let saved = Arc::new(Saved::default());
    let clock = Arc::new(ManualClock::new(now()));
    let platform = Platform::new(config, clock, partners, saved.clone()).unwrap();
    let router = router(platform.clone(), host.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    Side { platform, host, saved }
}

pub(crate) async fn scsp(partners: Vec<Partner>) -> Side<ScspMemory> {
    side(Role::Scsp, party("NL", "HDR"), partners, Arc::default(), server::scsp).await
}

pub(crate) async fn cpo(partners: Vec<Partner>) -> Side<CpoMemory> {
    side(Role::Cpo, party("NL", "STK"), partners, Arc::default(), server::cpo).await
}

pub(crate) async fn emsp(partners: Vec<Partner>) -> Side<EmspMemory> {
    side(Role::Emsp, party("NL", "MSP"), partners, Arc::default(), server::emsp).await
}

pub(crate) async fn cpo_called(name: &str) -> Side<CpoMemory> {
    side(Role::Cpo, party("NL", name), Vec::new(), Arc::default(), server::cpo).await
}

/// A hub, NL-HUB.
pub(crate) async fn hub(partners: Vec<Partner>) -> Side<OnceLock<Hub>> {
    hub_that_waits(partners, Duration::from_secs(20)).await
}

pub(crate) async fn hub_that_waits(partners: Vec<Partner>, request_timeout: Duration) -> Side<OnceLock<Hub>> {
    let router = |platform, host: Arc<OnceLock<Hub>>| server::hub(host.get_or_init(|| Hub::new(platform)).clone());
    side_that_waits(Role::Hub, party("NL", "HUB"), partners, Arc::default(), router, request_timeout).await
}

/// Registers a platform with another one, each under a name.
pub(crate) async fn join(server: (&Platform, &str), client: (&Platform, &str)) {
    let token_a = server.0.invite(&id(client.1), Dialect::default()).await.unwrap();
    client.0.register(&id(server.1), &server.0.versions_url(), &token_a).await.unwrap();
}

pub(crate) fn token(uid: &str) -> Token {
    Token {
        key: TokenKey { partner: id("self"), party: party("NL", "MSP"), uid: uid.to_owned(), kind: TokenKind::Rfid },
        contract_id: "NL-MSP-C1".to_owned(),
        visual_number: Some("No 1".to_owned()),
        issuer: "MSP".to_owned(),
        group_id: None,
        valid: true,
        whitelist: Whitelist::Allowed,
        language: Some("nl".to_owned()),
        default_profile_type: Some(ProfileType::Green),
        energy_contract: Some(EnergyContract { supplier_name: "Wind".to_owned(), contract_id: None }),
        last_updated: now(),
    }
}

pub(crate) fn cdr(name: &str) -> Cdr {
    let cost = |before, after| Some(Cost { before_tax: Money::from_amount(before), after_tax: after });
    Cdr {
        key: CdrKey { partner: id("self"), party: party("NL", "STK"), id: name.to_owned() },
        started_at: now() - TimeDelta::hours(2),
        ended_at: now(),
        session_id: Some("S1".to_owned()),
        token: Some(CdrToken {
            party: Some(party("NL", "MSP")),
            uid: "U1".to_owned(),
            kind: TokenKind::Rfid,
            contract_id: "NL-MSP-C1".to_owned(),
        }),
        auth_method: Some(AuthMethod::Whitelist),
        authorization_reference: None,
        place: Some(CdrPlace {
            location_id: "L1".to_owned(),
            name: None,
            address: "Street 1".to_owned(),
            city: "Delft".to_owned(),
            country: "NLD".to_owned(),
            latitude: "52.00000".to_owned(),
            longitude: "4.36000".to_owned(),
            evse_uid: Some("E1".to_owned()),
            evse_id: Some("NL*STK*E1".to_owned()),
            connector_id: Some("1".to_owned()),
            supply: Some(Supply::Ac { phases: 3 }),
        }),
        meter_id: None,
        currency: "EUR".to_owned(),
        tariff_ids: Vec::new(),
        periods: vec![Period {
            start: now() - TimeDelta::hours(2),
            measures: vec![
                Measure { dimension: Dimension::Energy, volume: 12.5 },
                Measure { dimension: Dimension::Time, volume: 1.5 },
            ],
            tariff_id: Some("T1".to_owned()),
        }],
        energy_wh: Energy::from_kwh(12.5),
        duration: TimeDelta::hours(2),
        parking: Some(TimeDelta::minutes(30)),
        total_cost: cost(4.25, Some(Money::from_amount(5.1425))),
        fixed_cost: None,
        energy_cost: cost(3.75, Some(Money::from_amount(4.5375))),
        time_cost: None,
        parking_cost: cost(0.5, Some(Money::from_amount(0.605))),
        reservation_cost: None,
        remark: None,
        invoice_id: None,
        is_credit: false,
        credit_reference_id: None,
        last_updated: now(),
    }
}

pub(crate) fn registered(name: &str, link: Link) -> Partner {
    Partner { registration: Registration::Registered(link), ..Partner::new(id(name), Dialect::default()) }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Got {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Got {
    pub(crate) fn code(&self) -> u64 {
        self.body["status_code"].as_u64().unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn outcome(&self) -> (u16, u64) {
        (self.status, self.code())
    }
}

/// Calls with a token as it stands.
pub(crate) struct Caller {
    pub authorization: Option<String>,
    pub headers: Vec<(&'static str, String)>,
}

impl Caller {
    pub(crate) fn plain(token: &str) -> Self {
        Self { authorization: Some(format!("Token {token}")), headers: Vec::new() }
    }

    pub(crate) fn of(token: &Secret) -> Self {
        Self::plain(token.expose())
    }

    pub(crate) async fn call(&self, method: Method, url: &str, body: Option<&Value>) -> Got {
        self.text(method, url, body.map(Value::to_string)).await
    }

    pub(crate) async fn get(&self, url: &str) -> Got {
        self.text(Method::GET, url, None).await
    }

    pub(crate) async fn put(&self, url: &str, body: &Value) -> Got {
        self.text(Method::PUT, url, Some(body.to_string())).await
    }

    pub(crate) async fn patch(&self, url: &str, body: &Value) -> Got {
        self.text(Method::PATCH, url, Some(body.to_string())).await
    }

    pub(crate) async fn text(&self, method: Method, url: &str, body: Option<String>) -> Got {
        // A platform installs what the HTTP client needs.
        let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
        let mut request = client.request(method, url).header("content-type", "application/json");
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await.unwrap();
        Got { status, headers, body: serde_json::from_slice(&body).unwrap_or_default() }
    }
}

pub(crate) fn connector() -> Connector {
    Connector {
        id: "1".to_owned(),
        supply: Supply::Ac { phases: 3 },
        voltage_v: Voltage::from_v(230.0),
        maximum_current_a: Current::from_a(16.0),
        maximum_power_w: Power::from_w(11_040.0),
        tariff_ids: vec!["T1".to_owned()],
    }
}

pub(crate) fn location(name: &str) -> Location {
    Location {
        partner: id("self"),
        party: party("NL", "STK"),
        id: name.to_owned(),
        name: name.to_owned(),
        place: Place {
            address: "Street 1".to_owned(),
            city: "Delft".to_owned(),
            country: "NLD".to_owned(),
            latitude: "52.00000".to_owned(),
            longitude: "4.36000".to_owned(),
        },
        time_zone: chrono_tz::Europe::Amsterdam,
        evses: vec![Evse {
            uid: "E1".to_owned(),
            takes_profiles: true,
            takes_preferences: true,
            out_of_use: false,
            connectors: vec![connector()],
        }],
        last_updated: now(),
    }
}

pub(crate) fn tariff(name: &str) -> Tariff {
    Tariff {
        partner: id("self"),
        party: party("NL", "STK"),
        id: name.to_owned(),
        currency: "EUR".to_owned(),
        tariff_type: None,
        tax_included: None,
        minimum_price: None,
        maximum_price: None,
        valid_from: None,
        valid_until: None,
        incomplete: false,
        elements: vec![TariffElement::from(EnergyPriceElement {
            price_per_kwh: EnergyPrice::from_per_kwh(0.3),
            start_time: None,
            end_time: None,
            start_date: None,
            end_date: None,
            weekdays: Vec::new(),
        })],
        last_updated: now(),
    }
}

pub(crate) fn session(name: &str) -> Session {
    Session {
        key: SessionKey { partner: id("self"), party: party("NL", "STK"), id: name.to_owned() },
        status: SessionStatus::Active,
        location_id: "L1".to_owned(),
        evse_uid: Some("E1".to_owned()),
        connector_id: Some("1".to_owned()),
        started_at: now() - TimeDelta::hours(1),
        ended_at: None,
        energy_wh: Energy::from_kwh(2.0),
        power_w: Some(Power::from_kw(7.4)),
        state_of_charge: None,
        last_updated: now(),
    }
}

/// A session as a partner writes it.
pub(crate) fn session_json(name: &str, last_updated: &str) -> Value {
    json!({
        "country_code": "NL", "party_id": "STK", "id": name,
        "start_date_time": "2026-03-09T10:17:09Z", "kwh": 1.5,
        "cdr_token": { "country_code": "NL", "party_id": "TST", "uid": "1", "type": "RFID", "contract_id": "C1" },
        "auth_method": "WHITELIST", "location_id": "L1", "evse_uid": "E1", "connector_id": "1",
        "currency": "EUR", "status": "ACTIVE", "last_updated": last_updated,
        "charging_periods": [{ "start_date_time": "2026-03-09T10:17:09Z",
                               "dimensions": [{ "type": "POWER", "volume": 7.4 }] }]
    })
}
