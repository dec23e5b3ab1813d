use chrono::{DateTime, TimeDelta};
use headroom_domain::limit::{GridLimit, INTERVALS_MAX, LIMIT_MAX_W, LimitInterval, LimitKind, Target, Terms};
use headroom_domain::{Interval, Power};
use prost::Message;

use super::*;
use crate::server::pages::page;

/// A limit with as many intervals as one may have.
fn large(number: usize) -> GridLimit {
    let start = DateTime::from_timestamp(1_700_000_000, 1).unwrap();
    let intervals = (0_i32..).take(INTERVALS_MAX).map(|index| LimitInterval {
        interval: Interval {
            start: start + TimeDelta::minutes(5) * index,
            end: start + TimeDelta::minutes(5) * (index + 1),
        },
        maximum_import_w: Some(Power::from_w(LIMIT_MAX_W)),
        maximum_export_w: Some(Power::from_w(LIMIT_MAX_W)),
    });
    GridLimit {
        id: crate::limit_id("dso", &number.to_string()),
        utility: "dso".to_owned(),
        target: Target::ConnectionPoint("site-a".into()),
        programme: "doe".to_owned(),
        kind: LimitKind::Scheduled,
        revision: 1,
        intervals: intervals.collect(),
        reason: String::new(),
        terms: Terms::default(),
        accepted_at: start,
        cancelled_at: None,
    }
}

#[test]
fn a_page_of_large_limits_fits_into_a_message_and_loses_none() {
    let limits: Vec<_> = (0..100).map(large).collect();
    let mut shown = Vec::new();
    while shown.len() < limits.len() {
        let now = DateTime::UNIX_EPOCH;
        let show = |limit: &GridLimit| limit_to_proto(limit, now);
        let (limits_shown, next) = page(&limits[shown.len()..], 60, show, |limit| limit.id.to_string());
        let answer = proto::ListLimitsResponse { limits: limits_shown, next_page_token: next };
        assert!(answer.encoded_len() < super::super::MESSAGE_BYTES_MAX);
        shown.extend(answer.limits.into_iter().map(|limit| limit.name));
        let last = if shown.len() < limits.len() { shown.last().cloned().unwrap() } else { String::new() };
        assert_eq!(answer.next_page_token, last);
    }
    assert_eq!(shown, limits.iter().map(|limit| limit.id.to_string()).collect::<Vec<_>>());
}

#[test]
fn the_answer_to_the_largest_submission_fits_into_a_message() {
    let limit = large(1);
    let source = Some((
        Power::from_w(LIMIT_MAX_W),
        headroom_domain::limit::Basis::Limit(crate::limit_id(&"u".repeat(128), &"l".repeat(128))),
    ));
    let piece = headroom_domain::limit::EffectiveInterval {
        interval: limit.intervals[0].interval,
        maximum_import_w: source.clone(),
        maximum_export_w: source,
    };
    let submitted = Submitted { limit, effective: vec![piece; PREVIEW_INTERVALS_MAX], warnings: Vec::new() };
    assert!(submitted_to_proto(&submitted, DateTime::UNIX_EPOCH).encoded_len() < super::super::MESSAGE_BYTES_MAX);
}
