//! What the meters of a target measured.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use headroom_domain::compliance::{Quality, Sample, Step, resample};
use headroom_domain::{Energy, Interval, Power, Ratio};

use super::{UtilityEdge, unavailable};
use crate::control::SiteContext;
use crate::store::MeterReading;
use headroom_grid_api::server::Refusal;

/// The longest that one reading may be: what began earlier than this before a window is not looked for.
const READING_MAX: TimeDelta = TimeDelta::hours(1);

impl UtilityEdge {
    /// Returns what a site's meter said that overlaps a window, oldest first.
    pub(super) async fn readings(&self, site: &SiteContext, window: Interval) -> Result<Vec<MeterReading>, Refusal> {
        let since = window.start - READING_MAX;
        let readings = self.context.store.readings_since(&site.site.id, since).await;
        let mut readings = readings.map_err(|error| unavailable(&error))?;
        readings.retain(|reading| reading.interval().intersection(&window).is_some());
        Ok(readings)
    }

    /// Returns what a site's meter measured, as reports take it: its import alone. A reading of export counts as nothing,
    /// before anything is averaged or summed, so that what is fed in at one time or by one site does not hide what is drawn
    /// above a limit at another time or by another site.
    pub(super) async fn samples(&self, site: &SiteContext, window: Interval) -> Result<Vec<Sample>, Refusal> {
        let readings = self.readings(site, window).await?;
        Ok(readings.iter().filter_map(sample).collect())
    }

    /// Returns what all sites together measured in each step of a window; where one was silent, it is missing.
    pub(super) async fn steps(
        &self,
        sites: &[&SiteContext],
        window: Interval,
        resolution: TimeDelta,
    ) -> Result<Vec<Step>, Refusal> {
        let mut together: BTreeMap<Interval, Step> = BTreeMap::new();
        for site in sites {
            let samples = self.samples(site, window).await?;
            for step in resample(&samples, window, resolution) {
                together.entry(step.interval).and_modify(|sum| *sum = added(*sum, step)).or_insert(step);
            }
        }
        Ok(together.into_values().collect())
    }
}

fn sample(reading: &MeterReading) -> Option<Sample> {
    Some(Sample { interval: reading.interval(), import_w: reading.import_w?.or_zero() })
}

fn added(one: Step, other: Step) -> Step {
    let both = |one: Option<Power>, other: Option<Power>| one.zip(other).map(|(one, other)| one + other);
    Step {
        interval: one.interval,
        mean_w: both(one.mean_w, other.mean_w),
        // Highest values need not come at once: their sum is the most that it can have been.
        max_w: both(one.max_w, other.max_w),
        coverage: one.coverage.min(other.coverage),
        quality: one.quality.max(other.quality),
    }
}

/// Returns the energy of a step: of what was measured where it is whole, else nothing.
pub(super) fn energy(step: &Step) -> Option<Energy> {
    let hours = headroom_domain::units::hours(step.interval.duration());
    step.mean_w.filter(|_| step.quality != Quality::Missing).map(|mean| Energy::from_wh(mean.as_w() * hours))
}

/// Returns samples as if one meter had measured all sites.
pub(super) fn as_samples(steps: &[Step]) -> Vec<Sample> {
    let whole = |step: &&Step| step.coverage >= Ratio::from_ratio(0.999);
    steps
        .iter()
        .filter(whole)
        .filter_map(|step| Some(Sample { interval: step.interval, import_w: step.mean_w? }))
        .collect()
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn what_is_fed_in_does_not_hide_what_is_drawn() {
        let half = TimeDelta::seconds(450);
        let start = DateTime::UNIX_EPOCH;
        let reading = |start, kw| {
            let import_w = Some(Power::from_kw(kw));
            sample(&MeterReading { start, end: start + half, import_w, base_load_w: None }).unwrap()
        };
        let window = Interval { start, end: start + half * 2 };
        let steps = resample(&[reading(start, 20.0), reading(start + half, -20.0)], window, TimeDelta::minutes(15));
        assert_eq!(steps.iter().map(|step| step.mean_w).collect::<Vec<_>>(), [Some(Power::from_kw(10.0))]);
    }
}
