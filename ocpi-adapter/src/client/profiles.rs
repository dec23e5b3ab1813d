//! Charging profiles: we set them as the smart charging service, and answer for them as the CPO.

use axum::http::Method;
use headroom_domain::PartyId;
use headroom_domain::location::Connector;
use headroom_domain::profile::ChargingProfile;
use headroom_domain::session::SessionKey;
use serde_json::Value;
use url::Url;

use super::{Client, LinkError, Target, write};
use crate::exchange::Answer;
use crate::partner::{Interface, Module};
use crate::received::{MessageKind, Notice, Severity, Warning};
use crate::station::{ProfileResult, Receipt, StationProfile};
use crate::version::Version;
use crate::wire::check::URL_MAX;
use crate::wire::profiles as wire;
use crate::{envelope, lift, lower};

impl Client {
    /// Sets the profile of a session. Remember the request first: the result may come before the receipt.
    pub async fn put_charging_profile(
        &self,
        session: &SessionKey,
        profile: &ChargingProfile,
        connector: &Connector,
        response_url: &Url,
    ) -> Result<Receipt, LinkError> {
        let target = self.target(&Module::ChargingProfiles, Interface::Receiver)?;
        let body = wire::SetChargingProfile {
            charging_profile: lift::profile(profile, connector, &target.partner.dialect),
            response_url: checked(response_url)?.to_string(),
        };
        let url = target.below([session.id.as_str()]);
        self.ask(&target, Method::PUT, &url, &session.party, Some(write(&body)?)).await
    }

    /// Asks for the active profile of a session over the coming seconds.
    pub async fn get_charging_profile(
        &self,
        session: &SessionKey,
        duration_s: u32,
        response_url: &Url,
    ) -> Result<Receipt, LinkError> {
        let target = self.target(&Module::ChargingProfiles, Interface::Receiver)?;
        let mut url = target.below([session.id.as_str()]);
        url.query_pairs_mut()
            .append_pair("duration", &duration_s.to_string())
            .append_pair("response_url", checked(response_url)?.as_str());
        self.ask(&target, Method::GET, &url, &session.party, None).await
    }

    /// Clears our profile of a session.
    pub async fn clear_charging_profile(&self, session: &SessionKey, response_url: &Url) -> Result<Receipt, LinkError> {
        let target = self.target(&Module::ChargingProfiles, Interface::Receiver)?;
        let mut url = target.below([session.id.as_str()]);
        url.query_pairs_mut().append_pair("response_url", checked(response_url)?.as_str());
        self.ask(&target, Method::DELETE, &url, &session.party, None).await
    }

    /// Posts a station's result of a PUT or DELETE, as the CPO that was asked.
    pub async fn post_profile_result(&self, response_url: &str, result: ProfileResult) -> Result<(), LinkError> {
        self.post_active_profile_result(response_url, result, None).await
    }

    /// Posts a station's result of a GET, as the CPO that was asked.
    pub async fn post_active_profile_result(
        &self,
        response_url: &str,
        result: ProfileResult,
        profile: Option<&StationProfile>,
    ) -> Result<(), LinkError> {
        let target = self.callback(Module::ChargingProfiles, response_url)?;
        let body = wire::ActiveChargingProfileResult {
            result: lift::result(result),
            profile: profile.map(lift::active_profile),
        };
        self.send(&target, Method::POST, &target.url, None, Some(write(&body)?)).await?.success().map(drop)
    }

    /// Tells that the profile in force at a session's EVSE has changed, as its CPO.
    pub async fn put_active_profile(&self, session_id: &str, profile: &StationProfile) -> Result<(), LinkError> {
        let target = self.target(&Module::ChargingProfiles, Interface::Sender)?;
        let url = target.below([session_id]);
        let body = write(&lift::active_profile(profile))?;
        self.send(&target, Method::PUT, &url, None, Some(body)).await?.success().map(drop)
    }

    async fn ask(
        &self,
        target: &Target,
        method: Method,
        url: &Url,
        to: &PartyId,
        body: Option<Value>,
    ) -> Result<Receipt, LinkError> {
        let answer = self.send(target, method, url, Some(to), body).await?;
        self.note_receipt(target, url, &answer.envelope.data).await;
        let Receipt { answer, timeout_s } = receipt(answer)?;
        Ok(Receipt { answer, timeout_s: target.partner.dialect.timeouts.bound(timeout_s) })
    }

    /// Lets it be known what in an answer is not as the standard has it; without data there was none to be wrong.
    async fn note_receipt(&self, target: &Target, url: &Url, data: &Value) {
        if data.is_null() {
            return;
        }
        let about = url.path_segments().and_then(|mut parts| parts.rfind(|part| !part.is_empty())).map(str::to_owned);
        let warnings = deviations(data, target.version());
        self.platform.note(&self.partner, Notice { kind: MessageKind::ProfileReceipt, about, warnings }).await;
    }
}

/// Returns what in a receipt is not as the standard has it.
fn deviations(data: &Value, version: Version) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if data.is_array() {
        let rule = "an object: ChargingProfileResponse, no list: its only element is taken";
        warnings.push(Warning::of(Severity::Deviation, "", rule, data));
    }
    let single = envelope::single(data.clone());
    warnings.extend(lower::message::warnings(&single, &wire::ChargingProfileResponse::CLASS, version, None));
    warnings
}

/// Reads the verdict of a CPO. It counts whatever the codes around it say, as some send it with 2000 or wrapped in a
/// list.
fn receipt(answer: Answer) -> Result<Receipt, LinkError> {
    let data = envelope::single(answer.envelope.data.clone());
    let response = serde_json::from_value::<wire::ChargingProfileResponse>(data).ok();
    if let Some(receipt) = response.as_ref().and_then(lower::profile::receipt) {
        return Ok(receipt);
    }
    let (method, url) = (answer.method.to_string(), answer.url.clone());
    let problem = "data has no result that OCPI knows".to_owned();
    Err(answer.success().err().unwrap_or(LinkError::Unreadable { method, url, problem }))
}

pub(super) fn checked(response_url: &Url) -> Result<&Url, LinkError> {
    if response_url.as_str().len() <= URL_MAX {
        return Ok(response_url);
    }
    Err(LinkError::Unsendable(format!("response_url is longer than {URL_MAX} characters: shorten the public URL")))
}
