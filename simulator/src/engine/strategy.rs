//! How a site's sessions are steered, by name.

use std::fmt;
use std::str::FromStr;

use headroom_optimizer::strategies::Rule;
use serde::{Deserialize, Serialize};

/// How a site's sessions are steered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// Not at all: every vehicle charges at its most on arrival.
    Uncontrolled,
    /// The room is shared equally among the vehicles present.
    EqualShare,
    /// The vehicles present are served by turns.
    RoundRobin,
    /// Who leaves first is served first: earliest departure first.
    Edf,
    /// Who has the least time to spare is served first: least laxity first.
    Llf,
    /// Needs are laid where the site draws least.
    ValleyFilling,
    /// As the service does.
    Optimized,
    /// At best, had all been known before: no strategy, but the bound for all of them.
    Offline,
}

/// A strategy that is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("strategy `{0}` is not known: give one of {names}", names = Strategy::names())]
pub struct UnknownStrategy(String);

impl Strategy {
    /// All there are, the simplest first.
    pub const ALL: [Self; 8] = [
        Self::Uncontrolled,
        Self::EqualShare,
        Self::RoundRobin,
        Self::Edf,
        Self::Llf,
        Self::ValleyFilling,
        Self::Optimized,
        Self::Offline,
    ];

    /// Returns its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Uncontrolled => "uncontrolled",
            Self::EqualShare => "equal-share",
            Self::RoundRobin => "round-robin",
            Self::Edf => "edf",
            Self::Llf => "llf",
            Self::ValleyFilling => "valley-filling",
            Self::Optimized => "optimized",
            Self::Offline => "offline",
        }
    }

    /// Tells whether a controller tells stations what to do.
    pub fn steers(self) -> bool {
        !matches!(self, Self::Uncontrolled | Self::Offline)
    }

    /// Returns the rule that it serves the present step by, where it looks no further.
    pub(super) fn rule(self) -> Option<Rule> {
        match self {
            Self::EqualShare => Some(Rule::EqualShare),
            Self::RoundRobin => Some(Rule::RoundRobin),
            Self::Edf => Some(Rule::EarliestDeparture),
            Self::Llf => Some(Rule::LeastLaxity),
            Self::Uncontrolled | Self::ValleyFilling | Self::Optimized | Self::Offline => None,
        }
    }

    fn names() -> String {
        Self::ALL.map(|one| format!("`{one}`")).join(", ")
    }
}

impl FromStr for Strategy {
    type Err = UnknownStrategy;
    fn from_str(name: &str) -> Result<Self, UnknownStrategy> {
        Self::ALL.into_iter().find(|one| one.name() == name).ok_or_else(|| UnknownStrategy(name.to_owned()))
    }
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What the controller reckons with for the base load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForecastSetting {
    /// The site's configured value, whatever is measured.
    Configured,
    /// What was learnt of days and hours so far, as the service does.
    #[default]
    Learnt,
    /// What it will be.
    Perfect,
}

/// A forecast setting that is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("forecast `{0}` is not known: give `configured`, `learnt` or `perfect`")]
pub struct UnknownForecast(String);

impl FromStr for ForecastSetting {
    type Err = UnknownForecast;
    fn from_str(name: &str) -> Result<Self, UnknownForecast> {
        let known = [Self::Configured, Self::Learnt, Self::Perfect];
        known.into_iter().find(|one| one.to_string() == name).ok_or_else(|| UnknownForecast(name.to_owned()))
    }
}

impl fmt::Display for ForecastSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Configured => "configured",
            Self::Learnt => "learnt",
            Self::Perfect => "perfect",
        })
    }
}
