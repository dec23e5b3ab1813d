//! `headroom compliance`: whether limits were obeyed, and what the meters measure.

use std::pin::pin;

use anyhow::{Context as _, bail};
use chrono::{DateTime, TimeDelta, Utc};
use clap::{Args, Subcommand};
use futures::StreamExt as _;
use headroom_domain::compliance::Report;
use headroom_domain::limit::Target;
use headroom_grid_api::TelemetrySample;
use headroom_grid_api::server::{ReportQuery, ReportSubject};
use serde_json::Value;

use super::Outcome;
use super::limits::named;
use super::sheet::{Format, Lines, Sheet, instant, number, watt_hours, watts, word};
use super::utility::{Connection, Moment, Session, Window, call, explained, target};

/// What to judge.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    format: Format,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Judge one limit, or everything that held at a place over a window, as far as it is over.
    Report {
        /// The limit: its name, or what follows the last slash of it.
        #[arg(long, required_unless_present = "target", conflicts_with_all = ["target", "from", "to", "hours"])]
        limit: Option<String>,
        /// `connectionPoints/ID` or `gridAreas/ID`; over the last 24 hours unless said otherwise.
        #[arg(long, value_parser = target)]
        target: Option<Target>,
        #[command(flatten)]
        window: Window,
    },
    /// Show the verdict on every limit that has begun.
    List {
        /// Only limits of this place.
        #[arg(long, value_parser = target)]
        target: Option<Target>,
        #[command(flatten)]
        window: Window,
    },
    /// Show what meters measure, as it happens, until Ctrl-C.
    Telemetry(TelemetryArguments),
}

/// Which meters.
#[derive(Debug, Args)]
struct TelemetryArguments {
    /// `connectionPoints/ID` or `gridAreas/ID`; may be several.
    #[arg(value_parser = target, required = true)]
    targets: Vec<Target>,
    /// Length of a step, in seconds.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(10..=86_400))]
    resolution: u32,
    /// Begin with the step that holds this instant; otherwise with the one that ends next.
    #[arg(long)]
    from: Option<Moment>,
    /// End after so many samples.
    #[arg(long)]
    samples: Option<usize>,
}

pub(super) async fn run(arguments: Arguments) -> anyhow::Result<Outcome> {
    let Arguments { connection, format, command } = arguments;
    let session = connection.open().await?;
    let Session { utility, name, info } = &session;
    match command {
        Command::Report { limit, target, window } => {
            let subject = match (limit, target) {
                (Some(limit), _) => ReportSubject::Limit(named(name, &limit)),
                (None, Some(target)) => ReportSubject::Target(target, window.back(info.server_time)?),
                (None, None) => bail!("name a limit with --limit or a place with --target"),
            };
            report(&call(|| utility.report(&subject)).await?).show(format)?;
        }
        Command::List { target, window } => {
            let overlaps = window.stated().map(|window| window.back(info.server_time)).transpose()?;
            let query = ReportQuery { overlaps, target };
            verdicts(&call(|| utility.reports(&query)).await?).show(format)?;
        }
        Command::Telemetry(arguments) => telemetry(&session, arguments, format).await?,
    }
    Ok(Outcome::Done)
}

async fn telemetry(session: &Session, arguments: TelemetryArguments, format: Format) -> anyhow::Result<()> {
    let TelemetryArguments { targets, resolution, from, samples: most } = arguments;
    let start = from.map(|from| from.at(session.info.server_time));
    let resolution = TimeDelta::seconds(resolution.into());
    let mut samples = pin!(call(|| session.utility.telemetry(&targets, resolution, start)).await?);
    let columns = [
        "target",
        "start_time",
        "end_time",
        "import_energy_wh",
        "export_energy_wh",
        "mean_import_w",
        "max_import_w",
        "quality",
        "coverage_ratio",
    ];
    let mut lines = Lines::new(columns, format);
    let mut told_until: Option<DateTime<Utc>> = None;
    for _ in 0..most.unwrap_or(usize::MAX) {
        let sample = tokio::select! {
            sample = samples.next() => sample,
            stopped = tokio::signal::ctrl_c() => return Ok(stopped?),
        };
        let go_on =
            || told_until.map(|until| format!("; go on with --from {}", until.to_rfc3339())).unwrap_or_default();
        let sample = sample.transpose().map_err(explained).with_context(|| format!("the stream was cut{}", go_on()))?;
        let Some((target, sample)) = sample else { bail!("the server ended the stream{}", go_on()) };
        if !lines.tell(&measured(&target, &sample))? {
            return Ok(());
        }
        told_until = Some(sample.interval.end);
    }
    Ok(())
}

fn measured(target: &Target, sample: &TelemetrySample) -> [Value; 9] {
    [
        target.to_string().into(),
        instant(sample.interval.start),
        instant(sample.interval.end),
        watt_hours(sample.import_energy_wh),
        watt_hours(sample.export_energy_wh),
        watts(sample.mean_import_w),
        watts(sample.max_import_w),
        word(&sample.quality),
        number(sample.coverage.as_ratio()),
    ]
}

