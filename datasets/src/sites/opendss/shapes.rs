//! Loads, photovoltaics and their days.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::TimeDelta;
use headroom_domain::{NodeId, Power, Ratio, Voltage};

use super::feeder::bus;
use super::script::{Element, open};
use super::{Customer, Photovoltaics};
use crate::findings::Findings;
use crate::sites::SiteFileError;

const DAY_S: f64 = 86_400.0;

/// Load shapes by name, read when they are asked for.
pub(super) struct Shapes<'a> {
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
    pub(super) fn new(path: &'a Path, elements: &'a [Element]) -> Self {
        let shapes = elements.iter().filter(|element| element.class == "loadshape");
        Self { path, elements: shapes.map(|shape| (shape.key(), shape)).collect() }
    }

    pub(super) fn customer(&self, load: &Element, noticed: &mut Findings) -> Result<Customer, SiteFileError> {
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

    pub(super) fn photovoltaics(
        &self,
        of: &mut Customer,
        pv: &Element,
        noticed: &mut Findings,
    ) -> Result<(), SiteFileError> {
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
        if !(1.0..=DAY_S).contains(&step_s) {
            return wrong(format!("has steps of {step_s} s"), "give steps of 1 s to a day");
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to 86 400 steps")]
        let a_day = (DAY_S / step_s).round() as usize;
        if values.len() < a_day {
            return wrong(format!("has {} values of {step_s} s, less than a day", values.len()), "give a whole day");
        }
        if values.len() > a_day {
            noticed.note(
                "the load shape is longer than a day; its first day counts",
                &*shape.name,
                values.len().to_string(),
            );
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
