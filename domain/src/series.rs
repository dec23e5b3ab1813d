//! A value for every step of a grid.

use serde::{Deserialize, Serialize};

use crate::time::TimeGrid;
use crate::units::{Energy, Power, hours};

/// A value per step. **Shape**: `values().len() == grid().len()`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Series<Q> {
    grid: TimeGrid,
    values: Vec<Q>,
}

/// A series whose number of values is not its number of steps.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a series over {steps} steps was given {values} values: give one per step")]
pub struct LengthError {
    steps: usize,
    values: usize,
}

impl<Q: Clone> Series<Q> {
    /// Makes a series.
    pub fn new(grid: TimeGrid, values: Vec<Q>) -> Result<Self, LengthError> {
        if grid.len() == values.len() {
            Ok(Self { grid, values })
        } else {
            Err(LengthError { steps: grid.len(), values: values.len() })
        }
    }

    /// Makes a series of one value.
    pub fn constant(grid: TimeGrid, value: Q) -> Self {
        let values = vec![value; grid.len()];
        Self { grid, values }
    }

    /// Returns the steps.
    pub fn grid(&self) -> &TimeGrid {
        &self.grid
    }

    /// Returns the values in order.
    pub fn values(&self) -> &[Q] {
        &self.values
    }
}

impl Series<Power> {
    /// Returns the energy of the whole series.
    pub fn energy(&self) -> Energy {
        self.grid.steps().zip(&self.values).map(|(step, power)| *power * step.duration()).sum()
    }

    /// Returns the mean power on the steps of another grid, so that energy is kept where the grids overlap.
    ///
    /// A step that this series does not reach takes the nearest value it has.
    #[must_use]
    pub fn resample(&self, grid: &TimeGrid) -> Self {
        let values = grid.steps().map(|step| self.mean_over(step)).collect();
        Self { grid: grid.clone(), values }
    }

    fn mean_over(&self, window: crate::Interval) -> Power {
        let first = self.grid.edges().partition_point(|edge| *edge <= window.start).saturating_sub(1);
        let mut energy = Energy::ZERO;
        let mut covered_h = 0.0;
        for index in first.min(self.values.len() - 1)..self.values.len() {
            let step = self.grid.step(index);
            if step.start >= window.end {
                break;
            }
            if let Some(shared) = step.intersection(&window) {
                energy += self.values[index] * shared.duration();
                covered_h += hours(shared.duration());
            }
        }
        if covered_h > 0.0 {
            return Power::from_w(energy.as_wh() / covered_h);
        }
        if window.start < self.grid.start() { self.values[0] } else { self.values[self.values.len() - 1] }
    }
}
