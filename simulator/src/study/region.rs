//! A region of made-up sites: feeders, each with sites of four kinds as its circuits.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use headroom_datasets::fit::{FitError, FleetParameters, GeneratedSite, SiteKind, generate};
use headroom_datasets::synthetic::{base_load, home_load};
use headroom_domain::grid::Phase;
use headroom_domain::series::Series;
use headroom_domain::site::{Circuit, DriverDefaults, Site, SiteEvse};
use headroom_domain::{Interval, Power};
use serde::{Deserialize, Serialize};

use crate::engine::SiteFile;
use crate::scenario::{dutch_prices, paused, planned_synthetic};
use crate::world::SessionPlan;

/// Sites on feeders. Vehicles come by the shipped parameters of each kind (`datasets/parameters`), counted by the clock of
/// Amsterdam; buildings draw what [`base_load`] and [`home_load`] make.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegionEntry {
    /// How many sites.
    pub sites: usize,
    /// How many of them hang from a feeder; each feeder is simulated by itself.
    #[serde(default = "usual_feeder")]
    pub sites_per_feeder: usize,
    /// Shares of the kinds, by their sum.
    #[serde(default = "usual_kinds")]
    pub kinds: BTreeMap<SiteKind, f64>,
}

fn usual_feeder() -> usize {
    25
}

fn usual_kinds() -> BTreeMap<SiteKind, f64> {
    [(SiteKind::Workplace, 0.2), (SiteKind::Home, 0.5), (SiteKind::Public, 0.2), (SiteKind::Depot, 0.1)].into()
}

/// A site of a kind, by judgement.
struct Kind {
    evses: usize,
    maximum_current_a: f64,
    building_kw: f64,
}

/// What a site's circuit carries, as a share of what its stations could draw at once.
const CIRCUIT_SHARE: f64 = 0.6;
const VOLTAGE_V: f64 = 230.0;
const MARGIN_KW: f64 = 3.0;

fn kind(kind: SiteKind) -> Kind {
    let (evses, maximum_current_a, building_kw) = match kind {
        SiteKind::Workplace => (12, 16.0, 60.0),
        SiteKind::Home => (6, 16.0, 25.0),
        SiteKind::Public => (4, 32.0, 5.0),
        SiteKind::Depot => (10, 32.0, 20.0),
    };
    Kind { evses, maximum_current_a, building_kw }
}

impl RegionEntry {
    pub(super) fn check(&self) -> Result<(), (&'static str, &'static str)> {
        let rule = |ok: bool, field, rule| if ok { Ok(()) } else { Err((field, rule)) };
        rule(self.sites > 0, "region.sites", "is 0: give 1 or more")?;
        rule(self.sites_per_feeder > 0, "region.sites_per_feeder", "is 0: give 1 or more")?;
        let shares = self.kinds.values().all(|share| share.is_finite() && *share >= 0.0);
        let some = self.kinds.values().sum::<f64>() > 0.0;
        rule(
            shares && some,
            "region.kinds",
            "must be shares of 0 or more, and one above 0: { home = 0.8, depot = 0.2 }",
        )
    }

    /// Returns how many feeders there are.
    pub(super) fn feeders(&self) -> usize {
        self.sites.div_ceil(self.sites_per_feeder)
    }

    /// Returns the kind of every site: among the first of them, too, the shares are kept as well as can be.
    fn kinds(&self) -> impl Iterator<Item = SiteKind> + '_ {
        let total: f64 = self.kinds.values().sum();
        let mut owed: BTreeMap<SiteKind, f64> = self.kinds.keys().map(|kind| (*kind, 0.0)).collect();
        (0..self.sites).filter_map(move |_| {
            for (kind, owed) in &mut owed {
                *owed += self.kinds[kind] / total;
            }
            let (kind, most) =
                owed.iter_mut().max_by(|one, other| one.1.total_cmp(other.1).then(other.0.cmp(one.0)))?;
            *most -= 1.0;
            Some(*kind)
        })
    }
}

/// A feeder of a region: its sites are its circuits.
pub(super) struct Feeder {
    /// Without limit and base load.
    pub(super) file: SiteFile,
    /// Name and kind of each site.
    sites: Vec<(String, SiteKind)>,
}

