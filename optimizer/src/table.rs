//! A plan as a person reads it.

use chrono::{DateTime, Utc};
use headroom_domain::Interval;
use headroom_domain::limit::Basis;
use headroom_domain::schedule::{PlanStatus, Schedule, SessionPlan};

use crate::outcome::node_powers;
use crate::rows::{Measure, Rows};
use crate::shadow::{Explained, Limited};
use crate::snapshot::Snapshot;

/// Renders a plan: per step and node the limit, the base load kept free and the power planned; per session its power
/// and why. Steps that look alike are one line.
///
/// **Units**: kW and kWh; times are UTC.
pub fn render(snapshot: &Snapshot, schedule: &Schedule) -> String {
    let mut text = String::new();
    heading(&mut text, snapshot, schedule);
    nodes(&mut text, snapshot, schedule);
    sessions(&mut text, snapshot, schedule);
    assets(&mut text, snapshot, schedule);
    text
}

/// Renders what limits cost: the plan, the limits that bind with their prices, and each session's.
///
/// **Units**: money per kWh in the currency of the prices; kWh of missed need per kWh of room.
pub fn render_explained(snapshot: &Snapshot, explained: &Explained) -> String {
    let mut text = render(snapshot, &explained.schedule);
    let start = |step: usize| snapshot.grid.step(step).start.max(snapshot.now).format("%H:%M").to_string();
    let price = |price: f64| format!("{price:.4}");
    let mut table =
        vec![["from", "binding limit", "on", "of", "saves per kWh", "need per kWh"].map(str::to_owned).to_vec()];
    for binding in &explained.binding {
        let measure = match binding.measure {
            Limited::Import => "import",
            Limited::Phase => "phase current",
            Limited::Line => "line current",
        };
        let basis = match &binding.basis {
            Basis::Limit(limit) => limit.to_string(),
            Basis::ConnectionCapacity => "capacity".to_owned(),
            Basis::SafeMode { utility } => format!("safe mode of {utility}"),
            Basis::GuaranteedMinimum => "guaranteed minimum".to_owned(),
        };
        let prices = [price(binding.price.as_per_kwh()), price(binding.need.as_ratio())];
        let names = [start(binding.step), binding.node.to_string(), measure.to_owned(), basis];
        table.push(names.into_iter().chain(prices).collect());
    }
    line(&mut text, "");
    write_columns(&mut text, &table);
    let mut table =
        vec![["from", "session", "held by", "saves per kWh", "need per kWh", "why"].map(str::to_owned).to_vec()];
    for own in &explained.sessions {
        let plan = explained.schedule.session(&own.session);
        let reason = plan.and_then(|plan| plan.reasons[own.step].as_ref()).map(ToString::to_string);
        let prices = [price(own.price.as_per_kwh()), price(own.need.as_ratio())];
        let names = [start(own.step), own.session.to_string(), own.node.to_string()];
        table.push(names.into_iter().chain(prices).chain([reason.unwrap_or_default()]).collect());
    }
    line(&mut text, "");
    write_columns(&mut text, &table);
    text
}

fn heading(text: &mut String, snapshot: &Snapshot, schedule: &Schedule) {
    let status = match schedule.status {
        PlanStatus::Optimal => "optimal",
        PlanStatus::Feasible => "feasible (the solver ran out of time)",
        PlanStatus::Fallback => "fallback (a simple rule on the same limits)",
    };
    let short: f64 = schedule.sessions.iter().map(|plan| plan.shortfall_wh.as_kwh()).sum::<f64>() + 0.0;
    let date = snapshot.now.format("%Y-%m-%d %H:%M");
    line(text, &format!("plan of {date}: {status}, cost {:.2}, short {short:.2} kWh", schedule.cost.as_amount()));
    for breach in &schedule.breaches {
        let at = schedule.grid.step(breach.step).start.format("%H:%M");
        let excess = breach.excess_w.as_kw();
        let (what, limit) =
            if breach.is_export { ("what is fed in", "export limit") } else { ("base load alone", "limit") };
        line(text, &format!("{at} {what} is {excess:.2} kW over the {limit} of {}", breach.node));
    }
}

fn nodes(text: &mut String, snapshot: &Snapshot, schedule: &Schedule) {
    let rows = Rows::new(snapshot);
    let planned = node_powers(snapshot, schedule);
    let mut table = vec![["from", "node", "limit", "base", "planned"].map(str::to_owned).to_vec()];
    for (index, row) in rows.all().iter().enumerate().filter(|(_, row)| row.measure == Measure::Import) {
        let node = &snapshot.tree.nodes()[row.node];
        if node.wiring.is_some() {
            continue;
        }
        let lines = windows(snapshot, schedule).map(|(step, window)| {
            let limit_w = rows.limit_w(index, window);
            let cells = [limit_w, rows.guard(index, window), planned[row.node][step]];
            (window.start, cells.map(kw).to_vec())
        });
        push_merged(&mut table, node.id.as_str(), lines);
    }
    line(text, "");
    write_columns(text, &table);
}

