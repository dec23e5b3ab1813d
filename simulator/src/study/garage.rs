//! A site made of a recording: a place to charge for each station, a circuit for each location.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use chrono_tz::Tz;
use headroom_datasets::RecordedSession;
use headroom_domain::grid::Phase;
use headroom_domain::site::{Circuit, Site, SiteEvse};
use serde::{Deserialize, Serialize};

use crate::engine::{BaseLoadEntry, SiteFile};
use crate::scenario::derived_site;

/// A base load of a derived site, as a share of what its EVSEs could draw.
const BASE_SHARE: f64 = 0.15;

/// How the stations of a recording are wired; the defaults are those of the workplaces of ACN-Data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GarageEntry {
    /// The site's time zone.
    pub time_zone: Tz,
    /// Phases of each station, 1 or 3; single-phase stations take turns on the three of the site.
    pub phases: u8,
    /// Line to neutral, or as the source counts it. **Units**: V.
    pub voltage_v: f64,
    /// Most current on each phase of a station. **Units**: A.
    pub maximum_current_a: f64,
    /// What a location's circuit carries, as a share of what its stations could draw at once, but never less than one
    /// station; absent: all of it.
    pub location_share: Option<f64>,
}

impl Default for GarageEntry {
    fn default() -> Self {
        let time_zone = chrono_tz::America::Los_Angeles;
        Self { time_zone, phases: 1, voltage_v: 208.0, maximum_current_a: 32.0, location_share: None }
    }
}

impl GarageEntry {
    pub(super) fn check(&self) -> Result<(), (&'static str, &'static str)> {
        let rule = |ok: bool, field, rule| if ok { Ok(()) } else { Err((field, rule)) };
        let positive = |value: f64| value.is_finite() && value > 0.0;
        rule(self.phases == 1 || self.phases == 3, "garage.phases", "must be 1 or 3")?;
        rule(positive(self.voltage_v), "garage.voltage_v", "must be more than 0 V, for example 230.0")?;
        rule(positive(self.maximum_current_a), "garage.maximum_current_a", "must be more than 0 A, for example 32.0")?;
        let share = self.location_share.is_none_or(|share| (0.0..=1.0).contains(&share));
        rule(share, "garage.location_share", "must be 0 to 1, for example 0.6")
    }

    /// Makes the site of a recording, with a connection that carries everything at once. A session's station becomes the
    /// name of its EVSE: with its location before it where there are several, since stations may share a name.
    pub(super) fn site(&self, sessions: &mut [RecordedSession], date: NaiveDate) -> SiteFile {
        let locations: BTreeMap<String, String> = named_by_location(sessions);
        let mut site = Site { time_zone: self.time_zone, ..derived_site(sessions, date) };
        for (index, evse) in site.evses.iter_mut().enumerate() {
            let turn = |phase: usize| Phase::ALL[(index + phase) % 3];
            evse.phases = (0..usize::from(self.phases)).map(turn).collect();
            (evse.voltage_v, evse.maximum_current_a) = (self.voltage_v, self.maximum_current_a);
            evse.circuit = locations.get(&evse.uid).cloned();
        }
        let mut installed: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
        for evse in &site.evses {
            let (total, most) = installed.entry(evse.circuit.as_deref().unwrap_or_default()).or_default();
            (*total, *most) = (*total + power_kw(evse), most.max(power_kw(evse)));
        }
        let all_kw: f64 = installed.values().map(|(total, _)| total).sum();
        let circuit = |(location, (total, most)): (&&str, &(f64, f64))| Circuit {
            id: (*location).to_owned(),
            parent: None,
            import_limit_kw: self.location_share.map(|share| (share * total).max(*most)),
            phase_current_a: None,
        };
        let circuits = installed.iter().filter(|(location, _)| !location.is_empty()).map(circuit).collect();
        site.circuits = circuits;
        let peak_kw = (all_kw * BASE_SHARE).round();
        site.base_load_kw = peak_kw;
        site.import_capacity_kw = all_kw + peak_kw;
        SiteFile { site, limits: Vec::new(), base_load: Some(BaseLoadEntry { peak_kw, seed: 0 }) }
    }
}

/// Names stations by their locations where there are several, and returns the location of each.
fn named_by_location(sessions: &mut [RecordedSession]) -> BTreeMap<String, String> {
    let first = sessions.first().and_then(|session| session.site.clone());
    if sessions.iter().all(|session| session.site == first) {
        return BTreeMap::new();
    }
    let mut locations = BTreeMap::new();
    for session in sessions {
        if let Some(site) = &session.site {
            // Made-up stations have it before their names already.
            if !session.station.starts_with(&format!("{site}/")) {
                session.station = format!("{site}/{}", session.station);
            }
            locations.insert(session.station.clone(), site.clone());
        }
    }
    locations
}

fn power_kw(evse: &SiteEvse) -> f64 {
    evse.wiring().map_or(0.0, |wiring| wiring.maximum_power().as_kw())
}