impl Feeder {
    /// Makes the feeder of a region at a position, from 0.
    pub(super) fn of(region: &RegionEntry, position: usize) -> Self {
        let first = position * region.sites_per_feeder;
        let named = |(index, kind): (usize, SiteKind)| (format!("{kind}-{:04}", index + 1), kind);
        let sites: Vec<_> = region.kinds().enumerate().skip(first).take(region.sites_per_feeder).map(named).collect();
        let (mut circuits, mut evses) = (Vec::new(), Vec::new());
        for (name, of) in &sites {
            let Kind { evses: count, maximum_current_a, .. } = kind(*of);
            let evse_kw = 3.0 * VOLTAGE_V * maximum_current_a / 1000.0;
            let import_limit_kw = Some((CIRCUIT_SHARE * evse_kw * count as f64).max(evse_kw));
            circuits.push(Circuit { id: name.clone(), parent: None, import_limit_kw, phase_current_a: None });
            evses.extend((0..count).map(|index| SiteEvse {
                uid: format!("{name}/{index}"),
                circuit: Some(name.clone()),
                phases: (0..3).map(|turn| Phase::ALL[(index + turn) % 3]).collect(),
                voltage_v: VOLTAGE_V,
                maximum_current_a,
            }));
        }
        let buildings_kw: f64 = sites.iter().map(|(_, of)| kind(*of).building_kw).sum();
        let installed_kw: f64 = circuits.iter().filter_map(|circuit| circuit.import_limit_kw).sum();
        let site = Site {
            id: format!("feeder-{:02}", position + 1),
            name: format!("Feeder {}", position + 1),
            time_zone: chrono_tz::Europe::Amsterdam,
            import_capacity_kw: buildings_kw + installed_kw,
            margin_kw: MARGIN_KW,
            base_load_kw: buildings_kw,
            base_load_guard: 0.99,
            safe_mode: paused(installed_kw),
            defaults: DriverDefaults::default(),
            energy_price: Some(dutch_prices()),
            demand_charge_per_kw: None,
            circuits,
            evses,
        };
        Self { file: SiteFile { site, limits: Vec::new(), base_load: None }, sites }
    }

    /// Makes the sessions that begin on some days.
    pub(super) fn sessions(
        &self,
        from: NaiveDate,
        to: NaiveDate,
        longest: DateTime<Utc>,
        seed: u64,
    ) -> Result<Vec<SessionPlan>, FitError> {
        // Chance starts anew with every part: other days, other vehicles.
        let seed = seed ^ u64::from(from.num_days_from_ce().unsigned_abs()).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let days = u32::try_from((to - from).num_days() + 1).unwrap_or(1);
        let mut planned = Vec::new();
        for of in SiteKind::ALL {
            let time_zone = self.file.site.time_zone;
            let parameters = FleetParameters { time_zone, ..FleetParameters::shipped(of)? };
            let here = self.sites.iter().filter(|(_, kind)| *kind == of);
            let sites: Vec<_> =
                here.map(|(name, of)| GeneratedSite { name: name.clone(), evses: kind(*of).evses }).collect();
            for site in generate(&parameters, &sites, from, days, seed) {
                planned.extend(site.sessions.into_iter().map(|mut session| {
                    session.id = format!("{}/{}", site.site, session.id);
                    session.departure = session.departure.min(longest);
                    let evse_uid = format!("{}/{}", site.site, session.evse);
                    planned_synthetic(session, evse_uid)
                }));
            }
        }
        Ok(planned)
    }

    /// Makes what all buildings draw together.
    pub(super) fn base_load(&self, window: Interval, step: TimeDelta, seed: u64) -> Option<Series<Power>> {
        let time_zone = self.file.site.time_zone;
        let mut total: Option<Series<Power>> = None;
        for (index, (_, of)) in (0_u64..).zip(&self.sites) {
            let peak = Power::from_kw(kind(*of).building_kw);
            let make = if *of == SiteKind::Home { home_load } else { base_load };
            let own = make(seed.wrapping_add(index), window, step, time_zone, peak);
            total = Some(match total {
                None => own,
                Some(sum) => {
                    let values = sum.values().iter().zip(own.values()).map(|(sum, own)| *sum + *own).collect();
                    Series::new(own.grid().clone(), values).ok()?
                }
            });
        }
        total
    }
}
