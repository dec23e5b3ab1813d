//! Signals on the steps of a plan.

use chrono::{DateTime, Utc};
use headroom_domain::series::Series;
use headroom_domain::units::hours;
use headroom_domain::{CarbonIntensity, EnergyPrice, Interval, Power, TimeGrid};

use super::{Signal, SignalRow, SignalUnit};

/// A signal that does not fill a grid.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SeriesError {
    /// It has another unit.
    #[error("`{name}` is in {unit}, not {asked}: choose a signal of that unit")]
    Unit {
        /// The signal.
        name: String,
        /// Its unit.
        unit: SignalUnit,
        /// What was asked for.
        asked: &'static str,
    },
    /// It has no value somewhere.
    #[error("`{name}` has no value from {from} on: choose a window that it covers")]
    NotCovered {
        /// The signal.
        name: String,
        /// The first instant without value.
        from: DateTime<Utc>,
    },
}

impl Signal {
    /// Returns what was known of it at an instant: of each interval the latest issue until then.
    ///
    /// Rows without a time of issue are measurements, known when their interval has ended.
    #[must_use]
    pub fn known_at(&self, at: DateTime<Utc>) -> Self {
        let known = |row: &&SignalRow| row.issued_at.unwrap_or(row.interval.end) <= at;
        let rows = latest(self.rows.iter().filter(known));
        Self {
            name: self.name.clone(),
            unit: self.unit.clone(),
            rows,
            time_zone: self.time_zone,
            source: self.source.clone(),
        }
    }

    /// Returns the mean power on the steps of a grid; energy is kept. **Errors**: see [`SeriesError`].
    pub fn powers(&self, grid: &TimeGrid) -> Result<Series<Power>, SeriesError> {
        self.unit_is(self.unit == SignalUnit::Kw, "kW")?;
        self.series(grid, |kw| Power::try_new(kw * 1000.0).unwrap_or_default())
    }

    /// Returns the mean price on the steps of a grid. **Errors**: see [`SeriesError`].
    pub fn prices(&self, grid: &TimeGrid) -> Result<Series<EnergyPrice>, SeriesError> {
        self.unit_is(matches!(self.unit, SignalUnit::PricePerKwh { .. }), "money per kWh")?;
        self.series(grid, |price| EnergyPrice::try_new(price).unwrap_or_default())
    }

    /// Returns the mean carbon intensity on the steps of a grid. **Errors**: see [`SeriesError`].
    pub fn carbon(&self, grid: &TimeGrid) -> Result<Series<CarbonIntensity>, SeriesError> {
        self.unit_is(self.unit == SignalUnit::GPerKwh, "g/kWh")?;
        self.series(grid, |carbon| CarbonIntensity::try_new(carbon).unwrap_or_default())
    }

    fn unit_is(&self, good: bool, asked: &'static str) -> Result<(), SeriesError> {
        if good { Ok(()) } else { Err(SeriesError::Unit { name: self.name.clone(), unit: self.unit.clone(), asked }) }
    }

    fn series<Q: Clone>(&self, grid: &TimeGrid, quantity: impl Fn(f64) -> Q) -> Result<Series<Q>, SeriesError> {
        let rows = latest(self.rows.iter());
        let mut values = Vec::with_capacity(grid.len());
        for step in grid.steps() {
            let mean =
                mean_over(&rows, step).map_err(|from| SeriesError::NotCovered { name: self.name.clone(), from })?;
            values.push(quantity(mean));
        }
        // One value per step was made just now.
        Series::new(grid.clone(), values)
            .map_err(|_| SeriesError::NotCovered { name: self.name.clone(), from: grid.start() })
    }
}

/// Keeps the latest issue of each interval. The rows are sorted by interval, then issue.
fn latest<'a>(rows: impl Iterator<Item = &'a SignalRow>) -> Vec<SignalRow> {
    let mut kept: Vec<SignalRow> = Vec::new();
    for row in rows {
        match kept.last_mut() {
            Some(last) if last.interval.start == row.interval.start => *last = *row,
            _ => kept.push(*row),
        }
    }
    kept
}

/// Returns the mean over a step, weighted by time. **Errors**: the first instant without value.
fn mean_over(rows: &[SignalRow], step: Interval) -> Result<f64, DateTime<Utc>> {
    let first = rows.partition_point(|row| row.interval.end <= step.start);
    let (mut sum, mut until) = (0.0, step.start);
    for row in &rows[first..] {
        let (Some(value), true) = (row.value, row.interval.start <= until) else { break };
        let end = row.interval.end.min(step.end);
        sum += value * hours(end - until);
        until = end;
        if until >= step.end {
            return Ok(sum / hours(step.duration()));
        }
    }
    Err(until)
}
