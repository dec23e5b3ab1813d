//! What a snapshot must keep before anything is planned on it.

use headroom_domain::grid::GridTree;
use headroom_domain::profile::Belief;
use headroom_domain::{Power, SessionId};
use std::collections::BTreeSet;
use std::fmt::{self, Display};

use super::{NodeBaseLoad, NodeLimits, SessionState, Settings, Snapshot};

/// Something in a snapshot that cannot be: the field, the rule and the remedy.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SnapshotError {
    /// A list that does not have a value per step.
    #[error("`{field}` has {values} values over {steps} steps: give one per step of `grid`")]
    Length {
        /// Path of the field.
        field: String,
        /// Steps of the grid.
        steps: usize,
        /// Values given.
        values: usize,
    },
    /// A node that is not in the tree.
    #[error("`{field}` names `{node}`, which is not in `tree`: add the node or correct the name")]
    UnknownNode {
        /// Path of the field.
        field: String,
        /// The missing node.
        node: String,
    },
    /// A name that is there twice.
    #[error("`{field}` has `{name}` twice: give each one entry")]
    Duplicate {
        /// Path of the field.
        field: String,
        /// The name.
        name: String,
    },
    /// Instants in the wrong order.
    #[error("`{field}` {rule}")]
    Order {
        /// Path of the field.
        field: String,
        /// What is wrong and how to mend it.
        rule: &'static str,
    },
    /// A number out of its range.
    #[error("`{field}` is {value}: {rule}")]
    OutOfRange {
        /// Path of the field.
        field: String,
        /// What was given.
        value: f64,
        /// What it must be.
        rule: &'static str,
    },
}

impl Snapshot {
    /// Checks that the snapshot can be planned on.
    ///
    /// **Errors**: the first field that breaks a rule, in the order of the fields.
    pub fn check(&self) -> Result<(), SnapshotError> {
        if self.now < self.grid.start() || self.now >= self.grid.end() {
            return Err(order("now", "lies outside `grid`: begin the grid at or just before it"));
        }
        let mut limited = BTreeSet::new();
        for (index, limits) in self.limits.iter().enumerate() {
            limits.check(format_args!("limits[{index}]"), &self.tree)?;
            if !limited.insert(&limits.node) {
                return Err(duplicate("limits", limits.node.as_str()));
            }
        }
        for (index, base) in self.base_load.iter().enumerate() {
            self.check_base_load(format_args!("base_load[{index}]"), base)?;
        }
        self.check_length("prices", self.prices.len())?;
        self.check_assets()?;
        if let Some(charge) = self.demand_charge {
            range(
                "demand_charge.price_per_kw",
                charge.price_per_kw.as_amount(),
                |value| value >= 0.0,
                "give 0 or more, or leave the charge out",
            )?;
        }
        not_negative("margin_w", self.margin_w)?;
        self.settings.check()?;
        self.check_sessions()
    }

    fn check_sessions(&self) -> Result<(), SnapshotError> {
        let mut names: BTreeSet<&SessionId> = BTreeSet::new();
        for session in &self.sessions {
            if !names.insert(&session.id) {
                return Err(duplicate("sessions", session.id.as_str()));
            }
            let field = |name: &'static str| SessionField { session: &session.id, name };
            check_node(field("node"), session.node.as_str(), self.tree.position(&session.node))?;
            session.check(&field)?;
        }
        Ok(())
    }

    fn check_base_load(&self, field: fmt::Arguments<'_>, base: &NodeBaseLoad) -> Result<(), SnapshotError> {
        check_node(format_args!("{field}.node"), base.node.as_str(), self.tree.position(&base.node))?;
        self.check_length(format_args!("{field}.guard_w"), base.guard_w.len())?;
        if !base.least_w.is_empty() {
            self.check_length(format_args!("{field}.least_w"), base.least_w.len())?;
        }
        self.check_length(format_args!("{field}.expected_w"), base.expected_w.len())
    }

    pub(super) fn check_length(&self, field: impl Display, values: usize) -> Result<(), SnapshotError> {
        let steps = self.grid.len();
        if values == steps { Ok(()) } else { Err(SnapshotError::Length { field: field.to_string(), steps, values }) }
    }
}

impl NodeLimits {
    /// Checks limits against the tree that they are for.
    pub(crate) fn check(&self, field: impl Display, tree: &GridTree) -> Result<(), SnapshotError> {
        check_node(format_args!("{field}.node"), self.node.as_str(), tree.position(&self.node))?;
        let mut end = None;
        for (index, piece) in self.effective.iter().enumerate() {
            let field = format_args!("{field}.effective[{index}]");
            if piece.interval.start >= piece.interval.end {
                return Err(order(field, "ends before it begins: intervals are [start, end)"));
            }
            if end.is_some_and(|end| piece.interval.start < end) {
                return Err(order(field, "begins before the one before it ends: sort them and make them disjoint"));
            }
            end = Some(piece.interval.end);
            for (power, _) in piece.maximum_import_w.iter().chain(&piece.maximum_export_w) {
                not_negative(field, *power)?;
            }
        }
        Ok(())
    }
}

