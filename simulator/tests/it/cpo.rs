//! The virtual CPO.

use std::sync::Arc;

use headroom_domain::location::{Connector, Supply};
use headroom_domain::profile::ChargingProfile;
use headroom_domain::session::{Session, SessionStatus};
use headroom_domain::{Current, PartnerId, Power, Voltage};
use headroom_ocpi_adapter::{ProfileAnswer, ProfileResult};
use headroom_simulator::partners::cpo::{CpoConfig, CpoResult, run};

use crate::service::{METER_TOKEN, ResultFile, Service, clock, scenario};

fn connector() -> Connector {
    Connector {
        id: "1".to_owned(),
        supply: Supply::Ac { phases: 3 },
        voltage_v: Voltage::from_v(230.0),
        maximum_current_a: Current::from_a(16.0),
        maximum_power_w: Power::from_w(11_040.0),
        tariff_ids: Vec::new(),
    }
}

async fn allow(service: &Service, session: &Session, request: &str) {
    let client = service.platform.client(&PartnerId::new("cpo"));
    let profile = ChargingProfile::constant(session.started_at, Power::from_w(11_040.0));
    let url = service.platform.response_url(request);
    let receipt = client.put_charging_profile(&session.key, &profile, &connector(), &url).await.unwrap();
    assert_eq!(receipt.answer, ProfileAnswer::Accepted);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_virtual_cpo_registers_reports_obeys_and_survives_a_restart_of_the_service() {
    let scenario = scenario();
    let clock = clock(&scenario);
    let mut service = Service::start(clock.clone()).await;
    let file = ResultFile::new("cpo");
    let history = scenario.base_load_history().len();
    let config = CpoConfig {
        link: service.invite("cpo").await,
        service: service.url(),
        meter_token: METER_TOKEN.to_owned(),
        result: file.path(),
        scenario: Arc::new(scenario),
    };
    let cpo = tokio::spawn(async move { run(config, clock, std::future::pending()).await });

    let first = service.until("the first session", |told| Some(told.sessions.get("S-0001")?.0.clone())).await;
    assert_eq!((first.status, first.evse_uid.as_deref()), (SessionStatus::Active, Some("EVSE-02")));
    allow(&service, &first, "one").await;
    service
        .until("its result", |told| told.results.contains(&("one".to_owned(), ProfileResult::Accepted)).then_some(()))
        .await;
    service.until("its active profile", |told| told.active.iter().any(|(id, _)| id == "S-0001").then_some(())).await;
    service.until("its power", |told| (told.sessions["S-0001"].0.power_w? > Power::from_kw(11.0)).then_some(())).await;

    let locations = service.platform.client(&PartnerId::new("cpo")).pull_locations(None).all().await.unwrap();
    assert_eq!(locations.objects[0].value.evses.len(), 36);
    assert_eq!(locations.objects[0].warnings, []);
    let tariffs = service.platform.client(&PartnerId::new("cpo")).pull_tariffs(None).all().await.unwrap();
    assert_eq!(tariffs.objects[0].value.elements.len(), 4);

    let whole = service.memory.0.lock().whole;
    service.restart_after("/sessions/").await;
    service.until("the sessions again", |told| (told.whole > whole).then_some(())).await;
    let second = service.until("the second session", |told| Some(told.sessions.get("S-0002")?.0.clone())).await;
    if second.status == SessionStatus::Active {
        allow(&service, &second, "two").await;
    }

    cpo.await.unwrap().unwrap();
    let told = service.memory.0.lock();
    let result: CpoResult = file.read();
    assert!(result.finished);
    assert_eq!(result.score.sessions, 2);
    for outcome in &result.sessions {
        let (session, _) = &told.sessions[&outcome.id];
        assert_eq!((session.status, session.ended_at), (SessionStatus::Completed, Some(outcome.departure)));
        assert!((session.energy_wh.as_kwh() - outcome.delivered_kwh).abs() < 0.001, "{}", outcome.id);
    }
    assert!((result.sessions[0].delivered_kwh - 5.0).abs() < 0.01);
    assert_eq!(result.counts.profiles_taken, result.counts.profiles_received);
    assert!(result.counts.readings_posted > 0 && told.readings.len() >= history);
    assert_eq!((result.score.violation_s, result.score.circuit_violation_s), (0.0, 0.0));
    assert!(result.trace.windows(2).all(|pair| pair[0].end == pair[1].start));
}
