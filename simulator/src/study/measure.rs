//! What a run came to, as its part's result.

use chrono::TimeDelta;
use headroom_domain::time::floor_to;
use headroom_domain::units::seconds;
use headroom_domain::{Energy, Interval, Power};

use super::flexibility::flexibility;
use super::ground::{Ground, Piece};
use super::manifest::ScenarioEntry;
use super::part::{DayStep, Least, MonthDemand, Part, PartResult};
use crate::engine::{Run, SimulateError, midnight, offline};
use crate::world::{TraceStep, World, month_peaks, score};

/// Sessions that miss no more than this are served. **Units**: kWh.
const SERVED_KWH: f64 = 0.1;
/// Steps of the day that is shown.
const SHOWN_STEP: TimeDelta = TimeDelta::minutes(5);

/// Returns the result of a part.
pub(super) fn result(ground: &Ground<'_>, piece: &Piece, part: &Part, run: &Run) -> Result<PartResult, SimulateError> {
    let (mut score, sessions) = score(&run.world, &piece.twin);
    let missed = sessions.iter().map(|session| session.needed_kwh - session.delivered_kwh);
    let mut shortfalls_kwh: Vec<f64> = missed.filter(|missed| *missed > SERVED_KWH).collect();
    shortfalls_kwh.sort_by(|one, other| other.total_cmp(one));
    let strategy = part.strategy.strategy;
    let is_asked = ground.entry.least_cost_of.as_ref().is_none_or(|asked| asked.contains(&strategy));
    let least = (strategy.steers() && is_asked).then(|| least(&run.world)).transpose()?;
    score.regret = least.as_ref().map(|least| score.cost + score.demand_charge_cost - least.total());
    let time_zone = piece.plan.site.time_zone;
    let days =
        Interval { start: midnight(part.from, time_zone), end: midnight(part.to + TimeDelta::days(1), time_zone) };
    let month = |(&(year, month), peak): (&(i32, u32), &crate::world::MonthPeak)| MonthDemand {
        month: format!("{year}-{month:02}"),
        import_kw: peak.import_w.as_kw(),
        base_kw: peak.base_w.as_kw(),
    };
    Ok(PartResult {
        key: ground.inputs.key(part),
        part: part.clone(),
        inputs: ground.inputs.clone(),
        time_zone,
        left_out: piece.left_out.clone(),
        faults: ground.entry.faults.clone(),
        score,
        least,
        demand_charge_per_kw: piece.plan.site.demand_charge_per_kw,
        months: month_peaks(run.world.meter().trace(), time_zone).iter().map(month).collect(),
        flexibility: flexibility(&run.world, &run.rows, days),
        control: run.counts,
        shortfalls_kwh,
        day: shown(ground.entry, part, &run.world),
    })
}

/// Returns what the energies of a run would have cost at best.
fn least(world: &World) -> Result<Least, SimulateError> {
    let energies: Vec<Energy> = (0..world.plan().sessions.len()).map(|session| world.energy_of(session)).collect();
    let bound = offline::bound(world.plan(), &energies)?;
    Ok(Least {
        cost: bound.cost,
        demand_charge_cost: bound.demand_charge_cost,
        short_kwh: bound.short_kwh,
        is_exact: bound.is_exact,
    })
}

/// Returns the day that is shown, if it is in a part of the first site with the first days' seed.
fn shown(entry: &ScenarioEntry, part: &Part, world: &World) -> Vec<DayStep> {
    let day = entry.show.unwrap_or(entry.from);
    if part.site != 0 || !(part.from..=part.to).contains(&day) {
        return Vec::new();
    }
    let start = midnight(day, world.plan().site.time_zone);
    let end = midnight(day + TimeDelta::days(1), world.plan().site.time_zone);
    by_steps(world.meter().trace().iter().filter(|step| step.end > start && step.start < end), start, end)
}

/// Averages a trace over steps of the same length.
fn by_steps<'a>(
    trace: impl Iterator<Item = &'a TraceStep>,
    start: chrono::DateTime<chrono::Utc>,
    end: chrono::DateTime<chrono::Utc>,
) -> Vec<DayStep> {
    let mut steps: Vec<DayStep> = Vec::new();
    let mut at = start;
    while at < end {
        steps.push(DayStep { start: at, vehicles_kw: 0.0, base_kw: 0.0, limit_kw: None });
        at += SHOWN_STEP;
    }
    for piece in trace {
        let mut from = piece.start.max(start);
        while from < piece.end.min(end) {
            let to = (floor_to(from, SHOWN_STEP) + SHOWN_STEP).min(piece.end).min(end);
            let index = usize::try_from((from - start).num_seconds() / SHOWN_STEP.num_seconds()).unwrap_or(usize::MAX);
            if let Some(step) = steps.get_mut(index) {
                let share = seconds(to - from) / seconds(SHOWN_STEP);
                step.vehicles_kw += piece.steered_w.as_kw() * share;
                step.base_kw += piece.base_w.as_kw() * share;
                let limits = step.limit_kw.into_iter().chain(piece.limit_w.map(Power::as_kw));
                step.limit_kw = limits.reduce(f64::min);
            }
            from = to;
        }
    }
    steps
}
