//! What the utility's door keeps: limits and what became of them, the audit, safe modes, areas, what was in force.

mod areas;
mod audit;
mod baseline;
mod enrolment;
mod in_force;
pub(super) mod limits;
mod record;
mod safe_modes;
mod status;

pub use areas::AreaDraft;
pub use audit::{AuditError, AuditFilter, AuditNote};
pub(super) use limits::LimitSubmission;
pub use limits::{Accepted, LimitFilter};
pub use record::{Change, Conflict, Recorded};
pub use safe_modes::{KeptLink, UtilitySeen};
pub use status::StatusChange;

use headroom_domain::Interval;
use headroom_domain::limit::Target;
use serde_json::Value;
use sqlx::{QueryBuilder, Sqlite};

use super::{StoreError, json, time};

/// Spells a value that is one word in JSON, for a column.
fn word<T: serde::Serialize>(value: &T) -> Result<String, StoreError> {
    Ok(json(value)?.trim_matches('"').to_owned())
}

/// Adds ` AND {column} IN (…)`. One variable for all values: a statement may not have more than some thousands.
fn push_any(query: &mut QueryBuilder<Sqlite>, column: &str, values: impl Iterator<Item = String>) {
    let values = values.collect::<Value>().to_string();
    query.push(" AND ").push(column).push(" IN (SELECT value FROM json_each(").push_bind(values).push("))");
}

/// Adds that the column `target` is one of some; nothing when there are none.
fn push_targets(query: &mut QueryBuilder<Sqlite>, targets: &[Target]) {
    if !targets.is_empty() {
        push_any(query, "target", targets.iter().map(ToString::to_string));
    }
}

/// Reads the columns `start` and `end`.
fn interval(row: &sqlx::sqlite::SqliteRow) -> Interval {
    use sqlx::Row;
    Interval { start: time(row.get("start")), end: time(row.get("end")) }
}