fn sessions(text: &mut String, snapshot: &Snapshot, schedule: &Schedule) {
    let mut table = vec![["from", "session", "power", "why"].map(str::to_owned).to_vec()];
    for plan in &schedule.sessions {
        let cells = |step: usize| {
            vec![
                kw(plan.power_w[step].as_w()),
                plan.reasons[step].as_ref().map(ToString::to_string).unwrap_or_default(),
            ]
        };
        let lines = windows(snapshot, schedule).map(|(step, window)| (window.start, cells(step)));
        push_merged(&mut table, plan.session.as_str(), lines);
    }
    line(text, "");
    write_columns(text, &table);
    line(text, "");
    let mut table = vec![["session", "at", "needed", "planned", "short"].map(str::to_owned).to_vec()];
    table.extend(schedule.sessions.iter().map(|plan| summary(schedule, plan)));
    write_columns(text, &table);
}

/// What batteries do, with what they hold at the end of each step, and what generators may give.
fn assets(text: &mut String, snapshot: &Snapshot, schedule: &Schedule) {
    if !schedule.batteries.is_empty() {
        let mut table = vec![["from", "battery", "power", "stored"].map(str::to_owned).to_vec()];
        for plan in &schedule.batteries {
            let cells = |step: usize| vec![kw(plan.power_w[step].as_w()), kw(plan.stored_wh[step].as_wh())];
            let lines = windows(snapshot, schedule).map(|(step, window)| (window.start, cells(step)));
            push_merged(&mut table, plan.node.as_str(), lines);
        }
        line(text, "");
        write_columns(text, &table);
    }
    if !schedule.generation.is_empty() {
        let mut table = vec![["from", "generation", "may give"].map(str::to_owned).to_vec()];
        for plan in &schedule.generation {
            let lines = windows(snapshot, schedule);
            let lines = lines.map(|(step, window)| (window.start, vec![kw(plan.power_w[step].as_w())]));
            push_merged(&mut table, plan.node.as_str(), lines);
        }
        line(text, "");
        write_columns(text, &table);
    }
}

fn summary(schedule: &Schedule, plan: &SessionPlan) -> Vec<String> {
    let energy_wh: f64 =
        schedule.grid.steps().zip(&plan.power_w).map(|(step, power)| (*power * step.duration()).as_wh()).sum();
    let cells = [plan.needed_wh.as_kwh(), energy_wh / 1000.0, plan.shortfall_wh.as_kwh()];
    let mut row = vec![plan.session.to_string(), plan.node.to_string()];
    row.extend(cells.map(|energy| format!("{energy:.2}")));
    row
}

/// Returns the steps that are not past, without what is before now.
fn windows<'a>(snapshot: &'a Snapshot, schedule: &'a Schedule) -> impl Iterator<Item = (usize, Interval)> + 'a {
    let windows = schedule.grid.steps().enumerate();
    windows.filter_map(|(step, window)| Some((step, Interval::new(window.start.max(snapshot.now), window.end)?)))
}

/// Adds a line for every change of the cells.
fn push_merged(table: &mut Vec<Vec<String>>, name: &str, lines: impl Iterator<Item = (DateTime<Utc>, Vec<String>)>) {
    let mut last = None;
    for (start, cells) in lines {
        if last.as_ref() != Some(&cells) {
            let mut row = vec![start.format("%H:%M").to_string(), name.to_owned()];
            row.extend(cells.iter().cloned());
            table.push(row);
            last = Some(cells);
        }
    }
}

fn kw(power_w: f64) -> String {
    // Adding nothing turns a negative zero into zero.
    let rounded = (power_w / 10.0).round() / 100.0 + 0.0;
    if power_w.is_finite() { format!("{rounded:.2}") } else { "none".to_owned() }
}

fn write_columns(text: &mut String, table: &[Vec<String>]) {
    let columns = table.first().map_or(0, Vec::len);
    let widths: Vec<usize> = (0..columns)
        .map(|column| table.iter().map(|row| row[column].chars().count()).max().unwrap_or_default())
        .collect();
    for row in table {
        let cells = row.iter().zip(&widths).map(|(cell, width)| {
            let is_number = cell.parse::<f64>().is_ok();
            if is_number { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        line(text, cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}

fn line(text: &mut String, content: &str) {
    text.push_str(content);
    text.push('\n');
}
