//! How a site is steered in a study: a strategy, and what it is told beforehand.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::engine::{ForecastSetting, Strategy};
use crate::world::{SitePlan, StatedPreference};

/// What the controller knows beforehand; from `Learnt` on each knows what the one before knows, and more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Knowledge {
    /// The base load is taken as the site's file states it, whatever is measured.
    Configured,
    /// The base load is forecast from what was measured: as the service does.
    #[default]
    Learnt,
    /// The base load is known.
    Perfect,
    /// Also when each driver leaves and what each needs, from the moment of arrival.
    Drivers,
    /// Also nothing is kept free: no margin under the limit, no room for vehicles yet to come.
    NoMargin,
}

impl Knowledge {
    /// All there are, the least first.
    pub const ALL: [Self; 5] = [Self::Configured, Self::Learnt, Self::Perfect, Self::Drivers, Self::NoMargin];

    /// Returns its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Configured => "configured",
            Self::Learnt => "learnt",
            Self::Perfect => "perfect",
            Self::Drivers => "drivers",
            Self::NoMargin => "no-margin",
        }
    }

    /// Returns what the controller reckons with for the base load.
    pub fn forecast(self) -> ForecastSetting {
        match self {
            Self::Configured => ForecastSetting::Configured,
            Self::Learnt => ForecastSetting::Learnt,
            Self::Perfect | Self::Drivers | Self::NoMargin => ForecastSetting::Perfect,
        }
    }

    /// Returns what is to happen at a site as it is told to the controller.
    pub(super) fn told(self, plan: &Arc<SitePlan>) -> Arc<SitePlan> {
        if self < Self::Drivers {
            return plan.clone();
        }
        let mut plan = SitePlan::clone(plan);
        for session in &mut plan.sessions {
            let profile_type = session.preference.as_ref().map(|said| said.profile_type).unwrap_or_default();
            session.preference = Some(StatedPreference {
                stated_at: session.arrival,
                profile_type,
                departure: Some(session.departure),
                energy_wh: Some(session.needed_wh),
            });
        }
        if self == Self::NoMargin {
            plan.site.margin_kw = 0.0;
            plan.site.defaults.left_to_newcomers = 0.0;
        }
        Arc::new(plan)
    }
}

/// A strategy and what it knows: `optimized`, `optimized/perfect`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Steering {
    /// How the site is steered.
    pub strategy: Strategy,
    /// What is known beforehand.
    pub knows: Knowledge,
}

/// A text that names no steering.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnknownSteering {
    /// The strategy is not known.
    #[error(transparent)]
    Strategy(#[from] crate::engine::UnknownStrategy),
    /// What it is told is not known.
    #[error(
        "`{0}` after the strategy is not known: give one of `configured`, `learnt`, `perfect`, `drivers`, `no-margin`"
    )]
    Knowledge(String),
    /// A strategy that reckons with nothing.
    #[error("`{0}` reckons with no forecast: give it by its name alone")]
    NotSteered(Strategy),
}

impl From<Strategy> for Steering {
    fn from(strategy: Strategy) -> Self {
        Self { strategy, knows: Knowledge::default() }
    }
}

impl FromStr for Steering {
    type Err = UnknownSteering;
    fn from_str(text: &str) -> Result<Self, UnknownSteering> {
        let (strategy, knows) = text.split_once('/').map_or((text, None), |(name, knows)| (name, Some(knows)));
        let strategy: Strategy = strategy.parse()?;
        let Some(name) = knows else { return Ok(strategy.into()) };
        if !strategy.steers() {
            return Err(UnknownSteering::NotSteered(strategy));
        }
        let found = Knowledge::ALL.into_iter().find(|one| one.name() == name);
        let knows = found.ok_or_else(|| UnknownSteering::Knowledge(name.to_owned()))?;
        Ok(Self { strategy, knows })
    }
}

impl fmt::Display for Steering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.knows {
            Knowledge::Learnt => write!(f, "{}", self.strategy),
            knows => write!(f, "{}/{}", self.strategy, knows.name()),
        }
    }
}

impl Serialize for Steering {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Steering {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
