//! Elements to a tree with customers.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;

use headroom_domain::grid::{GridNode, GridTree, NodeKind, Phase, Rating};
use headroom_domain::{Current, NodeId, Power};

use super::script::{Element, Script};
use super::shapes::Shapes;
use super::{Customer, Feeder};
use crate::sites::SiteFileError;

pub(super) fn build(path: &Path, script: Script) -> Result<Feeder, SiteFileError> {
    let Script { elements, mut noticed } = script;
    let of = |class: &'static str| elements.iter().filter(move |element| element.class == class);
    let name = of("circuit").next().map_or_else(|| "area".to_owned(), |circuit| circuit.name.clone());
    let transformers: Vec<&Element> = of("transformer").collect();
    let [transformer] = transformers.as_slice() else {
        let rule = format!("are {}", transformers.len());
        return Err(SiteFileError::broken(path, "transformers", rule, "give a feeder behind one transformer"));
    };
    let (busbar, _) = bus(transformer.list("buses").last().copied().unwrap_or_default());
    let network = Network::new(path, &busbar, &elements)?;
    let shapes = Shapes::new(path, &elements);
    let area = NodeId::new(name.clone());
    let mut nodes = vec![GridNode {
        id: area.clone(),
        kind: NodeKind::Area,
        parent: None,
        rating: transformer_rating(path, transformer)?,
        wiring: None,
    }];
    for line in network.feeders() {
        let parent = Some(area.clone());
        nodes.push(node(&line.name, NodeKind::Feeder, parent, amperes(line.maximum_a)));
    }
    let mut loads: Vec<(&Element, Vec<usize>)> = Vec::new();
    for load in of("load") {
        let at = load.text("bus1").unwrap_or_default();
        match network.path(&bus(at).0) {
            Some(path) => loads.push((load, path)),
            None => noticed.note("the load hangs from no line of the transformer; it was left out", &*load.name, at),
        }
    }
    let alone = network.serving_one(&loads);
    let mut customers = Vec::new();
    for (load, line_path) in &loads {
        let mut customer = shapes.customer(load, &mut noticed)?;
        let own = of("pvsystem").filter(|pv| pv.text("bus1").map(bus) == load.text("bus1").map(bus));
        for pv in own {
            shapes.photovoltaics(&mut customer, pv, &mut noticed)?;
        }
        let service =
            line_path.iter().filter(|line| alone.contains(line)).filter_map(|line| network.lines[*line].maximum_a);
        let rating = service_rating(&customer, service.min_by(f64::total_cmp));
        let feeder = line_path.first().map_or(area.clone(), |line| NodeId::new(network.lines[*line].name.clone()));
        nodes.push(node(&load.name, NodeKind::ConnectionPoint, Some(feeder), rating));
        customers.push(customer);
    }
    let buses: BTreeSet<String> = of("load").filter_map(|load| load.text("bus1").map(|text| bus(text).0)).collect();
    for pv in of("pvsystem").filter(|pv| !buses.contains(&bus(pv.text("bus1").unwrap_or_default()).0)) {
        noticed.note(
            "photovoltaics without a load at its bus was left out",
            &*pv.name,
            pv.text("bus1").unwrap_or_default(),
        );
    }
    let tree = GridTree::new(nodes).map_err(|error| {
        SiteFileError::broken(path, "elements", error.to_string(), "give every load a name of its own")
    })?;
    Ok(Feeder { name, tree, lines: network.parents.len(), customers, noticed: noticed.by_count() })
}

fn node(name: &str, kind: NodeKind, parent: Option<NodeId>, rating: Rating) -> GridNode {
    GridNode { id: NodeId::new(name), kind, parent, rating, wiring: None }
}

fn amperes(maximum_a: Option<f64>) -> Rating {
    Rating { maximum_phase_current_a: maximum_a.and_then(|value| Current::try_new(value).ok()), ..Rating::default() }
}

/// Returns a rating at a power factor of one: kVA as kW, and the current of each phase on the lower side.
fn transformer_rating(path: &Path, transformer: &Element) -> Result<Rating, SiteFileError> {
    let last = |property: &str| transformer.list(property).last().and_then(|text| text.parse::<f64>().ok());
    let kva = last("kvas").filter(|kva| kva.is_finite() && *kva > 0.0).ok_or_else(|| {
        SiteFileError::broken(path, "transformer.kVAs", "must be stated, above 0", "give the rating of every winding")
    })?;
    let current = last("kvs").filter(|kv| *kv > 0.0).map(|kv| kva / (kv * 3_f64.sqrt()));
    Ok(Rating { maximum_import_w: Power::try_new(kva * 1000.0).ok(), ..amperes(current) })
}

