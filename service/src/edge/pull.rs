//! Getting in step with partners: a full pull when a link is made, at the start, and every few hours. Pushes may be lost
//! while we are away, and OCPI leaves it to the receiver to fetch what it missed (OCPI 2.2.1 §2.9).

use std::sync::Arc;

use chrono::TimeDelta;
use headroom_domain::PartnerId;
use headroom_ocpi_adapter::{
    HostError, Interface, LinkError, Module, Platform, PulledPage, Received, Rejected, ScspHost,
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::partners::PartnerEdge;
use crate::control::Context;

/// How far back sessions are pulled: longer than any session that matters.
const SESSIONS_SINCE: TimeDelta = TimeDelta::days(7);
/// How long to wait after a pull that failed.
const RETRY_AFTER: TimeDelta = TimeDelta::minutes(1);

/// Pulls from partners until told to stop: those named on the channel, and all of them from time to time.
pub async fn run(
    context: Arc<Context>,
    platform: Platform,
    edge: Arc<PartnerEdge>,
    mut due: mpsc::Receiver<PartnerId>,
    stop: CancellationToken,
) {
    let mut pause = TimeDelta::zero();
    loop {
        let partner = tokio::select! {
            () = stop.cancelled() => return,
            partner = due.recv() => partner,
            () = tokio::time::sleep(context.clock.real(pause)) => None,
        };
        let partners = partner.map_or_else(|| registered(&platform), |partner| vec![partner]);
        let mut all_well = true;
        for partner in partners {
            if let Err(error) = pull(&context, &platform, &edge, &partner).await {
                warn!(%partner, %error, "the partner's data could not be pulled; it is tried again");
                all_well = false;
            }
        }
        pause = if all_well { context.settings.pull_every() } else { RETRY_AFTER };
    }
}

fn registered(platform: &Platform) -> Vec<PartnerId> {
    platform.partners().into_iter().filter(|partner| partner.link().is_some()).map(|partner| partner.id).collect()
}

/// Why a pull failed.
#[derive(Debug, thiserror::Error)]
enum PullError {
    #[error(transparent)]
    Link(#[from] LinkError),
    #[error("what was pulled could not be kept: {0}")]
    Host(HostError),
}

async fn pull(
    context: &Context,
    platform: &Platform,
    edge: &PartnerEdge,
    partner: &PartnerId,
) -> Result<(), PullError> {
    let Some(link) = platform.partner(partner).and_then(|partner| partner.link().cloned()) else { return Ok(()) };
    let client = platform.client(partner);
    let offers = |module: &Module| link.endpoint(module, Interface::Sender).is_some();
    let mut counts = (0, 0, 0);
    if offers(&Module::Locations) {
        for location in good(partner, client.pull_locations(None).all().await?) {
            edge.put_location(location).await.map_err(PullError::Host)?;
            counts.0 += 1;
        }
    }
    if offers(&Module::Tariffs) {
        for tariff in good(partner, client.pull_tariffs(None).all().await?) {
            edge.put_tariff(tariff).await.map_err(PullError::Host)?;
            counts.1 += 1;
        }
    }
    if offers(&Module::Sessions) {
        for session in good(partner, client.pull_sessions(context.clock.now() - SESSIONS_SINCE).all().await?) {
            edge.put_session(session).await.map_err(PullError::Host)?;
            counts.2 += 1;
        }
    }
    info!(%partner, locations = counts.0, tariffs = counts.1, sessions = counts.2, "pulled");
    Ok(())
}

fn good<T>(partner: &PartnerId, page: PulledPage<T>) -> Vec<Received<T>> {
    for rejected in &page.rejected {
        warn!(%partner, reason = Rejected::reason(rejected), "an object could not be read and is left out");
    }
    page.objects
}
