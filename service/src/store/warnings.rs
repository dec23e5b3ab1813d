//! What was wrong with what partners sent: each kind of mistake once, counted, with an example.
//!
//! **What is counted** is a mistake at a path of an object. An object that is sent again, whole or in part, pushed or
//! pulled, with the mistake that it had is not counted again, only seen again; once it was mended it is. Of messages,
//! which are no objects, each is counted.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use headroom_domain::PartnerId;
use headroom_ocpi_adapter::{Rejected, Severity, Warning};
use serde_json::Value;
use sqlx::Row;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::objects::Kind;
use super::{Store, StoreError, json, parse, text, time};
use crate::findings::{Example, Finding, example_id, general, object_id, shown_value};

/// So many kinds of mistakes are kept apart per partner; the rest is counted together, by module and severity.
const KINDS_MAX: i64 = 2_000;
/// So many unreadable objects are kept per partner.
const REJECTED_MAX: i64 = 500;

/// The place and rule under which everything beyond [`KINDS_MAX`] is counted.
const OTHERS: &str = "(others)";
const OTHERS_RULE: &str = "more kinds of mistakes than are kept apart";

/// An object that could not be read.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptRejected {
    /// The module it belongs to.
    pub module: String,
    /// Its id, where it has one; empty where it would name a driver.
    pub id: String,
    /// When it was last sent.
    pub at: DateTime<Utc>,
    /// Why it could not be read.
    pub reason: String,
}

