//! What a utility states of a limit beside how much and when, and the rules for it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::programme::ProgrammeRules;
use super::{Broken, LimitKind, LimitViolation};

/// What a utility states of a limit beside how much and when.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Terms {
    /// Within one target and programme the lower number wins where limits of different priority cover the same time;
    /// absent: after every stated one. 0 is an emergency's, and an emergency's is 0 where it is absent.
    pub priority: Option<i32>,
    /// When the utility made it.
    pub issued_at: Option<DateTime<Utc>>,
    /// Until when the utility wants it in force; what is later is told as `NOT_ACHIEVED`.
    pub respond_by: Option<DateTime<Utc>>,
    /// Each place begins up to this much later, each by a share of its own that never changes (CSIP-AUS `randomizeStart`,
    /// `OpenADR` 3 `randomizeStart`). **Units**: s.
    pub randomize_start_s: u32,
    /// How long the utility lets the power take to come down. We take less: it is kept and shown. **Units**: s.
    pub ramp_time_s: u32,
    /// The utility's own word for why.
    pub reason_code: String,
    /// The utility's own name for it.
    pub external_reference: String,
}

/// The longest random delay of a start. **Units**: s.
const RANDOMIZE_MAX_S: u32 = 1800;

/// The longest ramp: a day. **Units**: s.
const RAMP_MAX_S: u32 = 86_400;

/// The longest reason code. **Units**: characters.
const REASON_CODE_MAX: usize = 64;

/// The longest name of the utility's own. **Units**: characters.
const EXTERNAL_REFERENCE_MAX: usize = 128;

/// Returns every rule that a limit's terms break at the time it arrives; empty when they are good. Paths are the limit's,
/// for example `priority`.
pub fn term_violations(kind: LimitKind, programme: &str, terms: &Terms, now: DateTime<Utc>) -> Vec<LimitViolation> {
    let broken = priority(kind, programme, terms.priority).into_iter().chain(lengths(terms)).chain(texts(terms)).chain(
        terms.respond_by.filter(|respond_by| *respond_by < now).map(|_| {
            let rule = format!("it is before now ({}): leave it out or ask for a later time", now.to_rfc3339());
            ("respond_by", "RESPOND_BY_IN_PAST", rule)
        }),
    );
    broken.map(|(field, code, rule)| LimitViolation { field: field.to_owned(), code, rule }).collect()
}

fn priority(kind: LimitKind, programme: &str, priority: Option<i32>) -> Option<Broken> {
    let priority = priority?;
    let (code, rule) = if !ProgrammeRules::of(programme).priority_allowed {
        ("PRIORITY_NOT_ALLOWED", format!("programme {programme} has no priorities: leave it out"))
    } else if priority < 0 {
        ("PRIORITY_NEGATIVE", "priorities are 0 or more: the lower number wins".to_owned())
    } else if kind == LimitKind::Emergency && priority != 0 {
        ("PRIORITY_RESERVED", "the priority of an emergency is 0: send 0 or leave it out".to_owned())
    } else if kind != LimitKind::Emergency && priority == 0 {
        ("PRIORITY_RESERVED", "priority 0 is an emergency's: send 1 or more, or leave it out".to_owned())
    } else {
        return None;
    };
    Some(("priority", code, rule))
}

fn lengths(terms: &Terms) -> impl Iterator<Item = Broken> {
    let limits = [
        (terms.randomize_start_s, RANDOMIZE_MAX_S, "randomize_start_s", "RANDOMIZE_TOO_LONG"),
        (terms.ramp_time_s, RAMP_MAX_S, "ramp_time_s", "RAMP_TOO_LONG"),
    ];
    limits.into_iter().filter(|(length_s, longest_s, ..)| length_s > longest_s).map(
        |(length_s, longest_s, field, code)| {
            (field, code, format!("{length_s} s is too long: send at most {longest_s} s"))
        },
    )
}

fn texts(terms: &Terms) -> impl Iterator<Item = Broken> {
    let limits = [
        (&terms.reason_code, REASON_CODE_MAX, "reason_code"),
        (&terms.external_reference, EXTERNAL_REFERENCE_MAX, "external_reference"),
    ];
    limits.into_iter().filter_map(|(text, longest, field)| {
        let count = text.chars().count();
        let rule = || format!("{count} characters are too many: send at most {longest}");
        (count > longest).then(|| (field, "TEXT_TOO_LONG", rule()))
    })
}

#[cfg(test)]
mod tests;
