//! Charging profiles, as receiver: profiles are set, asked for and cleared (OCPI 2.2.1 §14.2).

use axum::http::Method;
use serde_json::Value;

use super::Asked;
use super::owned;
use super::reply::Reply;
use crate::hosts::ProfileReceiver;
use crate::received::{Severity, Warning};
use crate::version::Version;
use crate::wire::check::{self, Extent, URL_MAX};
use crate::wire::profiles::SetChargingProfile;
use crate::{lift, lower};

pub(super) async fn answer(host: &impl ProfileReceiver, asked: &Asked, session_id: &str) -> Result<Reply, Reply> {
    let partner = &asked.caller.id;
    let receipt = match asked.incoming.method {
        Method::PUT => {
            check_periods(&asked.incoming.json()?, asked.version)?;
            let body: SetChargingProfile = asked.incoming.body()?;
            check_url(&body.response_url)?;
            if body.charging_profile.charging_profile_period.is_empty() {
                return Err(Reply::invalid("charging_profile.charging_profile_period: send at least one"));
            }
            let start = body.charging_profile.start_date_time.map_or_else(|| asked.platform.now(), |at| at.0);
            let profile = lower::profile::profile(&body.charging_profile, start).map_err(Reply::invalid)?;
            host.set_profile(partner, session_id, profile, &body.response_url).await?
        }
        Method::DELETE => {
            let response_url = response_url(asked)?;
            host.clear_profile(partner, session_id, &response_url).await?
        }
        Method::GET => {
            let duration = asked.incoming.parameter("duration").and_then(|text| text.parse().ok());
            let duration_s = duration.ok_or_else(|| Reply::invalid("duration: required, in seconds"))?;
            let response_url = response_url(asked)?;
            host.get_profile(partner, session_id, duration_s, &response_url).await?
        }
        ref method => return Err(owned::no_method(method)),
    };
    Ok(Reply::data(lift::receipt(receipt)))
}

/// Refuses periods that are not exactly as the standard has them: a limit is never guessed.
fn check_periods(body: &Value, version: Version) -> Result<(), Reply> {
    let warnings = check::check(body, &SetChargingProfile::CLASS, version, Extent::Whole);
    let is_of_period = |warning: &&Warning| {
        let rest = warning.path.strip_prefix("charging_profile.charging_profile_period");
        warning.severity > Severity::Note && rest.is_some_and(|rest| !rest.is_empty())
    };
    match warnings.iter().find(is_of_period) {
        Some(warning) => Err(Reply::invalid(format!("{}: {}", warning.path, warning.rule))),
        None => Ok(()),
    }
}

fn response_url(asked: &Asked) -> Result<String, Reply> {
    let url = asked.incoming.url_parameter("response_url");
    let url = url.ok_or_else(|| Reply::invalid("response_url: required, percent-encoded"))?;
    check_url(&url)?;
    Ok(url)
}

pub(super) fn check_url(response_url: &str) -> Result<(), Reply> {
    if response_url.len() > URL_MAX || url::Url::parse(response_url).is_err() {
        return Err(Reply::invalid(format!("response_url: send an address of at most {URL_MAX} characters")));
    }
    Ok(())
}
