//! Why the optimizer costs more than it could have, had all been known: by what it was told in other runs of the study.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::figures::percent;
use crate::engine::Strategy;
use crate::study::part::PartResult;
use crate::study::steering::{Knowledge, Steering};

/// So near to the least cost a plan without foresight is expected to come. **Units**: %.
const NEAR_PERCENT: f64 = 5.0;

/// By how much the optimizer's costs are above the least for the same energy of every session, cause by cause.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Causes {
    /// ISO 4217.
    pub currency: String,
    /// In the order in which what the controller knows grows; together they are `total`.
    pub causes: Vec<Cause>,
    /// All of it.
    pub total: Cause,
    /// What it means, as a sentence.
    pub verdict: String,
}

/// A part of what was paid too much, the mean over seeds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cause {
    /// What it is paid for.
    pub name: String,
    /// Of the energy.
    pub energy: f64,
    /// Of the demand charge, each part's days taken by themselves.
    pub demand_charge: f64,
    /// Both, of the least cost. **Units**: %.
    pub percent: f64,
}

/// What was paid beyond the least.
#[derive(Clone, Copy)]
struct Beyond {
    energy: f64,
    demand_charge: f64,
    least: f64,
}

impl Beyond {
    fn of(results: &[&PartResult]) -> Option<Self> {
        let seeds = results.iter().map(|one| one.part.seed).collect::<std::collections::BTreeSet<_>>().len() as f64;
        let mut beyond = Self { energy: 0.0, demand_charge: 0.0, least: 0.0 };
        for one in results {
            let least = one.least?;
            beyond.energy += (one.score.cost - least.cost) / seeds;
            beyond.demand_charge += (one.score.demand_charge_cost - least.demand_charge_cost) / seeds;
            beyond.least += least.total() / seeds;
        }
        Some(beyond)
    }

    fn cause(self, name: &str, less: Self, of: f64) -> Cause {
        let (energy, demand_charge) = (self.energy - less.energy, self.demand_charge - less.demand_charge);
        let percent = percent(energy + demand_charge, of).unwrap_or(0.0);
        Cause { name: name.to_owned(), energy, demand_charge, percent }
    }
}

/// What knowing more takes away.
fn name_of(known: Knowledge) -> &'static str {
    match known {
        Knowledge::Configured | Knowledge::Learnt => "the base load was taken as configured, not forecast",
        Knowledge::Perfect => "the base load was forecast, not known",
        Knowledge::Drivers => {
            "drivers left at another time, or needed another energy, than they had said, or said nothing"
        }
        Knowledge::NoMargin => "a margin under the limit and room for newcomers were kept free",
    }
}

const REST: &str =
    "the rest: who will come was not known, plans look a day ahead, vehicles take 6 A or nothing, messages take time";

/// Returns the causes of a scenario; `None` where it was not simulated with the optimizer.
pub(super) fn causes(by_strategy: &BTreeMap<Steering, Vec<&PartResult>>) -> Option<Causes> {
    let ours = by_strategy.get(&Strategy::Optimized.into())?;
    let whole = Beyond::of(ours)?;
    let nothing = Beyond { energy: 0.0, demand_charge: 0.0, least: 0.0 };
    let mut left = whole;
    let mut causes = Vec::new();
    for knows in [Knowledge::Perfect, Knowledge::Drivers, Knowledge::NoMargin] {
        let told = by_strategy.get(&Steering { strategy: Strategy::Optimized, knows });
        // Other parts than those of the optimizer itself say nothing of it.
        let Some(next) = told.filter(|told| told.len() == ours.len()).and_then(|told| Beyond::of(told)) else {
            continue;
        };
        causes.push(left.cause(name_of(knows), next, whole.least));
        left = next;
    }
    causes.push(left.cause(if causes.is_empty() { "all causes together" } else { REST }, nothing, whole.least));
    let total = whole.cause("together", nothing, whole.least);
    let currency = ours.first().map(|one| one.score.currency.clone()).unwrap_or_default();
    let verdict = verdict(ours, &causes, &total);
    Some(Causes { currency, causes, total, verdict })
}

fn verdict(ours: &[&PartResult], causes: &[Cause], total: &Cause) -> String {
    let above = total.percent;
    let cost =
        format!("For the energy that it delivered, optimized costs {above:.1} % more than with perfect foresight");
    let why = match causes {
        _ if above <= NEAR_PERCENT => ": within 5 %.".to_owned(),
        [_] => ". To learn why, let the study name optimized/perfect, optimized/drivers and optimized/no-margin among \
                its strategies."
            .to_owned(),
        causes => causes
            .iter()
            .max_by(|one, other| one.percent.total_cmp(&other.percent))
            .map(|most| format!(", most of it ({:.1} %) because {}.", most.percent, most.name))
            .unwrap_or_default(),
    };
    let sum = |of: fn(&PartResult) -> f64| ours.iter().map(|one| of(one)).sum::<f64>();
    let (needed, missed) = (sum(|one| one.score.energy_needed_kwh), sum(|one| one.score.shortfall_kwh));
    // A sum of nothing is a negative zero.
    let early = percent(sum(|one| one.score.shortfall_left_early_kwh), missed).unwrap_or(0.0).max(0.0);
    let missed = match percent(missed, needed) {
        None => String::new(),
        Some(share) if share < 0.005 => " It misses nothing that was needed.".to_owned(),
        Some(share) => format!(
            " It misses {share:.2} % of the energy needed, {early:.0} % of that with drivers who left before the time they \
             had stated."
        ),
    };
    format!("{cost}{why}{missed}")
}
