use chrono::{DateTime, TimeDelta};
use headroom_domain::limit::{INTERVALS_MAX, LIMIT_MAX_W, LimitInterval, LimitKind};
use headroom_domain::{Interval, Power};

use super::*;

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
        target: "site-a".into(),
        programme: "doe".to_owned(),
        kind: LimitKind::Scheduled,
        revision: 1,
        intervals: intervals.collect(),
        reason: String::new(),
        accepted_at: start,
        cancelled_at: None,
    }
}

#[test]
fn a_page_of_large_limits_fits_into_a_message_and_loses_none() {
    let limits: Vec<_> = (0..100).map(large).collect();
    let mut shown = Vec::new();
    while shown.len() < limits.len() {
        let page = listed(&limits[shown.len()..], 60);
        assert!(page.encoded_len() < super::super::MESSAGE_BYTES_MAX);
        shown.extend(page.limits.into_iter().map(|limit| limit.name));
        let last = if shown.len() < limits.len() { shown.last().cloned().unwrap() } else { String::new() };
        assert_eq!(page.next_page_token, last);
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
    assert!(convert::submitted_to_proto(&submitted).encoded_len() < super::super::MESSAGE_BYTES_MAX);
}
