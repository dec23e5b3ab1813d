//! Streams of events that are recorded with a sequence.

use std::sync::Arc;

use super::{Poured, Tap};
use crate::model::{EnrolmentEvent, StatusEvent};
use crate::server::desk::Desk;
use crate::server::host::{Refusal, UtilityHost};
use crate::server::status::Paths;

/// Events that are asked for at once.
const PAGE: usize = 256;

/// An event that a reader can resume after.
pub(in crate::server) trait Event {
    /// Rises from event to event.
    fn sequence(&self) -> i64;
}

impl Event for StatusEvent {
    fn sequence(&self) -> i64 {
        self.sequence
    }
}

impl Event for EnrolmentEvent {
    fn sequence(&self) -> i64 {
        self.sequence
    }
}

/// Gives all events after a sequence, and then each new one.
///
/// `read` asks the host for the events after a sequence, at most so many; it is asked again whenever there may be news.
pub(in crate::server) async fn follow<H, E, T, F>(
    desk: Arc<Desk<H>>,
    mut tap: Tap<T>,
    mut after: i64,
    paths: Paths,
    read: impl Fn(Arc<H>, i64, usize) -> F,
    show: impl Fn(&E) -> T,
) -> Poured
where
    H: UtilityHost,
    E: Event,
    F: Future<Output = Result<Vec<E>, Refusal>>,
{
    let mut news = desk.host.news();
    loop {
        // What comes while we read is read once more, never missed.
        news.mark_unchanged();
        let events = desk.ask(paths, read(Arc::clone(&desk.host), after, PAGE)).await?;
        for event in &events {
            tap.give(show(event), Some(event.sequence())).await?;
            after = after.max(event.sequence());
        }
        if events.is_empty() {
            tap.news(&mut news).await?;
        }
    }
}
