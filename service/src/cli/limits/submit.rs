//! `headroom limits submit`.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use headroom_grid_api::client::{ClientError, FieldError, ServerInfo, Utility};
use headroom_grid_api::{LimitDraft, LimitWarning, Submitted};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::file::{self, Defaults, Planned};
use crate::cli::Outcome;
use crate::cli::sheet::{Format, Sheet, word};
use crate::cli::utility::{Connection, Session, attempted};

/// Most limits of a batch, where the server does not want fewer.
const BATCH_MAX: usize = 1000;
/// Most intervals of a batch, so that it fits into a message of 4 MiB.
const BATCH_INTERVALS_MAX: usize = 40_000;

/// What to submit.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// CSV with a line for each interval; `-` reads stdin. Columns, in any order: `target`, `start_time`, `end_time`,
    /// `import_limit_w` or `import_limit_kw`, `export_limit_w` or `export_limit_kw`, and if need be `programme`, `kind`
    /// (scheduled, emergency, test), `revision`, `priority`, `reason`. Times are RFC 3339. Lines of one target, programme,
    /// kind, revision and priority make one limit.
    #[arg(long)]
    file: PathBuf,
    /// Check only: nothing is recorded.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    filling: Filling,
    /// Make request ids from this text and a limit's place in the file, so that the same command may be repeated safely.
    /// Revisions must be stated then. Otherwise a random text is taken, and said.
    #[arg(long)]
    request_id_seed: Option<String>,
}

/// What holds where the file says nothing.
#[derive(Debug, Args)]
pub(in crate::cli) struct Filling {
    /// The programme of lines without one.
    #[arg(long)]
    programme: Option<String>,
    /// The revision of lines without one; otherwise the server's time in seconds since 1970.
    #[arg(long)]
    revision: Option<i64>,
}

impl Filling {
    /// Reads a file of limits. `clock` is the revision of lines without one, if they may be without.
    pub(in crate::cli) fn read(&self, path: &Path, clock: Option<i64>) -> anyhow::Result<Vec<Planned>> {
        let mut text = String::new();
        if path.as_os_str() == "-" {
            std::io::stdin().read_to_string(&mut text).context("reading stdin")?;
        } else {
            text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        }
        let defaults = Defaults { programme: self.programme.as_deref(), revision: self.revision.or(clock) };
        file::read(&text, &defaults).with_context(|| path.display().to_string())
    }
}

/// What became of a limit.
#[derive(Debug, Clone)]
enum Fate {
    Taken(Box<Submitted>),
    Refused(ClientError),
    /// The answer did not arrive: nobody knows.
    Unknown(ClientError),
    /// The server could not be reached, or was too busy, before it was this one's turn.
    NotSent,
}

pub(super) async fn run(connection: Connection, arguments: Arguments, format: Format) -> anyhow::Result<Outcome> {
    let Arguments { file, dry_run, filling, request_id_seed } = arguments;
    let Session { utility, info, .. } = connection.open().await?;
    let clock = request_id_seed.is_none().then(|| info.server_time.timestamp());
    let planned = filling.read(&file, clock)?;
    let seed = request_id_seed.unwrap_or_else(|| {
        let seed = Uuid::new_v4().to_string();
        let revision = filling.revision.or(clock).unwrap_or_default();
        if !dry_run {
            eprintln!("to repeat this safely add --request-id-seed {seed} --revision {revision}");
        }
        seed
    });
    let ids = (0..planned.len()).map(|index| request_id(&seed, index));
    let submissions: Vec<_> = planned.iter().map(|planned| planned.draft.clone()).zip(ids).collect();
    let fates =
        if dry_run { validate(&utility, &submissions).await } else { send(&utility, &info, &submissions).await };
    let ids = submissions.iter().map(|(_, id)| *id);
    sheet(planned.iter().zip(ids).zip(&fates), dry_run).show(format)?;
    let count = |is: fn(&Fate) -> bool| fates.iter().filter(|fate| is(fate)).count();
    let taken = count(|fate| matches!(fate, Fate::Taken(_)));
    let refused = count(|fate| matches!(fate, Fate::Refused(_)));
    let (unknown, not_sent) =
        (count(|fate| matches!(fate, Fate::Unknown(_))), count(|fate| matches!(fate, Fate::NotSent)));
    let done = if dry_run { "would be recorded" } else { "recorded" };
    eprintln!("{taken} limit(s) {done}, {refused} refused, {unknown} unknown, {not_sent} not sent");
    Ok(if taken == fates.len() { Outcome::Done } else { Outcome::SomethingRefused })
}

