//! Looking at what a partner would send, without keeping anything.

use chrono::{DateTime, Utc};
use headroom_domain::PartnerId;
use headroom_domain::location::Location;
use headroom_domain::session::Session;
use headroom_domain::tariff::Tariff;
use headroom_ocpi_adapter::roaming::{Cdr, Token};
use headroom_ocpi_adapter::{Interface, Link, LinkError, Platform, Severity};
use serde::{Deserialize, Serialize};

use super::pull::Pulled;
use crate::findings::{Finding, Tally};

/// What a partner would send, and what would have to be forgiven in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LintReport {
    /// The partner.
    pub partner: String,
    /// The lists that were looked at.
    pub modules: Vec<ModuleLint>,
    /// What would have to be forgiven, the gravest first.
    pub findings: Vec<Finding>,
}

/// A list that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModuleLint {
    /// The module.
    pub module: String,
    /// Objects in it.
    pub objects: u64,
    /// Those of them that could not be read at all.
    pub rejected: u64,
    /// Why it could not be looked at to its end.
    pub error: Option<String>,
}

impl LintReport {
    /// Tells whether something would be lost, or could not be looked at.
    pub fn loses(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Loss)
            || self.modules.iter().any(|module| module.error.is_some())
    }
}

/// Pulls the lists of a partner that has a link and keeps nothing.
pub(super) async fn lint(platform: &Platform, partner: &PartnerId, link: &Link, now: DateTime<Utc>) -> LintReport {
    let mut look = Look { platform, partner, link, modules: Vec::new(), tally: Tally::default() };
    look.at::<Location>(now).await;
    look.at::<Tariff>(now).await;
    look.at::<Session>(now).await;
    look.at::<Cdr>(now).await;
    look.at::<Token>(now).await;
    LintReport { partner: partner.to_string(), modules: look.modules, findings: look.tally.findings() }
}

struct Look<'a> {
    platform: &'a Platform,
    partner: &'a PartnerId,
    link: &'a Link,
    modules: Vec<ModuleLint>,
    tally: Tally,
}

impl Look<'_> {
    async fn at<T: Pulled>(&mut self, now: DateTime<Utc>) {
        if self.link.endpoint(&T::MODULE, Interface::Sender).is_none() {
            return;
        }
        let module = T::KIND.module().to_owned();
        let mut seen = ModuleLint { module, objects: 0, rejected: 0, error: None };
        let since = T::HORIZON.map(|horizon| now - horizon);
        let looked = self.pages::<T>(since, &mut seen).await;
        seen.error = looked.err().map(|error| error.to_string());
        self.modules.push(seen);
    }

    async fn pages<T: Pulled>(&mut self, since: Option<DateTime<Utc>>, seen: &mut ModuleLint) -> Result<(), LinkError> {
        let mut pages = T::pages(&self.platform.client(self.partner), since);
        while let Some(page) = pages.next().await {
            let page = page?;
            for object in &page.objects {
                self.tally.add(&seen.module, &object.raw, &object.warnings);
            }
            for object in &page.rejected {
                self.tally.add(&seen.module, &object.raw, &object.warnings);
            }
            seen.rejected += page.rejected.len() as u64;
            seen.objects += (page.objects.len() + page.rejected.len()) as u64;
        }
        Ok(())
    }
}
