//! Submissions a second that are on disk before they are answered, beside plain inserts and commits on the same disk.

use std::time::Duration;

use chrono::TimeDelta;
use comfy_table::Table;
use futures::future::try_join_all;
use headroom_domain::limit::{LimitInterval, LimitKind, Target, Terms};
use headroom_domain::{Interval, NodeId, Power};
use headroom_grid_api::LimitDraft;
use headroom_grid_api::client::Utility;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection};
use tokio::time::Instant;
use uuid::Uuid;

use crate::figures::Used;
use crate::world::{World, folder, site_id};
use crate::{now, plain};

/// Callers that submit at the same time.
const AT_ONCE: usize = 64;
/// Submissions of a batch.
const BATCH: usize = 1000;
/// Connection points that are limited, one after the other, each with one EVSE.
const PLACES: usize = 100;
/// About as much as the record keeps of a limit. **Units**: bytes.
const ROW: usize = 600;

/// What so many records took.
struct Speed {
    records: usize,
    took: Duration,
    written: f64,
}

impl Speed {
    fn per_second(&self) -> f64 {
        self.records as f64 / self.took.as_secs_f64()
    }

    fn written_kib(&self) -> String {
        format!("{:.1}", self.written / 1024.0 / self.records as f64)
    }
}

/// Submits one at a time, many at once and in batches, each to a service that has no limits yet.
pub(crate) async fn measure(quick: bool) -> anyhow::Result<Table> {
    let (singles, each, batches) = if quick { (20, 2, 1) } else { (500, 30, 3) };
    let header = ["submissions", "per second", "plain commits per second", "ratio", "KiB written each", "plain"];
    let mut table = plain(&header);
    let plain_single = plain_commits(singles, 1).await?;
    let single = one_at_a_time(singles).await?;
    row(&mut table, "one at a time", &single, &plain_single);
    row(&mut table, &format!("{AT_ONCE} at once"), &at_once(each).await?, &plain_single);
    row(&mut table, &format!("batches of {BATCH}"), &in_batches(batches).await?, &plain_commits(batches, BATCH).await?);
    Ok(table)
}

fn row(table: &mut Table, name: &str, ours: &Speed, plain: &Speed) {
    let (own, other) = (ours.per_second(), plain.per_second());
    table.add_row([
        name.to_owned(),
        format!("{own:.0}"),
        format!("{other:.0}"),
        format!("{:.2}", own / other),
        ours.written_kib(),
        plain.written_kib(),
    ]);
}

async fn one_at_a_time(count: usize) -> anyhow::Result<Speed> {
    submitting(count, async |utility| {
        for revision in 1..=count {
            utility.submit(&draft(revision, revision)?, Uuid::new_v4()).await?;
        }
        Ok(())
    })
    .await
}

async fn at_once(each: usize) -> anyhow::Result<Speed> {
    submitting(AT_ONCE * each, async |utility| {
        let caller = async |index: usize| {
            for revision in 1..=each {
                utility.submit(&draft(index, revision)?, Uuid::new_v4()).await?;
            }
            Ok::<_, anyhow::Error>(())
        };
        try_join_all((0..AT_ONCE).map(caller)).await.map(drop)
    })
    .await
}

async fn in_batches(count: usize) -> anyhow::Result<Speed> {
    submitting(BATCH * count, async |utility| {
        for revision in 1..=count {
            let one = |index| Ok((draft(index, revision)?, Uuid::new_v4()));
            let batch = (0..BATCH).map(one).collect::<anyhow::Result<Vec<_>>>()?;
            for answer in utility.submit_batch(&batch).await? {
                answer?;
            }
        }
        Ok(())
    })
    .await
}

async fn submitting(records: usize, work: impl AsyncFnOnce(&Utility) -> anyhow::Result<()>) -> anyhow::Result<Speed> {
    let world = World::start(PLACES, 1).await?;
    let utility = world.utility()?;
    utility.server_info().await?;
    let (before, begun) = (world.used(), Instant::now());
    work(&utility).await?;
    let speed = Speed { records, took: begun.elapsed(), written: world.used().since(before).written };
    world.end().await?;
    Ok(speed)
}

/// An hour of a limit that begins in an hour. No two of one revision are for the same place and programme.
fn draft(index: usize, revision: usize) -> anyhow::Result<LimitDraft> {
    let start = now() + TimeDelta::hours(1);
    Ok(LimitDraft {
        target: Target::from(NodeId::new(site_id(index % PLACES))),
        programme: format!("bench-{}", index / PLACES),
        kind: LimitKind::Scheduled,
        revision: i64::try_from(revision)?,
        intervals: vec![LimitInterval {
            interval: Interval { start, end: start + TimeDelta::hours(1) },
            maximum_import_w: Some(Power::from_kw(10.0)),
            maximum_export_w: None,
        }],
        reason: String::new(),
        terms: Terms::default(),
    })
}

/// Inserts rows and commits them, so many together, in a database that is set as the record is.
async fn plain_commits(commits: usize, together: usize) -> anyhow::Result<Speed> {
    let folder = folder()?;
    let options = SqliteConnectOptions::new()
        .filename(folder.path().join("plain.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let mut connection: SqliteConnection = options.connect().await?;
    sqlx::query("CREATE TABLE plain (id TEXT PRIMARY KEY, body TEXT NOT NULL)").execute(&mut connection).await?;
    let body = "x".repeat(ROW);
    let (before, begun) = (Used::by("self"), Instant::now());
    for _ in 0..commits {
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        for _ in 0..together {
            let insert = sqlx::query("INSERT INTO plain (id, body) VALUES (?, ?)");
            insert.bind(Uuid::new_v4().to_string()).bind(&body).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
    }
    let speed =
        Speed { records: commits * together, took: begun.elapsed(), written: Used::by("self").since(before).written };
    connection.close().await?;
    Ok(speed)
}
