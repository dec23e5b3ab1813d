//! The virtual eMSP.

use std::sync::Arc;

use headroom_domain::session::{Session, SessionKey, SessionStatus};
use headroom_domain::{Energy, PartnerId, PartyId};
use headroom_simulator::partners::emsp::{EmspConfig, EmspResult, run};
use serde_json::Value;

use crate::service::{ResultFile, Service, clock, scenario};

#[tokio::test(flavor = "multi_thread")]
async fn a_virtual_emsp_says_what_drivers_want_as_soon_as_the_service_knows_their_session() {
    let scenario = scenario();
    let clock = clock(&scenario);
    let service = Service::start(clock.clone()).await;
    let file = ResultFile::new("emsp");
    let plan = scenario.sessions[1].clone();
    let config = EmspConfig { link: service.invite("emsp").await, result: file.path(), scenario: Arc::new(scenario) };
    let emsp = tokio::spawn(async move { run(config, clock, std::future::pending()).await });

    // The service learns of the session a little later than the driver speaks.
    service.until("a preference that comes too early", |told| (told.too_early > 0).then_some(())).await;
    let session = Session {
        key: SessionKey { partner: PartnerId::new("cpo"), party: PartyId::new("NL", "VCP"), id: plan.id.clone() },
        status: SessionStatus::Active,
        location_id: "workplace".to_owned(),
        evse_uid: Some(plan.evse_uid.clone()),
        connector_id: None,
        started_at: plan.arrival,
        ended_at: None,
        energy_wh: Energy::ZERO,
        power_w: None,
        state_of_charge: None,
        last_updated: plan.arrival,
    };
    service.memory.0.lock().sessions.insert(plan.id.clone(), (session, Value::Null));

    emsp.await.unwrap().unwrap();
    let told = service.memory.0.lock();
    let (id, preference) = &told.preferences[0];
    let stated = plan.preference.unwrap();
    assert_eq!((told.preferences.len(), id), (1, &plan.id));
    assert_eq!((preference.departure, preference.energy_need_wh), (stated.departure, stated.energy_wh));
    let result: EmspResult = file.read();
    assert!(result.finished && result.retries > 0, "{result:?}");
    assert_eq!((result.stated, result.answers.get("accepted"), result.unanswered), (1, Some(&1), 0));
}
