use chrono::TimeDelta;
use headroom_domain::{Energy, Power};
use headroom_grid_api::server::FlexibilityHost;
use headroom_grid_api::{FlexibilityForecast, LimitImpact};

use super::*;

impl FlexibilityHost for Memory {
    async fn forecast(
        &self,
        caller: &Caller,
        target: &Target,
        _: Interval,
        resolution: TimeDelta,
    ) -> Result<FlexibilityForecast, Refusal> {
        check(caller, target)?;
        let (issued_at, intervals) = (self.clock.now(), self.kept.lock().forecast.clone());
        let valid_until = issued_at + TimeDelta::minutes(5);
        Ok(FlexibilityForecast { target: target.clone(), issued_at, valid_until, resolution, intervals })
    }

    async fn simulate(&self, submission: Submission) -> Result<LimitImpact, Refusal> {
        check(&submission.caller, &submission.draft.target)?;
        let interval = submission.draft.intervals[0].interval;
        self.kept.lock().simulated.push(submission);
        Ok(LimitImpact {
            intervals: vec![(interval, Power::from_w(9000.0), Power::from_w(4000.0))],
            energy_shifted_wh: Energy::from_wh(5000.0),
            energy_not_delivered_wh: Energy::ZERO,
            sessions_short_count: 1,
            cost_delta: Some((-1.25, "EUR".to_owned())),
            warnings: Vec::new(),
        })
    }
}
