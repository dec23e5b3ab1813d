//! The quirks of a partner, as data.

use headroom_domain::Current;
use serde::{Deserialize, Serialize};

use crate::station::RateUnit;

/// How tokens stand in the `Authorization` header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenForm {
    /// In Base64, as OCPI asks since 2.2-d2.
    #[default]
    Base64,
    /// As they are, as partners of 2.1.1 and older ones of 2.2 expect.
    Plain,
}

/// Which forms of tokens are taken from a partner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Accepted {
    /// Either.
    #[default]
    Both,
    /// Base64 only.
    Base64,
    /// Plain only.
    Plain,
}

impl Accepted {
    /// Tells whether a form is taken.
    pub(crate) fn allows(self, form: TokenForm) -> bool {
        match self {
            Self::Both => true,
            Self::Base64 => form == TokenForm::Base64,
            Self::Plain => form == TokenForm::Plain,
        }
    }
}

/// Another path under which a partner calls us. Of two that fit, the longer one counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alias {
    /// How the partner's path begins, below the path of our public URL, for example `2.2/emsp` or `2.2.1/sessions`.
    pub path: String,
    /// What that means, as our own path, for example `2.2/receiver` or `2.2.1/receiver/sessions`.
    pub means: String,
}

/// So many requests per second, and so many at once after a pause.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Requests per second, in the long run; at least 0.001.
    pub per_second: f64,
    /// Requests at once; at least 1.
    pub burst: u32,
}

/// Bounds on the time within which a partner promises a result (`timeout` of an answer to a profile).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timeouts {
    /// It is waited at least so many seconds, whatever the partner says.
    pub floor_s: u32,
    /// It is waited at most so many seconds, whatever the partner says.
    pub cap_s: u32,
}

impl Timeouts {
    /// Returns a time-out within the bounds. The cap counts where the two contradict each other.
    pub(crate) fn bound(self, timeout_s: u32) -> u32 {
        timeout_s.max(self.floor_s).min(self.cap_s)
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { floor_s: 0, cap_s: u32::MAX }
    }
}

/// What becomes of the ids of drivers (token uids, contract ids) in what a partner sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DriverIds {
    /// They are replaced by a salted hash before anything is done with an object: the same driver is still the same.
    #[default]
    Hash,
    /// They are kept as they are, because the contract with this partner needs them.
    Keep,
}

/// The quirks of a partner, as data. The default is what OCPI 2.2.1 says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a quirk of its own, and they go together in any way")]
pub struct Dialect {
    /// How tokens are sent to it.
    pub token_form: TokenForm,
    /// How it may send tokens.
    pub accepts: Accepted,
    /// How it may send tokens with the results of profiles (below `sender/chargingprofiles`), which some hubs send
    /// in another form than all else.
    pub accepts_in_callbacks: Accepted,
    /// The addresses that we make below its endpoints end in a slash.
    pub trailing_slash: bool,
    /// Single objects in our answers are wrapped in a list, as it expects. From it, both are always accepted.
    pub wraps_data: bool,
    /// Other paths under which it calls us.
    pub aliases: Vec<Alias>,
    /// How fast we may call it; absent: as fast as need be. Requests beyond wait for their turn.
    pub pace: Option<Rate>,
    /// Bounds on the time-outs that it names.
    pub timeouts: Timeouts,
    /// The unit of profiles, whatever the connector; absent: amperes on AC, watts on DC.
    pub rate_unit: Option<RateUnit>,
    /// Its EVSEs take profiles even where they do not say so.
    pub assume_profile_capable: bool,
    /// A limit above zero and below this is sent as zero: no vehicle charges with less.
    pub minimum_a: Current,
    /// Its stations take a limit of zero as a pause. Where they do not, plans must stay at or above `minimum_a`.
    pub may_pause: bool,
    /// It passes on objects of parties that are not its own, as hubs do (hubs may in any case).
    pub forwards: bool,
    /// What becomes of the ids of drivers that it sends; absent: hashed where we are a smart charging service, which has
    /// no use for who drives, and kept where we are anything else.
    pub driver_ids: Option<DriverIds>,
}

impl Default for Dialect {
    fn default() -> Self {
        Self {
            token_form: TokenForm::Base64,
            accepts: Accepted::Both,
            accepts_in_callbacks: Accepted::Both,
            trailing_slash: false,
            wraps_data: false,
            aliases: Vec::new(),
            pace: None,
            timeouts: Timeouts::default(),
            rate_unit: None,
            assume_profile_capable: false,
            minimum_a: Current::ZERO,
            may_pause: true,
            forwards: false,
            driver_ids: None,
        }
    }
}
