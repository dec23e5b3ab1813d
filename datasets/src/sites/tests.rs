//! Networks and feeders typed by hand.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use chrono::TimeDelta;
use flate2::{Compression, write::GzEncoder};
use headroom_domain::grid::{NodeKind, Phase};
use headroom_domain::{Current, NodeId, Power};

use super::{AcnNetwork, Feeder};

const NETWORK: &str = r#"{"site": "here", "source": "typed", "evses": [
    {"station_id": "A", "evse_type": "FiniteRatesEVSE", "max_rate_a": 32, "min_rate_a": 8,
     "allowable_pilot_signals_a": [32, 0, 8, 16, 24], "is_continuous": false, "voltage_v": 208, "phase_angle_deg": 30},
    {"station_id": "B", "evse_type": "EVSE", "max_rate_a": 16, "min_rate_a": 6,
     "allowable_pilot_signals_a": [0, 16], "is_continuous": true, "voltage_v": 208, "phase_angle_deg": 150},
    {"station_id": "C", "max_rate_a": 16, "voltage_v": 208, "phase_angle_deg": -90}],
  "constraints": [{"name": "Line", "limit_a": 40, "coefficients": {"A": 1, "B": -1}}]}"#;

fn parse(text: &str) -> Result<AcnNetwork, super::SiteFileError> {
    AcnNetwork::parse(Path::new("network.json"), text)
}

#[test]
fn currents_at_angles_add_as_a_complex_sum() {
    let network = parse(NETWORK).unwrap();
    let drawn = |amperes: &[(&str, f64)]| -> BTreeMap<String, Current> {
        amperes.iter().map(|(id, current)| ((*id).to_owned(), Current::from_a(*current))).collect()
    };
    let line = &network.lines[0];
    // 10 A at 30 degrees less 10 A at 150 degrees: 10 A times the root of 3, not 0 and not 20.
    let sum = line.current(&drawn(&[("A", 10.0), ("B", 10.0), ("C", 99.0)]));
    assert!((sum.as_a() - 10.0 * 3_f64.sqrt()).abs() < 1e-9);
    assert!((line.current(&drawn(&[("A", 7.0)])).as_a() - 7.0).abs() < 1e-9);
    assert_eq!(network.unlimited(), ["C"]);
}

#[test]
fn a_station_of_few_currents_allows_those_and_a_continuous_one_allows_all_between() {
    let network = parse(NETWORK).unwrap();
    let allows = |id: &str, amperes: f64| network.evse(id).unwrap().allows(Current::from_a(amperes));
    assert!([0.0, 8.0, 16.0, 24.0, 32.0].iter().all(|amperes| allows("A", *amperes)));
    assert!(!allows("A", 10.0));
    assert!(allows("B", 0.0) && allows("B", 6.0) && allows("B", 11.3) && !allows("B", 3.0) && !allows("B", 17.0));
    assert!(network.evse("D").is_none());
}

