//! What makes the control loop act at once.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use headroom_domain::PartnerId;
use parking_lot::Mutex;
use tokio::sync::Notify;

/// A call to the control loop. Calls that come while it works are answered together afterwards.
#[derive(Debug, Default)]
pub struct Wake {
    notify: Notify,
    replan_notify: Notify,
    replan: AtomicBool,
    emergency: AtomicBool,
}

impl Wake {
    /// Asks to cut at once what an emergency limit forbids, and for a new plan after.
    pub fn emergency(&self) {
        self.emergency.store(true, Ordering::SeqCst);
        self.replan();
    }

    /// Asks for a new plan: something is different (limit, plug-in, preference, refusal, silence).
    pub fn replan(&self) {
        self.replan.store(true, Ordering::SeqCst);
        self.replan_notify.notify_one();
        self.notify.notify_one();
    }

    /// Asks only to send what may go out now: an acknowledgement has made room.
    pub fn dispatch(&self) {
        self.notify.notify_one();
    }

    /// Waits for a call.
    pub(super) async fn called(&self) {
        self.notify.notified().await;
    }

    /// Tells whether a new plan is asked for.
    pub(super) fn wants_replan(&self) -> bool {
        self.replan.load(Ordering::SeqCst)
    }

    /// Waits for a call for a new plan.
    pub(super) async fn replan_called(&self) {
        while !self.wants_replan() {
            self.replan_notify.notified().await;
        }
    }

    /// Tells whether there is an emergency to cut to.
    pub(super) fn wants_emergency(&self) -> bool {
        self.emergency.load(Ordering::SeqCst)
    }

    /// Tells whether there was an emergency since the last time this was asked.
    pub(super) fn take_emergency(&self) -> bool {
        self.emergency.swap(false, Ordering::SeqCst)
    }

    /// Tells whether a new plan was asked for since the last time this was asked.
    pub(super) fn take_replan(&self) -> bool {
        self.replan.swap(false, Ordering::SeqCst)
    }
}

/// Calls to pull the sessions of partners that do not know what we ask about.
#[derive(Debug, Default)]
pub struct Resync {
    notify: Notify,
    partners: Mutex<BTreeSet<PartnerId>>,
}

impl Resync {
    /// Asks for the sessions of a partner.
    pub fn ask(&self, partner: PartnerId) {
        self.partners.lock().insert(partner);
        self.notify.notify_one();
    }

    /// Waits for calls and takes them.
    pub async fn called(&self) -> BTreeSet<PartnerId> {
        self.notify.notified().await;
        std::mem::take(&mut *self.partners.lock())
    }
}
