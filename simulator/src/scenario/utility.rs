//! What a utility will ask of a site: a limit for the day, and a tighter one at noon that is announced shortly before.

use chrono::NaiveTime;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{DateTime, Interval, LimitInterval, LimitSubmission, Power, Site, TimeDelta, Utc, UtilityPlan};

/// What the utility leaves to the vehicles, as shares of the power that they would draw together on arrival.
const DAY_SHARE: f64 = 0.65;
const NOON_SHARE: f64 = 0.4;

/// How long before it begins the tighter limit is announced.
const NOTICE: TimeDelta = TimeDelta::minutes(15);

/// Makes the submissions of a day for a site whose base load and vehicles have these peaks.
pub(super) fn day(seed: u64, site: &Site, window: Interval, base_peak: Power, steered_peak: Power) -> UtilityPlan {
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    let limit = |share: f64| Power::from_kw((base_peak + steered_peak * share).as_kw().floor());
    let local = |hour, minute| at_local(site, window, hour, minute);
    let day = Interval { start: local(7, 0), end: local(20, 0) };
    let noon = Interval { start: local(12, 30), end: local(14, 30) };
    let mut submission = |submit_at, revision, reason: &str, interval, limit| LimitSubmission {
        submit_at,
        request_id: uuid::Builder::from_random_bytes(chance.random()).into_uuid(),
        programme: "doe".to_owned(),
        revision,
        reason: reason.to_owned(),
        intervals: vec![LimitInterval { interval, maximum_import_w: Some(limit), maximum_export_w: None }],
    };
    let submissions = vec![
        submission(window.start + TimeDelta::minutes(30), 1, "operating envelope of the day", day, limit(DAY_SHARE)),
        submission(noon.start - NOTICE, 2, "feeder overload expected at noon", noon, limit(NOON_SHARE)),
    ];
    UtilityPlan { name: "dso-1".to_owned(), submissions }
}

/// Returns the first instant of a window at which local clocks show a time; the start where none does.
fn at_local(site: &Site, window: Interval, hour: u32, minute: u32) -> DateTime<Utc> {
    let wanted = NaiveTime::from_hms_opt(hour, minute, 0).unwrap_or_default();
    let minutes = (0..window.duration().num_minutes()).map(|minute| window.start + TimeDelta::minutes(minute));
    let shows = |at: &DateTime<Utc>| at.with_timezone(&site.time_zone).time() == wanted;
    minutes.into_iter().find(shows).unwrap_or(window.start)
}
