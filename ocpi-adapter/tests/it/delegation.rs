//! An eMSP that delegates smart charging: it stands between the service and its CPOs (OCPI 2.2.1 §14.1.3).

use headroom_domain::Power;
use headroom_domain::profile::ChargingProfile;
use headroom_domain::session::{Session, SessionKey};
use headroom_ocpi_adapter::{Dialect, ProfileAnswer, ProfileResult};

use crate::world::{connector, cpo, emsp, id, join, now, scsp, session};

#[tokio::test]
async fn an_emsp_passes_profiles_on_under_its_own_names_and_results_back() {
    let (operator, provider, service) = (cpo(Vec::new()).await, emsp(Vec::new()).await, scsp(Vec::new()).await);
    join((&operator.platform, "cpo"), (&provider.platform, "emsp")).await;
    // It passes on sessions of others.
    let forwards = Dialect { forwards: true, ..Dialect::default() };
    let token = service.platform.invite(&id("emsp"), forwards).await.unwrap();
    provider.platform.register(&id("scsp"), &service.platform.versions_url(), &token).await.unwrap();

    // The operator tells the eMSP, which tells the service, by a name that no other CPO has.
    let there = session("S1");
    operator.host.sessions.lock().push(there.clone());
    operator.platform.client(&id("emsp")).put_session(&there).await.unwrap();
    assert_eq!(provider.host.shared.sessions.lock().len(), 1);
    let named = |name: &str| Session { key: SessionKey { id: name.to_owned(), ..there.key.clone() }, ..there.clone() };
    provider.platform.client(&id("scsp")).put_session(&named("M-1")).await.unwrap();

    // The service sets a profile at the eMSP, though the session is not the eMSP's.
    let profile = ChargingProfile::constant(now(), Power::from_w(6_900.0));
    let key = service.host.sessions.lock()[0].key.clone();
    service.host.requests.lock().push("r-1".to_owned());
    let url = service.platform.response_url("r-1");
    let to_emsp = service.platform.client(&id("emsp"));
    let receipt = to_emsp.put_charging_profile(&key, &profile, &connector(), &url).await.unwrap();
    assert_eq!(receipt.answer, ProfileAnswer::Accepted);

    // The eMSP passes it on by the operator's name, with a response URL of its own.
    let (asked, taken, response_url) = provider.host.profiles.lock()[0].clone();
    assert_eq!((asked.as_str(), taken.periods[0].limit), ("M-1", 10.0));
    provider.host.shared.requests.lock().push("e-1".to_owned());
    let own = provider.platform.response_url("e-1");
    let at_station = taken.at_connector(&connector()).unwrap();
    let to_cpo = provider.platform.client(&id("cpo"));
    let receipt = to_cpo.put_charging_profile(&there.key, &at_station, &connector(), &own).await.unwrap();
    assert_eq!(receipt.answer, ProfileAnswer::Accepted);
    let request = operator.host.requests.lock()[0].clone();
    assert_eq!(request.response_url, own.as_str());

    // The station's result comes back the same way.
    let back = operator.platform.client(&id("emsp"));
    back.post_profile_result(&request.response_url, ProfileResult::Accepted).await.unwrap();
    assert_eq!(provider.host.shared.results.lock().len(), 1);
    let on = provider.platform.client(&id("scsp"));
    on.post_profile_result(&response_url, ProfileResult::Accepted).await.unwrap();
    let results = service.host.results.lock();
    assert_eq!((results[0].1.as_str(), results[0].2), ("r-1", ProfileResult::Accepted));
}
