//! The stream of forecasts.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;
use headroom_domain::limit::Target;

use super::{Poured, Tap};
use crate::convert::flexibility::forecast_to_proto;
use crate::model::ForecastInterval;
use crate::proto;
use crate::server::desk::Desk;
use crate::server::host::{Caller, UtilityHost};
use crate::server::request::flexibility::ForecastStream;
use crate::server::status::Paths;

/// Of each target at most one forecast in this time, by the server's clock.
const EVERY: TimeDelta = TimeDelta::minutes(1);

/// Gives the forecast of each target at once, and again when it has changed, at most once a minute.
pub(in crate::server) async fn forecasts<H: UtilityHost>(
    desk: Arc<Desk<H>>,
    caller: Caller,
    asked: ForecastStream,
    mut tap: Tap<proto::StreamForecastsResponse>,
) -> Poured {
    let mut news = desk.host.news();
    let mut told: BTreeMap<&Target, Vec<ForecastInterval>> = BTreeMap::new();
    loop {
        news.mark_unchanged();
        let now = desk.now();
        let window = asked.window(now);
        for target in &asked.targets {
            let answer = desk.host.forecast(&caller, target, window, asked.resolution);
            let forecast = desk.ask(Paths::TARGETS, answer).await?;
            if told.get(target) != Some(&forecast.intervals) {
                let shown = forecast_to_proto(&forecast);
                tap.give(proto::StreamForecastsResponse { forecast: Some(shown) }, None).await?;
                told.insert(target, forecast.intervals);
            }
        }
        tap.news(&mut news).await?;
        while desk.now() - now < EVERY {
            tap.pause(now + EVERY - desk.now()).await?;
        }
    }
}
