//! Why a session got what it got. Every curtailment has one.

use serde::{Deserialize, Serialize};
use std::fmt;

use crate::ids::NodeId;
use crate::limit::Basis;

/// What held a session back, or why it charges as it does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Reason {
    /// A node had no room left.
    NodeLimit {
        /// Where.
        node: NodeId,
        /// Whose limit.
        basis: Basis,
    },
    /// A node's last room is kept for vehicles that are yet to come.
    KeptForArrivals {
        /// Where.
        node: NodeId,
    },
    /// The base load alone takes up a node's limit.
    BaseLoad {
        /// Where.
        node: NodeId,
    },
    /// The vehicle gives back while energy is dear.
    GivesBack,
    /// Energy is cheaper at another time before departure.
    CheaperLater,
    /// Energy is cleaner at another time before departure, and the driver asked for that.
    CleanerLater,
    /// The energy needed is already delivered.
    NeedMet,
    /// The connector, cable or vehicle takes no more.
    ConnectorLimit,
    /// The stay is too short for the energy needed, even at full power.
    StayTooShort,
    /// Less is left than the least current that a vehicle takes (6 A, IEC 61851-1).
    BelowMinimumCurrent,
    /// An increase waits until the reductions that pay for it are acknowledged.
    WaitingForAcknowledgement,
    /// The station refused or did not answer; others give way.
    StationSilent,
    /// The EVSE takes no charging profiles: the session is carried as load.
    NotSteerable,
    /// The plan ran out of time and a simpler rule shared the room.
    Fallback,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NodeLimit { node, basis: Basis::Limit(limit) } => write!(f, "grid limit at {node} ({limit})"),
            Self::NodeLimit { node, basis: Basis::ConnectionCapacity } => write!(f, "capacity of {node}"),
            Self::NodeLimit { node, basis: Basis::SafeMode { utility } } => {
                write!(f, "safe mode at {node} ({utility})")
            }
            Self::NodeLimit { node, basis: Basis::GuaranteedMinimum } => write!(f, "guaranteed minimum of {node}"),
            Self::KeptForArrivals { node } => write!(f, "room of {node} kept for who is yet to come"),
            Self::BaseLoad { node } => write!(f, "base load takes up {node}"),
            Self::GivesBack => f.write_str("gives back while it is dear"),
            Self::CheaperLater => f.write_str("cheaper later"),
            Self::CleanerLater => f.write_str("cleaner later"),
            Self::NeedMet => f.write_str("need met"),
            Self::ConnectorLimit => f.write_str("connector or vehicle limit"),
            Self::StayTooShort => f.write_str("stay too short"),
            Self::BelowMinimumCurrent => f.write_str("less left than the minimum current"),
            Self::WaitingForAcknowledgement => f.write_str("waiting for others' acknowledgement"),
            Self::StationSilent => f.write_str("station silent or refusing"),
            Self::NotSteerable => f.write_str("not steerable"),
            Self::Fallback => f.write_str("fallback share"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_names_whose_limit_it_was() {
        let told = |basis| Reason::NodeLimit { node: "site-a".into(), basis }.to_string();
        assert_eq!(told(Basis::Limit("dso/1".into())), "grid limit at site-a (dso/1)");
        assert_eq!(told(Basis::ConnectionCapacity), "capacity of site-a");
        assert_eq!(told(Basis::SafeMode { utility: "dso".to_owned() }), "safe mode at site-a (dso)");
        assert_eq!(told(Basis::GuaranteedMinimum), "guaranteed minimum of site-a");
    }
}
