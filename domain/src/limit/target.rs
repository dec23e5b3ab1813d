//! What a limit is for.

use serde::{Deserialize, Serialize};
use std::fmt;

use crate::ids::{AreaId, NodeId};

/// What a limit is for: one connection point, or an area whose connection points share it.
///
/// As text, in JSON too, it is its resource name, `connectionPoints/{id}` or `gridAreas/{id}`; a text without a slash is a
/// connection point.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Target {
    /// A connection point.
    ConnectionPoint(NodeId),
    /// A grid area.
    Area(AreaId),
}

impl Target {
    /// Returns the connection point, if it is one.
    pub fn connection_point(&self) -> Option<&NodeId> {
        match self {
            Self::ConnectionPoint(node) => Some(node),
            Self::Area(_) => None,
        }
    }

    /// Returns the area, if it is one.
    pub fn area(&self) -> Option<&AreaId> {
        match self {
            Self::Area(area) => Some(area),
            Self::ConnectionPoint(_) => None,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ConnectionPoint(node) => write!(f, "connectionPoints/{node}"),
            Self::Area(area) => write!(f, "gridAreas/{area}"),
        }
    }
}

impl From<String> for Target {
    fn from(name: String) -> Self {
        match name.split_once('/') {
            Some(("gridAreas", area)) => Self::Area(AreaId::from(area)),
            Some(("connectionPoints", node)) => Self::ConnectionPoint(NodeId::from(node)),
            _ => Self::ConnectionPoint(NodeId::new(name)),
        }
    }
}

impl From<Target> for String {
    fn from(target: Target) -> Self {
        target.to_string()
    }
}

impl From<NodeId> for Target {
    fn from(node: NodeId) -> Self {
        Self::ConnectionPoint(node)
    }
}

impl From<AreaId> for Target {
    fn from(area: AreaId) -> Self {
        Self::Area(area)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_read_as_it_is_written_and_a_bare_name_is_a_connection_point() {
        for target in [Target::from(NodeId::from("site-a")), Target::from(AreaId::from("feeder-7"))] {
            assert_eq!(Target::from(target.to_string()), target);
        }
        assert_eq!(Target::from("site-a".to_owned()), Target::from(NodeId::from("site-a")));
    }
}
