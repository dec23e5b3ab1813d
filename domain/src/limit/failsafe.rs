//! What a connection point falls back to when its utility falls silent, and when.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{LimitViolation, magnitude};
use crate::time::Interval;
use crate::units::Power;

/// What a connection point falls back to for one utility. Each part is optional.
///
/// The default limit holds where the utility states no limit (a gap, or a schedule that has run out: `OpenADR` 3.1 User Guide
/// 8.10.1), and, as long as the connection point is in safe mode, everywhere beside what the utility states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SafeMode {
    /// The default import limit. **Units**: W.
    pub maximum_import_w: Option<Power>,
    /// The default export limit. **Units**: W.
    pub maximum_export_w: Option<Power>,
    /// Silence of this length is the loss of the link (`EEBus` LPC: 120 s); absent: no heartbeats are waited for. **Units**: s.
    pub heartbeat_timeout_s: Option<u32>,
    /// Safe mode lasts at least so long, unless a limit is stated after the heartbeat has returned (`EEBus` LPC: 2 h to 24 h).
    /// **Units**: s.
    pub minimum_hold_s: u32,
    /// How long after the heartbeat has returned safe mode ends without a limit being stated (`EEBus` LPC: 120 s). **Units**: s.
    pub release_delay_s: u32,
    /// When all this applies; absent: always.
    pub validity: Option<Interval>,
}

/// Whether a connection point has fallen back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The utility's limits hold, and its default where it states none.
    #[default]
    Normal,
    /// The default holds beside what the utility states.
    Safe,
}

/// The shortest silence that may be the loss of a link: a heartbeat comes at least once in it (`EEBus` LPC-031). **Units**: s.
pub const HEARTBEAT_TIMEOUT_MIN_S: u32 = 60;

/// The longest hold and release delay: a week. **Units**: s.
const HOLD_MAX_S: u32 = 7 * 24 * 3600;

impl SafeMode {
    /// Returns every rule that it breaks; empty when it is good. Paths begin with `safe_mode`.
    pub fn violations(&self) -> Vec<LimitViolation> {
        let mut broken = Vec::new();
        let (import, export) = (self.maximum_import_w, self.maximum_export_w);
        if import.is_none() && export.is_none() && self.heartbeat_timeout_s.is_none() {
            let rule = "nothing is stated: state a default limit or a heartbeat timeout, or leave safe_mode out";
            broken.push(("", "SAFE_MODE_EMPTY", rule.to_owned()));
        }
        for (power, field) in [(import, "import_limit_w"), (export, "export_limit_w")] {
            broken.extend(power.and_then(|power| magnitude(power, field)));
        }
        if self.heartbeat_timeout_s.is_some_and(|timeout_s| timeout_s < HEARTBEAT_TIMEOUT_MIN_S) {
            let rule =
                format!("it is shorter than {HEARTBEAT_TIMEOUT_MIN_S} s: allow for the time between two heartbeats");
            broken.push(("heartbeat_timeout_s", "HEARTBEAT_TIMEOUT_TOO_SHORT", rule));
        }
        for (length_s, field) in [(self.minimum_hold_s, "minimum_hold_s"), (self.release_delay_s, "release_delay_s")] {
            if length_s > HOLD_MAX_S {
                broken.push((field, "TOO_LONG", format!("it is longer than {HOLD_MAX_S} s, a week: shorten it")));
            }
        }
        if self.validity.is_some_and(|validity| validity.start >= validity.end) {
            let rule = "the end is not after the start: intervals are [start, end)".to_owned();
            broken.push(("validity", "WINDOW_EMPTY", rule));
        }
        let path = |field: &str| if field.is_empty() { "safe_mode".to_owned() } else { format!("safe_mode.{field}") };
        broken.into_iter().map(|(field, code, rule)| LimitViolation { field: path(field), code, rule }).collect()
    }

    /// Tells whether it applies at an instant.
    pub fn is_valid_at(&self, at: DateTime<Utc>) -> bool {
        self.validity.is_none_or(|validity| validity.contains(at))
    }
}

/// The link between a utility and a connection point: whether the utility is heard, and what follows from its silence.
///
/// Times may be told twice and late: a heartbeat that is not newer than the latest changes nothing. When they are told in
/// order, the mode at an instant follows from the heartbeats and limits before it alone, however often [`Link::advance`] is
/// called in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// When we began to listen.
    begun_at: DateTime<Utc>,
    /// The latest time told of.
    known_at: DateTime<Utc>,
    /// The latest heartbeat.
    heard_at: Option<DateTime<Utc>>,
    /// In safe mode: the first heartbeat since the silence, unless it fell silent again.
    back_at: Option<DateTime<Utc>>,
    /// When it fell back, unless it is in normal mode.
    safe_since: Option<DateTime<Utc>>,
    /// Safe mode is that of start-up, which has no hold.
    starting: bool,
}

impl Link {
    /// Makes a link that begins at an instant, in safe mode until the first limit is stated (`EEBus` LPC-901/1).
    pub fn begun(at: DateTime<Utc>) -> Self {
        Self { begun_at: at, known_at: at, heard_at: None, back_at: None, safe_since: Some(at), starting: true }
    }

