//! Rounds: a limit that makes every vehicle draw less, and one that lets them draw again.

use std::time::Duration;

use anyhow::{Context, ensure};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use comfy_table::Table;
use futures::StreamExt;
use futures::stream::BoxStream;
use headroom_domain::limit::{GridLimit, LimitInterval, LimitKind, Target, Terms};
use headroom_domain::{AreaId, Interval, LimitId, Power};
use headroom_grid_api::client::{ClientError, Utility};
use headroom_grid_api::{LimitDraft, StatusEvent};
use sqlx::Row;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqliteRow};
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use crate::figures::{median, quantile};
use crate::partner::{FULL_W, Partner};
use crate::world::{PATIENCE, World};
use crate::{now, plain};

const AREA: &str = "area";
/// Of the capacity of the area: nearly all vehicles have to draw less, whoever the plan prefers. **Units**: share.
const TIGHT: f64 = 0.05;
/// Of the capacity: more than all vehicles draw. **Units**: share.
const LOOSE: f64 = 0.95;
/// When all vehicles together may draw so much of what they can, they draw again. **Units**: share.
const UP_AGAIN: f64 = 0.9;
const KINDS: [LimitKind; 2] = [LimitKind::Scheduled, LimitKind::Emergency];

/// What was measured of one tight limit. **Units**: ms.
#[derive(Debug, Clone, Copy)]
struct Round {
    kind: LimitKind,
    /// From the call to its answer: then it is on disk.
    storing: f64,
    /// From the answer to the first decision of a reduction; below zero when that came before it.
    first: f64,
    /// Of the reduction that was acknowledged last: from the answer until it was decided.
    solving: f64,
    /// Until it was sent: written down, and in line for its partner.
    in_line: f64,
    /// Until its acknowledgement was in the record.
    sending: f64,
    /// From the answer until nine of ten reductions were acknowledged.
    most: f64,
    /// From the answer until the utility was told that all obey.
    told: f64,
    /// How often it was told so before anything was reduced.
    early: usize,
    /// Reductions acknowledged.
    lowered: usize,
}

impl Round {
    /// From the answer to the last acknowledgement.
    fn latency(&self) -> f64 {
        self.solving + self.in_line + self.sending
    }
}

/// What was measured of one size.
pub(crate) struct Measured {
    rounds: Vec<Round>,
    pub(crate) partners: usize,
    /// CPU time of the service in a round. **Units**: ms.
    pub(crate) cpu_ms: f64,
    /// What the service writes to disk in a round. **Units**: MiB.
    pub(crate) written_mib: f64,
}

impl Measured {
    pub(crate) fn p99_ms(&self) -> f64 {
        quantile(self.rounds.iter().map(Round::latency), 0.99)
    }

    /// Shows p50 and p99, and the medians of the shares.
    pub(crate) fn table(&self) -> Table {
        let header = [
            "kind", "rounds", "lowered", "p50", "p99", "storing", "first", "solving", "in line", "sending", "9 of 10",
            "told",
        ];
        let mut table = plain(&header);
        row(&mut table, "any", &self.rounds);
        for kind in KINDS {
            let own: Vec<_> = self.rounds.iter().filter(|round| round.kind == kind).copied().collect();
            row(&mut table, if kind == LimitKind::Emergency { "emergency" } else { "scheduled" }, &own);
        }
        table
    }

    /// Returns how often the utility was told that a limit is obeyed before the last reduction was acknowledged.
    pub(crate) fn told_early(&self) -> usize {
        self.rounds.iter().map(|round| round.early).sum()
    }
}

fn row(table: &mut Table, name: &str, rounds: &[Round]) {
    let latencies = || rounds.iter().map(Round::latency);
    let middle = |of: fn(&Round) -> f64| median(rounds.iter().map(of));
    let figures = [
        middle(|round| round.lowered as f64),
        median(latencies()),
        quantile(latencies(), 0.99),
        middle(|round| round.storing),
        middle(|round| round.first),
        middle(|round| round.solving),
        middle(|round| round.in_line),
        middle(|round| round.sending),
        middle(|round| round.most),
        middle(|round| round.told),
    ];
    let cells = [name.to_owned(), rounds.len().to_string()].into_iter();
    table.add_row(cells.chain(figures.map(|figure| format!("{figure:.0}"))));
}

/// Measures one size: at most so many rounds, and none is begun after `budget` but for the first of each kind.
pub(crate) async fn measure(sites: usize, evses: usize, rounds: usize, budget: Duration) -> anyhow::Result<Measured> {
    let mut area = Area::prepare(sites, evses).await?;
    let (begun, before) = (Instant::now(), area.world.used());
    let mut measured = Vec::new();
    for kind in KINDS.into_iter().cycle().take(rounds) {
        if measured.len() >= KINDS.len() && begun.elapsed() > budget {
            break;
        }
        measured.push(area.round(kind).await?);
    }
    let (used, count) = (area.world.used().since(before), measured.len() as f64);
    let failed: usize = area.partners.iter().map(Partner::failed).sum();
    ensure!(failed == 0, "{failed} acknowledgements were not taken");
    let partners = area.partners.len();
    area.world.end().await?;
    Ok(Measured {
        rounds: measured,
        partners,
        cpu_ms: used.cpu_ms / count,
        written_mib: used.written / count / f64::from(1 << 20),
    })
}

/// An area whose vehicles all charge.
struct Area {
    world: World,
    partners: Vec<Partner>,
    utility: Utility,
    events: BoxStream<'static, Result<StatusEvent, ClientError>>,
    record: SqlitePool,
    revision: i64,
}

