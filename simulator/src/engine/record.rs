//! What is kept of a run.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use chrono_tz::Tz;
use headroom_datasets::PowerRow;
use headroom_domain::time::floor_to;
use headroom_domain::units::hours;
use headroom_domain::{Energy, Interval, Power};

use crate::world::{Reading, World};

/// Power per session and interval, as it comes about.
#[derive(Default)]
pub(super) struct Recorder {
    open: BTreeMap<usize, Open>,
    rows: Vec<PowerRow>,
}

struct Open {
    since: DateTime<Utc>,
    energy_wh: Energy,
    limit_w: Option<Power>,
}

impl Recorder {
    /// Begins a session's row, if it is there.
    pub(super) fn begin(&mut self, world: &World, session: usize) {
        let Some(station) = world.station_of(session) else { return };
        let limit_w = station.profile().map(|_| station.wiring.power_at(station.offered(world.now())));
        self.open.insert(session, Open { since: world.now(), energy_wh: world.energy_of(session), limit_w });
    }

    /// Ends a session's row.
    pub(super) fn end(&mut self, world: &World, session: usize, at: DateTime<Utc>) {
        let Some(open) = self.open.remove(&session) else { return };
        let Some(interval) = Interval::new(open.since, at) else { return };
        let energy = world.energy_of(session) - open.energy_wh;
        let plan = &world.plan().sessions[session];
        self.rows.push(PowerRow {
            session: plan.id.clone(),
            node: world.plan().site.evse_node(&plan.evse_uid).to_string(),
            interval,
            power_w: Power::from_w(energy.as_wh() / hours(interval.duration())),
            limit_w: open.limit_w,
        });
    }

    /// Ends the rows of all sessions and begins new ones.
    pub(super) fn turn(&mut self, world: &World) {
        let sessions: Vec<usize> = self.open.keys().copied().collect();
        for session in sessions {
            self.end(world, session, world.now());
            self.begin(world, session);
        }
    }

    /// Returns all rows.
    pub(super) fn finish(self) -> Vec<PowerRow> {
        self.rows
    }
}

/// The highest quarter hour of the running month, in local time: what demand charges are for.
pub(super) struct QuarterPeak {
    time_zone: Tz,
    month: Option<(i32, u32)>,
    highest_w: Power,
    minutes: Vec<Reading>,
}

impl QuarterPeak {
    pub(super) fn new(time_zone: Tz) -> Self {
        Self { time_zone, month: None, highest_w: Power::ZERO, minutes: Vec::new() }
    }

    /// Returns the highest quarter hour so far.
    pub(super) fn highest(&self) -> Power {
        self.highest_w
    }

    /// Forgets the minutes of the running quarter hour: some are missing.
    pub(super) fn forget(&mut self) {
        self.minutes.clear();
    }

    /// Takes a minute's reading; returns the base load of the quarter hour that it ends, when it does.
    pub(super) fn take(&mut self, reading: Reading) -> Option<(Interval, Power)> {
        self.minutes.push(reading);
        if floor_to(reading.end, TimeDelta::minutes(15)) != reading.end {
            return None;
        }
        let minutes = std::mem::take(&mut self.minutes);
        let mean = |power: fn(&Reading) -> Power| minutes.iter().map(power).sum::<Power>() / minutes.len() as f64;
        let start = minutes.first().map_or(reading.start, |first| first.start);
        let local = start.with_timezone(&self.time_zone);
        let month = Some((local.year(), local.month()));
        if self.month != month {
            (self.month, self.highest_w) = (month, Power::ZERO);
        }
        self.highest_w = self.highest_w.max(mean(|minute| minute.import_w));
        Some((Interval { start, end: reading.end }, mean(|minute| minute.base_load_w)))
    }
}
