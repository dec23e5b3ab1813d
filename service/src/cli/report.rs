//! `headroom report`: a study's results as one page that needs nothing else.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use headroom_simulator::engine::Strategy;
use headroom_simulator::study::{
    Causes, Comparison, NodeFigures, Report, ScenarioReport, read_results, write_nodes, write_results,
};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde::Serialize;

use super::Outcome;
use crate::http::chart_library;

mod numbers;

use numbers::{Column, grouped};

/// What to report.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The folder that `headroom simulate --manifest … --out` filled.
    folder: PathBuf,
    /// The page; otherwise report.html in the folder.
    #[arg(long)]
    out: Option<PathBuf>,
}

/// How the page draws a day of each scenario.
const SCRIPT: &str = include_str!("report.js");
const STYLE: &str = include_str!("report.css");

/// The figures of the first table: what a reader compares scenarios by.
const OVERVIEW: [(&str, &str); 4] = [
    ("Money", "together per kWh"),
    ("Money", "above the least"),
    ("Drivers", "missed of needed"),
    ("Grid", "over the limit"),
];

pub(super) fn run(arguments: Arguments) -> anyhow::Result<Outcome> {
    let results = read_results(&arguments.folder)?;
    write_results(&arguments.folder.join("results.parquet"), &results)?;
    write_nodes(&arguments.folder.join("nodes.parquet"), &results)?;
    let page = page(&Report::new(&results))?.into_string();
    let path = arguments.out.unwrap_or_else(|| arguments.folder.join("report.html"));
    std::fs::write(&path, page).with_context(|| format!("writing {}", path.display()))?;
    super::say(&path.display().to_string())?;
    Ok(Outcome::Done)
}

fn page(report: &Report) -> anyhow::Result<Markup> {
    let (library, library_style) = chart_library().context("the chart library was not built in: run `make web`")?;
    let days: Vec<Option<Day>> = report.scenarios.iter().map(Day::of).collect();
    // A closing tag inside the data would end the script that holds it.
    let data = serde_json::to_string(&days)?.replace('<', "\\u003c");
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
                @if report.scenarios.len() > 1 { (overview(&report.scenarios)) }
                @for (index, scenario) in report.scenarios.iter().enumerate() { (section(index, scenario)) }
                (legend())
                footer { @for build in &report.builds { p { "Made by " code { (build) } } } }
                script { (PreEscaped(library)) }
                script { "const days = " (PreEscaped(data)) ";" (PreEscaped(SCRIPT)) }
            }
        }
    })
}

/// All scenarios side by side by the figures that matter most.
fn overview(scenarios: &[ScenarioReport]) -> Markup {
    let mut strategies: Vec<_> = scenarios.iter().flat_map(|one| &one.strategies).map(|one| one.strategy).collect();
    strategies.sort_unstable();
    strategies.dedup();
    let columns: Vec<(usize, Column)> = scenarios
        .iter()
        .flat_map(|scenario| {
            OVERVIEW.iter().enumerate().map(|(at, (group, name))| {
                let of = |strategy: &_| scenario.strategies.iter().find(|one| one.strategy == *strategy);
                let figure = |of: &Comparison| {
                    of.figures.iter().find(|figure| figure.group == *group && figure.name == *name).cloned()
                };
                let figures = strategies.iter().map(|strategy| of(strategy).and_then(figure)).collect();
                (at, Column::new(figures))
            })
        })
        .collect();
    html! {
        section {
            table.overview {
                thead {
                    tr {
                        th rowspan="2" { "strategy" }
                        @for scenario in scenarios { th.group colspan=(OVERVIEW.len()) { a href={ "#" (scenario.name) } { (scenario.name) } } }
                    }
                    tr { @for (at, column) in &columns {
                        th.group[*at == 0] { (OVERVIEW[*at].1) small { (column.unit()) } }
                    } }
                }
                tbody { @for (row, strategy) in strategies.iter().enumerate() { tr {
                    th { (strategy) }
                    @for (at, column) in &columns { td.group[*at == 0] { (column.cell(row)) } }
                } } }
            }
        }
    }
}

