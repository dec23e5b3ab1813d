//! The audit: a chain of entries for each utility and one of the operator. The database itself refuses to change or remove
//! entries, or to write them anywhere but at the end.

use chrono::{DateTime, Utc};
use headroom_domain::Interval;
use headroom_domain::limit::Target;
use headroom_grid_api::audit::{Broken, Entry, Verifier, hex};
use sha2::{Digest, Sha256};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{QueryBuilder, Row};

use super::push_targets;
use super::record::Change;
use crate::store::queue::Apart;
use crate::store::{OPERATOR_CHAIN, Store, StoreError, text, time};

/// How many entries are read at a time to verify a chain.
const VERIFIED_TOGETHER: usize = 1000;

/// What is to be written down; its place in the chain is found when it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditNote {
    /// The utility whose chain it is for, or [`OPERATOR_CHAIN`].
    pub chain: String,
    /// When; to the millisecond.
    pub at: DateTime<Utc>,
    /// Who.
    pub principal: String,
    /// The call, for example `SubmitLimit`.
    pub method: String,
    /// The caller's name for its request; may be empty.
    pub request_id: String,
    /// The resource that it changed, or would have.
    pub resource: String,
    /// SHA-256 of the content of the request, in hexadecimal.
    pub request_sha256: String,
    /// `OK`, or the gRPC code and the reason of the refusal.
    pub result: String,
    /// The place that it is about. It is beside the chain: no hash covers it.
    pub target: Option<Target>,
}

impl AuditNote {
    /// Tells of a change that was made.
    pub(super) fn of_change(change: &Change) -> Self {
        Self {
            chain: change.utility.clone(),
            at: change.at,
            principal: change.principal.clone(),
            method: change.method.clone(),
            request_id: change.request_id.clone(),
            resource: change.resource.clone(),
            request_sha256: change.hash.clone(),
            result: "OK".to_owned(),
            target: change.target.clone(),
        }
    }

    /// Tells of what the operator did; the detail is the content of the request, and follows the result when there is some.
    pub(in crate::store) fn of_operator(
        at: DateTime<Utc>,
        principal: &str,
        action: &str,
        resource: &str,
        detail: &str,
    ) -> Self {
        Self {
            chain: OPERATOR_CHAIN.to_owned(),
            at,
            principal: principal.to_owned(),
            method: action.to_owned(),
            request_id: String::new(),
            resource: resource.to_owned(),
            request_sha256: hex(&Sha256::digest(detail.as_bytes())),
            result: format!("OK {detail}").trim_end().to_owned(),
            target: None,
        }
    }

    fn entry(&self) -> Entry {
        Entry {
            sequence: 0,
            at: self.at,
            principal: self.principal.clone(),
            method: self.method.clone(),
            request_id: self.request_id.clone(),
            resource: self.resource.clone(),
            request_sha256: self.request_sha256.clone(),
            result: self.result.clone(),
            previous_hash: String::new(),
            hash: String::new(),
        }
    }
}

impl Apart for AuditNote {
    type Answer = ();

    async fn record(&self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        append(connection, self).await
    }
}

/// Which entries of a chain are asked for; the default is all.
#[derive(Debug, Clone, Copy, Default)]
pub struct AuditFilter<'a> {
    /// Only entries of this window.
    pub window: Option<Interval>,
    /// Only entries about one of these places; empty: about any, or none.
    pub targets: &'a [Target],
    /// Only entries about resources whose names begin so.
    pub resource_prefix: &'a str,
}

/// Why a chain could not be verified.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// It could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It was tampered with.
    #[error("the audit has been tampered with: {0}")]
    Broken(#[from] Broken),
}

impl Store {
    /// Writes something down in the audit by itself, on disk when this returns: a change writes its own entry.
    pub async fn append_audit(&self, note: AuditNote) -> Result<(), StoreError> {
        self.queues.notes.record(note).await
    }

    /// Returns at most `size` entries of a chain after a sequence number, in order.
    pub async fn audit_entries(
        &self,
        chain: &str,
        filter: AuditFilter<'_>,
        after: i64,
        size: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let mut query = QueryBuilder::new("SELECT * FROM audit_entry WHERE chain = ");
        query.push_bind(chain).push(" AND sequence > ").push_bind(after);
        if let Some(window) = filter.window {
            query.push(" AND at >= ").push_bind(text(window.start)).push(" AND at < ").push_bind(text(window.end));
        }
        push_targets(&mut query, filter.targets);
        if !filter.resource_prefix.is_empty() {
            let prefix = filter.resource_prefix;
            query.push(" AND substr(resource, 1, length(").push_bind(prefix).push(")) = ").push_bind(prefix);
        }
        query.push(" ORDER BY sequence LIMIT ").push_bind(i64::try_from(size).unwrap_or(i64::MAX));
        Ok(query.build().fetch_all(&self.reads).await?.iter().map(read).collect())
    }

    /// Returns the names of all chains: utilities, and [`OPERATOR_CHAIN`].
    pub async fn audit_chains(&self) -> Result<Vec<String>, StoreError> {
        let rows = sqlx::query("SELECT DISTINCT chain FROM audit_entry ORDER BY chain").fetch_all(&self.reads).await?;
        Ok(rows.iter().map(|row| row.get("chain")).collect())
    }

    /// Follows a chain from its beginning; returns how many entries it has and the hash of the last.
    pub async fn verify_audit(&self, chain: &str) -> Result<(i64, String), AuditError> {
        let mut verifier = Verifier::default();
        loop {
            let after = verifier.head().0;
            let entries = self.audit_entries(chain, AuditFilter::default(), after, VERIFIED_TOGETHER).await?;
            if entries.is_empty() {
                let (count, hash) = verifier.head();
                return Ok((count, hash.to_owned()));
            }
            entries.iter().try_for_each(|entry| verifier.take(entry))?;
        }
    }
}

/// Appends to a chain, in the transaction of what is told of.
pub(super) async fn append(connection: &mut SqliteConnection, note: &AuditNote) -> Result<(), StoreError> {
    let sql = "SELECT sequence, hash FROM audit_entry WHERE chain = ? ORDER BY sequence DESC LIMIT 1";
    let last = sqlx::query(sql).bind(&note.chain).fetch_optional(&mut *connection).await?;
    let entry = note.entry().chained(last.as_ref().map(|row| (row.get("sequence"), row.get("hash"))));
    sqlx::query(
        "INSERT INTO audit_entry (chain, sequence, at, principal, method, request_id, resource, request_sha256, result, \
         previous_hash, hash, target) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&note.chain)
    .bind(entry.sequence)
    .bind(text(entry.at))
    .bind(&entry.principal)
    .bind(&entry.method)
    .bind(&entry.request_id)
    .bind(&entry.resource)
    .bind(&entry.request_sha256)
    .bind(&entry.result)
    .bind(&entry.previous_hash)
    .bind(&entry.hash)
    .bind(note.target.as_ref().map(ToString::to_string))
    .execute(connection)
    .await?;
    Ok(())
}

fn read(row: &SqliteRow) -> Entry {
    Entry {
        sequence: row.get("sequence"),
        at: time(row.get("at")),
        principal: row.get("principal"),
        method: row.get("method"),
        request_id: row.get("request_id"),
        resource: row.get("resource"),
        request_sha256: row.get("request_sha256"),
        result: row.get("result"),
        previous_hash: row.get("previous_hash"),
        hash: row.get("hash"),
    }
}
