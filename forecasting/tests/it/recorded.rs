//! Recorded loads, where they are at hand.

use chrono::{DateTime, TimeDelta, Utc};
use flate2::read::GzDecoder;
use headroom_domain::{Interval, Power};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// A load in quarter hours.
pub(crate) struct Recording {
    pub(crate) name: &'static str,
    steps: Vec<(Interval, Power)>,
}

impl Recording {
    pub(crate) fn end(&self) -> DateTime<Utc> {
        self.steps.last().unwrap().0.end
    }

    pub(crate) fn range(&self) -> Power {
        let values = || self.steps.iter().map(|(_, power)| *power);
        values().max().unwrap() - values().min().unwrap()
    }

    pub(crate) fn between(&self, start: DateTime<Utc>, end: DateTime<Utc>) -> &[(Interval, Power)] {
        let at = |edge| self.steps.partition_point(|(interval, _)| interval.start < edge);
        &self.steps[at(start)..at(end)]
    }

    pub(crate) fn at(&self, start: DateTime<Utc>) -> Option<Power> {
        let found = self.steps.binary_search_by_key(&start, |(interval, _)| interval.start).ok()?;
        Some(self.steps[found].1)
    }
}

/// Returns the recorded loads, or says that there are none and the test is skipped.
pub(crate) fn loads() -> Option<Vec<Recording>> {
    let data = PathBuf::from(std::env::var_os("HEADROOM_DATA").unwrap_or_default());
    let folder = data.join("loads");
    if !folder.is_dir() {
        println!("skipped: no recorded loads in HEADROOM_DATA ({})", data.display());
        return None;
    }
    let series = [
        ("openstef_get_model_input_pid_307", "index", "load"),
        ("openstef_substation_OWD", "datetime", "total_substation"),
        ("openstef_substation_MNZL", "datetime", "total_substation"),
        ("openstef_substation_HAL", "datetime", "total_substation"),
    ];
    Some(series.iter().map(|(name, time, load)| read(&folder, name, time, load)).collect())
}

fn read(folder: &Path, name: &'static str, time: &str, load: &str) -> Recording {
    let mut text = String::new();
    let file = File::open(folder.join(format!("{name}.csv.gz"))).unwrap();
    GzDecoder::new(file).read_to_string(&mut text).unwrap();
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let column = |name: &str| header.iter().position(|column| *column == name).unwrap();
    let (time, load) = (column(time), column(load));
    let step = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        let start: DateTime<Utc> = DateTime::parse_from_str(fields[time], "%Y-%m-%d %H:%M:%S%:z").unwrap().to_utc();
        let megawatt: f64 = fields[load].parse().ok()?;
        Some((Interval::new(start, start + TimeDelta::minutes(15)).unwrap(), Power::from_kw(megawatt * 1000.0)))
    };
    let mut steps: Vec<(Interval, Power)> = lines.filter_map(step).collect();
    steps.sort_by_key(|(interval, _)| interval.start);
    Recording { name, steps }
}
