//! Elements to a tree with customers.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;

use chrono::TimeDelta;
use headroom_domain::grid::{GridNode, GridTree, NodeKind, Phase, Rating};
use headroom_domain::{Current, NodeId, Power, Ratio, Voltage};

use super::script::{Element, Script, open};
use super::{Customer, Feeder, Photovoltaics};
use crate::findings::Findings;
use crate::sites::SiteFileError;

const DAY_S: f64 = 86_400.0;

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
    let mut shapes = Shapes::new(path, &elements);
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
    let loads: Vec<(&Element, Vec<usize>)> = of("load")
        .filter_map(|load| match network.path(&bus(load.text("bus1").unwrap_or_default()).0) {
            Some(path) => Some((load, path)),
            None => {
                noticed.note("the load hangs from no line of the transformer; it was left out", &*load.name, load.text("bus1").unwrap_or_default());
                None
            }
        })
        .collect();
    let alone = network.serving_one(&loads);
    let mut customers = Vec::new();
    for (load, line_path) in &loads {
        let mut customer = shapes.customer(load, &mut noticed)?;
        let own = of("pvsystem").filter(|pv| pv.text("bus1").map(bus) == load.text("bus1").map(bus));
        for pv in own {
            shapes.photovoltaics(&mut customer, pv, &mut noticed)?;
        }
        let service = line_path.iter().filter(|line| alone.contains(line)).filter_map(|line| network.lines[*line].maximum_a);
        let rating = service_rating(&customer, service.min_by(f64::total_cmp));
        let feeder = line_path.first().map_or(area.clone(), |line| NodeId::new(network.lines[*line].name.clone()));
        nodes.push(node(&load.name, NodeKind::ConnectionPoint, Some(feeder), rating));
        customers.push(customer);
    }
    let buses: BTreeSet<String> = of("load").filter_map(|load| load.text("bus1").map(|text| bus(text).0)).collect();
    for pv in of("pvsystem").filter(|pv| !buses.contains(&bus(pv.text("bus1").unwrap_or_default()).0)) {
        noticed.note("photovoltaics without a load at its bus was left out", &*pv.name, pv.text("bus1").unwrap_or_default());
    }
    let tree = GridTree::new(nodes)
        .map_err(|error| SiteFileError::broken(path, "elements", error.to_string(), "give every load a name of its own"))?;
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
fn bus(text: &str) -> (String, Vec<Phase>) {
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
        let off = |line: &&Element| line.text("enabled").is_some_and(|text| text.to_lowercase().starts_with(['f', 'n']));
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

/// Load shapes by name, read when they are asked for.
struct Shapes<'a> {
    path: &'a Path,
    elements: BTreeMap<String, &'a Element>,
}

/// A day of a shape.
struct Shape {
    step: TimeDelta,
    values: Vec<f64>,
    /// The values are kW, not shares of the rated power.
    actual: bool,
}

impl<'a> Shapes<'a> {
    fn new(path: &'a Path, elements: &'a [Element]) -> Self {
        let shapes = elements.iter().filter(|element| element.class == "loadshape");
        Self { path, elements: shapes.map(|shape| (shape.key(), shape)).collect() }
    }

    fn customer(&mut self, load: &Element, noticed: &mut Findings) -> Result<Customer, SiteFileError> {
        let number = |property: &str| load.number(self.path, property);
        let (_, phases) = bus(load.text("bus1").unwrap_or_default());
        let rated_kw = number("kw")?.unwrap_or(0.0);
        // Two and three phases are rated from line to line.
        let line_to_line = number("phases")?.unwrap_or(3.0) > 1.0;
        let kv = number("kv")?.unwrap_or(0.23) / if line_to_line { 3_f64.sqrt() } else { 1.0 };
        let apparent = number("kvar")?.map(|kvar| rated_kw.hypot(kvar)).filter(|kva| *kva > 0.0);
        let factor = number("pf")?.map(f64::abs).or(apparent.map(|kva| rated_kw / kva));
        let shape = self.shape(load, noticed)?;
        Ok(Customer {
            node: NodeId::new(load.name.clone()),
            phases,
            voltage_v: Voltage::try_new(kv * 1000.0).unwrap_or_default(),
            power_factor: factor.and_then(|factor| Ratio::try_new(factor).ok()),
            step: shape.step,
            profile_w: shape.powers(rated_kw),
            photovoltaics: None,
        })
    }

