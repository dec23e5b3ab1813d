//! What operators read: badges and reasons in words, beside the structure that machines read.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use headroom_domain::limit::Basis;
use headroom_domain::reason::Reason;
use headroom_domain::{NodeId, PartnerId, Power};
use serde::{Deserialize, Serialize};

/// How much a badge matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    Information,
    /// Something is not as it should be, and the service copes.
    Warning,
    /// Someone should act.
    Alarm,
}

/// What is out of the ordinary at a site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum BadgeKind {
    /// The utility's limit is what holds sessions back.
    LimitedByGrid {
        /// Until when, where it is known.
        until: Option<DateTime<Utc>>,
    },
    /// Stations keep to the safe rate.
    SafeMode {
        /// Since when.
        since: DateTime<Utc>,
    },
    /// A partner has not been heard of.
    PartnerSilent {
        /// Which.
        partner: PartnerId,
        /// Since when.
        since: DateTime<Utc>,
    },
    /// The utility has not been heard of.
    UtilitySilent {
        /// Its name.
        utility: String,
        /// Since when.
        since: DateTime<Utc>,
    },
    /// The site's meter has not been heard of: the base load is only forecast.
    MeterSilent {
        /// Since when.
        since: DateTime<Utc>,
    },
    /// The base load alone breaks a limit: no vehicle can help.
    BaseLoadAboveLimit {
        /// Where.
        node: NodeId,
        /// From when.
        from: DateTime<Utc>,
        /// By how much.
        excess_w: Power,
    },
    /// The plan in force is the simple rule's.
    FallbackPlan,
}

/// A badge of a site: how much it matters, in words, and as structure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Badge {
    /// How much it matters.
    pub severity: Severity,
    /// In words, with times in the site's time zone.
    pub text: String,
    /// As structure.
    #[serde(flatten)]
    pub kind: BadgeKind,
}

impl Badge {
    /// Puts a badge into words.
    pub fn new(kind: BadgeKind, now: DateTime<Utc>, time_zone: Tz) -> Self {
        let time = |at| local_time(at, now, time_zone);
        let (severity, text) = match &kind {
            BadgeKind::LimitedByGrid { until: Some(until) } => {
                (Severity::Information, format!("limited by grid until {}", time(*until)))
            }
            BadgeKind::LimitedByGrid { until: None } => (Severity::Information, "limited by grid".to_owned()),
            BadgeKind::SafeMode { since } => (Severity::Alarm, format!("safe mode since {}", time(*since))),
            BadgeKind::PartnerSilent { partner, since } => {
                (Severity::Warning, format!("partner {partner} silent for {}", duration(now - *since)))
            }
            BadgeKind::UtilitySilent { utility, since } => {
                (Severity::Warning, format!("utility {utility} silent for {}", duration(now - *since)))
            }
            BadgeKind::MeterSilent { since } => {
                (Severity::Warning, format!("site meter silent for {}", duration(now - *since)))
            }
            BadgeKind::BaseLoadAboveLimit { node, from, excess_w } => {
                let from = if *from <= now { "now".to_owned() } else { format!("from {}", time(*from)) };
                (
                    Severity::Alarm,
                    format!("base load alone is {:.1} kW above the limit of {node} {from}", excess_w.as_kw()),
                )
            }
            BadgeKind::FallbackPlan => (Severity::Warning, "shared by the simple rule, not optimised".to_owned()),
        };
        Self { severity, text, kind }
    }
}

/// Returns a time of day, with the weekday when it is not today's.
fn local_time(at: DateTime<Utc>, now: DateTime<Utc>, time_zone: Tz) -> String {
    let (at, now) = (at.with_timezone(&time_zone), now.with_timezone(&time_zone));
    let format = if at.date_naive() == now.date_naive() { "%H:%M" } else { "%a %H:%M" };
    at.format(format).to_string()
}

fn duration(length: TimeDelta) -> String {
    match length.num_minutes() {
        minutes if minutes < 1 => format!("{} s", length.num_seconds().max(0)),
        minutes if minutes < 60 => format!("{minutes} min"),
        minutes => format!("{} h {} min", minutes / 60, minutes % 60),
    }
}

/// Why a session gets no more: in words, and as structure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReasonView {
    /// In words.
    pub text: String,
    /// As structure.
    #[serde(flatten)]
    pub reason: Reason,
}

impl ReasonView {
    /// Puts a reason into words for the page of a site, whose own name it leaves away.
    pub fn new(reason: Reason, site_id: &str) -> Self {
        let text = match &reason {
            Reason::NodeLimit { node, basis } => match (basis, place_within(node, site_id)) {
                (Basis::Limit(_), None) => "held back by the grid limit".to_owned(),
                (Basis::Limit(_), Some(place)) => format!("held back by the grid limit of {place}"),
                (Basis::SafeMode { utility }, _) => {
                    format!("{utility} has stated no limit, or is silent: its default holds")
                }
                (Basis::GuaranteedMinimum, None) => "held back to the guaranteed minimum".to_owned(),
                (Basis::GuaranteedMinimum, Some(place)) => format!("held back to the guaranteed minimum of {place}"),
                (Basis::ConnectionCapacity, None) => "the connection is fully used".to_owned(),
                (Basis::ConnectionCapacity, Some(place)) => format!("{place} is fully used"),
            },
            Reason::KeptForArrivals { .. } => "room is kept for vehicles that are yet to come".to_owned(),
            Reason::BaseLoad { node } => match place_within(node, site_id) {
                None => "base load takes all the room".to_owned(),
                Some(place) => format!("base load takes all the room of {place}"),
            },
            Reason::GivesBack => "gives back while energy is dear".to_owned(),
            Reason::CheaperLater => "waits for cheaper energy".to_owned(),
            Reason::CleanerLater => "waits for cleaner energy".to_owned(),
            Reason::NeedMet => "has the energy it needs".to_owned(),
            Reason::ConnectorLimit => "as fast as connector and vehicle can".to_owned(),
            Reason::StayTooShort => "stay too short for the energy needed".to_owned(),
            Reason::BelowMinimumCurrent => "less room left than 6 A".to_owned(),
            Reason::WaitingForAcknowledgement => "waits until others confirm that they gave way".to_owned(),
            Reason::StationSilent => "station does not answer".to_owned(),
            Reason::NotSteerable => "takes no charging profiles".to_owned(),
            Reason::Fallback => "shared by the simple rule".to_owned(),
        };
        Self { text, reason }
    }
}

/// Returns a place as its site calls it; `None` for the connection point, and the whole name for a place elsewhere.
fn place_within<'a>(node: &'a NodeId, site_id: &str) -> Option<&'a str> {
    let name = node.as_str();
    match name.strip_prefix(site_id) {
        Some("") => None,
        Some(rest) => Some(rest.strip_prefix('/').unwrap_or(name)),
        None => Some(name),
    }
}
