//! What the operator is shown of partners.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use headroom_domain::PartnerId;
use headroom_ocpi_adapter::{Partner, Registration, Role};
use serde::{Deserialize, Serialize};

use super::Admin;
use crate::findings::{Finding, Weights};
use crate::store::{KeptRejected, Kind, PullProgress, StoreError};

/// A partner.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PartnerView {
    /// What we call it.
    pub name: String,
    /// `registered`, `invited` or `none`.
    pub state: String,
    /// The version of OCPI that both speak.
    pub version: Option<String>,
    /// Who stands behind it, each with its role.
    pub parties: Vec<String>,
    /// When the link was made or renewed.
    pub registered_at: Option<DateTime<Utc>>,
    /// When it last called or answered.
    pub last_seen: Option<DateTime<Utc>>,
    /// When a list of it was last pulled to its end.
    pub last_pulled: Option<DateTime<Utc>>,
    /// How far the pulls of its lists are.
    pub pulls: Vec<PullView>,
    /// What is kept of it.
    pub kept: Vec<KeptView>,
    /// How much had to be forgiven.
    pub warnings: Weights,
    /// What it is: the gravest and most frequent first.
    pub findings: Vec<Finding>,
    /// Profile requests whose fate is open.
    pub open_requests: u64,
}

/// Objects of a partner that are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptView {
    /// The module.
    pub module: String,
    /// How many there are.
    pub objects: u64,
}

/// How far the pulls of a list are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullView {
    /// The module.
    pub module: String,
    /// Everything changed before is here.
    pub good_until: Option<DateTime<Utc>>,
    /// When the last full pull that ended well began.
    pub full_at: Option<DateTime<Utc>>,
    /// Objects of the pull that is under way.
    pub under_way: Option<u64>,
    /// Why the last try failed.
    pub error: Option<String>,
}

/// What was wrong with what a partner sent, to be sent to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The partner.
    pub partner: String,
    /// Who reports.
    pub reported_by: String,
    /// The version of OCPI that both speak.
    pub version: Option<String>,
    /// Who stands behind the partner, each with its role.
    pub parties: Vec<String>,
    /// When this was written.
    pub written_at: DateTime<Utc>,
    /// From the first to the last warning.
    pub period: Option<Period>,
    /// How much had to be forgiven.
    pub warnings: Weights,
    /// What it is: the gravest and most frequent first.
    pub findings: Vec<Finding>,
    /// Objects that cannot be read, as last sent.
    pub rejected: Vec<RejectedView>,
}

/// A stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    /// The first.
    pub from: DateTime<Utc>,
    /// The last.
    pub to: DateTime<Utc>,
}

/// An object that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectedView {
    /// The module.
    pub module: String,
    /// Its id, where it has one.
    pub id: String,
    /// When it was last sent.
    pub at: DateTime<Utc>,
    /// Why it cannot be read.
    pub reason: String,
}

impl From<KeptRejected> for RejectedView {
    fn from(kept: KeptRejected) -> Self {
        Self { module: kept.module, id: kept.id, at: kept.at, reason: kept.reason }
    }
}

/// Returns all partners, by name.
pub(super) async fn partners(admin: &Admin) -> Result<Vec<PartnerView>, StoreError> {
    let store = &admin.context.store;
    let (seen, open) = (store.partners_seen().await?, store.open_requests().await?);
    let counts = store.object_counts().await?;
    let mut views = Vec::new();
    for partner in admin.platform.partners() {
        let mut pulls = Vec::new();
        let mut last_pulled = None;
        for kind in Kind::ALL {
            let progress = store.pull_progress(&partner.id, kind).await?;
            last_pulled = last_pulled.max(progress.done_at);
            pulls.extend((progress != PullProgress::default()).then(|| pull(kind, progress)));
        }
        let findings = store.findings(&partner.id).await?;
        views.push(PartnerView {
            name: partner.id.to_string(),
            state: state(&partner).to_owned(),
            version: version(&partner),
            parties: parties(&partner),
            registered_at: partner.link().map(|link| link.registered_at),
            last_seen: seen.get(&partner.id).copied(),
            last_pulled,
            pulls,
            kept: Kind::ALL.into_iter().filter_map(|kind| kept(&counts, &partner.id, kind)).collect(),
            warnings: Weights::of(&findings),
            findings,
            open_requests: open.get(&partner.id).copied().unwrap_or_default(),
        });
    }
    Ok(views)
}

/// Returns what was wrong with what a partner sent.
pub(super) async fn report(admin: &Admin, partner: &Partner) -> Result<Report, StoreError> {
    let store = &admin.context.store;
    let findings = store.findings(&partner.id).await?;
    let from = findings.iter().filter_map(|finding| finding.first_seen).min();
    let to = findings.iter().filter_map(|finding| finding.last_seen).max();
    let us = admin.platform.config();
    Ok(Report {
        partner: partner.id.to_string(),
        reported_by: format!("{} ({})", us.business_name, us.party),
        version: version(partner),
        parties: parties(partner),
        written_at: admin.now(),
        period: from.zip(to).map(|(from, to)| Period { from, to }),
        warnings: Weights::of(&findings),
        findings,
        rejected: store.rejected(&partner.id).await?.into_iter().map(RejectedView::from).collect(),
    })
}

fn kept(counts: &BTreeMap<(PartnerId, String), u64>, partner: &PartnerId, kind: Kind) -> Option<KeptView> {
    let objects = *counts.get(&(partner.clone(), kind.as_str().to_owned()))?;
    Some(KeptView { module: kind.module().to_owned(), objects })
}

fn pull(kind: Kind, progress: PullProgress) -> PullView {
    PullView {
        module: kind.module().to_owned(),
        good_until: progress.good_until,
        full_at: progress.full_at,
        under_way: progress.under_way.map(|under_way| under_way.objects),
        error: progress.error,
    }
}

fn state(partner: &Partner) -> &'static str {
    match partner.registration {
        Registration::None => "none",
        Registration::Invited { .. } => "invited",
        Registration::Registered(_) => "registered",
    }
}

fn version(partner: &Partner) -> Option<String> {
    partner.link().map(|link| link.version.to_string())
}

fn parties(partner: &Partner) -> Vec<String> {
    let parties = partner.link().map_or(&[][..], |link| &link.parties);
    parties.iter().map(|one| format!("{} {}", one.party, role(&one.role))).collect()
}

fn role(role: &Role) -> &str {
    match role {
        Role::Cpo => "CPO",
        Role::Emsp => "EMSP",
        Role::Hub => "HUB",
        Role::Nap => "NAP",
        Role::Nsp => "NSP",
        Role::Scsp => "SCSP",
        Role::Other(name) => name,
    }
}
