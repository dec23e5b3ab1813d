//! The whole thread: a CPO and an eMSP register with the service and work with it, over real HTTP.

use chrono::TimeDelta;
use headroom_domain::preference::{ChargingPreference, PreferenceAnswer, ProfileType};
use headroom_domain::profile::ChargingProfile;
use headroom_domain::session::{Session, SessionStatus};
use headroom_domain::{Energy, Power};
use headroom_ocpi_adapter::{
    Dialect, ObjectKind, ProfileAnswer, ProfileResult, RateUnit, StationPeriod, StationProfile,
};

use crate::world::{connector, cpo, emsp, id, location, now, scsp, session, tariff};

#[tokio::test]
async fn a_session_is_steered_from_registration_to_result() {
    let (service, operator, provider) = (scsp(Vec::new()).await, cpo(Vec::new()).await, emsp(Vec::new()).await);
    for (name, platform) in [("cpo", &operator.platform), ("emsp", &provider.platform)] {
        let token_a = service.platform.invite(&id(name), Dialect::default()).await.unwrap();
        platform.register(&id("scsp"), &service.platform.versions_url(), &token_a).await.unwrap();
    }
    let to_cpo = service.platform.client(&id("cpo"));
    let to_service = operator.platform.client(&id("scsp"));

    // Pull, then push.
    operator.host.locations.lock().push(location("L1"));
    operator.host.sessions.lock().push(session("S1"));
    assert_eq!(to_cpo.pull_locations(None).all().await.unwrap().objects[0].value.id, "L1");
    let pulled = to_cpo.pull_sessions(now()).all().await.unwrap().objects.remove(0);
    assert_eq!(pulled.warnings, []);
    to_service.put_location(&location("L1")).await.unwrap();
    to_service.put_tariff(&tariff("T1")).await.unwrap();
    to_service.put_session(&session("S1")).await.unwrap();
    let later = Session {
        status: SessionStatus::Active,
        energy_wh: Energy::from_kwh(4.0),
        power_w: Some(Power::from_kw(11.0)),
        last_updated: now() + TimeDelta::minutes(5),
        ..session("S1")
    };
    to_service.patch_session(&later).await.unwrap();
    let known = service.host.sessions.lock().last().unwrap().clone();
    assert_eq!(known, Session { key: pulled.value.key.clone(), ..later });
    assert!(service.host.objects.lock().values().all(|kept| kept.warnings == 0));
    assert_eq!(service.host.objects.lock().keys().filter(|key| key.kind == ObjectKind::Session).count(), 1);

    // What the driver wants.
    let preference = ChargingPreference {
        profile_type: ProfileType::Green,
        departure: Some(now() + TimeDelta::hours(4)),
        energy_need_wh: Some(Energy::from_kwh(20.0)),
        discharge_allowed: false,
        stated_at: now(),
    };
    let answer = provider.platform.client(&id("scsp")).put_charging_preferences("S1", &preference).await;
    assert_eq!(answer, Ok(PreferenceAnswer::Accepted));
    assert_eq!(*service.host.preferences.lock(), [(id("emsp"), "S1".to_owned(), preference)]);

    // A profile, its result, and what is in force.
    let profile = ChargingProfile::constant(now(), Power::from_w(6_900.0));
    let url = service.platform.response_url("r-1");
    service.host.requests.lock().push("r-1".to_owned());
    let receipt = to_cpo.put_charging_profile(&pulled.value.key, &profile, &connector(), &url).await.unwrap();
    assert_eq!((receipt.answer, receipt.timeout_s), (ProfileAnswer::Accepted, 45));
    let request = operator.host.requests.lock()[0].clone();
    let at_station = request.profile.unwrap();
    assert_eq!(at_station.periods, [StationPeriod { start: now(), limit: 10.0 }]);
    assert_eq!(at_station.at_connector(&connector()), Some(profile));
    to_service.post_profile_result(&request.response_url, ProfileResult::Accepted).await.unwrap();
    let expected = (id("cpo"), "r-1".to_owned(), ProfileResult::Accepted, None);
    assert_eq!(*service.host.results.lock(), [expected]);
    let active = StationProfile {
        start: now(),
        end: Some(now() + TimeDelta::minutes(30)),
        unit: RateUnit::Amperes,
        periods: vec![StationPeriod { start: now(), limit: 10.0 }],
    };
    to_service.put_active_profile("S1", &active).await.unwrap();
    assert_eq!(*service.host.active.lock(), [("S1".to_owned(), active.clone())]);

    // Asked for, and cleared.
    let url = service.platform.response_url("r-2");
    service.host.requests.lock().push("r-2".to_owned());
    to_cpo.get_charging_profile(&pulled.value.key, 1800, &url).await.unwrap();
    let asked = operator.host.requests.lock()[1].clone();
    let result = ProfileResult::Accepted;
    to_service.post_active_profile_result(&asked.response_url, result, Some(&active)).await.unwrap();
    assert_eq!(service.host.results.lock()[1].3, Some(active));
    to_cpo.clear_charging_profile(&pulled.value.key, &service.platform.response_url("r-3")).await.unwrap();
    assert_eq!(operator.host.requests.lock().len(), 3);
}

#[tokio::test]
async fn line_55_a_result_that_comes_before_the_receipt_is_taken() {
    let (service, operator) = (scsp(Vec::new()).await, cpo(Vec::new()).await);
    let token_a = service.platform.invite(&id("cpo"), Dialect::default()).await.unwrap();
    operator.platform.register(&id("scsp"), &service.platform.versions_url(), &token_a).await.unwrap();
    service.host.requests.lock().push("r-1".to_owned());
    let url = service.platform.response_url("r-1");
    operator.host.sessions.lock().push(session("S1"));
    *operator.host.result_first.lock() = Some(operator.platform.client(&id("scsp")));
    let (key, profile) = (session("S1").key, ChargingProfile::constant(now(), Power::from_w(6_900.0)));
    let receipt = service.platform.client(&id("cpo")).put_charging_profile(&key, &profile, &connector(), &url).await;
    assert_eq!(receipt.unwrap().answer, ProfileAnswer::Accepted);
    assert_eq!(service.host.results.lock().len(), 1);
}