fn section(index: usize, scenario: &ScenarioReport) -> Markup {
    html! {
        section id=(scenario.name) {
            h2 { (scenario.name) }
            p { (scenario.covers) }
            @if let Some(causes) = &scenario.causes { p.verdict { (causes.verdict) } }
            @for remark in &scenario.remarks { p.remark { (remark) } }
            (table(&scenario.strategies))
            @if let Some(causes) = scenario.causes.as_ref().filter(|causes| causes.causes.len() > 1) { (why(causes)) }
            h3 { "A day at the " @if scenario.covers.contains("connection points") { "first connection point" } @else { "connection point" } }
            div.day id={ "day-" (index) } {}
            h3 { "Sessions that missed more than …" }
            (shortfalls(&scenario.strategies))
            (nodes(scenario))
            details {
                summary { "Made from" }
                @for (data, configuration) in &scenario.inputs {
                    p { "recording " code { (data) } br; "configuration " code { (configuration) } }
                }
            }
        }
    }
}

/// A row per figure and a column per strategy, so that like stands beside like.
fn table(strategies: &[Comparison]) -> Markup {
    let rows = strategies.first().map(|first| first.figures.as_slice()).unwrap_or_default();
    let columns = |at: usize| Column::new(strategies.iter().map(|one| one.figures.get(at).cloned()).collect());
    let begins = |at: usize| at == 0 || rows[at - 1].group != rows[at].group;
    html! {
        table {
            thead { tr { th { "" } @for one in strategies { th { (wrapped(&one.strategy.to_string())) } } } }
            tbody {
                @for (at, figure) in rows.iter().enumerate() {
                    @let column = columns(at);
                    @if column.says_something() {
                        @if begins(at) { tr.head { th colspan=(strategies.len() + 1) { (figure.group) } } }
                        tr {
                            th { (figure.name) @if !figure.unit.is_empty() { small { (figure.unit) } } }
                            @for row in 0..strategies.len() { td.bad[column.is_over(row)] { (column.cell(row)) } }
                        }
                    }
                }
            }
        }
    }
}

/// A name that may be broken where it has a hyphen or a slash.
fn wrapped(name: &str) -> Markup {
    html! { @for part in name.split_inclusive(['-', '/']) { (part) wbr; } }
}

fn why(causes: &Causes) -> Markup {
    let digits = if causes.total.energy.abs().max(causes.total.demand_charge.abs()) < 100.0 { 2 } else { 1 };
    let row = |cause: &headroom_simulator::study::Cause| {
        html! {
            td { (grouped(cause.energy, digits)) }
            td { (grouped(cause.demand_charge, digits)) }
            td { (grouped(cause.energy + cause.demand_charge, digits)) }
            td { (grouped(cause.percent, 1)) }
        }
    };
    html! {
        h3 { "Why optimized costs more than it could for the same energy" }
        table.why {
            thead { tr {
                th { "because …" }
                th { "energy" small { (causes.currency) } }
                th { "demand charge" small { (causes.currency) } }
                th { "together" small { (causes.currency) } }
                th { "of the least" small { "%" } }
            } }
            tbody {
                @for cause in &causes.causes { tr { th { (cause.name) } (row(cause)) } }
                tr.head { th { (causes.total.name) } (row(&causes.total)) }
            }
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
                @for (_, count) in &strategy.shortfalls { td { (grouped(*count as f64, 0)) } }
            } } }
        }
    }
}

