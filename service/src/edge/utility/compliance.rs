//! Telemetry, reports and the audit.

use chrono::{DateTime, TimeDelta, Utc};
use headroom_domain::compliance::{InForce, Question, Report, Sample, report};
use headroom_domain::limit::{EffectiveInterval, GridLimit, LimitInterval, LimitKind, LimitState, Target};
use headroom_domain::{Interval, LimitId, Power, Ratio};
use headroom_grid_api::audit::Entry;
use headroom_grid_api::server::{
    AuditQuery, Caller, ComplianceHost, LimitHost, Page, Refusal, ReportQuery, ReportSubject,
};
use headroom_grid_api::{LimitQuery, TelemetrySample};

use super::samples::{as_samples, energy};
use super::{UtilityEdge, unavailable};
use crate::control::obedience::METER_TOLERANCE;
use crate::control::{SiteContext, span};
use crate::store::{AuditFilter, LimitFilter};

/// The steps that reports are made in: the longest that is not longer than the shortest interval of the limit.
const STEPS: [TimeDelta; 3] = [TimeDelta::minutes(15), TimeDelta::minutes(5), TimeDelta::minutes(1)];

impl ComplianceHost for UtilityEdge {
    async fn telemetry(
        &self,
        caller: &Caller,
        target: &Target,
        window: Interval,
        resolution: TimeDelta,
    ) -> Result<Vec<TelemetrySample>, Refusal> {
        let sites = self.sites(caller, target).await?;
        let steps = self.steps(&sites, window, resolution).await?;
        Ok(steps
            .iter()
            .map(|step| TelemetrySample {
                interval: step.interval,
                import_energy_wh: energy(step),
                export_energy_wh: None,
                mean_import_w: step.mean_w,
                max_import_w: step.max_w,
                quality: step.quality,
                coverage: step.coverage,
            })
            .collect())
    }

    async fn report(&self, caller: &Caller, subject: &ReportSubject) -> Result<Report, Refusal> {
        match subject {
            ReportSubject::Limit(id) => {
                let limit = self.limit(caller, id).await?;
                self.report_of_limit(caller, &limit).await
            }
            ReportSubject::Target(target, window) => self.report_of_target(caller, target, *window).await,
        }
    }

    async fn reports(
        &self,
        caller: &Caller,
        query: &ReportQuery,
        page: &Page<LimitId>,
    ) -> Result<Vec<Report>, Refusal> {
        let now = self.context.clock.now();
        let limits = LimitQuery { target: query.target.clone(), overlaps: query.overlaps, include_cancelled: true };
        // Those that have not begun, or whose place is gone or the caller's no more, are passed over, so that pages are full
        // while there is more.
        let mut page = page.clone();
        let mut reports = Vec::new();
        loop {
            let found = self.limits(caller, &limits, &page).await?;
            let Some(last) = found.last() else { return Ok(reports) };
            page.after = Some(last.id.clone());
            let is_last = found.len() < page.size;
            for limit in found.iter().filter(|limit| span(limit).is_some_and(|span| span.start < now)) {
                match self.report_of_limit(caller, limit).await {
                    Ok(report) => reports.push(report),
                    Err(Refusal::TargetUnknown { .. } | Refusal::NotAuthorised { .. }) => {}
                    Err(refusal) => return Err(refusal),
                }
                if reports.len() == page.size {
                    return Ok(reports);
                }
            }
            if is_last {
                return Ok(reports);
            }
        }
    }

    /// Returns entries of the audit. To a caller that is restricted to some places it tells only of what is about them: such
    /// a list has gaps, as one of a single target has, and does not verify as a chain.
    async fn audit_entries(
        &self,
        caller: &Caller,
        query: &AuditQuery,
        page: &Page<i64>,
    ) -> Result<Vec<Entry>, Refusal> {
        let targets = match &query.target {
            Some(target) => {
                self.sites(caller, target).await?;
                Some(vec![target.clone()])
            }
            None => self.visible_targets(caller).await?,
        };
        // To the record no target means any.
        if targets.as_ref().is_some_and(Vec::is_empty) {
            return Ok(Vec::new());
        }
        let targets = targets.unwrap_or_default();
        let filter = AuditFilter { window: query.window, targets: &targets, resource_prefix: "" };
        let after = page.after.unwrap_or_default();
        let found = self.context.store.audit_entries(&caller.utility, filter, after, page.size).await;
        found.map_err(|error| unavailable(&error))
    }
}