/// The path of a session's field, written only where something is wrong with it.
#[derive(Clone, Copy)]
pub(super) struct SessionField<'a> {
    session: &'a SessionId,
    name: &'static str,
}

impl Display for SessionField<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sessions[{}].{}", self.session, self.name)
    }
}

impl SessionState {
    fn check<'a>(&self, field: &dyn Fn(&'static str) -> SessionField<'a>) -> Result<(), SnapshotError> {
        self.check_vehicle(field)?;
        if self.departure <= self.arrival {
            return Err(order(field("departure"), "is not after `arrival`: correct one of them"));
        }
        let energies = [("needed_wh", self.needed_wh), ("wanted_wh", self.wanted_wh)];
        for (name, energy) in energies {
            range(field(name), energy.as_wh(), |value| value >= 0.0, "give 0 Wh or more")?;
        }
        let wanted = self.wanted_wh;
        range(field("wanted_wh"), wanted.as_wh(), |_| wanted >= self.needed_wh, "give at least `needed_wh`")?;
        for (name, power) in
            [("maximum_w", self.maximum_w), ("minimum_w", self.minimum_w), ("safe_rate_w", self.safe_rate_w)]
        {
            not_negative(field(name), power)?;
        }
        let minimum = self.minimum_w;
        range(field("minimum_w"), minimum.as_w(), |_| minimum <= self.maximum_w, "give at most `maximum_w`")?;
        let uptake = self.uptake.as_ratio();
        range(field("uptake"), uptake, |value| value > 0.0 && value <= 1.0, "give more than 0 and at most 1")?;
        let load_share = self.load_share.as_ratio();
        range(field("load_share"), load_share, |value| value > 0.0 && value <= 1.0, "give more than 0 and at most 1")?;
        let priority = self.priority;
        range(field("priority"), priority, |value| value.is_finite() && value > 0.0, "give more than 0, usually 1")?;
        let Belief { fallback_w, .. } = self.belief;
        not_negative(field("belief.fallback_w"), fallback_w)
    }
}

impl Settings {
    fn check(&self) -> Result<(), SnapshotError> {
        range(
            "settings.deadline_s",
            self.deadline_s,
            |value| value.is_finite() && value > 0.0,
            "give more than 0 s, for example 10",
        )?;
        let (tail_after_s, refresh_before_s) = (self.tail_after_s as f64, self.refresh_before_s as f64);
        range(
            "settings.tail_after_s",
            tail_after_s,
            |value| (60.0..=604_800.0).contains(&value),
            "give 60 s to 7 days",
        )?;
        range(
            "settings.refresh_before_s",
            refresh_before_s,
            |value| value >= 0.0 && value < tail_after_s,
            "give 0 s or more and less than `tail_after_s`",
        )?;
        let within_s = self.told_within_s as f64;
        range("settings.told_within_s", within_s, |value| value >= 0.0, "give 0 s or more")?;
        let within_s = self.minimum_current_within_s as f64;
        range("settings.minimum_current_within_s", within_s, |value| value >= 0.0, "give 0 s or more")?;
        let newcomers = self.left_to_newcomers.as_ratio();
        range("settings.left_to_newcomers", newcomers, |value| (0.0..=0.9).contains(&value), "give 0 to 0.9")?;
        let leavers = self.leave_early.as_ratio();
        range("settings.leave_early", leavers, |value| (0.0..=0.9).contains(&value), "give 0 to 0.9")?;
        not_negative("settings.tolerance_w", self.tolerance_w)
    }
}

pub(super) fn check_node(field: impl Display, node: &str, position: Option<usize>) -> Result<(), SnapshotError> {
    match position {
        Some(_) => Ok(()),
        None => Err(SnapshotError::UnknownNode { field: field.to_string(), node: node.to_owned() }),
    }
}

pub(super) fn order(field: impl Display, rule: &'static str) -> SnapshotError {
    SnapshotError::Order { field: field.to_string(), rule }
}

pub(super) fn duplicate(field: impl Display, name: &str) -> SnapshotError {
    SnapshotError::Duplicate { field: field.to_string(), name: name.to_owned() }
}

pub(super) fn range(
    field: impl Display,
    value: f64,
    good: impl Fn(f64) -> bool,
    rule: &'static str,
) -> Result<(), SnapshotError> {
    if good(value) { Ok(()) } else { Err(SnapshotError::OutOfRange { field: field.to_string(), value, rule }) }
}

pub(super) fn not_negative(field: impl Display, power: Power) -> Result<(), SnapshotError> {
    range(field, power.as_w(), |value| value >= 0.0, "give 0 W or more")
}
