//! `headroom report`: a study's results as one page that needs nothing else.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use headroom_simulator::study::{Comparison, Estimate, Report, ScenarioReport, read_results, write_results};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::Outcome;
use crate::http::chart_library;

/// What to report.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The folder that `headroom simulate --manifest … --out` filled.
    folder: PathBuf,
    /// The page; otherwise report.html in the folder.
    #[arg(long)]
    out: Option<PathBuf>,
}

/// How the page draws: a day per scenario, and how many sessions missed how much.
const SCRIPT: &str = include_str!("report.js");
const STYLE: &str = include_str!("report.css");

pub(super) fn run(arguments: Arguments) -> anyhow::Result<Outcome> {
    let results = read_results(&arguments.folder)?;
    write_results(&arguments.folder.join("results.parquet"), &results)?;
    let page = page(&Report::new(&results))?.into_string();
    let path = arguments.out.unwrap_or_else(|| arguments.folder.join("report.html"));
    std::fs::write(&path, page).with_context(|| format!("writing {}", path.display()))?;
    super::say(&path.display().to_string())?;
    Ok(Outcome::Done)
}

fn page(report: &Report) -> anyhow::Result<Markup> {
    let (library, library_style) = chart_library().context("the chart library was not built in: run `make web`")?;
    // A closing tag inside the data would end the script that holds it.
    let data = serde_json::to_string(&report.scenarios)?.replace('<', "\\u003c");
    Ok(html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width";
                title { "Headroom: strategies compared" }
                style { (PreEscaped(library_style)) (PreEscaped(STYLE)) }
            }
            body {
                h1 { "Strategies compared" }
                @if report.builds.len() > 1 {
                    p.warning { "Results of " (report.builds.len()) " different programs are mixed: run the study again with one." }
                }
                @for (index, scenario) in report.scenarios.iter().enumerate() { (section(index, scenario)) }
                footer {
                    @for build in &report.builds { p { "Made by " code { (build) } } }
                    p { "Mean over seeds; ± is half the 95 % confidence interval. Money is for the vehicles' energy alone." }
                }
                script { (PreEscaped(library)) }
                script { "const scenarios = " (PreEscaped(data)) ";" (PreEscaped(SCRIPT)) }
            }
        }
    })
}

fn section(index: usize, scenario: &ScenarioReport) -> Markup {
    html! {
        section {
            h2 { (scenario.name) }
            p { (scenario.covers) }
            (table(&scenario.strategies))
            @for remark in &scenario.remarks { p.remark { (remark) } }
            h3 { "A day" }
            div.day id={ "day-" (index) } {}
            h3 { "Sessions that missed more than …" }
            (shortfalls(&scenario.strategies))
            details {
                summary { "Made from" }
                @for (data, configuration) in &scenario.inputs {
                    p { "recording " code { (data) } br; "configuration " code { (configuration) } }
                }
            }
        }
    }
}

fn table(strategies: &[Comparison]) -> Markup {
    let heads = strategies.first().map(|first| first.figures.as_slice()).unwrap_or_default();
    html! {
        table {
            thead { tr {
                th { "strategy" }
                @for figure in heads { th { (figure.name) @if !figure.unit.is_empty() { small { (figure.unit) } } } }
            } }
            tbody { @for strategy in strategies { tr {
                th { (strategy.strategy) }
                @for figure in &strategy.figures { td { @match figure.value { Some(value) => (estimate(value)), None => "–" } } }
            } } }
        }
    }
}

fn shortfalls(strategies: &[Comparison]) -> Markup {
    let bounds = strategies.first().map(|first| first.shortfalls.as_slice()).unwrap_or_default();
    html! {
        table {
            thead { tr { th { "strategy" } @for (bound, _) in bounds { th { (bound) small { "kWh" } } } } }
            tbody { @for strategy in strategies { tr {
                th { (strategy.strategy) }
                @for (_, count) in &strategy.shortfalls { td { (count) } }
            } } }
        }
    }
}

fn estimate(value: Estimate) -> Markup {
    let digits = usize::from(value.mean.abs() < 1000.0 && value.mean.fract() != 0.0);
    html! {
        (format!("{:.digits$}", value.mean))
        @if let Some(plus_minus) = value.plus_minus.filter(|width| *width > 0.0) { small { (format!("±{plus_minus:.digits$}")) } }
    }
}
