use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta};
use headroom_domain::limit::{LimitInterval, LimitKind, Target, Terms};
use headroom_domain::{Interval, NodeId, Power};
use headroom_grid_api::client::Refused;
use headroom_grid_api::limit_id;

use super::*;

fn planned(intervals: usize) -> Planned {
    let at = |hour: usize| DateTime::UNIX_EPOCH + TimeDelta::hours(i64::try_from(hour).unwrap());
    let item = |hour| LimitInterval {
        interval: Interval { start: at(hour), end: at(hour + 1) },
        maximum_import_w: Some(Power::from_w(4200.0)),
        maximum_export_w: None,
    };
    let draft = LimitDraft {
        target: Target::from(NodeId::from("campus")),
        programme: "doe".to_owned(),
        kind: LimitKind::Scheduled,
        revision: 7,
        intervals: (0..intervals).map(item).collect(),
        reason: String::new(),
        terms: Terms::default(),
    };
    let lines = (0..intervals).map(|index| 12 + u64::try_from(index).unwrap()).collect();
    Planned { draft, lines }
}

fn refusal(reason: &str, code: &str, retryable: bool, paths: &[&str]) -> ClientError {
    let field = |path: &&str| FieldError {
        path: (*path).to_owned(),
        reason: reason.to_owned(),
        description: "raise it".to_owned(),
    };
    ClientError::Refused(Box::new(Refused {
        code: code.to_owned(),
        reason: reason.to_owned(),
        message: "not so".to_owned(),
        fields: paths.iter().map(field).collect(),
        metadata: BTreeMap::new(),
        latest_revision: None,
        retryable,
        retry_after: None,
    }))
}

/// Outcome, limit, reason, remedy and warnings, as one text.
fn shown(planned: &Planned, fate: &Fate, dry_run: bool) -> String {
    told(planned, fate, dry_run).map(|value| value.as_str().unwrap_or("-").to_owned()).join(" | ")
}

#[test]
fn request_ids_of_a_seed_are_always_the_same_and_look_random() {
    let ids: Vec<_> = (0..1000).map(|index| request_id("monday", index)).collect();
    assert_eq!(ids[0].to_string(), request_id("monday", 0).to_string());
    assert!(ids.iter().all(|id| id.get_version_num() == 4 && id.get_variant() == uuid::Variant::RFC4122));
    assert_eq!(ids.iter().collect::<std::collections::BTreeSet<_>>().len(), 1000);
    assert_ne!(ids[0], request_id("tuesday", 0));
}

#[test]
fn batches_hold_at_most_so_many_limits_and_intervals_and_lose_none() {
    let sizes = |count: usize, intervals: usize, most| {
        let submissions: Vec<_> = (0..count).map(|index| (planned(intervals).draft, request_id("x", index))).collect();
        let batches = batches(&submissions, most);
        assert_eq!(batches.concat(), submissions);
        batches.iter().map(|batch| batch.len()).collect::<Vec<_>>()
    };
    assert_eq!(sizes(5, 1, 2), [2, 2, 1]);
    assert_eq!(sizes(4, 1, 4), [4]);
    assert_eq!(sizes(45, 2016, 1000), [19, 19, 7]);
}

#[test]
fn a_refusal_names_the_line_the_field_and_the_remedy() {
    let fate =
        fate(Err(refusal("STALE_REVISION", "FailedPrecondition", false, &["requests[0].limit.intervals[1].end_time"])));
    let expected = "refused | - | STALE_REVISION | line 13, requests[0].limit.intervals[1].end_time: raise it | -";
    assert_eq!(shown(&planned(2), &fate, false), expected);
}

#[test]
fn a_refusal_without_fields_says_what_the_server_said() {
    let fate = fate(Err(refusal("TARGET_UNKNOWN", "NotFound", false, &[])));
    assert_eq!(shown(&planned(1), &fate, false), "refused | - | TARGET_UNKNOWN | not so | -");
}

#[test]
fn without_an_answer_nobody_knows_but_what_was_too_much_was_not_done() {
    let outcome = |reason, code| {
        let answer = fate(Err(refusal(reason, code, true, &[])));
        shown(&planned(1), &answer, false).split(' ').next().unwrap().to_owned()
    };
    assert_eq!(outcome("NO_ANSWER", "DeadlineExceeded"), "unknown");
    assert_eq!(outcome("NO_CONNECTION", "Unavailable"), "unknown");
    assert_eq!(outcome("QUOTA_EXCEEDED", "ResourceExhausted"), "refused");
    assert_eq!(shown(&planned(1), &Fate::NotSent, false), "not sent | - | - | - | -");
}

#[test]
fn what_was_taken_has_its_name_and_warnings_and_a_dry_run_no_name() {
    let planned = planned(2);
    let warning = |code: &str, interval_index| LimitWarning {
        code: code.to_owned(),
        interval_index,
        message: "raised to 4200 W".to_owned(),
    };
    let submitted = |id, warnings| {
        let limit = planned.draft.clone().into_limit(id, "dso".to_owned(), DateTime::UNIX_EPOCH);
        fate(Ok(Submitted { limit, effective: Vec::new(), warnings }))
    };
    let warnings = vec![warning("BELOW_GUARANTEED_MINIMUM", Some(1)), warning("SAFE_MODE_MISSING", None)];
    let taken = submitted(limit_id("dso", "1"), warnings);
    let expected = "recorded | utilities/dso/limits/1 | - | - | line 13: BELOW_GUARANTEED_MINIMUM raised to 4200 W; \
                    SAFE_MODE_MISSING raised to 4200 W";
    assert_eq!(shown(&planned, &taken, false), expected);
    assert_eq!(shown(&planned, &submitted("".into(), Vec::new()), true), "would be recorded | - | - | - | -");
}

#[test]
fn the_table_has_a_row_for_each_limit_in_the_order_of_the_file() {
    let plans = [planned(2), planned(1)];
    let fates = [fate(Err(refusal("TARGET_UNKNOWN", "NotFound", false, &[]))), Fate::NotSent];
    let ids = [request_id("x", 0), request_id("x", 1)];
    let csv = sheet(plans.iter().zip(ids).zip(&fates), false).text(Format { csv: true, json: false }).unwrap();
    let rows: Vec<_> = csv.lines().skip(1).map(ToOwned::to_owned).collect();
    let begin = "12,connectionPoints/campus,doe,scheduled,7";
    let expected =
        [format!("{begin},refused,,{},TARGET_UNKNOWN,not so,", ids[0]), format!("{begin},not sent,,{},,,", ids[1])];
    assert_eq!(rows, expected);
}
