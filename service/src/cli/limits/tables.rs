//! Limits as people, spreadsheets and programs read them.

use chrono::{DateTime, Utc};
use headroom_domain::Power;
use headroom_domain::limit::{Basis, EffectiveInterval, GridLimit, LimitState, Target};
use serde_json::Value;

use crate::cli::sheet::{Sheet, instant, instant_if, watts, word};

/// Shows limits, a row each; `now` is the server's time.
pub(super) fn limits(limits: &[GridLimit], now: DateTime<Utc>) -> Sheet<12> {
    let columns = [
        "limit",
        "target",
        "programme",
        "kind",
        "revision",
        "priority",
        "state",
        "start_time",
        "end_time",
        "intervals",
        "lowest_import_w",
        "reason",
    ];
    Sheet::new("limits", columns).rows(limits.iter().map(|limit| {
        let lowest = limit.intervals.iter().filter_map(|item| item.maximum_import_w).min();
        [
            limit.id.as_str().into(),
            limit.target.to_string().into(),
            limit.programme.as_str().into(),
            word(&limit.kind),
            limit.revision.into(),
            limit.terms.priority.into(),
            word(&state(limit, now)),
            instant_if(limit.intervals.first().map(|first| first.interval.start)),
            instant_if(limit.intervals.last().map(|last| last.interval.end)),
            limit.intervals.len().into(),
            watts(lowest),
            limit.reason.as_str().into(),
        ]
    }))
}

/// How far a limit is by the clock; whether it is obeyed is told by `watch`.
fn state(limit: &GridLimit, now: DateTime<Utc>) -> LimitState {
    if limit.cancelled_at.is_some() {
        LimitState::Cancelled
    } else if limit.intervals.last().is_some_and(|last| last.interval.end <= now) {
        LimitState::Completed
    } else if limit.intervals.first().is_some_and(|first| first.interval.start <= now) {
        LimitState::Active
    } else {
        LimitState::Scheduled
    }
}

/// Shows what a place must obey.
pub(super) fn effective(target: &Target, pieces: &[EffectiveInterval]) -> Sheet<6> {
    let columns = ["start_time", "end_time", "import_limit_w", "import_limit_of", "export_limit_w", "export_limit_of"];
    let sheet = Sheet::new("intervals", columns).fact("target", target.to_string());
    sheet.rows(pieces.iter().map(|piece| {
        let [import_w, import_of] = bound(piece.maximum_import_w.as_ref());
        let [export_w, export_of] = bound(piece.maximum_export_w.as_ref());
        [instant(piece.interval.start), instant(piece.interval.end), import_w, import_of, export_w, export_of]
    }))
}

fn bound(bound: Option<&(Power, Basis)>) -> [Value; 2] {
    let of = bound.map(|(_, basis)| match basis {
        Basis::Limit(id) => id.to_string(),
        Basis::ConnectionCapacity => "connection capacity".to_owned(),
        Basis::SafeMode { utility } => format!("safe mode of {utility}"),
        Basis::GuaranteedMinimum => "guaranteed minimum".to_owned(),
    });
    [watts(bound.map(|(power, _)| *power)), of.into()]
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use headroom_domain::limit::{LimitInterval, LimitKind, Terms};
    use headroom_domain::{Interval, LimitId, NodeId};

    use super::*;
    use crate::cli::sheet::Format;

    fn hours(start: i64, end: i64) -> Interval {
        let at = |hour| DateTime::UNIX_EPOCH + TimeDelta::hours(hour);
        Interval { start: at(start), end: at(end) }
    }

    fn limit() -> GridLimit {
        let item = |interval, import_w| LimitInterval {
            interval,
            maximum_import_w: Some(Power::from_w(import_w)),
            maximum_export_w: None,
        };
        GridLimit {
            id: "utilities/dso/limits/1".into(),
            utility: "dso".to_owned(),
            target: Target::from(NodeId::from("campus")),
            programme: "doe".to_owned(),
            kind: LimitKind::Scheduled,
            revision: 7,
            intervals: vec![item(hours(1, 2), 9000.0), item(hours(2, 4), 4200.0)],
            reason: "congestion".to_owned(),
            terms: Terms::default(),
            accepted_at: DateTime::UNIX_EPOCH,
            cancelled_at: None,
        }
    }

    #[test]
    fn a_limit_is_shown_with_its_state_by_the_clock_and_its_lowest_power() {
        let shown = limits(&[limit()], hours(1, 2).start).text(Format { csv: true, json: false }).unwrap();
        let row = "utilities/dso/limits/1,connectionPoints/campus,doe,scheduled,7,,ACTIVE,1970-01-01T01:00:00Z,\
                   1970-01-01T04:00:00Z,2,4200,congestion";
        assert_eq!(shown.lines().nth(1), Some(row));
        let at = |hour, cancelled: bool| {
            let cancelled_at = cancelled.then_some(DateTime::UNIX_EPOCH);
            state(&GridLimit { cancelled_at, ..limit() }, hours(hour, hour).start)
        };
        assert_eq!([at(0, false), at(4, false)], [LimitState::Scheduled, LimitState::Completed]);
        assert_eq!(at(1, true), LimitState::Cancelled);
    }

    #[test]
    fn what_holds_is_shown_with_whose_word_it_is() {
        let by = |basis| Some((Power::from_w(4200.0), basis));
        let piece = |maximum_import_w, maximum_export_w| EffectiveInterval {
            interval: hours(0, 1),
            maximum_import_w,
            maximum_export_w,
        };
        let pieces = [
            piece(by(Basis::Limit(LimitId::from("utilities/dso/limits/1"))), None),
            piece(by(Basis::SafeMode { utility: "dso".to_owned() }), by(Basis::ConnectionCapacity)),
            piece(by(Basis::GuaranteedMinimum), None),
        ];
        let shown = effective(&limit().target, &pieces).text(Format::default()).unwrap();
        let lines: Vec<_> = shown
            .lines()
            .map(|line| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect::<Vec<_>>().join("|"))
            .collect();
        let time = "1970-01-01T00:00:00Z|1970-01-01T01:00:00Z";
        assert_eq!(
            lines,
            [
                "target|connectionPoints/campus".to_owned(),
                "start_time|end_time|import_limit_w|import_limit_of|export_limit_w|export_limit_of".to_owned(),
                format!("{time}|4200|utilities/dso/limits/1|-|-"),
                format!("{time}|4200|safe mode of dso|4200|connection capacity"),
                format!("{time}|4200|guaranteed minimum|-|-"),
            ]
        );
    }
}
