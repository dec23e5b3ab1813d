//! Recorded networks and feeders, with the counts of their data card.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use headroom_datasets::sites::{AcnNetwork, Feeder};
use headroom_domain::grid::{NodeKind, Phase};
use headroom_domain::{Current, Energy, Power};

use crate::recordings::recording;

fn network(name: &str) -> Option<AcnNetwork> {
    Some(AcnNetwork::read(&recording(&format!("grid/acn_sites/acn_{name}_network.json"))?).unwrap())
}

fn feeder(name: &str) -> Option<Feeder> {
    let feeder = Feeder::read(&recording(&format!("grid/{name}"))?).unwrap();
    for finding in &feeder.noticed {
        println!("{} {}: {:?}", finding.count, finding.rule, finding.examples.first());
    }
    Some(feeder)
}

#[test]
fn recorded_networks_have_their_stations_and_lines() {
    let Some(caltech) = network("caltech") else { return };
    assert_eq!((caltech.evses.len(), caltech.lines.len()), (54, 8));
    let few = caltech.evses.iter().filter(|evse| evse.pilots_a.len() == 5).count();
    assert_eq!((few, caltech.unlimited().len()), (8, 0));
    let limit = |name: &str| caltech.lines.iter().find(|line| line.name == name).unwrap().maximum_current_a.as_a();
    assert!((limit("CC Pod") - 80.0).abs() < 1e-9 && (limit("Primary A") - 180.505_415_162_454_88).abs() < 1e-9);
    // All stations at 32 A are more than the transformer carries, in every winding.
    let all: BTreeMap<String, Current> =
        caltech.evses.iter().map(|evse| (evse.station_id.clone(), Current::from_a(32.0))).collect();
    assert!(caltech.lines.iter().all(|line| line.current(&all) > line.maximum_current_a));
    let Some(office) = network("office001") else { return };
    assert_eq!((office.evses.len(), office.lines.len()), (8, 6));
}

fn nodes(feeder: &Feeder, kind: NodeKind) -> usize {
    feeder.tree.nodes().iter().filter(|node| node.kind == kind).count()
}

/// Returns energy and peak of all loads of a day together, photovoltaics apart.
fn day(feeder: &Feeder) -> (Energy, Power) {
    let mut sums: BTreeMap<usize, Power> = BTreeMap::new();
    let mut energy = Energy::ZERO;
    for customer in &feeder.customers {
        for (step, power) in customer.profile_w.iter().enumerate() {
            *sums.entry(step).or_default() += *power;
            energy += *power * customer.step;
        }
    }
    (energy, sums.into_values().fold(Power::ZERO, Power::max))
}

#[test]
fn an_australian_feeder_has_its_customers_and_their_smart_meter_days() {
    let Some(feeder) = feeder("team_nando_lv28/Master.txt") else { return };
    assert_eq!((feeder.name.as_str(), feeder.customers.len()), ("LV28", 114));
    assert_eq!(feeder.customers.iter().filter(|customer| customer.photovoltaics.is_some()).count(), 35);
    assert_eq!((nodes(&feeder, NodeKind::Feeder), nodes(&feeder, NodeKind::ConnectionPoint)), (3, 114));
    assert_eq!(feeder.tree.root().rating.maximum_import_w, Some(Power::from_kw(500.0)));
    assert!(
        feeder
            .customers
            .iter()
            .all(|customer| customer.step == TimeDelta::minutes(5) && customer.profile_w.len() == 288)
    );
    // Single-phase homes behind service lines of 107 A.
    assert!(feeder.customers.iter().all(|customer| customer.phases.len() == 1));
    let on = |phase: Phase| feeder.customers.iter().filter(|customer| customer.phases == [phase]).count();
    assert!(Phase::ALL.into_iter().all(|phase| on(phase) > 30));
    let service = feeder.tree.get(&feeder.customers[0].node).unwrap().rating.maximum_phase_current_a;
    assert_eq!(service, Some(Current::from_a(107.0)));
    let (energy, peak) = day(&feeder);
    println!("{:.0} kWh, {:.0} kW", energy.as_kwh(), peak.as_kw());
    // Some 10 to 30 kWh a home, and within the transformer.
    assert!((1000.0..4000.0).contains(&energy.as_kwh()) && (80.0..500.0).contains(&peak.as_kw()));
    let sun = feeder.customers.iter().filter_map(|customer| customer.photovoltaics.as_ref());
    assert!(sun.clone().all(|sun| sun.profile_w.iter().all(|power| *power <= sun.rated_w * 1.01)));
    assert!(feeder.customers.iter().any(|customer| customer.net_w().iter().any(|power| *power < Power::ZERO)));
}

#[test]
fn the_european_test_feeder_has_its_loads_and_their_days() {
    let Some(feeder) = feeder("ieee_european_lv/Master.dss") else { return };
    assert_eq!((feeder.name.as_str(), feeder.customers.len(), feeder.lines), ("LVTest", 55, 905));
    assert_eq!((nodes(&feeder, NodeKind::Feeder), nodes(&feeder, NodeKind::ConnectionPoint)), (1, 55));
    assert_eq!(feeder.tree.root().rating.maximum_import_w, Some(Power::from_kw(800.0)));
    assert!(
        feeder
            .customers
            .iter()
            .all(|customer| customer.step == TimeDelta::minutes(1) && customer.profile_w.len() == 1440)
    );
    // No line states a rating, and none is made up.
    assert!(feeder.tree.nodes().iter().skip(1).all(|node| node.rating.maximum_phase_current_a.is_none()));
    assert!((feeder.customers[0].profile_w[0].as_w() - 36.0).abs() < 1e-9, "shares of 1 kW");
    let (energy, peak) = day(&feeder);
    println!("{:.0} kWh, {:.0} kW", energy.as_kwh(), peak.as_kw());
    assert!((200.0..1000.0).contains(&energy.as_kwh()) && (30.0..200.0).contains(&peak.as_kw()));
}
