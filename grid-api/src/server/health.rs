//! Whether each service is serving, for `grpc.health.v1`.

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use super::streams::stopped;
use crate::proto::{
    compliance_service_server, flexibility_service_server, grid_area_service_server, grid_limit_service_server,
    info_service_server,
};

/// All of them, and the server as a whole.
const SERVICES: [&str; 6] = [
    "",
    grid_limit_service_server::SERVICE_NAME,
    grid_area_service_server::SERVICE_NAME,
    flexibility_service_server::SERVICE_NAME,
    compliance_service_server::SERVICE_NAME,
    info_service_server::SERVICE_NAME,
];

/// Tells health as it is now, and from then on as it changes, until the server stops; then it is not serving for good.
pub(super) async fn tell(
    reporter: HealthReporter,
    mut ready: watch::Receiver<bool>,
    mut stopping: watch::Receiver<bool>,
) -> JoinHandle<()> {
    let first = *ready.borrow_and_update();
    set(&reporter, first).await;
    tokio::spawn(async move {
        loop {
            tokio::select! {
                biased;
                () = stopped(&mut stopping) => break,
                // Nobody can change it any more when this fails.
                Ok(()) = ready.changed() => {}
            }
            let now = *ready.borrow_and_update();
            set(&reporter, now).await;
        }
        set(&reporter, false).await;
    })
}

async fn set(reporter: &HealthReporter, ready: bool) {
    let status = if ready { ServingStatus::Serving } else { ServingStatus::NotServing };
    for service in SERVICES {
        reporter.set_service_status(service, status).await;
    }
}
