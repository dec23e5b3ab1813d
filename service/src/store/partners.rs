//! Partners and the state of their registration.

use sqlx::Row;

use super::{Store, StoreError, json, parse};

impl Store {
    /// Returns all partners.
    pub async fn partners<T: serde::de::DeserializeOwned>(&self) -> Result<Vec<T>, StoreError> {
        let rows = sqlx::query("SELECT body FROM partner ORDER BY id").fetch_all(&self.quick).await?;
        rows.iter().map(|row| parse("partner", row.get("body"))).collect()
    }

    /// Keeps a partner; on disk when this returns.
    pub async fn save_partner<T: serde::Serialize>(&self, id: &str, partner: &T) -> Result<(), StoreError> {
        let sql = "INSERT INTO partner (id, body) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body";
        sqlx::query(sql).bind(id).bind(json(partner)?).execute(&self.durable).await?;
        Ok(())
    }
}