    fn photovoltaics(&mut self, of: &mut Customer, pv: &Element, noticed: &mut Findings) -> Result<(), SiteFileError> {
        let rated_kw = pv.number(self.path, "pmpp")?.or(pv.number(self.path, "kva")?).unwrap_or(0.0);
        let shape = self.shape(pv, noticed)?;
        if shape.step != of.step || shape.values.len() != of.profile_w.len() {
            noticed.note("photovoltaics on other steps than its load was left out", &*pv.name, "");
            return Ok(());
        }
        let rated_w = Power::try_new(rated_kw * 1000.0).unwrap_or_default();
        let before = of.photovoltaics.take();
        let mut profile_w = shape.powers(rated_kw);
        for (sum, more) in profile_w.iter_mut().zip(before.iter().flat_map(|own| &own.profile_w)) {
            *sum += *more;
        }
        let rated_w = rated_w + before.map_or(Power::ZERO, |own| own.rated_w);
        of.photovoltaics = Some(Photovoltaics { rated_w, profile_w });
        Ok(())
    }

    /// Returns the day of an element; without a shape it is constant.
    fn shape(&self, element: &Element, noticed: &mut Findings) -> Result<Shape, SiteFileError> {
        let constant = Shape { step: TimeDelta::hours(1), values: vec![1.0; 24], actual: false };
        let named = ["daily", "yearly", "duty"].into_iter().find_map(|property| element.text(property));
        let Some(name) = named else {
            noticed.note("the element has no load shape; it is taken as constant", &*element.name, "");
            return Ok(constant);
        };
        let Some(shape) = self.elements.get(&name.to_lowercase()) else {
            noticed.note("the load shape is not there; the element is taken as constant", &*element.name, name);
            return Ok(constant);
        };
        let hours = shape.number(self.path, "interval")?.map(|hours| hours * 3600.0);
        let minutes = shape.number(self.path, "minterval")?.map(|minutes| minutes * 60.0);
        let step_s = shape.number(self.path, "sinterval")?.or(minutes).or(hours).unwrap_or(3600.0);
        let mut values = self.values(shape)?;
        let wrong = |rule: String, remedy| {
            Err(SiteFileError::broken(self.path, format!("loadshape.{}", shape.name), rule, remedy))
        };
        if step_s < 1.0 || step_s > DAY_S {
            return wrong(format!("has steps of {step_s} s"), "give steps of 1 s to a day");
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to 86 400 steps")]
        let a_day = (DAY_S / step_s).round() as usize;
        if values.len() < a_day {
            return wrong(format!("has {} values of {step_s} s, less than a day", values.len()), "give a whole day");
        }
        if values.len() > a_day {
            noticed.note("the load shape is longer than a day; its first day counts", &*shape.name, values.len().to_string());
            values.truncate(a_day);
        }
        let actual = shape.text("useactual").is_some_and(|text| text.to_lowercase().starts_with(['t', 'y']));
        #[expect(clippy::cast_possible_truncation, reason = "seconds of a day")]
        let step = TimeDelta::seconds(step_s.round() as i64);
        Ok(Shape { step, values, actual })
    }

    fn values(&self, shape: &Element) -> Result<Vec<f64>, SiteFileError> {
        let text = shape.text("pmult").or_else(|| shape.text("mult")).unwrap_or_default();
        let (named, file) = text.split_once('=').map_or((false, ""), |(_, file)| (true, file.trim()));
        let from_file;
        let text = if named {
            let path = shape.folder.join(file);
            from_file = open(&path).map_err(|source| SiteFileError::Unreadable { path, source })?;
            from_file.as_str()
        } else {
            text
        };
        let parts = text.split(|letter: char| letter == ',' || letter.is_whitespace()).filter(|part| !part.is_empty());
        let number = |part: &str| {
            let value = part.parse::<f64>().ok().filter(|value| value.is_finite());
            value.ok_or_else(|| {
                let field = format!("loadshape.{}", shape.name);
                SiteFileError::broken(self.path, field, format!("holds `{part}`"), "give plain numbers")
            })
        };
        parts.map(number).collect()
    }
}

impl Shape {
    fn powers(&self, rated_kw: f64) -> Vec<Power> {
        let kw = if self.actual { 1.0 } else { rated_kw };
        self.values.iter().map(|value| Power::try_new(value * kw * 1000.0).unwrap_or_default()).collect()
    }
}