    /// Notes a sign of life; every call of the utility is one.
    pub fn heartbeat(&mut self, safe_mode: &SafeMode, at: DateTime<Utc>) {
        self.advance(safe_mode, at);
        if self.heard_at.is_none_or(|heard_at| heard_at < at) {
            self.heard_at = Some(at);
            if let Some(safe_since) = self.safe_since {
                self.back_at.get_or_insert(at.max(safe_since));
            }
        }
        self.settle(safe_mode);
    }

    /// Notes that the utility stated a limit. This ends safe mode if a heartbeat came before, else it changes nothing (`EEBus`
    /// LPC-916).
    pub fn limit_stated(&mut self, safe_mode: &SafeMode, at: DateTime<Utc>) {
        self.advance(safe_mode, at);
        if self.back_at.is_some_and(|back_at| back_at <= at) {
            self.return_to_normal();
        }
    }

    /// Lets time pass until `now`; also to be called when the safe mode has changed.
    pub fn advance(&mut self, safe_mode: &SafeMode, now: DateTime<Utc>) {
        self.known_at = self.known_at.max(now);
        self.settle(safe_mode);
    }

    /// Returns the mode, as of the latest time told of.
    pub fn mode(&self) -> Mode {
        if self.safe_since.is_some() { Mode::Safe } else { Mode::Normal }
    }

    /// Returns since when it has fallen back; nothing in normal mode.
    pub fn safe_since(&self) -> Option<DateTime<Utc>> {
        self.safe_since
    }

    /// Returns when the utility was last heard.
    pub fn last_heard(&self) -> Option<DateTime<Utc>> {
        self.heard_at
    }

    /// Returns before when the next heartbeat must come, so that the link is not lost; nothing when none is waited for.
    ///
    /// It lies in the past when the link is lost already.
    pub fn heartbeat_due(&self, safe_mode: &SafeMode) -> Option<DateTime<Utc>> {
        let lost_at = self.lost(safe_mode)?;
        let ends = safe_mode.validity.map(|validity| validity.end);
        ends.is_none_or(|end| lost_at.max(self.known_at) < end).then_some(lost_at)
    }

    /// Returns the instant at which [`Link::advance`] changes the mode next if nothing is heard.
    pub fn next_change(&self, safe_mode: &SafeMode) -> Option<DateTime<Utc>> {
        let lost = || self.heartbeat_due(safe_mode);
        let change = if self.safe_since.is_some() { self.next_return(safe_mode) } else { lost() };
        change.map(|at| at.max(self.known_at))
    }

    fn next_return(&self, safe_mode: &SafeMode) -> Option<DateTime<Utc>> {
        if safe_mode.heartbeat_timeout_s.is_none() || !safe_mode.is_valid_at(self.known_at) {
            return Some(self.known_at);
        }
        let over = safe_mode.validity.map(|validity| validity.end);
        self.release(safe_mode).into_iter().chain(over).min()
    }

    /// When the link is, or will be, lost by silence: not before the safe mode is valid.
    fn lost(&self, safe_mode: &SafeMode) -> Option<DateTime<Utc>> {
        let silent_at = after(self.heard_at.unwrap_or(self.begun_at), safe_mode.heartbeat_timeout_s?);
        Some(safe_mode.validity.map_or(silent_at, |validity| silent_at.max(validity.start)))
    }

    /// When safe mode ends without a limit being stated, unless the link is lost again before (`EEBus` LPC-921).
    fn release(&self, safe_mode: &SafeMode) -> Option<DateTime<Utc>> {
        let settled_at = after(self.back_at?, safe_mode.release_delay_s);
        let held_until = after(self.safe_since?, if self.starting { 0 } else { safe_mode.minimum_hold_s });
        let release_at = settled_at.max(held_until);
        self.lost(safe_mode).is_none_or(|lost_at| release_at < lost_at).then_some(release_at)
    }

    fn settle(&mut self, safe_mode: &SafeMode) {
        let Some(lost_at) = self.lost(safe_mode).filter(|_| safe_mode.is_valid_at(self.known_at)) else {
            return self.return_to_normal();
        };
        // What fell back before the safe mode was valid did not fall back to it.
        let early = safe_mode.validity.zip(self.safe_since).is_some_and(|(validity, since)| since < validity.start);
        if early || self.release(safe_mode).is_some_and(|release_at| release_at <= self.known_at) {
            self.return_to_normal();
        }
        if lost_at <= self.known_at {
            self.safe_since.get_or_insert(lost_at);
            self.back_at = None;
        }
    }

    fn return_to_normal(&mut self) {
        (self.safe_since, self.back_at, self.starting) = (None, None, false);
    }
}

/// An instant so many seconds later; the last one there is when that is beyond it.
fn after(at: DateTime<Utc>, seconds: u32) -> DateTime<Utc> {
    at.checked_add_signed(TimeDelta::seconds(i64::from(seconds))).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

#[cfg(test)]
mod tests;