/// Returns the rating of the lines that serve a customer alone, also as power on its phases.
fn service_rating(customer: &Customer, maximum_a: Option<f64>) -> Rating {
    let power = maximum_a.map(|amperes| amperes * customer.voltage_v.as_v() * customer.phases.len() as f64);
    Rating { maximum_import_w: power.and_then(|power| Power::try_new(power).ok()), ..amperes(maximum_a) }
}

/// Splits `name.1.2` into the bus and its phases; none named are all.
pub(super) fn bus(text: &str) -> (String, Vec<Phase>) {
    let mut parts = text.trim().split('.');
    let name = parts.next().unwrap_or_default().to_lowercase();
    let phases: Vec<Phase> = parts
        .filter_map(|part| part.parse::<usize>().ok())
        .filter_map(|number| Phase::ALL.get(number.checked_sub(1)?).copied())
        .collect();
    (name, if phases.is_empty() { Phase::ALL.to_vec() } else { phases })
}

struct Line {
    name: String,
    ends: [String; 2],
    maximum_a: Option<f64>,
}

/// Lines as they hang from the busbar.
struct Network {
    busbar: String,
    lines: Vec<Line>,
    /// The line above each bus, and the bus above that.
    parents: BTreeMap<String, (usize, String)>,
}

impl Network {
    fn new(path: &Path, busbar: &str, elements: &[Element]) -> Result<Self, SiteFileError> {
        let of = |class: &'static str| elements.iter().filter(move |element| element.class == class);
        let mut codes = BTreeMap::new();
        for code in of("linecode") {
            codes.insert(code.key(), code.number(path, "normamps")?);
        }
        let mut lines = Vec::new();
        let off =
            |line: &&Element| line.text("enabled").is_some_and(|text| text.to_lowercase().starts_with(['f', 'n']));
        for line in of("line").filter(|line| !off(line)) {
            let code = line.text("linecode").and_then(|code| codes.get(&code.to_lowercase()).copied().flatten());
            let end = |property: &str| bus(line.text(property).unwrap_or_default()).0;
            let maximum_a = line.number(path, "normamps")?.or(code);
            lines.push(Line { name: line.name.clone(), ends: [end("bus1"), end("bus2")], maximum_a });
        }
        let mut network = Self { busbar: busbar.to_owned(), lines, parents: BTreeMap::new() };
        network.hang(path)?;
        Ok(network)
    }

    /// Walks from the busbar outwards. **Errors**: a line that closes a ring.
    fn hang(&mut self, path: &Path) -> Result<(), SiteFileError> {
        let mut at: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (index, line) in self.lines.iter().enumerate() {
            line.ends.iter().for_each(|end| at.entry(end).or_default().push(index));
        }
        let (mut waiting, mut used) = (VecDeque::from([self.busbar.as_str()]), BTreeSet::new());
        while let Some(here) = waiting.pop_front() {
            for index in at.get(here).into_iter().flatten() {
                if !used.insert(*index) {
                    continue;
                }
                let line = &self.lines[*index];
                let there = if line.ends[0] == here { &line.ends[1] } else { &line.ends[0] };
                if *there == self.busbar || self.parents.contains_key(there) {
                    let rule = format!("closes a ring at bus `{there}`");
                    let remedy = "open the ring: only radial feeders are read";
                    return Err(SiteFileError::broken(path, format!("line.{}", line.name), rule, remedy));
                }
                self.parents.insert(there.clone(), (*index, here.to_owned()));
                waiting.push_back(there);
            }
        }
        Ok(())
    }

    fn feeders(&self) -> impl Iterator<Item = &Line> {
        let first = |index: &usize| self.parents.values().any(|(line, above)| line == index && *above == self.busbar);
        (0..self.lines.len()).filter(move |index| first(index)).map(|index| &self.lines[index])
    }

    /// Returns the lines from the busbar to a bus; `None` when it hangs from none.
    fn path(&self, bus: &str) -> Option<Vec<usize>> {
        let (mut path, mut here) = (Vec::new(), bus);
        while here != self.busbar {
            let (line, above) = self.parents.get(here)?;
            path.push(*line);
            here = above;
        }
        path.reverse();
        Some(path)
    }

    /// Returns the lines that one load hangs from.
    fn serving_one(&self, loads: &[(&Element, Vec<usize>)]) -> BTreeSet<usize> {
        let mut served = vec![0_usize; self.lines.len()];
        loads.iter().flat_map(|(_, path)| path).for_each(|line| served[*line] += 1);
        (0..served.len()).filter(|line| served[*line] == 1).collect()
    }
}
