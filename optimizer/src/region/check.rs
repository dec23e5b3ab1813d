//! What a region must keep before anything is planned on it.

use crate::snapshot::{NodeBaseLoad, SnapshotError};

use super::Region;

/// Something in a region that cannot be: the field, the rule and the remedy.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RegionError {
    /// An area that cannot be planned on.
    #[error("`areas[{area}].snapshot`: {error}")]
    Area {
        /// Which area.
        area: usize,
        /// What is wrong with it.
        error: SnapshotError,
    },
    /// An area of another time.
    #[error("`areas[{area}].snapshot` has another `now` or `grid` than the first area: plan all at one instant")]
    Time {
        /// Which area.
        area: usize,
    },
    /// A node that is not in the tree.
    #[error("`{field}` names `{node}`, which is not in `tree`: add the node or correct the name")]
    UnknownNode {
        /// Path of the field.
        field: String,
        /// The missing node.
        node: String,
    },
    /// A node with two entries.
    #[error("`limits` has `{node}` twice: give each node one entry")]
    Duplicate {
        /// The node.
        node: String,
    },
    /// A list that does not have a value per step.
    #[error("`{field}` has {values} values over {steps} steps: give one per step of the areas' grid")]
    Length {
        /// Path of the field.
        field: String,
        /// Steps of the grid.
        steps: usize,
        /// Values given.
        values: usize,
    },
    /// A limit of a kind that is only kept within areas.
    #[error("node `{node}` above the areas has a rated current per phase: state its import limit in W instead")]
    Phases {
        /// The node.
        node: String,
    },
}

impl Region {
    /// Checks that the region can be planned on.
    ///
    /// **Errors**: the first field that breaks a rule.
    pub fn check(&self) -> Result<(), RegionError> {
        for (index, area) in self.areas.iter().enumerate() {
            area.snapshot.check().map_err(|error| RegionError::Area { area: index, error })?;
            self.check_node(&format!("areas[{index}].above"), area.above.as_str())?;
            let first = &self.areas[0].snapshot;
            if area.snapshot.now != first.now || area.snapshot.grid != first.grid {
                return Err(RegionError::Time { area: index });
            }
        }
        let mut limited = std::collections::BTreeSet::new();
        for (index, limits) in self.limits.iter().enumerate() {
            self.check_node(&format!("limits[{index}].node"), limits.node.as_str())?;
            if !limited.insert(&limits.node) {
                return Err(RegionError::Duplicate { node: limits.node.to_string() });
            }
        }
        for (index, base) in self.base_load.iter().enumerate() {
            self.check_base_load(&format!("base_load[{index}]"), base)?;
        }
        let by_phase = |node: &&headroom_domain::grid::GridNode| node.rating.maximum_phase_current_a.is_some();
        match self.tree.nodes().iter().find(by_phase) {
            Some(node) => Err(RegionError::Phases { node: node.id.to_string() }),
            None => Ok(()),
        }
    }

    /// Returns the number of steps; none without areas.
    pub(super) fn steps(&self) -> usize {
        self.areas.first().map_or(0, |area| area.snapshot.grid.len())
    }

    fn check_node(&self, field: &str, node: &str) -> Result<(), RegionError> {
        match self.tree.position(&node.into()) {
            Some(_) => Ok(()),
            None => Err(RegionError::UnknownNode { field: field.to_owned(), node: node.to_owned() }),
        }
    }

    fn check_base_load(&self, field: &str, base: &NodeBaseLoad) -> Result<(), RegionError> {
        self.check_node(&format!("{field}.node"), base.node.as_str())?;
        for (name, values) in [("guard_w", base.guard_w.len()), ("expected_w", base.expected_w.len())] {
            if values != self.steps() {
                return Err(RegionError::Length { field: format!("{field}.{name}"), steps: self.steps(), values });
            }
        }
        Ok(())
    }
}