/// The circuits where most was too much or missed.
fn nodes(scenario: &ScenarioReport) -> Markup {
    let (nodes, count) = &scenario.nodes;
    let rows = |of: fn(&NodeFigures) -> Option<f64>| {
        html! { @for node in nodes { tr {
            th { (node.node) }
            td { (grouped(node.sessions, 0)) }
            td { (grouped(node.needed_kwh, 0)) }
            @for figures in &node.under { td.bad[of(figures).is_some_and(|value| value >= 0.05)] {
                (of(figures).map_or_else(|| "–".to_owned(), |value| grouped(value, 1)))
            } }
        } } }
    };
    html! {
        @if !nodes.is_empty() {
            details {
                summary { "Site by site: " (nodes.len()) " of " (count) " connection points and circuits; all are in nodes.parquet" }
                @for (head, of) in [
                    ("Time above the limit or rating, min", (|figures| figures.over_min) as fn(&NodeFigures) -> Option<f64>),
                    ("Needed energy missed, kWh", |figures| Some(figures.missed_kwh)),
                ] {
                    h3 { (head) }
                    table {
                        thead { tr {
                            th { "" } th { "sessions" } th { "needed" small { "kWh" } }
                            @for one in &scenario.strategies { th { (wrapped(&one.strategy.to_string())) } }
                        } }
                        tbody { (rows(of)) }
                    }
                }
            }
        }
    }
}

/// What the figures mean, where their names do not say it.
fn legend() -> Markup {
    html! {
        section.legend {
            h2 { "How to read it" }
            dl {
                dt { "mean ± half the 95 % confidence interval" } dd { "over seeds, where there are several." }
                dt { "needed" } dd { "what drivers asked for, as far as their vehicles could have taken it at full power over their stay." }
                dt { "demand charge" } dd { "what vehicles add to the highest quarter hour of each month; the base load costs the same whoever steers." }
                dt { "above the least" } dd { "energy and demand charge, compared with the least that the same energy of every session could have cost within the limits, had all been known beforehand (perfect foresight)." }
                dt { "over the limit" } dd { "what vehicles drew beyond what the limit of the connection leaves beside the base load; over circuits: beyond a circuit's power or the current of one of its phases." }
                dt { "could be moved" } dd { "mean over the full hours: by how much less could be drawn for so long so that each vehicle, charging at its most afterwards, still leaves with what it got; and by how much more under the limit. Each vehicle is taken by itself, by its true departure." }
                dt { "offline" } dd { "perfect foresight: no strategy, but the bound for all of them. It moves energy by quarters of an hour, so nothing is said of its power." }
                dt { "optimized/…" } dd { "the same controller told more: /perfect the base load, /drivers also when each driver leaves and what each needs, /no-margin also without anything kept free." }
            }
        }
    }
}

/// The day that is shown, in columns. **Units**: s since 1970, kW.
#[derive(Serialize)]
struct Day {
    time_zone: String,
    start_s: Vec<i64>,
    limit_kw: Vec<Option<f64>>,
    base_kw: Vec<f64>,
    lines: Vec<Line>,
}

/// What the site drew under a strategy.
#[derive(Serialize)]
struct Line {
    name: String,
    /// Whether it is there before a reader asks for it.
    shown: bool,
    kw: Vec<f64>,
}

impl Day {
    fn of(scenario: &ScenarioReport) -> Option<Self> {
        let is_drawn = |one: &&Comparison| !one.day.is_empty() && one.strategy.strategy != Strategy::Offline;
        let drawn: Vec<&Comparison> = scenario.strategies.iter().filter(is_drawn).collect();
        let first = &drawn.first()?.day;
        let tenth = |kw: f64| (kw * 10.0).round() / 10.0;
        let few = drawn.len() <= 3;
        let line = |one: &&Comparison| {
            let name = one.strategy.to_string();
            let shown = few || ["uncontrolled", "optimized"].contains(&name.as_str());
            Line { name, shown, kw: one.day.iter().map(|step| tenth(step.vehicles_kw + step.base_kw)).collect() }
        };
        Some(Self {
            time_zone: scenario.time_zone.name().to_owned(),
            start_s: first.iter().map(|step| step.start.timestamp()).collect(),
            limit_kw: first.iter().map(|step| step.limit_kw.map(tenth)).collect(),
            base_kw: first.iter().map(|step| tenth(step.base_kw)).collect(),
            lines: drawn.iter().map(line).collect(),
        })
    }
}
