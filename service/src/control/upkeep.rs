//! Forgetting what has had its time, so that the record does not grow for ever.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use headroom_grid_api::server::REQUEST_ID_KEPT;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error};

use super::context::Context;
use crate::store::StoreError;

/// How often it is looked what has had its time.
const LOOK_EVERY: TimeDelta = TimeDelta::hours(1);

/// Forgets until told to stop.
pub async fn run(context: Arc<Context>, stop: CancellationToken) {
    loop {
        if let Err(error) = tidy(&context, context.clock.now()).await {
            error!(%error, "what has had its time could not be forgotten");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(context.clock.real(LOOK_EVERY)) => {}
        }
    }
}

async fn tidy(context: &Context, now: DateTime<Utc>) -> Result<(), StoreError> {
    let (store, settings) = (&context.store, &context.settings);
    let before = |days: u32| now.checked_sub_signed(TimeDelta::days(i64::from(days))).unwrap_or_default();
    store.forget_measurements(before(settings.keep_readings_days)).await?;
    let requests = store.forget_requests(before(settings.keep_requests_days)).await?;
    let cdrs = store.forget_cdrs(before(settings.keep_cdrs_days)).await?;
    let limits = store.forget_limits_before(before(settings.keep_limits_days)).await?;
    store.forget_requests_before(now - REQUEST_ID_KEPT).await?;
    store.forget_statuses_before(before(settings.keep_limits_days)).await?;
    store.forget_in_force_before(before(settings.keep_readings_days)).await?;
    store.forget_baselines_before(before(settings.keep_readings_days)).await?;
    store.forget_enrolment_before(before(settings.keep_limits_days)).await?;
    debug!(limits, requests, cdrs, "what has had its time is forgotten");
    Ok(())
}
