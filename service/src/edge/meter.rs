//! What the sites' meters report: `POST /api/v1/sites/{id}/meter-readings`.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use headroom_domain::Power;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use tracing::error;

use crate::control::Context;
use crate::store::MeterReading;

/// The most readings in one report: four weeks of quarter hours, and some.
const READINGS_MAX: usize = 10_000;

/// A report of a meter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeterReport {
    /// In any order; one that begins when a known one does replaces it.
    pub readings: Vec<MeterReading>,
}

/// Returns the routes.
pub fn router(context: Arc<Context>) -> axum::Router {
    axum::Router::new().route("/api/v1/sites/{id}/meter-readings", post(take)).with_state(context)
}

async fn take(
    State(context): State<Arc<Context>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    report: Result<Json<MeterReport>, JsonRejection>,
) -> Response {
    let Some(site) = context.site(&id) else {
        return problem(StatusCode::NOT_FOUND, &format!("site `{id}` is not configured"));
    };
    if !bears(&headers, &site.entry.meter_token) {
        return problem(StatusCode::UNAUTHORIZED, "send `Authorization: Bearer` with the meter_token of the site");
    }
    let report = match report {
        Ok(Json(report)) => report,
        Err(rejection) => return problem(rejection.status(), &rejection.body_text()),
    };
    if let Err(rule) = check(&report.readings) {
        return problem(StatusCode::UNPROCESSABLE_ENTITY, &rule);
    }
    if let Err(error) = context.store.save_readings(&id, &report.readings).await {
        error!(%error, site = id, "meter readings could not be kept");
        return problem(StatusCode::SERVICE_UNAVAILABLE, "the store does not answer: send the readings again");
    }
    if report.readings.iter().any(|reading| exceeds_reserve(&context, &id, reading)) {
        context.wake.replan();
    }
    context.changed();
    StatusCode::NO_CONTENT.into_response()
}

/// Tells whether a request proves itself with a token; the time taken does not tell how close a wrong one is.
pub(super) fn bears(headers: &HeaderMap, token: &str) -> bool {
    let sent = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    sent.is_some_and(|sent| sent.as_bytes().ct_eq(token.as_bytes()).into())
}

fn check(readings: &[MeterReading]) -> Result<(), String> {
    if readings.len() > READINGS_MAX {
        return Err(format!("{} readings are too many: send at most {READINGS_MAX} at a time", readings.len()));
    }
    match readings.iter().position(|reading| reading.start >= reading.end) {
        Some(index) => Err(format!("readings[{index}].end is not after its start: intervals are [start, end)")),
        None => Ok(()),
    }
}

/// Tells whether more base load was measured than the plan in force keeps room for.
fn exceeds_reserve(context: &Context, site: &str, reading: &MeterReading) -> bool {
    let reserved = context.reserved_base_load(site, reading.start);
    reserved.zip(reading.base_load_w).is_some_and(|(reserved, measured): (Power, Power)| measured > reserved)
}

/// Says what went wrong, as RFC 9457 has it.
pub(super) fn problem(status: StatusCode, detail: &str) -> Response {
    let body = serde_json::json!({ "status": status.as_u16(), "title": status.canonical_reason(), "detail": detail });
    (status, [(header::CONTENT_TYPE, "application/problem+json")], body.to_string()).into_response()
}