fn report(report: &Report) -> Sheet<10> {
    let columns = [
        "start_time",
        "end_time",
        "limit_import_w",
        "mean_import_w",
        "max_import_w",
        "baseline_import_w",
        "breach_energy_wh",
        "quality",
        "coverage_ratio",
        "verdict",
    ];
    Sheet::new("intervals", columns)
        .fact("target", report.target.to_string())
        .fact("limit", report.limit.as_ref().map(ToString::to_string))
        .fact("start_time", instant(report.window.start))
        .fact("end_time", instant(report.window.end))
        .fact("verdict", word(&report.verdict))
        .fact("time_to_in_force_s", report.time_to_in_force_s.map_or(Value::Null, number))
        .fact("method_version", report.method_version.as_str())
        .rows(report.intervals.iter().map(|step| {
            [
                instant(step.interval.start),
                instant(step.interval.end),
                watts(step.limit_import_w),
                watts(step.mean_import_w),
                watts(step.max_import_w),
                watts(step.baseline_import_w),
                watt_hours(Some(step.breach_energy_wh)),
                word(&step.quality),
                number(step.coverage.as_ratio()),
                word(&step.verdict),
            ]
        }))
}

/// Shows reports, a row each.
fn verdicts(reports: &[Report]) -> Sheet<7> {
    let columns = ["limit", "target", "start_time", "end_time", "verdict", "breach_energy_wh", "time_to_in_force_s"];
    Sheet::new("reports", columns).rows(reports.iter().map(|report| {
        let breach_wh = report.intervals.iter().map(|step| step.breach_energy_wh).sum();
        [
            report.limit.as_ref().map(ToString::to_string).into(),
            report.target.to_string().into(),
            instant(report.window.start),
            instant(report.window.end),
            word(&report.verdict),
            watt_hours(Some(breach_wh)),
            report.time_to_in_force_s.map_or(Value::Null, number),
        ]
    }))
}

#[cfg(test)]
mod tests {
    use headroom_domain::compliance::{Quality, ReportInterval, Verdict};
    use headroom_domain::{Energy, Interval, NodeId, Power, Ratio};

    use super::*;

    fn hour() -> Interval {
        Interval { start: DateTime::UNIX_EPOCH, end: DateTime::UNIX_EPOCH + TimeDelta::hours(1) }
    }

    fn breach() -> Report {
        let step = ReportInterval {
            interval: hour(),
            limit_import_w: Some(Power::from_w(4_200.0)),
            mean_import_w: Some(Power::from_w(5_000.0)),
            max_import_w: None,
            baseline_import_w: None,
            breach_energy_wh: Energy::from_wh(800.0),
            quality: Quality::Estimated,
            coverage: Ratio::from_ratio(0.95),
            verdict: Verdict::Breach,
        };
        Report {
            target: Target::from(NodeId::from("campus")),
            limit: Some("utilities/dso/limits/1".into()),
            window: hour(),
            verdict: Verdict::Breach,
            intervals: vec![step, step],
            time_to_in_force_s: Some(12.5),
            method_version: "1".to_owned(),
        }
    }

    #[test]
    fn a_report_has_a_row_for_each_step_and_says_the_verdict_first() {
        let csv = report(&breach()).text(Format { csv: true, json: false }).unwrap();
        let row = "1970-01-01T00:00:00Z,1970-01-01T01:00:00Z,4200,5000,,,800,ESTIMATED,0.95,BREACH";
        assert_eq!(csv.lines().nth(1), Some(row));
        let table = report(&breach()).text(Format::default()).unwrap();
        assert!(table.contains("verdict             BREACH\ntime_to_in_force_s  12.5\n"), "{table}");
    }

    #[test]
    fn reports_are_listed_with_all_their_energy_above_the_limit() {
        let csv = verdicts(&[breach()]).text(Format { csv: true, json: false }).unwrap();
        let row =
            "utilities/dso/limits/1,connectionPoints/campus,1970-01-01T00:00:00Z,1970-01-01T01:00:00Z,BREACH,1600,12.5";
        assert_eq!(csv.lines().nth(1), Some(row));
    }

    #[test]
    fn what_was_not_measured_is_left_open() {
        let sample = TelemetrySample {
            interval: hour(),
            import_energy_wh: None,
            export_energy_wh: None,
            mean_import_w: None,
            max_import_w: None,
            quality: Quality::Missing,
            coverage: Ratio::ZERO,
        };
        let row = measured(&breach().target, &sample);
        assert!(row[3..7].iter().all(Value::is_null), "{row:?}");
        assert_eq!((&row[7], &row[8]), (&"MISSING".into(), &0.into()));
    }
}
