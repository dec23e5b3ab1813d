//! What is told of a site and of a session at one instant.

use chrono::{DateTime, Utc};
use headroom_domain::ids::SessionId;
use headroom_domain::units::Power;

/// Some numbers of one thing at one instant, as a time-series database takes them.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    pub(super) measurement: &'static str,
    pub(super) at: DateTime<Utc>,
    pub(super) tags: Vec<(&'static str, String)>,
    pub(super) fields: Vec<(&'static str, f64)>,
}

/// What is known of a site at an instant. What is not known, or not stated, is `None` and is not written: 0 means zero.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct SiteReadings {
    /// What the site draws beside steered sessions.
    pub base_load: Option<Power>,
    /// What the whole site draws.
    pub load: Option<Power>,
    /// The limit in force.
    pub limit: Option<Power>,
    /// What the plan lets the steered sessions draw.
    pub plan: Option<Power>,
}

impl Point {
    /// Returns the point of a site: measurement `site`, fields `base_load_w`, `load_w`, `limit_w`, `plan_w`.
    pub fn site(at: DateTime<Utc>, site: &str, readings: SiteReadings) -> Self {
        let fields = [
            ("base_load_w", readings.base_load),
            ("load_w", readings.load),
            ("limit_w", readings.limit),
            ("plan_w", readings.plan),
        ];
        Self { measurement: "site", at, tags: vec![("site", tag(site))], fields: known(fields) }
    }

    /// Returns the point of a session: measurement `session`, fields `power_w` and `allowed_w`.
    pub fn session(
        at: DateTime<Utc>,
        site: &str,
        session: &SessionId,
        power: Option<Power>,
        allowed: Option<Power>,
    ) -> Self {
        let tags = vec![("site", tag(site)), ("session", tag(session.as_str()))];
        Self { measurement: "session", at, tags, fields: known([("power_w", power), ("allowed_w", allowed)]) }
    }

    /// Tells whether it says nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }
}

fn known<const N: usize>(fields: [(&'static str, Option<Power>); N]) -> Vec<(&'static str, f64)> {
    fields.into_iter().filter_map(|(name, power)| Some((name, power?.as_w()))).collect()
}

/// Makes a name from outside fit for a tag: line protocol has no way to write a line break, a final backslash or nothing,
/// and the server refuses a whole batch for one such line.
fn tag(name: &str) -> String {
    if name.is_empty() {
        return "_".to_owned();
    }
    name.chars().map(|c| if c.is_control() || c == '\\' { '_' } else { c }).collect()
}