#[test]
fn a_network_that_cannot_be_names_the_field() {
    let wrong = |from: &str, to: &str| parse(&NETWORK.replacen(from, to, 1)).unwrap_err().to_string();
    assert!(wrong(r#""B": -1"#, r#""X": -1"#).contains("constraints[Line].coefficients` names station `X`"));
    assert!(wrong(r#""limit_a": 40"#, r#""limit_a": -1"#).contains("constraints[Line].limit_a"));
    assert!(wrong(r#""voltage_v": 208"#, r#""voltage_v": 0"#).contains("evses[A].voltage_v"));
    assert!(wrong(r#""max_rate_a": 32"#, r#""max_rate_a": -5"#).contains("evses[A].max_rate_a"));
    assert!(wrong(r#""station_id": "B""#, r#""station_id": "A""#).contains("is there twice"));
    assert!(wrong("{", "[").contains("is no network"));
    let missing = AcnNetwork::read(Path::new("nowhere/network.json")).unwrap_err();
    assert!(missing.to_string().contains("nowhere/network.json: cannot be read"));
}

const MASTER: &str = "Clear\nNew Circuit.Small bus1=source basekv=11\nRedirect Codes.txt\nRedirect Missing.txt\n\
    New Transformer.T phases=3 buses=[source, LV] conns=[delta wye] kVs=[11 0.4] kVAs=[100 100] Tap= 1.0\n\
    New Line.Up bus1=grid bus2=source linecode=thick\n\
    New Line.F1 bus1=lv bus2=a phases=3 linecode=thick length=10 ! the first feeder\n\
    New Line.F1b bus1=b bus2=a linecode=thick\n\
    New Line.Service bus1=b bus2=c.1 linecode=THIN // to one house\n\
    New Line.F2 bus1=lv bus2=d normamps=60\n\
    New Line.Off bus1=d bus2=c enabled=false\n\
    New Loadshape.Half npts=2 interval=12 mult=(1, 0.5) useactual=true\nBatchEdit loadshape..* useactual=no\n\
    New Loadshape.Sun npts=2 interval=12 pmult=[0 1]\n\
    New Load.House phases=1 bus1=c.2 kv=0.23 kw=2 kvar=1.5\n~ daily=half\n\
    New Load.Shop phases=3 bus1=b kv=0.4 kw=6 pf=0.9 yearly=HALF\n\
    New Load.Far phases=1 bus1=nowhere.1 kv=0.23 kw=1 daily=half\n\
    New Load.Lamp phases=1 bus1=d.3 kv=0.23 kw=0.1\n\
    New PVSystem.Roof phases=1 bus1=c.2 kv=0.23 pmpp=4 kva=5 daily=Sun\n\
    New PVSystem.Field bus1=lost.1 pmpp=9 daily=Sun\nSolve\n";
const CODES: &str = "New Linecode.Thick nphases=3 R1=0.1 NormAmps=200\r\nNew LineCode.thin nphases=1 normamps=80\r\n";

fn feeder(master: &str) -> Result<Feeder, super::SiteFileError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("Master.dss");
    std::fs::write(&path, master).unwrap();
    // The codes are there as gzip alone.
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(CODES.as_bytes()).unwrap();
    std::fs::write(folder.path().join("Codes.txt.gz"), packed.finish().unwrap()).unwrap();
    Feeder::read(&path)
}

#[test]
fn a_feeder_becomes_area_feeders_and_connection_points_with_their_ratings() {
    let feeder = feeder(MASTER).unwrap();
    assert_eq!((feeder.name.as_str(), feeder.lines), ("Small", 4));
    let root = feeder.tree.root();
    assert_eq!((root.kind, root.rating.maximum_import_w), (NodeKind::Area, Some(Power::from_kw(100.0))));
    let root_a = root.rating.maximum_phase_current_a.unwrap().as_a();
    assert!((root_a - 100.0 / (0.4 * 3_f64.sqrt())).abs() < 1e-9);
    let node = |id: &str| feeder.tree.get(&NodeId::new(id)).unwrap();
    let amperes = |id: &str| node(id).rating.maximum_phase_current_a.map(Current::as_a);
    assert_eq!((amperes("F1"), amperes("F2")), (Some(200.0), Some(60.0)));
    assert_eq!(node("House").parent, Some(NodeId::new("F1")));
    // Its own service line, on one phase; the shop shares every line with the house.
    assert_eq!((amperes("House"), amperes("Shop"), amperes("Lamp")), (Some(80.0), None, Some(60.0)));
    assert_eq!(node("House").rating.maximum_import_w, Some(Power::from_w(80.0 * 230.0)));
}

#[test]
fn loads_have_their_phases_and_a_day_and_photovoltaics_lessens_it() {
    let feeder = feeder(MASTER).unwrap();
    let names: Vec<&str> = feeder.customers.iter().map(|customer| customer.node.as_str()).collect();
    assert_eq!(names, ["House", "Shop", "Lamp"]);
    let (house, shop, lamp) = (&feeder.customers[0], &feeder.customers[1], &feeder.customers[2]);
    assert_eq!((house.phases.as_slice(), shop.phases.as_slice()), ([Phase::L2].as_slice(), Phase::ALL.as_slice()));
    assert_eq!(house.step, TimeDelta::hours(12));
    assert_eq!(house.profile_w, [Power::from_kw(2.0), Power::from_kw(1.0)]);
    assert_eq!(house.net_w(), [Power::from_kw(2.0), Power::from_kw(-3.0)]);
    assert!((house.power_factor.unwrap().as_ratio() - 0.8).abs() < 1e-9);
    assert!((shop.voltage_v.as_v() - 400.0 / 3_f64.sqrt()).abs() < 1e-9);
    assert_eq!((shop.profile_w[0], shop.net_w()[1]), (Power::from_kw(6.0), Power::from_kw(3.0)));
    assert_eq!(lamp.profile_w, vec![Power::from_w(100.0); 24]);
}

#[test]
fn what_is_left_out_of_a_feeder_is_said() {
    let feeder = feeder(MASTER).unwrap();
    let said =
        |part: &str| feeder.noticed.iter().find(|finding| finding.rule.contains(part)).map(|finding| finding.count);
    assert_eq!(said("file to redirect to cannot be read"), Some(1));
    assert_eq!(said("hangs from no line"), Some(1));
    assert_eq!(said("photovoltaics without a load"), Some(1));
    assert_eq!(said("no load shape"), Some(1));
    assert_eq!(said("command `solve`"), Some(1));
}

#[test]
fn a_feeder_that_cannot_be_names_the_element() {
    let wrong = |from: &str, to: &str| feeder(&MASTER.replacen(from, to, 1)).unwrap_err().to_string();
    assert!(wrong("enabled=false", "").contains("`line."), "a ring");
    assert!(wrong("enabled=false", "").contains("closes a ring"));
    assert!(wrong("kw=2 ", "kw=two ").contains("`load.House.kw` must be a number, not `two`"));
    assert!(wrong("mult=(1, 0.5)", "mult=(1)").contains("loadshape.Half` has 1 values"));
    assert!(wrong("mult=(1, 0.5)", "mult=(file=gone.txt)").contains("gone.txt: cannot be read"));
    assert!(wrong("New Transformer.T", "New Reactor.T").contains("`transformers` are 0"));
    assert!(wrong("Load.Shop", "Load.House").contains("House"));
}
