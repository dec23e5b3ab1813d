//! What makes the control loop act at once.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// A call to the control loop. Calls that come while it works are answered together afterwards.
#[derive(Debug, Default)]
pub struct Wake {
    notify: Notify,
    replan: AtomicBool,
}

impl Wake {
    /// Asks for a new plan: something is different (limit, plug-in, preference, refusal, silence).
    pub fn replan(&self) {
        self.replan.store(true, Ordering::SeqCst);
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

    /// Tells whether a new plan was asked for since the last time this was asked.
    pub(super) fn take_replan(&self) -> bool {
        self.replan.swap(false, Ordering::SeqCst)
    }
}
