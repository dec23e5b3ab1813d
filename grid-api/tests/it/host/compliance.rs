use chrono::TimeDelta;
use headroom_domain::compliance::Quality;
use headroom_domain::{Power, Ratio};
use headroom_grid_api::TelemetrySample;
use headroom_grid_api::server::{AuditQuery, ComplianceHost, Page, ReportQuery, ReportSubject};

use super::*;

impl ComplianceHost for Memory {
    /// 6 kW all the time.
    async fn telemetry(
        &self,
        caller: &Caller,
        target: &Target,
        window: Interval,
        resolution: TimeDelta,
    ) -> Result<Vec<TelemetrySample>, Refusal> {
        check(caller, target)?;
        let power = Power::from_w(6000.0);
        let starts = std::iter::successors(Some(window.start), |start| Some(*start + resolution));
        let sample = |start| TelemetrySample {
            interval: Interval { start, end: start + resolution },
            import_energy_wh: Some(power * resolution),
            export_energy_wh: None,
            mean_import_w: Some(power),
            max_import_w: Some(power),
            quality: Quality::Measured,
            coverage: Ratio::from_ratio(1.0),
        };
        Ok(starts.take_while(|start| *start < window.end).map(sample).collect())
    }

    async fn report(&self, caller: &Caller, subject: &ReportSubject) -> Result<Report, Refusal> {
        let kept = self.kept.lock();
        match subject {
            ReportSubject::Limit(limit) => {
                let found = kept.reports.iter().find(|report| report.limit.as_ref() == Some(limit));
                found.cloned().ok_or_else(|| Refusal::LimitUnknown { limit: limit.clone() })
            }
            ReportSubject::Target(target, window) => {
                check(caller, target)?;
                Ok(Report { limit: None, target: target.clone(), window: *window, ..kept.reports[0].clone() })
            }
        }
    }

    async fn reports(&self, _: &Caller, query: &ReportQuery, page: &Page<LimitId>) -> Result<Vec<Report>, Refusal> {
        let kept = self.kept.lock();
        let asked = |report: &&Report| query.target.as_ref().is_none_or(|target| *target == report.target);
        let all: Vec<_> = kept.reports.iter().filter(asked).cloned().collect();
        let after = page.after.clone().map(Some);
        Ok(part(&all, after.as_ref(), page.size, |report| report.limit.clone()))
    }

    async fn audit_entries(&self, _: &Caller, query: &AuditQuery, page: &Page<i64>) -> Result<Vec<Entry>, Refusal> {
        let kept = self.kept.lock();
        let asked = |entry: &&Entry| query.window.is_none_or(|window| window.contains(entry.at));
        let all: Vec<_> = kept.audit.iter().filter(asked).cloned().collect();
        Ok(part(&all, page.after.as_ref(), page.size, |entry| entry.sequence))
    }
}
