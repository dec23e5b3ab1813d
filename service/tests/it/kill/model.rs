//! What must be there, by all that was answered.

use std::collections::BTreeMap;

use futures::StreamExt;
use headroom_domain::LimitId;
use headroom_domain::limit::{GridLimit, LimitState};
use headroom_grid_api::audit::{Entry, Verifier};
use headroom_grid_api::client::Utility;
use headroom_grid_api::server::AuditQuery;
use headroom_grid_api::{LimitQuery, StatusEvent};

use super::clients::{Asked, Client};
use crate::running::in_time;

/// What was seen of the record; it only grows.
#[derive(Debug, Default)]
pub(super) struct Model {
    audit: Vec<Entry>,
    statuses: Vec<StatusEvent>,
}

/// A limit as it must be there now.
fn expected(asked: &Asked) -> Option<GridLimit> {
    let limit = asked.submitted.answer()?;
    let cancelled = asked.cancelled.as_ref().and_then(|(_, fate)| fate.answer());
    Some(cancelled.unwrap_or(limit).clone())
}

/// How many limits were withdrawn.
pub(super) fn withdrawn(clients: &[Client]) -> usize {
    let asked = clients.iter().flat_map(|client| &client.asked);
    asked.filter_map(expected).filter(|limit| limit.cancelled_at.is_some()).count()
}

impl Model {
    /// Looks at what was asked for since the last look, and at what was added to the audit and told of limits.
    pub(super) async fn look(&mut self, dso: &Utility, clients: &mut [Client]) {
        for client in &mut *clients {
            // The last few before, too: they may have been withdrawn meanwhile.
            for asked in &client.asked[client.looked_at.saturating_sub(8)..] {
                if let Some(expected) = expected(asked) {
                    assert_eq!(dso.get(&expected.id).await.unwrap(), expected);
                }
            }
            client.looked_at = client.asked.len();
        }
        self.follow_statuses(dso, clients).await;
    }

    /// Looks at everything; returns how many limits there are.
    pub(super) async fn look_through(&mut self, dso: &Utility, clients: &[Client]) -> usize {
        let all = LimitQuery { include_cancelled: true, ..LimitQuery::default() };
        let listed = dso.list(&all).await.unwrap();
        let asked = || clients.iter().flat_map(|client| &client.asked);
        let mut wanted: BTreeMap<LimitId, GridLimit> = BTreeMap::new();
        for limit in asked().filter_map(expected) {
            let other = wanted.insert(limit.id.clone(), limit);
            assert_eq!(other, None, "two requests have one limit");
        }
        let found: BTreeMap<_, _> = listed.iter().map(|limit| (limit.id.clone(), limit.clone())).collect();
        assert_eq!(found.len(), listed.len(), "a limit is listed twice");
        assert_eq!(found, wanted, "what is there is what was answered");
        let mut latest: BTreeMap<&str, i64> = BTreeMap::new();
        for limit in &listed {
            let before = latest.insert(&limit.programme, limit.revision);
            assert!(
                before < Some(limit.revision),
                "revisions rise in the order in which limits were accepted: {limit:?}"
            );
        }
        self.audited(dso, clients).await;
        listed.len()
    }

    /// The audit verifies, goes on where it was, and holds each accepted change once.
    async fn audited(&mut self, dso: &Utility, clients: &[Client]) {
        let audit = dso.audit_entries(&AuditQuery::default()).await.unwrap();
        let mut verifier = Verifier::default();
        audit.iter().try_for_each(|entry| verifier.take(entry)).unwrap();
        assert!(audit.starts_with(&self.audit), "what was in the audit has changed");
        let good = audit.iter().filter(|entry| entry.result == "OK");
        let mut told: Vec<_> =
            good.map(|entry| (entry.method.as_str(), entry.request_id.clone(), entry.resource.clone())).collect();
        told.sort();
        let mut wanted = Vec::new();
        for asked in clients.iter().flat_map(|client| &client.asked) {
            let Some(limit) = asked.submitted.answer() else { continue };
            wanted.push(("SubmitLimit", asked.request_id.to_string(), limit.id.to_string()));
            let cancelled = asked.cancelled.as_ref().filter(|(_, fate)| fate.answer().is_some());
            wanted.extend(cancelled.map(|(id, _)| ("CancelLimit", id.to_string(), limit.id.to_string())));
        }
        wanted.sort();
        assert_eq!(told, wanted, "each accepted change is in the audit once");
        self.audit = audit;
    }

    /// Reads what was told of limits since the last look, until every accepted limit was told of.
    async fn follow_statuses(&mut self, dso: &Utility, clients: &[Client]) {
        let accepted = |statuses: &[StatusEvent]| {
            statuses.iter().filter(|event| event.status.state == LimitState::Accepted).count()
        };
        let wanted = clients.iter().flat_map(|client| &client.asked).filter_map(expected).count();
        let after = self.statuses.last().map_or(0, |event| event.sequence);
        let mut events = dso.statuses(after, &[]).await.unwrap().boxed();
        let mut count = accepted(&self.statuses);
        in_time("every accepted limit is told of", async {
            while count < wanted {
                let event = events.next().await.unwrap().unwrap();
                let last = self.statuses.last().map_or(0, |event| event.sequence);
                assert!(event.sequence > last, "the sequence goes back: {event:?} after {last}");
                count += usize::from(event.status.state == LimitState::Accepted);
                self.statuses.push(event);
            }
        })
        .await;
        assert_eq!(count, wanted, "a limit is told of that nobody was answered");
    }
}
