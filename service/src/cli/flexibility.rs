//! `headroom flexibility`: what places will draw, how far that can be moved, and what a limit would change.

use std::path::PathBuf;

use chrono::TimeDelta;
use clap::Args;
use headroom_domain::limit::Target;
use headroom_domain::units::seconds;
use headroom_grid_api::{FlexibilityForecast, LimitDraft, LimitImpact};
use serde_json::Value;
use uuid::Uuid;

use super::Outcome;
use super::limits::submit::Filling;
use super::sheet::{Format, Sheet, instant, number, show_all, watt_hours, watts, word};
use super::utility::{Connection, Session, Window, call, target};

/// Which place, when, and what if.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    format: Format,
    /// `connectionPoints/ID` or `gridAreas/ID`.
    #[arg(value_parser = target, required_unless_present = "simulate", conflicts_with = "simulate")]
    target: Option<Target>,
    #[command(flatten)]
    window: Window,
    /// Length of a step, in seconds.
    #[arg(long, default_value_t = 900, value_parser = clap::value_parser!(u32).range(60..=86_400))]
    resolution: u32,
    /// Show instead what each limit of a file would change; nothing is recorded. For the file see `headroom limits submit`.
    #[arg(long)]
    simulate: Option<PathBuf>,
    #[command(flatten)]
    filling: Filling,
}

pub(super) async fn run(arguments: Arguments) -> anyhow::Result<Outcome> {
    let Arguments { connection, format, target, window, resolution, simulate, filling } = arguments;
    let Session { utility, info, .. } = connection.open().await?;
    if let Some(path) = simulate {
        let mut sheets = Vec::new();
        for planned in filling.read(&path, Some(info.server_time.timestamp()))? {
            // Nothing is recorded, so the request needs no name that lasts.
            let impact = call(|| utility.simulate(&planned.draft, Uuid::new_v4())).await?;
            sheets.push(effect(&planned.draft, &impact));
        }
        show_all("limits", &sheets, format)?;
    } else if let Some(target) = target {
        let window = window.ahead(info.server_time)?;
        let resolution = TimeDelta::seconds(resolution.into());
        let forecast = call(|| utility.forecast(&target, window, resolution)).await?;
        outlook(&forecast).show(format)?;
    }
    Ok(Outcome::Done)
}

fn outlook(forecast: &FlexibilityForecast) -> Sheet<10> {
    let columns = [
        "start_time",
        "end_time",
        "baseline_import_w",
        "baseline_p10_w",
        "baseline_p90_w",
        "minimum_import_w",
        "maximum_import_w",
        "energy_floor_wh",
        "energy_ceiling_wh",
        "session_count",
    ];
    Sheet::new("intervals", columns)
        .fact("target", forecast.target.to_string())
        .fact("issue_time", instant(forecast.issued_at))
        .fact("valid_until_time", instant(forecast.valid_until))
        .fact("resolution_s", number(seconds(forecast.resolution)))
        .rows(forecast.intervals.iter().map(|step| {
            [
                instant(step.interval.start),
                instant(step.interval.end),
                watts(Some(step.baseline_w)),
                watts(Some(step.baseline_p10_w)),
                watts(Some(step.baseline_p90_w)),
                watts(Some(step.minimum_w)),
                watts(Some(step.maximum_w)),
                watt_hours(Some(step.energy_floor_wh)),
                watt_hours(Some(step.energy_ceiling_wh)),
                step.session_count.into(),
            ]
        }))
}

