//! What arrives together is committed together: one wait for the disk is shared by all that came while the one before it
//! was under way.

use std::future::Future;

use sqlx::Connection;
use sqlx::sqlite::{SqliteConnection, SqlitePool};
use tokio::sync::{mpsc, oneshot};

use super::StoreError;
use super::profiles::Word;
use super::utility::{AuditNote, LimitSubmission};

/// The most that wait to be taken into a transaction; more wait at the door.
const WAITING_MAX: usize = 1024;

/// The most that are committed together.
const GROUP_MAX: usize = 256;

/// Something that can be recorded in one transaction with others of its kind.
pub(super) trait Together: Sized + Send + Sync + 'static {
    /// What it is answered.
    type Answer: Send + 'static;

    /// Records all of them, in the transaction that a connection is in; returns what became of each, in their order.
    fn record_all(
        works: &[Self],
        connection: &mut SqliteConnection,
    ) -> impl Future<Output = Result<Vec<Outcome<Self>>, StoreError>> + Send;
}

/// Something that is recorded by itself: what it wrote is undone when it fails, without harm to the others.
pub(super) trait Apart: Sized + Send + Sync + 'static {
    /// What it is answered.
    type Answer: Send + 'static;

    /// Records it.
    fn record(
        &self,
        connection: &mut SqliteConnection,
    ) -> impl Future<Output = Result<Self::Answer, StoreError>> + Send;
}

impl<W: Apart> Together for W {
    type Answer = W::Answer;

    async fn record_all(works: &[Self], connection: &mut SqliteConnection) -> Result<Vec<Outcome<Self>>, StoreError> {
        let mut outcomes = Vec::with_capacity(works.len());
        for work in works {
            let mut part = connection.begin().await?;
            let outcome = work.record(&mut part).await;
            match outcome {
                Ok(_) => part.commit().await?,
                Err(_) => part.rollback().await?,
            }
            outcomes.push(outcome);
        }
        Ok(outcomes)
    }
}

/// What became of something that was to be recorded.
pub(super) type Outcome<W> = Result<<W as Together>::Answer, StoreError>;

/// What waits to be recorded, and who waits for its answer.
type Waiting<W> = (W, oneshot::Sender<Outcome<W>>);

/// A way to a task that records what arrives, in the order in which it arrives.
#[derive(Debug)]
pub(super) struct Queue<W: Together>(mpsc::Sender<Waiting<W>>);

impl<W: Together> Clone for Queue<W> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<W: Together> Queue<W> {
    fn begin(pool: SqlitePool) -> Self {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        tokio::spawn(serve(pool, receiver));
        Self(sender)
    }

    /// Records something; it is committed when this returns. It is recorded also when the caller no longer waits.
    pub(super) async fn record(&self, work: W) -> Outcome<W> {
        let closed = || StoreError::NotRecorded("the store is closing".to_owned());
        let (reply, answer) = oneshot::channel();
        self.0.send((work, reply)).await.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }
}

/// The queues of a store; their tasks end with its last handle.
#[derive(Debug, Clone)]
pub(super) struct Queues {
    pub(super) limits: Queue<LimitSubmission>,
    pub(super) notes: Queue<AuditNote>,
    pub(super) words: Queue<Word>,
}

impl Queues {
    /// Begins the tasks, each on connections of the pool that what it records needs.
    pub(super) fn begin(durable: &SqlitePool, quick: &SqlitePool) -> Self {
        Self {
            limits: Queue::begin(durable.clone()),
            notes: Queue::begin(durable.clone()),
            words: Queue::begin(quick.clone()),
        }
    }
}

async fn serve<W: Together>(pool: SqlitePool, mut receiver: mpsc::Receiver<Waiting<W>>) {
    let mut group = Vec::new();
    while receiver.recv_many(&mut group, GROUP_MAX).await > 0 {
        let (works, replies): (Vec<W>, Vec<_>) = group.drain(..).unzip();
        for (reply, outcome) in replies.into_iter().zip(record_together(&pool, &works).await) {
            // Who has gone away does not hear the answer; it is recorded all the same.
            drop(reply.send(outcome));
        }
    }
}

/// Records all in one transaction, each with a fate of its own; when the transaction fails, so do all.
pub(super) async fn record_together<W: Together>(pool: &SqlitePool, works: &[W]) -> Vec<Outcome<W>> {
    match commit_together(pool, works).await {
        Ok(outcomes) => outcomes,
        Err(error) => works.iter().map(|_| Err(StoreError::NotRecorded(error.to_string()))).collect(),
    }
}

async fn commit_together<W: Together>(pool: &SqlitePool, works: &[W]) -> Result<Vec<Outcome<W>>, StoreError> {
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
    let outcomes = W::record_all(works, &mut transaction).await?;
    transaction.commit().await?;
    Ok(outcomes)
}