impl Store {
    /// Keeps an object that could not be read, and counts what was wrong with it. An older one that could is left.
    pub async fn save_rejected(
        &self,
        partner: &PartnerId,
        kind: Kind,
        rejected: &Rejected,
        at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let module = kind.module();
        let id = object_id(&rejected.raw);
        let mut transaction = self.quick.begin_with("BEGIN IMMEDIATE").await?;
        let before = kept(&mut transaction, partner, module, id.as_deref()).await?;
        let of = Of { partner, module, id: example_id(module, &rejected.raw) };
        count(&mut transaction, &of, &rejected.warnings, &before, at).await?;
        let sql = "INSERT OR REPLACE INTO rejected (partner, module, id, at, reason, raw, warnings) VALUES (?, ?, ?, ?, ?, ?, ?)";
        sqlx::query(sql)
            .bind(partner.as_str())
            .bind(module)
            .bind(id.as_deref().unwrap_or_default())
            .bind(text(at))
            .bind(general(&rejected.reason()))
            .bind(rejected.raw.to_string())
            .bind(json(&rejected.warnings)?)
            .execute(&mut *transaction)
            .await?;
        let sql = "DELETE FROM rejected WHERE partner = ? AND rowid NOT IN \
                   (SELECT rowid FROM rejected WHERE partner = ? ORDER BY at DESC, rowid DESC LIMIT ?)";
        sqlx::query(sql)
            .bind(partner.as_str())
            .bind(partner.as_str())
            .bind(REJECTED_MAX)
            .execute(&mut *transaction)
            .await?;
        let sql = "UPDATE object SET seen_at = ? WHERE partner = ? AND kind = ? AND id = ?";
        sqlx::query(sql)
            .bind(text(at))
            .bind(partner.as_str())
            .bind(kind.as_str())
            .bind(id.as_deref().unwrap_or_default())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Counts what was wrong with a message, of which nothing else is kept. `about` is what it names.
    pub async fn save_notice(
        &self,
        partner: &PartnerId,
        module: &str,
        about: Option<String>,
        warnings: &[Warning],
        at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut transaction = self.quick.begin_with("BEGIN IMMEDIATE").await?;
        let of = Of { partner, module, id: about };
        count(&mut transaction, &of, warnings, &Mistakes::default(), at).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Returns what was wrong with what a partner sent, the gravest and most frequent first.
    pub async fn findings(&self, partner: &PartnerId) -> Result<Vec<Finding>, StoreError> {
        let sql = "SELECT * FROM warning WHERE partner = ?";
        let rows = sqlx::query(sql).bind(partner.as_str()).fetch_all(&self.reads).await?;
        let mut findings = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        findings.sort_by(Finding::order);
        Ok(findings)
    }

    /// Returns the unreadable objects of a partner, the latest first.
    pub async fn rejected(&self, partner: &PartnerId) -> Result<Vec<KeptRejected>, StoreError> {
        let sql = "SELECT module, id, at, reason FROM rejected WHERE partner = ? ORDER BY at DESC, module, id";
        let rows = sqlx::query(sql).bind(partner.as_str()).fetch_all(&self.reads).await?;
        let read = |row: &SqliteRow| {
            let module: String = row.get("module");
            let names_driver = module == Kind::Token.module();
            KeptRejected {
                module,
                id: if names_driver { String::new() } else { row.get("id") },
                at: time(row.get("at")),
                reason: row.get("reason"),
            }
        };
        Ok(rows.iter().map(read).collect())
    }
}

/// What was wrong with an object when it was last kept: by path, rule and weight.
#[derive(Debug, Default)]
pub(super) struct Mistakes(BTreeSet<(String, String, Severity)>);

impl Mistakes {
    /// Reads what is kept with an object. What another version of this program wrote otherwise is counted anew.
    pub(super) fn read(kept: &str) -> Self {
        let warnings: Vec<Warning> = serde_json::from_str(kept).unwrap_or_default();
        Self(warnings.into_iter().map(|known| (known.path, general(&known.rule), known.severity)).collect())
    }

    fn has(&self, warning: &Warning, rule: &str) -> bool {
        !self.0.is_empty() && self.0.contains(&(warning.path.clone(), rule.to_owned(), warning.severity))
    }
}

/// Returns what was wrong with an unreadable object when it was last sent; of one without an id that is not known.
async fn kept(
    connection: &mut SqliteConnection,
    partner: &PartnerId,
    module: &str,
    id: Option<&str>,
) -> Result<Mistakes, StoreError> {
    let Some(id) = id else { return Ok(Mistakes::default()) };
    let sql = "SELECT warnings FROM rejected WHERE partner = ? AND module = ? AND id = ?";
    let row = sqlx::query(sql).bind(partner.as_str()).bind(module).bind(id).fetch_optional(connection).await?;
    Ok(row.map(|row| Mistakes::read(row.get("warnings"))).unwrap_or_default())
}

/// Whose mistakes are counted.
pub(super) struct Of<'a> {
    /// Who sent it.
    pub(super) partner: &'a PartnerId,
    /// To what it belongs.
    pub(super) module: &'a str,
    /// How it is called in a report.
    pub(super) id: Option<String>,
}

/// Counts what is wrong with an object and was not before, in the transaction that keeps it.
pub(super) async fn count(
    connection: &mut SqliteConnection,
    of: &Of<'_>,
    warnings: &[Warning],
    before: &Mistakes,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    for warning in warnings {
        let (place, rule) = (warning.place(), general(&warning.rule));
        let new = u32::from(!before.has(warning, &rule));
        if add(connection, of, (&place, &rule, warning.severity), new, at).await? {
            continue;
        }
        let sql = "SELECT COUNT(*) AS kinds FROM warning WHERE partner = ?";
        let kinds: i64 = sqlx::query(sql).bind(of.partner.as_str()).fetch_one(&mut *connection).await?.get("kinds");
        if kinds < KINDS_MAX {
            insert(connection, of, (&place, &rule), warning, at).await?;
        } else if !add(connection, of, (OTHERS, OTHERS_RULE, warning.severity), new, at).await? {
            insert(connection, of, (OTHERS, OTHERS_RULE), warning, at).await?;
        }
    }
    Ok(())
}

/// Counts a mistake that is known so many times more, and notes that it was seen; false when it is not known.
async fn add(
    connection: &mut SqliteConnection,
    of: &Of<'_>,
    (place, rule, severity): (&str, &str, Severity),
    new: u32,
    at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let sql = "UPDATE warning SET count = count + ?, last_seen = ? \
               WHERE partner = ? AND module = ? AND place = ? AND rule = ? AND severity = ?";
    let done = sqlx::query(sql)
        .bind(new)
        .bind(text(at))
        .bind(of.partner.as_str())
        .bind(of.module)
        .bind(place)
        .bind(rule)
        .bind(json(&severity)?)
        .execute(&mut *connection)
        .await?;
    Ok(done.rows_affected() > 0)
}

async fn insert(
    connection: &mut SqliteConnection,
    of: &Of<'_>,
    (place, rule): (&str, &str),
    warning: &Warning,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO warning (partner, module, place, rule, severity, count, first_seen, last_seen, example_id, \
               example_path, example_value) VALUES (?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?)";
    sqlx::query(sql)
        .bind(of.partner.as_str())
        .bind(of.module)
        .bind(place)
        .bind(rule)
        .bind(json(&warning.severity)?)
        .bind(text(at))
        .bind(text(at))
        .bind(&of.id)
        .bind(&warning.path)
        .bind(json(&shown_value(of.module, &warning.path, &warning.value))?)
        .execute(&mut *connection)
        .await?;
    Ok(())
}

fn read(row: &SqliteRow) -> Result<Finding, StoreError> {
    let value: Value = parse("warning", row.get("example_value"))?;
    Ok(Finding {
        module: row.get("module"),
        place: row.get("place"),
        rule: row.get("rule"),
        severity: parse("severity", row.get("severity"))?,
        count: row.get::<i64, _>("count").unsigned_abs(),
        first_seen: Some(time(row.get("first_seen"))),
        last_seen: Some(time(row.get("last_seen"))),
        example: Example { id: row.get("example_id"), path: row.get("example_path"), value },
    })
}
