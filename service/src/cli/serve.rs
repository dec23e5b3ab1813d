//! `headroom serve`.

use std::path::Path;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::info;

use super::Outcome;
use super::check_config::load;
use crate::run;

pub(super) async fn run(config: &Path) -> anyhow::Result<Outcome> {
    let checked = load(config)?;
    let stop = CancellationToken::new();
    tokio::spawn(stop_on_signal(stop.clone()));
    run::serve(checked, stop).await?;
    Ok(Outcome::Done)
}

async fn stop_on_signal(stop: CancellationToken) {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
    info!("stopping");
    stop.cancel();
}
