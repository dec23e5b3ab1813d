//! Who calls.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use headroom_domain::limit::Target;
use serde::{Deserialize, Serialize};

/// What a principal may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Submit and withdraw limits, set safe modes and areas, send heartbeats.
    Submit,
    /// See limits, forecasts, reports and the audit.
    Read,
    /// Submit limits of the kind TEST, and what is only validated or simulated.
    Test,
}

/// The roles of a principal.
pub type Roles = BTreeSet<Role>;

/// An authenticated caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Who it is, for the audit: the certificate's subject and SHA-256 fingerprint, or how its token is called. No secret.
    pub principal: String,
    /// The utility it speaks for.
    pub utility: String,
    /// What it may do.
    pub roles: Roles,
    /// Which of the utility's places it may see and limit; absent: all of them. An area stands for its members too.
    pub scope: Option<BTreeSet<Target>>,
    /// When what it showed ends to let it in; absent: it does not end.
    pub valid_until: Option<Expiry>,
}

/// The end of what lets a caller in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expiry {
    /// First instant at which it is turned away.
    pub at: DateTime<Utc>,
    /// What is over then.
    pub credential: Credential,
}

/// What a caller shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// Its client certificate.
    Certificate,
    /// A token that is bound to it.
    Token,
}

impl Caller {
    /// Tells whether it may do what a role allows.
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }
}
