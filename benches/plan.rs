//! The goals of planning, each beside its figure, and others' means beside ours.
//!
//! `cargo bench --profile dev -p headroom-benches --bench plan`; with `-- --quick` a short run that only shows that it
//! works; with `-- --export FOLDER` each problem goes there too, as plain JSON with what we made of it; with
//! `-- --ours feeder-100x20` one problem is planned by us alone, for a profiler to look at.
#![expect(clippy::print_stdout, reason = "a bench talks to whoever runs it")]

use headroom_benches::area::{STEPS, feeder, synthetic};
use headroom_benches::clock::{Measured, measure};
use headroom_benches::plain::{Plain, Score};
use headroom_optimizer::rolling::step;
use headroom_optimizer::snapshot::Snapshot;
use headroom_optimizer::strategies::greedy;
use serde::Serialize;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

mod further;
mod rivals;
mod utility;

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::read()?;
    if let Some(feeders) = arguments.utility {
        return utility::run(feeders, arguments.by_site);
    }
    println!(
        "{STEPS} steps of 15 min; CPU ms of all threads, the median of several runs; cost and kWh missed by one judge"
    );
    println!("{HEADING}");
    let sizes: &[usize] = if arguments.quick { &[50] } else { &[50, 200, 1000] };
    for (&sessions, floors) in sizes.iter().zip([20.0, 25.0, 35.0]) {
        let goals = Goals { floors: Some(floors), ..Goals::default() };
        compare(&arguments, &format!("site-{sessions}"), &synthetic(sessions, 1)?, goals)?;
    }
    let sites = if arguments.quick { 5 } else { 100 };
    let goals = Goals { cpu_ms: Some(30.0), faster_than_lean: 30.0, ..Goals::default() };
    compare(&arguments, &format!("feeder-{sites}x20"), &feeder(sites, 20, 1)?, goals)?;
    if arguments.ours.is_some() {
        return Ok(());
    }
    further::show(arguments.quick, arguments.export.as_deref())?;
    utility::show(arguments.quick)
}

const HEADING: &str = "\nproblem         means          CPU ms        cost  short kWh  over kW   ratio of ours to it";

/// What was asked for.
struct Arguments {
    quick: bool,
    export: Option<PathBuf>,
    /// Only a region of so many feeders, as a process of its own, so that its memory is its own.
    utility: Option<usize>,
    by_site: bool,
    /// Only the problem of this name, planned by us alone.
    ours: Option<String>,
}

impl Arguments {
    fn read() -> anyhow::Result<Self> {
        let mut read = Self { quick: false, export: None, utility: None, by_site: false, ours: None };
        let mut given = std::env::args().skip(1);
        while let Some(argument) = given.next() {
            match argument.as_str() {
                "--quick" | "--test" => read.quick = true,
                "--export" => {
                    read.export = Some(given.next().ok_or_else(|| anyhow::anyhow!("--export FOLDER"))?.into());
                }
                utility::FLAG => read.utility = Some(given.next().unwrap_or_default().parse()?),
                "--ours" => read.ours = given.next(),
                utility::BY_SITE => read.by_site = true,
                _ => {}
            }
        }
        Ok(read)
    }
}

/// What is wanted of a problem.
#[derive(Clone, Copy)]
struct Goals {
    /// At most so many times the greedy floor.
    floors: Option<f64>,
    /// At most so much CPU time.
    cpu_ms: Option<f64>,
    /// So many times faster than the leanest programme.
    faster_than_lean: f64,
}

impl Default for Goals {
    fn default() -> Self {
        Self { floors: None, cpu_ms: None, faster_than_lean: 1.0 }
    }
}

/// One of the means, what it took and what it came to.
#[derive(Serialize)]
struct Line {
    means: &'static str,
    cpu_ms: f64,
    #[serde(flatten)]
    score: Score,
}

impl Line {
    fn new(means: &'static str, measured: Measured, score: Score) -> Self {
        Self { means, cpu_ms: measured.cpu_ms, score }
    }
}

/// A problem with what we made of it, for others to read.
#[derive(Serialize)]
struct Export<'a> {
    name: &'a str,
    problem: &'a Plain,
    lines: &'a [Line],
}

fn compare(arguments: &Arguments, name: &str, area: &Snapshot, goals: Goals) -> anyhow::Result<()> {
    let at_least = if arguments.quick { Duration::ZERO } else { Duration::from_secs(2) };
    if let Some(only) = &arguments.ours {
        if only == name {
            println!("{name:<15} ours          {:>7.2}", measure(at_least, || step(area)).cpu_ms);
        }
        return Ok(());
    }
    let plain = Plain::of(area);
    let lines = [
        Line::new("ours", measure(at_least, || step(area)), plain.score_of(&step(area))),
        Line::new("greedy floor", measure(at_least, || greedy(area)), plain.score_of(&greedy(area))),
        Line::new(
            "plain good_lp",
            measure(at_least, || rivals::textbook(&plain)),
            rivals::score(&plain, rivals::textbook)?,
        ),
        Line::new("HiGHS alone", measure(at_least, || rivals::lean(&plain)), rivals::score(&plain, rivals::lean)?),
    ];
    for line in &lines {
        let Score { cost, short_kwh, over_kw } = line.score;
        let ratio = lines[0].cpu_ms / line.cpu_ms;
        let Line { means, cpu_ms, .. } = line;
        println!("{name:<15} {means:<13} {cpu_ms:>7.2}  {cost:>10.3}  {short_kwh:>9.3}  {over_kw:>7.4}   {ratio:>8.3}");
    }
    judge(name, &lines, goals);
    if let Some(folder) = &arguments.export {
        export(folder, &Export { name, problem: &plain, lines: &lines })?;
    }
    Ok(())
}

/// Says whether a goal was reached.
fn goal(name: &str, what: &str, met: bool) {
    println!("{name:<15} {} {what}", if met { "met:   " } else { "MISSED:" });
}

fn judge(name: &str, [ours, floor, textbook, lean]: &[Line; 4], goals: Goals) {
    let goal = |what: String, met: bool| goal(name, &what, met);
    if let Some(most) = goals.floors {
        let floors = ours.cpu_ms / floor.cpu_ms;
        goal(format!("{floors:.1} times the greedy floor, goal at most {most}"), floors <= most);
    }
    if let Some(most) = goals.cpu_ms {
        goal(format!("{:.1} ms, goal at most {most} ms", ours.cpu_ms), ours.cpu_ms <= most);
    }
    let (faster, least) = (lean.cpu_ms / ours.cpu_ms, goals.faster_than_lean);
    goal(format!("{faster:.2} times as fast as HiGHS alone, goal at least {least}"), faster >= least);
    let faster = textbook.cpu_ms / ours.cpu_ms;
    goal(format!("{faster:.2} times as fast as plain good_lp, goal at least 1"), faster >= 1.0);
    let dearer = 100.0 * (ours.score.cost / lean.score.cost.max(1e-9) - 1.0);
    let missed = ours.score.short_kwh - lean.score.short_kwh;
    goal(
        format!("{dearer:+.3} % of cost and {missed:+.3} kWh missed, goal +0.5 % and none"),
        dearer <= 0.5 && missed < 0.01,
    );
}

/// Writes a problem and what we made of it.
fn export(folder: &Path, export: &Export<'_>) -> anyhow::Result<()> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join(format!("{}.json", export.name)), serde_json::to_string(export)?)?;
    Ok(())
}