impl UtilityEdge {
    /// A limit is judged by its own numbers where it alone counted, and by what was in force where something looser had taken
    /// its place (a later revision, the guaranteed minimum, a delayed start): who obeys something tighter obeys it too. A test
    /// limit is never obeyed, and not judged.
    async fn report_of_limit(&self, caller: &Caller, limit: &GridLimit) -> Result<Report, Refusal> {
        let now = self.context.clock.now();
        let sites = self.sites(caller, &limit.target).await?;
        let until = limit.cancelled_at.unwrap_or(now).min(now);
        let own = limit.intervals.iter().filter_map(|item| {
            let interval = Interval::new(item.interval.start.max(limit.accepted_at), item.interval.end.min(until))?;
            Some(InForce { interval, maximum_import_w: item.maximum_import_w })
        });
        let own: Vec<_> = own.collect();
        let whole = span(limit).unwrap_or(Interval { start: until, end: until });
        let window = Interval { start: whole.start, end: whole.end.min(until).max(whole.start) };
        let in_force = match limit.kind {
            LimitKind::Test => Vec::new(),
            LimitKind::Scheduled | LimitKind::Emergency => {
                loosened(&own, &self.in_force(caller, &limit.target, window).await?)
            }
        };
        let shortest = limit.intervals.iter().map(|item| item.interval.duration()).min();
        let time_to_in_force_s = self.time_to_in_force(limit, whole.start).await?;
        self.judged(&sites, &limit.target, Some(limit), window, shortest, &in_force, time_to_in_force_s).await
    }

    async fn report_of_target(&self, caller: &Caller, target: &Target, window: Interval) -> Result<Report, Refusal> {
        let now = self.context.clock.now();
        let sites = self.sites(caller, target).await?;
        let window = Interval { start: window.start, end: window.end.min(now).max(window.start) };
        let in_force: Vec<_> = self.in_force(caller, target, window).await?.iter().map(of_piece).collect();
        self.judged(&sites, target, None, window, None, &in_force, None).await
    }

    /// Returns what was in force at a target. That is kept by connection point; of an area it is what its limits stated, each
    /// while it stood.
    async fn in_force(
        &self,
        caller: &Caller,
        target: &Target,
        window: Interval,
    ) -> Result<Vec<EffectiveInterval>, Refusal> {
        if let Target::ConnectionPoint(node) = target {
            let history = self.context.store.in_force_between(node, window).await;
            return history.map_err(|error| unavailable(&error));
        }
        let mut book = self.book_of(window).await?;
        let query = LimitQuery { target: Some(target.clone()), overlaps: Some(window), include_cancelled: true };
        let filter = LimitFilter { query: &query, scope: None, states: &[] };
        let limits = self.context.store.limits_page(&caller.utility, filter, None, usize::MAX).await;
        for limit in limits.map_err(|error| unavailable(&error))?.unwrap_or_default() {
            book.enter(as_it_stood(limit));
        }
        Ok(book.effective_of(target, window))
    }

    #[expect(clippy::too_many_arguments, reason = "a report has so many sides")]
    async fn judged(
        &self,
        sites: &[&SiteContext],
        target: &Target,
        limit: Option<&GridLimit>,
        window: Interval,
        shortest: Option<TimeDelta>,
        in_force: &[InForce],
        time_to_in_force_s: Option<f64>,
    ) -> Result<Report, Refusal> {
        let step = STEPS.into_iter().find(|step| shortest.is_none_or(|shortest| *step <= shortest)).unwrap_or(STEPS[2]);
        let samples: Vec<Sample> = match sites {
            [site] => self.samples(site, window).await?,
            _ => as_samples(&self.steps(sites, window, STEPS[2]).await?),
        };
        Ok(report(&Question {
            target: target.clone(),
            limit: limit.map(|limit| limit.id.clone()),
            window,
            step,
            in_force,
            samples: &samples,
            baseline: &self.baseline(sites, window).await?,
            tolerance: Ratio::from_ratio(METER_TOLERANCE),
            time_to_in_force_s,
        }))
    }

