//! What utilities do until the service is gone, and what they know of it.

use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::limit::{GridLimit, LimitInterval, LimitKind, Target, Terms};
use headroom_domain::{Interval, NodeId, Power};
use headroom_grid_api::LimitDraft;
use headroom_grid_api::client::{ClientError, Utility};
use proptest::prelude::RngExt;
use proptest::test_runner::TestRng;
use uuid::Uuid;

/// What a client knows of a change that it asked for.
#[derive(Debug, Clone)]
pub(super) enum Fate {
    /// It was asked for, and nobody answered.
    Open,
    /// It was answered so.
    Answered(Box<GridLimit>),
    /// It was refused, for this reason.
    Refused(String),
}

impl Fate {
    pub(super) fn answer(&self) -> Option<&GridLimit> {
        match self {
            Self::Answered(limit) => Some(limit),
            Self::Open | Self::Refused(_) => None,
        }
    }

    /// Takes a further answer to the same request: whatever is known already must not change. Tells whether one came.
    fn take(&mut self, what: &str, answer: Result<GridLimit, ClientError>) -> bool {
        match answer {
            Ok(limit) => {
                match &*self {
                    Self::Open => {}
                    Self::Answered(known) => assert_eq!(**known, limit, "{what} is answered otherwise than before"),
                    Self::Refused(reason) => panic!("{what} was refused ({reason}) and is there: {limit:?}"),
                }
                *self = Self::Answered(Box::new(limit));
                true
            }
            Err(error) if error.is_retryable() => false,
            Err(error) => {
                let reason = error.refused().map_or_else(|| error.to_string(), |refused| refused.reason.clone());
                assert!(matches!(self, Self::Open | Self::Refused(_)), "{what} was answered and is refused: {error}");
                *self = Self::Refused(reason);
                true
            }
        }
    }
}

/// A limit that was asked for, and whether it was withdrawn.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) draft: LimitDraft,
    pub(super) request_id: Uuid,
    pub(super) submitted: Fate,
    /// The request to withdraw it.
    pub(super) cancelled: Option<(Uuid, Fate)>,
}

/// A utility's system: it does one thing after the other, in a programme of its own.
pub(super) struct Client {
    random: TestRng,
    programme: String,
    pub(super) asked: Vec<Asked>,
    /// How many of `asked` were looked at after a restart.
    pub(super) looked_at: usize,
}

impl Client {
    pub(super) fn new(index: usize, random: TestRng) -> Self {
        Self { random, programme: format!("doe-{index}"), asked: Vec::new(), looked_at: 0 }
    }

    /// Submits, cancels and repeats until nobody answers.
    pub(super) async fn work(&mut self, dso: &Utility) {
        let Ok(info) = dso.server_info().await else { return };
        loop {
            let known = self.asked.len();
            let went_well = match self.random.random_range(0..10) {
                0..6 => self.submit(dso, info.server_time).await,
                // What is some time ago is rather repeated than what was just done, over restarts too.
                6..8 if known > 0 => {
                    let index = self.random.random_range(0..known);
                    self.repeat(dso, index).await
                }
                8.. if known > 0 => {
                    let index = self.random.random_range(known.saturating_sub(8)..known);
                    self.cancel(dso, index).await
                }
                _ => true,
            };
            if !went_well {
                return;
            }
        }
    }

    async fn submit(&mut self, dso: &Utility, now: DateTime<Utc>) -> bool {
        let start = now + TimeDelta::minutes(self.random.random_range(5..20));
        let end = start + TimeDelta::minutes(self.random.random_range(1..10));
        let draft = LimitDraft {
            target: Target::from(NodeId::from("campus")),
            programme: self.programme.clone(),
            kind: LimitKind::Scheduled,
            revision: i64::try_from(self.asked.len()).unwrap() + 1,
            intervals: vec![LimitInterval {
                interval: Interval { start, end },
                maximum_import_w: Some(Power::from_w(f64::from(self.random.random_range(0..100_000_u32)))),
                maximum_export_w: None,
            }],
            reason: String::new(),
            terms: Terms::default(),
        };
        let request_id = uuid::Builder::from_random_bytes(self.random.random()).into_uuid();
        self.asked.push(Asked { draft, request_id, submitted: Fate::Open, cancelled: None });
        self.repeat(dso, self.asked.len() - 1).await
    }

    /// Sends a submission, again or for the first time; tells whether it was answered.
    pub(super) async fn repeat(&mut self, dso: &Utility, index: usize) -> bool {
        let asked = &mut self.asked[index];
        let answer = dso.submit(&asked.draft, asked.request_id).await.map(|submitted| submitted.limit);
        asked.submitted.take("a submission", answer)
    }

    /// Withdraws a limit, or repeats that; tells whether it was answered.
    async fn cancel(&mut self, dso: &Utility, index: usize) -> bool {
        let request_id = uuid::Builder::from_random_bytes(self.random.random()).into_uuid();
        let asked = &mut self.asked[index];
        let Some(limit) = asked.submitted.answer() else { return true };
        let (request_id, fate) = asked.cancelled.get_or_insert((request_id, Fate::Open));
        let answer = dso.cancel(&limit.id, "", *request_id).await;
        fate.take("a withdrawal", answer)
    }
}

/// Repeats what was not answered, so that its fate is known, and some of what was.
pub(super) async fn settle(client: &mut Client, dso: &Utility) {
    let open = |fate: &Fate| matches!(fate, Fate::Open);
    for index in 0..client.asked.len() {
        if open(&client.asked[index].submitted) {
            assert!(client.repeat(dso, index).await, "nobody kills it now");
        }
        if client.asked[index].cancelled.as_ref().is_some_and(|(_, fate)| open(fate)) {
            assert!(client.cancel(dso, index).await, "nobody kills it now");
        }
    }
    for _ in 0..2 {
        if !client.asked.is_empty() {
            let index = client.random.random_range(0..client.asked.len());
            assert!(client.repeat(dso, index).await, "nobody kills it now");
        }
    }
}
