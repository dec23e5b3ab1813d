//! What was wrong with what partners sent: each kind of mistake once, counted, with an example.

use chrono::{DateTime, Utc};
use headroom_domain::PartnerId;
use headroom_ocpi_adapter::{Rejected, Severity, Warning};
use serde_json::Value;
use sqlx::Row;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::objects::Kind;
use super::{Store, StoreError, json, parse, text, time};
use crate::findings::{Example, Finding, example_id, general, shown_value};

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
    /// Its id, where it has one.
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
        let id = example_id(module, &rejected.raw);
        let mut transaction = self.quick.begin_with("BEGIN IMMEDIATE").await?;
        count(&mut transaction, partner, module, id.as_deref(), &rejected.warnings, at).await?;
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

    /// Returns what was wrong with what a partner sent, the gravest and most frequent first.
    pub async fn findings(&self, partner: &PartnerId) -> Result<Vec<Finding>, StoreError> {
        let sql = "SELECT * FROM warning WHERE partner = ?";
        let rows = sqlx::query(sql).bind(partner.as_str()).fetch_all(&self.quick).await?;
        let mut findings = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        findings.sort_by(Finding::order);
        Ok(findings)
    }

    /// Returns the unreadable objects of a partner, the latest first.
    pub async fn rejected(&self, partner: &PartnerId) -> Result<Vec<KeptRejected>, StoreError> {
        let sql = "SELECT module, id, at, reason FROM rejected WHERE partner = ? ORDER BY at DESC, module, id";
        let rows = sqlx::query(sql).bind(partner.as_str()).fetch_all(&self.quick).await?;
        let read = |row: &SqliteRow| KeptRejected {
            module: row.get("module"),
            id: row.get("id"),
            at: time(row.get("at")),
            reason: row.get("reason"),
        };
        Ok(rows.iter().map(read).collect())
    }
}

/// Counts warnings of an object, in the transaction that keeps it.
pub(super) async fn count(
    connection: &mut SqliteConnection,
    partner: &PartnerId,
    module: &str,
    id: Option<&str>,
    warnings: &[Warning],
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    for warning in warnings {
        let (place, rule) = (warning.place(), general(&warning.rule));
        if add(connection, partner, module, (&place, &rule, warning.severity), at).await? {
            continue;
        }
        let sql = "SELECT COUNT(*) AS kinds FROM warning WHERE partner = ?";
        let kinds: i64 = sqlx::query(sql).bind(partner.as_str()).fetch_one(&mut *connection).await?.get("kinds");
        if kinds < KINDS_MAX {
            insert(connection, partner, module, id, (&place, &rule), warning, at).await?;
        } else if !add(connection, partner, module, (OTHERS, OTHERS_RULE, warning.severity), at).await? {
            insert(connection, partner, module, id, (OTHERS, OTHERS_RULE), warning, at).await?;
        }
    }
    Ok(())
}

/// Counts a mistake that is known; false when it is not.
async fn add(
    connection: &mut SqliteConnection,
    partner: &PartnerId,
    module: &str,
    (place, rule, severity): (&str, &str, Severity),
    at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let sql = "UPDATE warning SET count = count + 1, last_seen = ? \
               WHERE partner = ? AND module = ? AND place = ? AND rule = ? AND severity = ?";
    let done = sqlx::query(sql)
        .bind(text(at))
        .bind(partner.as_str())
        .bind(module)
        .bind(place)
        .bind(rule)
        .bind(json(&severity)?)
        .execute(&mut *connection)
        .await?;
    Ok(done.rows_affected() > 0)
}

async fn insert(
    connection: &mut SqliteConnection,
    partner: &PartnerId,
    module: &str,
    id: Option<&str>,
    (place, rule): (&str, &str),
    warning: &Warning,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO warning (partner, module, place, rule, severity, count, first_seen, last_seen, example_id, \
               example_path, example_value) VALUES (?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?)";
    sqlx::query(sql)
        .bind(partner.as_str())
        .bind(module)
        .bind(place)
        .bind(rule)
        .bind(json(&warning.severity)?)
        .bind(text(at))
        .bind(text(at))
        .bind(id)
        .bind(&warning.path)
        .bind(json(&shown_value(module, &warning.path, &warning.value))?)
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