fn effect(draft: &LimitDraft, impact: &LimitImpact) -> Sheet<6> {
    let columns = ["target", "start_time", "end_time", "planned_import_before_w", "planned_import_after_w", "change_w"];
    let target = draft.target.to_string();
    let (amount, currency) = impact.cost_delta.as_ref().map(|(amount, currency)| (*amount, currency.as_str())).unzip();
    let warnings: Vec<_> =
        impact.warnings.iter().map(|warning| format!("{} {}", warning.code, warning.message)).collect();
    let mut sheet = Sheet::new("intervals", columns)
        .fact("target", target.as_str())
        .fact("programme", draft.programme.as_str())
        .fact("kind", word(&draft.kind))
        .fact("energy_shifted_wh", watt_hours(Some(impact.energy_shifted_wh)))
        .fact("energy_not_delivered_wh", watt_hours(Some(impact.energy_not_delivered_wh)))
        .fact("sessions_short_count", impact.sessions_short_count)
        .fact("cost_delta", amount.map_or(Value::Null, number))
        .fact("currency", currency);
    if !warnings.is_empty() {
        sheet = sheet.fact("warnings", warnings.join("; "));
    }
    sheet.rows(impact.intervals.iter().map(|(interval, before, after)| {
        let times = [instant(interval.start), instant(interval.end)];
        let [start, end] = times;
        [target.as_str().into(), start, end, watts(Some(*before)), watts(Some(*after)), watts(Some(*after - *before))]
    }))
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use headroom_domain::limit::{LimitKind, Terms};
    use headroom_domain::{Energy, Interval, NodeId, Power};
    use headroom_grid_api::{ForecastInterval, LimitWarning};

    use super::*;

    fn hour() -> Interval {
        Interval { start: DateTime::UNIX_EPOCH, end: DateTime::UNIX_EPOCH + TimeDelta::hours(1) }
    }

    fn campus() -> Target {
        Target::from(NodeId::from("campus"))
    }

    #[test]
    fn a_forecast_is_told_with_its_bands_and_how_far_it_can_be_moved() {
        let step = ForecastInterval {
            interval: hour(),
            baseline_w: Power::from_w(50_000.0),
            baseline_p10_w: Power::from_w(40_000.0),
            baseline_p90_w: Power::from_w(60_000.0),
            minimum_w: Power::from_w(10_000.0),
            maximum_w: Power::from_w(90_000.0),
            energy_floor_wh: Energy::from_wh(1_000.0),
            energy_ceiling_wh: Energy::from_wh(80_000.0),
            session_count: 12,
        };
        let forecast = FlexibilityForecast {
            target: campus(),
            issued_at: DateTime::UNIX_EPOCH,
            valid_until: hour().end,
            resolution: TimeDelta::hours(1),
            intervals: vec![step],
        };
        let csv = outlook(&forecast).text(Format { csv: true, json: false }).unwrap();
        let row = "1970-01-01T00:00:00Z,1970-01-01T01:00:00Z,50000,40000,60000,10000,90000,1000,80000,12";
        assert_eq!(csv.lines().nth(1), Some(row));
        let table = outlook(&forecast).text(Format::default()).unwrap();
        assert!(table.starts_with("target            connectionPoints/campus\n"), "{table}");
    }

    #[test]
    fn what_a_limit_would_change_is_told_with_its_price_and_warnings() {
        let draft = LimitDraft {
            target: campus(),
            programme: "doe".to_owned(),
            kind: LimitKind::Scheduled,
            revision: 1,
            intervals: Vec::new(),
            reason: String::new(),
            terms: Terms::default(),
        };
        let mut impact = LimitImpact {
            intervals: vec![(hour(), Power::from_w(9_000.0), Power::from_w(4_200.0))],
            energy_shifted_wh: Energy::from_wh(4_800.0),
            energy_not_delivered_wh: Energy::ZERO,
            sessions_short_count: 0,
            cost_delta: Some((1.25, "EUR".to_owned())),
            warnings: Vec::new(),
        };
        let json: Value =
            serde_json::from_str(&effect(&draft, &impact).text(Format { json: true, csv: false }).unwrap()).unwrap();
        assert_eq!((&json["cost_delta"], &json["currency"]), (&1.25.into(), &"EUR".into()));
        assert_eq!(json["intervals"][0]["change_w"], -4_800);
        assert!(json.get("warnings").is_none());
        impact.cost_delta = None;
        impact.warnings.push(LimitWarning { code: "W".to_owned(), interval_index: None, message: "low".to_owned() });
        let table = effect(&draft, &impact).text(Format::default()).unwrap();
        assert!(table.contains("cost_delta               -\n") && table.contains("W low"), "{table}");
    }
}
