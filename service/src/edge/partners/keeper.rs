//! Partners as the record keeps them, and what is wrong with what they say beside their objects.

use std::sync::Arc;

use futures::future::BoxFuture;
use headroom_domain::{Clock, PartnerId};
use headroom_ocpi_adapter::{HostError, MessageKind, Notice, Partner, PartnerStore};
use tokio::sync::mpsc;
use tracing::{debug, warn};

use crate::store::Store;

/// Keeps partners in the record and tells of each that is registered.
pub struct KeptPartners {
    store: Store,
    clock: Arc<dyn Clock>,
    registered: mpsc::Sender<PartnerId>,
}

impl KeptPartners {
    /// Makes the keeper; ids of partners whose link was made or renewed go to `registered`.
    pub fn new(store: Store, clock: Arc<dyn Clock>, registered: mpsc::Sender<PartnerId>) -> Self {
        Self { store, clock, registered }
    }
}

impl PartnerStore for KeptPartners {
    fn save<'a>(&'a self, partner: &'a Partner) -> BoxFuture<'a, Result<(), HostError>> {
        Box::pin(async move {
            self.store.save_partner(partner.id.as_str(), partner).await?;
            if partner.link().is_none() {
                // Whoever comes back under this name may be another system: it is pulled from the beginning.
                self.store.forget_pulls(&partner.id).await?;
            }
            if partner.link().is_some() && self.registered.try_send(partner.id.clone()).is_err() {
                warn!(partner = %partner.id, "too many links are made at once: it is pulled later");
            }
            Ok(())
        })
    }

    fn note<'a>(&'a self, partner: &'a PartnerId, notice: Notice) -> BoxFuture<'a, Result<(), HostError>> {
        Box::pin(async move {
            let Notice { kind, about, warnings } = notice;
            debug!(%partner, ?kind, about, warnings = warnings.len(), "not as the standard has it");
            Ok(self.store.save_notice(partner, module_of(kind), about, &warnings, self.clock.now()).await?)
        })
    }
}

/// Returns under which name the mistakes of a message are counted: its module, and for what drivers say, which OCPI has
/// below sessions, a name that tells it from these.
fn module_of(kind: MessageKind) -> &'static str {
    match kind {
        MessageKind::Credentials => "credentials",
        MessageKind::Preference => "charging_preferences",
        MessageKind::ActiveProfile | MessageKind::ProfileResult | MessageKind::ProfileReceipt => "chargingprofiles",
    }
}