impl Area {
    async fn prepare(sites: usize, evses: usize) -> anyhow::Result<Self> {
        let world = World::start(sites, evses).await?;
        let partners = world.partners().await?;
        let utility = world.utility()?;
        utility.put_grid_area(&AreaId::from(AREA), "Bench", &world.nodes(), "", Uuid::new_v4()).await?;
        let events = utility.watch_statuses(0, Vec::new(), Duration::from_millis(100)).boxed();
        let options = SqliteConnectOptions::new().filename(world.path("headroom.db")).read_only(true);
        let record = SqlitePool::connect_with(options).await?;
        let area = Self { world, partners, utility, events, record, revision: 0 };
        area.up().await?;
        Ok(area)
    }

    async fn round(&mut self, kind: LimitKind) -> anyhow::Result<Round> {
        let called = Instant::now();
        let limit = self.submit(kind, TIGHT).await?;
        let (storing, answered_at) = (called.elapsed().as_secs_f64() * 1000.0, now());
        let mut early = 0;
        let (told, reductions) = loop {
            self.obeyed(&limit.id).await?;
            let told = ms(now() - answered_at);
            self.quiet().await?;
            let reductions = self.reductions(limit.accepted_at).await?;
            if !reductions.is_empty() {
                break (told, reductions);
            }
            early += 1;
        };
        let last = reductions.iter().max_by_key(|one| one.settled).context("nobody was told to draw less")?;
        let first = reductions.iter().map(|one| ms(one.decided - answered_at)).fold(f64::INFINITY, f64::min);
        let round = Round {
            kind,
            storing,
            first,
            solving: ms(last.decided - answered_at),
            in_line: ms(last.sent - last.decided),
            sending: ms(last.settled - last.sent),
            most: quantile(reductions.iter().map(|one| ms(one.settled - answered_at)), 0.9),
            told,
            early,
            lowered: reductions.len(),
        };
        self.submit(kind, LOOSE).await?;
        self.up().await?;
        Ok(round)
    }

    /// Limits the area to a share of its capacity for the next hour.
    async fn submit(&mut self, kind: LimitKind, share: f64) -> anyhow::Result<GridLimit> {
        self.revision += 1;
        let start = now();
        let draft = LimitDraft {
            target: Target::from(AreaId::from(AREA)),
            programme: "bench".to_owned(),
            kind,
            revision: self.revision,
            intervals: vec![LimitInterval {
                interval: Interval { start, end: start + TimeDelta::hours(1) },
                maximum_import_w: Some(Power::from_kw((self.world.capacity_kw() * share).round())),
                maximum_export_w: None,
            }],
            reason: String::new(),
            terms: Terms::default(),
        };
        Ok(self.utility.submit(&draft, Uuid::new_v4()).await?.limit)
    }

    /// Waits until the utility is told that every session obeys a limit.
    async fn obeyed(&mut self, limit: &LimitId) -> anyhow::Result<()> {
        let all = u32::try_from(self.world.sessions())?;
        let events = &mut self.events;
        let told = async {
            loop {
                let StatusEvent { limit: of, status, .. } = events.next().await.context("the stream ended")??;
                if of == *limit && status.is_obeyed() && status.affected_sessions == all {
                    return Ok(());
                }
            }
        };
        timeout(PATIENCE, told).await.context("never: the limit is obeyed")?
    }

    /// Waits until all vehicles may draw what they can, and all that was sent is acknowledged.
    async fn up(&self) -> anyhow::Result<()> {
        let wanted_w = self.world.sessions() as f64 * FULL_W * UP_AGAIN;
        let told_w = || self.partners.iter().map(Partner::told_w).sum::<f64>();
        self.world.until("all vehicles may charge", async || Ok(told_w() >= wanted_w)).await?;
        self.quiet().await
    }

    /// Waits until no request is on its way.
    async fn quiet(&self) -> anyhow::Result<()> {
        let sql = "SELECT EXISTS (SELECT 1 FROM profile_request WHERE state IN ('created', 'waiting')) AS any";
        let look = async || Ok(!sqlx::query(sql).fetch_one(&self.record).await?.get::<bool, _>("any"));
        self.world.until("all requests are answered", look).await
    }

    async fn reductions(&self, since: DateTime<Utc>) -> anyhow::Result<Vec<Reduction>> {
        let sql = "SELECT created_at, sent_at, settled_at FROM profile_request \
                   WHERE direction = 'lower' AND outcome = 'acknowledged' AND created_at >= ?";
        // As the record spells times.
        let since = since.to_rfc3339_opts(SecondsFormat::Millis, true);
        let rows = sqlx::query(sql).bind(since).fetch_all(&self.record).await?;
        rows.iter().map(Reduction::read).collect()
    }
}

/// When a reduction was decided, sent and acknowledged, by the record.
struct Reduction {
    decided: DateTime<Utc>,
    sent: DateTime<Utc>,
    settled: DateTime<Utc>,
}

impl Reduction {
    fn read(row: &SqliteRow) -> anyhow::Result<Self> {
        let time = |column: &str| Ok::<_, anyhow::Error>(row.try_get::<String, _>(column)?.parse()?);
        Ok(Self { decided: time("created_at")?, sent: time("sent_at")?, settled: time("settled_at")? })
    }
}

fn ms(time: TimeDelta) -> f64 {
    time.as_seconds_f64() * 1000.0
}