    /// Of several sites the sum, where all were foretold for the same steps.
    async fn baseline(&self, sites: &[&SiteContext], window: Interval) -> Result<Vec<(Interval, Power)>, Refusal> {
        let mut sums: std::collections::BTreeMap<Interval, (usize, Power)> = std::collections::BTreeMap::new();
        for site in sites {
            let found = self.context.store.baselines_between(&site.site.node(), window).await;
            for (interval, power) in found.map_err(|error| unavailable(&error))? {
                let sum = sums.entry(interval).or_default();
                *sum = (sum.0 + 1, sum.1 + power);
            }
        }
        Ok(sums
            .into_iter()
            .filter(|(_, (count, _))| *count == sites.len())
            .map(|(interval, (_, sum))| (interval, sum))
            .collect())
    }

    async fn time_to_in_force(&self, limit: &GridLimit, start: DateTime<Utc>) -> Result<Option<f64>, Refusal> {
        let told = self.context.store.latest_statuses(std::slice::from_ref(&limit.id)).await;
        let status = told.map_err(|error| unavailable(&error))?.pop().map(|event| event.status);
        let begun = start.max(limit.accepted_at);
        let obeyed_at = status
            .filter(|status| !matches!(status.state, LimitState::Accepted | LimitState::Scheduled))
            .and_then(|status| status.expected_in_force_at);
        Ok(obeyed_at.map(|at| headroom_domain::units::seconds(at - begun).max(0.0)))
    }
}

fn of_piece(piece: &EffectiveInterval) -> InForce {
    let maximum_import_w = piece.maximum_import_w.as_ref().map(|(power, _)| *power);
    InForce { interval: piece.interval, maximum_import_w }
}

/// Returns a limit as it counts afterwards: from its acceptance to its withdrawal.
fn as_it_stood(limit: GridLimit) -> GridLimit {
    let cut = |item: &LimitInterval| {
        let Interval { start, end } = item.interval;
        let end = limit.cancelled_at.map_or(end, |cancelled| end.min(cancelled));
        Some(LimitInterval { interval: Interval::new(start.max(limit.accepted_at), end)?, ..*item })
    };
    GridLimit { intervals: limit.intervals.iter().filter_map(cut).collect(), cancelled_at: None, ..limit }
}

/// Returns a limit's own numbers, raised to what was in force where that was known and looser.
fn loosened(own: &[InForce], history: &[EffectiveInterval]) -> Vec<InForce> {
    let mut pieces = Vec::new();
    for stated in own {
        let mut from = stated.interval.start;
        for piece in history {
            let Some(shared) = piece.interval.intersection(&stated.interval) else { continue };
            // Nothing is known of a gap: the service was down, the limit stood.
            pieces.extend(Interval::new(from, shared.start).map(|interval| InForce { interval, ..*stated }));
            let was = of_piece(piece).maximum_import_w;
            let maximum_import_w = stated.maximum_import_w.and_then(|own| was.map(|was| own.max(was)));
            pieces.push(InForce { interval: shared, maximum_import_w });
            from = shared.end;
        }
        pieces.extend(Interval::new(from, stated.interval.end).map(|interval| InForce { interval, ..*stated }));
    }
    pieces
}

#[cfg(test)]
mod tests {
    use headroom_domain::limit::Basis;

    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000 + 60 * minute, 0).unwrap()
    }

    fn own(start: i64, end: i64, kw: f64) -> InForce {
        InForce { interval: Interval { start: at(start), end: at(end) }, maximum_import_w: Some(Power::from_kw(kw)) }
    }

    fn was(start: i64, end: i64, kw: f64) -> EffectiveInterval {
        let basis = Basis::ConnectionCapacity;
        EffectiveInterval {
            interval: Interval { start: at(start), end: at(end) },
            maximum_import_w: Some((Power::from_kw(kw), basis)),
            maximum_export_w: None,
        }
    }

    #[test]
    fn a_limit_is_judged_by_its_own_number_unless_something_looser_was_in_force() {
        let judged = loosened(&[own(0, 60, 10.0)], &[was(0, 20, 50.0), was(20, 40, 10.0), was(40, 50, 5.0)]);
        assert_eq!(judged, [own(0, 20, 50.0), own(20, 40, 10.0), own(40, 50, 10.0), own(50, 60, 10.0)]);
    }

    #[test]
    fn what_was_not_known_of_leaves_the_limit_as_it_was_stated() {
        assert_eq!(loosened(&[own(0, 60, 10.0)], &[]), [own(0, 60, 10.0)]);
        let judged = loosened(&[own(0, 10, 1.0), own(20, 30, 2.0)], &[was(5, 25, 3.0)]);
        assert_eq!(judged, [own(0, 5, 1.0), own(5, 10, 3.0), own(20, 25, 3.0), own(25, 30, 2.0)]);
    }
}
