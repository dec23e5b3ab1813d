//! Readings of the sites' meters.

use chrono::{DateTime, Utc};
use headroom_domain::{Interval, Power};
use serde::{Deserialize, Serialize};
use sqlx::Row;

use super::{Store, StoreError, text, time};

/// What a site's meter measured over an interval, as means. Absent means not measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeterReading {
    /// First instant.
    pub start: DateTime<Utc>,
    /// First instant after it.
    pub end: DateTime<Utc>,
    /// Power drawn from the grid. **Units**: W.
    #[serde(default)]
    pub import_w: Option<Power>,
    /// Power drawn by everything but the vehicles. **Units**: W.
    #[serde(default)]
    pub base_load_w: Option<Power>,
}

impl MeterReading {
    /// Returns when it was measured.
    pub fn interval(&self) -> Interval {
        Interval { start: self.start, end: self.end }
    }
}

impl Store {
    /// Keeps readings; one that begins when a known one does replaces it.
    pub async fn save_readings(&self, site: &str, readings: &[MeterReading]) -> Result<(), StoreError> {
        let mut transaction = self.quick.begin_with("BEGIN IMMEDIATE").await?;
        for reading in readings {
            sqlx::query(
                "INSERT OR REPLACE INTO meter_reading (site, start, end, import_w, base_load_w) VALUES (?, ?, ?, ?, ?)",
            )
            .bind(site)
            .bind(text(reading.start))
            .bind(text(reading.end))
            .bind(reading.import_w.map(Power::as_w))
            .bind(reading.base_load_w.map(Power::as_w))
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Returns a site's readings that began at or after a time, oldest first.
    pub async fn readings_since(&self, site: &str, since: DateTime<Utc>) -> Result<Vec<MeterReading>, StoreError> {
        let rows = sqlx::query("SELECT * FROM meter_reading WHERE site = ? AND start >= ? ORDER BY start")
            .bind(site)
            .bind(text(since))
            .fetch_all(&self.reads)
            .await?;
        let power = |value: Option<f64>| value.and_then(|value| Power::try_new(value).ok());
        let read = |row: &sqlx::sqlite::SqliteRow| MeterReading {
            start: time(row.get("start")),
            end: time(row.get("end")),
            import_w: power(row.get("import_w")),
            base_load_w: power(row.get("base_load_w")),
        };
        Ok(rows.iter().map(read).collect())
    }

    /// Returns the highest quarter-hour mean of a site's import since a time, as demand charges count it.
    pub async fn peak_since(&self, site: &str, since: DateTime<Utc>) -> Result<Power, StoreError> {
        let row = sqlx::query("SELECT MAX(mean) AS peak FROM (SELECT AVG(import_w) AS mean FROM meter_reading WHERE site = ? AND start >= ? \
                               GROUP BY CAST(strftime('%s', start) AS INTEGER) / 900)")
            .bind(site)
            .bind(text(since))
            .fetch_one(&self.reads)
            .await?;
        Ok(row.get::<Option<f64>, _>("peak").and_then(|peak| Power::try_new(peak).ok()).unwrap_or_default())
    }

    /// Forgets readings and session powers that began before a time.
    pub async fn forget_measurements(&self, before: DateTime<Utc>) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM meter_reading WHERE start < ?").bind(text(before)).execute(&self.quick).await?;
        sqlx::query("DELETE FROM session_power WHERE at < ?").bind(text(before)).execute(&self.quick).await?;
        Ok(())
    }
}
