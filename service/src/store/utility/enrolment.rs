//! Who can be limited, and how that changes.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use headroom_domain::NodeId;
use headroom_grid_api::{ConnectionPoint, EnrolmentChange, EnrolmentEvent};
use sqlx::Row;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::word;
use crate::store::{Store, StoreError, json, parse, text, time};

impl Store {
    /// Notes all connection points that a utility can limit, and returns what is different from what was known.
    pub async fn note_enrolment(
        &self,
        utility: &str,
        at: DateTime<Utc>,
        now: &[ConnectionPoint],
    ) -> Result<Vec<EnrolmentEvent>, StoreError> {
        let mut transaction = self.quick.begin_with("BEGIN IMMEDIATE").await?;
        let before = enrolled(&mut transaction, utility).await?;
        let mut events = Vec::new();
        for (change, connection_point) in differences(before, now) {
            let at = time(&text(at));
            let mut event = EnrolmentEvent { sequence: 0, at, change, connection_point };
            event.sequence = append(&mut transaction, utility, &event).await?;
            events.push(event);
        }
        transaction.commit().await?;
        Ok(events)
    }

    /// Returns at most `size` changes of a utility's enrolment after a sequence number, in order.
    pub async fn enrolment_after(
        &self,
        utility: &str,
        after: i64,
        size: usize,
    ) -> Result<Vec<EnrolmentEvent>, StoreError> {
        let sql = "SELECT * FROM enrolment WHERE utility = ? AND sequence > ? ORDER BY sequence LIMIT ?";
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        let rows = sqlx::query(sql).bind(utility).bind(after).bind(size).fetch_all(&self.reads).await?;
        rows.iter().map(read).collect()
    }

    /// Forgets changes from before a time, but the last of each connection point that is still enrolled; returns how many
    /// there were. Their sequence numbers are never used again.
    pub async fn forget_enrolment_before(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        let sql = "DELETE FROM enrolment WHERE at < ? AND (change = ? OR EXISTS (SELECT 1 FROM enrolment AS later \
                   WHERE later.utility = enrolment.utility AND later.node = enrolment.node \
                   AND later.sequence > enrolment.sequence))";
        let removed = word(&EnrolmentChange::Removed)?;
        Ok(sqlx::query(sql).bind(text(before)).bind(removed).execute(&self.quick).await?.rows_affected())
    }
}

/// Returns what has to happen to what was known, removals first.
fn differences(
    mut before: BTreeMap<NodeId, ConnectionPoint>,
    now: &[ConnectionPoint],
) -> Vec<(EnrolmentChange, ConnectionPoint)> {
    let mut there = Vec::new();
    for point in now {
        match before.remove(&point.id) {
            None => there.push((EnrolmentChange::Enrolled, point.clone())),
            Some(known) if known != *point => there.push((EnrolmentChange::Updated, point.clone())),
            Some(_) => {}
        }
    }
    before.into_values().map(|gone| (EnrolmentChange::Removed, gone)).chain(there).collect()
}

async fn enrolled(
    connection: &mut SqliteConnection,
    utility: &str,
) -> Result<BTreeMap<NodeId, ConnectionPoint>, StoreError> {
    let sql = "SELECT * FROM enrolment WHERE sequence IN \
               (SELECT MAX(sequence) FROM enrolment WHERE utility = ? GROUP BY node) AND change <> ?";
    let removed = word(&EnrolmentChange::Removed)?;
    let rows = sqlx::query(sql).bind(utility).bind(removed).fetch_all(connection).await?;
    let point = |row: &SqliteRow| read(row).map(|event| (event.connection_point.id.clone(), event.connection_point));
    rows.iter().map(point).collect()
}

async fn append(connection: &mut SqliteConnection, utility: &str, event: &EnrolmentEvent) -> Result<i64, StoreError> {
    let sql = "INSERT INTO enrolment (utility, node, at, change, body) VALUES (?, ?, ?, ?, ?) RETURNING sequence";
    let row = sqlx::query(sql)
        .bind(utility)
        .bind(event.connection_point.id.as_str())
        .bind(text(event.at))
        .bind(word(&event.change)?)
        .bind(json(&event.connection_point)?)
        .fetch_one(connection)
        .await?;
    Ok(row.get("sequence"))
}

fn read(row: &SqliteRow) -> Result<EnrolmentEvent, StoreError> {
    let word: &str = row.get("change");
    Ok(EnrolmentEvent {
        sequence: row.get("sequence"),
        at: time(row.get("at")),
        change: parse("enrolment change", &format!("\"{word}\""))?,
        connection_point: parse("connection point", row.get("body"))?,
    })
}