/// Makes the name of a request: of a seed and a place always the same one, in the shape of a random UUID (RFC 9562, 5.4).
fn request_id(seed: &str, index: usize) -> Uuid {
    let hash = Sha256::digest(format!("{index}:{seed}").as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

async fn validate(utility: &Utility, submissions: &[(LimitDraft, Uuid)]) -> Vec<Fate> {
    let mut fates = Vec::with_capacity(submissions.len());
    for (draft, request_id) in submissions {
        let answer = attempted(|| utility.validate(draft, *request_id)).await;
        let cut = answer.as_ref().is_err_and(ClientError::is_retryable);
        fates.push(fate(answer));
        if cut {
            break;
        }
    }
    fates.resize(submissions.len(), Fate::NotSent);
    fates
}

async fn send(utility: &Utility, info: &ServerInfo, submissions: &[(LimitDraft, Uuid)]) -> Vec<Fate> {
    let most = [info.batch_max, info.calls_burst].into_iter().filter(|most| *most > 0);
    let most = most.filter_map(|most| usize::try_from(most).ok()).chain([BATCH_MAX]).min().unwrap_or(BATCH_MAX);
    let mut fates = Vec::with_capacity(submissions.len());
    for batch in batches(submissions, most) {
        match attempted(|| utility.submit_batch(batch)).await {
            Ok(answers) => fates.extend(answers.into_iter().map(fate)),
            Err(error) => {
                fates.extend(batch.iter().map(|_| fate(Err(error.clone()))));
                break;
            }
        }
    }
    fates.resize(submissions.len(), Fate::NotSent);
    fates
}

fn fate(answer: Result<Submitted, ClientError>) -> Fate {
    match answer {
        Ok(submitted) => Fate::Taken(Box::new(submitted)),
        // Too much at once is turned away before anything is done.
        Err(error)
            if error.is_retryable() && error.refused().is_none_or(|refused| refused.reason != "QUOTA_EXCEEDED") =>
        {
            Fate::Unknown(error)
        }
        Err(error) => Fate::Refused(error),
    }
}

/// Cuts submissions into batches that a message can hold.
fn batches(submissions: &[(LimitDraft, Uuid)], most: usize) -> Vec<&[(LimitDraft, Uuid)]> {
    let mut batches = Vec::new();
    let (mut begin, mut intervals) = (0, 0);
    for (index, (draft, _)) in submissions.iter().enumerate() {
        let count = draft.intervals.len();
        if index > begin && (index - begin >= most || intervals + count > BATCH_INTERVALS_MAX) {
            batches.push(&submissions[begin..index]);
            (begin, intervals) = (index, 0);
        }
        intervals += count;
    }
    batches.push(&submissions[begin..]);
    batches
}

fn sheet<'a>(limits: impl Iterator<Item = ((&'a Planned, Uuid), &'a Fate)>, dry_run: bool) -> Sheet<11> {
    let columns = [
        "line",
        "target",
        "programme",
        "kind",
        "revision",
        "outcome",
        "limit",
        "request_id",
        "reason",
        "remedy",
        "warnings",
    ];
    Sheet::new("limits", columns).rows(limits.map(|((planned, request_id), fate)| {
        let draft = &planned.draft;
        let [outcome, limit, reason, remedy, warnings] = told(planned, fate, dry_run);
        [
            planned.lines.iter().min().copied().into(),
            draft.target.to_string().into(),
            draft.programme.as_str().into(),
            word(&draft.kind),
            draft.revision.into(),
            outcome,
            limit,
            request_id.to_string().into(),
            reason,
            remedy,
            warnings,
        ]
    }))
}

/// Outcome, name of the limit, reason of the refusal, its remedy, and warnings.
fn told(planned: &Planned, fate: &Fate, dry_run: bool) -> [Value; 5] {
    match fate {
        Fate::NotSent => ["not sent", "", "", "", ""].map(text),
        Fate::Refused(error) | Fate::Unknown(error) => {
            let outcome = if matches!(fate, Fate::Unknown(_)) { "unknown" } else { "refused" };
            let reason = error.refused().map(|refused| refused.reason.as_str()).unwrap_or_default();
            let [reason, remedy] = [reason, &remedy(planned, error)].map(text);
            [text(outcome), Value::Null, reason, remedy, Value::Null]
        }
        Fate::Taken(submitted) => {
            let warnings: Vec<_> = submitted.warnings.iter().map(|warning| warned(planned, warning)).collect();
            let outcome = if dry_run { "would be recorded" } else { "recorded" };
            [text(outcome), text(submitted.limit.id.as_str()), Value::Null, Value::Null, text(&warnings.join("; "))]
        }
    }
}

fn text(text: &str) -> Value {
    if text.is_empty() { Value::Null } else { text.into() }
}

fn remedy(planned: &Planned, error: &ClientError) -> String {
    let Some(refused) = error.refused().filter(|refused| !refused.fields.is_empty()) else {
        return error.refused().map_or_else(|| error.to_string(), |refused| refused.message.clone());
    };
    let faults: Vec<_> = refused.fields.iter().map(|field| fault(planned, field)).collect();
    faults.join("; ")
}

fn fault(planned: &Planned, field: &FieldError) -> String {
    let line = planned.line_of(&field.path).map(|line| format!("line {line}, ")).unwrap_or_default();
    format!("{line}{}: {}", field.path, field.description)
}

fn warned(planned: &Planned, warning: &LimitWarning) -> String {
    let line = warning.interval_index.and_then(|index| planned.lines.get(index));
    let line = line.map(|line| format!("line {line}: ")).unwrap_or_default();
    format!("{line}{} {}", warning.code, warning.message)
}

#[cfg(test)]
mod tests;
