mod others;

use headroom_domain::LimitId;
use headroom_domain::limit::{Basis, EffectiveInterval, GridLimit, LimitInterval, LimitKind, LimitState, Terms};
use proptest::prelude::*;

use super::limits::{Bound, intervals, intervals_to_proto, state_by_clock, submitted, submitted_to_proto};
use super::*;
use crate::model::{LimitWarning, Submitted};
use crate::proto;

/// Any instant that a timestamp can say.
fn any_instant() -> impl Strategy<Value = DateTime<Utc>> {
    (-62_135_596_800_i64..253_402_300_800, 0_u32..1_000_000_000)
        .prop_map(|(seconds, nanos)| DateTime::from_timestamp(seconds, nanos).unwrap())
}

fn any_interval() -> impl Strategy<Value = Interval> {
    (any_instant(), any_instant()).prop_map(|(start, end)| Interval { start, end })
}

/// Whole watts, with zero often.
fn any_power() -> impl Strategy<Value = Option<Power>> {
    let watts = prop_oneof![Just(0), 0_u32..u32::MAX];
    proptest::option::of(watts.prop_map(|watts| Power::from_w(f64::from(watts))))
}

fn any_intervals() -> impl Strategy<Value = Vec<LimitInterval>> {
    let item = (any_interval(), any_power(), any_power()).prop_map(|(interval, import, export)| LimitInterval {
        interval,
        maximum_import_w: import,
        maximum_export_w: export,
    });
    proptest::collection::vec(item, 0..5)
}

fn any_kind() -> impl Strategy<Value = LimitKind> {
    prop_oneof![Just(LimitKind::Scheduled), Just(LimitKind::Emergency), Just(LimitKind::Test)]
}

fn any_terms() -> impl Strategy<Value = Terms> {
    let times = (proptest::option::of(any_instant()), proptest::option::of(any_instant()));
    let lengths = (0..=i32::MAX as u32, 0..=i32::MAX as u32);
    (any::<Option<i32>>(), times, lengths, ".*", ".*").prop_map(
        |(priority, (issued_at, respond_by), (randomize_start_s, ramp_time_s), reason_code, external_reference)| {
            Terms { priority, issued_at, respond_by, randomize_start_s, ramp_time_s, reason_code, external_reference }
        },
    )
}

fn any_target() -> impl Strategy<Value = Target> {
    ("[a-zA-Z0-9][a-zA-Z0-9._~-]{0,20}", any::<bool>())
        .prop_map(|(id, area)| if area { Target::Area(id.into()) } else { Target::ConnectionPoint(id.into()) })
}

fn any_limit() -> impl Strategy<Value = GridLimit> {
    let id = "[a-zA-Z0-9][a-zA-Z0-9._~-]{0,20}";
    let text = (id, id, any_target(), ".*", ".*");
    let times = (any_instant(), proptest::option::of(any_instant()));
    (text, any_kind(), any::<i64>(), any_intervals(), any_terms(), times).prop_map(
        |((utility, id, target, programme, reason), kind, revision, intervals, terms, (accepted_at, cancelled_at))| {
            GridLimit {
                id: names::limit_id(&utility, &id),
                utility,
                target,
                programme,
                kind,
                revision,
                intervals,
                reason,
                terms,
                accepted_at,
                cancelled_at,
            }
        },
    )
}

fn any_bound() -> impl Strategy<Value = Bound> {
    let basis = prop_oneof![
        Just(Basis::ConnectionCapacity),
        Just(Basis::GuaranteedMinimum),
        "[a-z]{1,9}".prop_map(|utility| Basis::SafeMode { utility }),
        ".*".prop_map(|id| Basis::Limit(LimitId::new(id))),
    ];
    (any_power(), basis).prop_map(|(power, basis)| power.map(|power| (power, basis)))
}

fn any_piece() -> impl Strategy<Value = EffectiveInterval> {
    (any_interval(), any_bound(), any_bound()).prop_map(|(interval, import, export)| EffectiveInterval {
        interval,
        maximum_import_w: import,
        maximum_export_w: export,
    })
}

fn any_submitted() -> impl Strategy<Value = Submitted> {
    let warning = (".*", proptest::option::of(0_usize..2016), ".*")
        .prop_map(|(code, interval_index, message)| LimitWarning { code, interval_index, message });
    let lists = (proptest::collection::vec(any_piece(), 0..5), proptest::collection::vec(warning, 0..3));
    (any_limit(), lists).prop_map(|(limit, (effective, warnings))| Submitted { limit, effective, warnings })
}

proptest! {
    #[test]
    fn an_answer_is_read_as_it_was_told(told in any_submitted()) {
        prop_assert_eq!(submitted(submitted_to_proto(&told, DateTime::UNIX_EPOCH), "dso").unwrap(), told);
    }

    #[test]
    fn an_instant_is_read_as_it_was_told(told in any_instant()) {
        prop_assert_eq!(instant(Some(timestamp(told)), "at").unwrap(), told);
    }

    #[test]
    fn no_message_makes_reading_panic(
        seconds in any::<i64>(),
        nanos in any::<i32>(),
        limit_w in any::<Option<i64>>(),
        number in any::<i32>(),
        name in ".*",
    ) {
        let time = Some(Timestamp { seconds, nanos });
        let item = proto::LimitInterval { start_time: time, end_time: time, import_limit_w: limit_w, export_limit_w: limit_w };
        let limit = proto::Limit { name: name.clone(), target: name, kind: number, intervals: vec![item], ..Default::default() };
        let source = Some(proto::LimitSource { basis: number, ..Default::default() });
        let piece = proto::EffectiveInterval {
            start_time: time,
            end_time: time,
            import_limit_w: limit_w,
            import_source: source.clone(),
            export_limit_w: limit_w,
            export_source: source,
        };
        let answer = proto::SubmitLimitResponse { limit: Some(limit), warnings: Vec::new(), effective_preview: vec![piece] };
        let _read = submitted(answer, "dso");
    }
}

#[test]
fn zero_is_zero_and_absent_is_not_stated() {
    let time = Some(Timestamp::default());
    let told = proto::LimitInterval { start_time: time, end_time: time, import_limit_w: Some(0), export_limit_w: None };
    let read = intervals(&[told]).unwrap();
    assert_eq!(read[0].maximum_import_w, Some(Power::ZERO));
    assert_eq!(read[0].maximum_export_w, None);
    assert_eq!(intervals_to_proto(&read), [told]);
}

#[test]
fn a_fraction_of_a_watt_is_told_as_the_tighter_limit() {
    assert_eq!(watts(Power::from_w(10.9)), 10);
    assert_eq!(watts(Power::from_w(1e300)), i64::MAX);
}

#[test]
fn a_timestamp_that_is_absent_or_no_instant_is_told_with_its_path() {
    let code = |at: Option<Timestamp>| instant(at, "here").map_err(|fault| (fault.field, fault.code));
    assert_eq!(code(None), Err(("here".to_owned(), "REQUIRED")));
    for (seconds, nanos) in [(0, -1), (0, 1_000_000_000), (i64::MAX, 0), (253_402_300_800, 0), (-62_135_596_801, 0)] {
        assert_eq!(code(Some(Timestamp { seconds, nanos })), Err(("here".to_owned(), "TIMESTAMP_MALFORMED")));
    }
}

#[test]
fn every_interval_that_cannot_be_read_is_told() {
    let time = Some(Timestamp::default());
    let good = proto::LimitInterval { start_time: time, end_time: time, import_limit_w: None, export_limit_w: None };
    let bad = proto::LimitInterval { start_time: None, ..good };
    let faults = intervals(&[bad, good, proto::LimitInterval { end_time: None, ..bad }]).unwrap_err();
    let fields: Vec<_> = faults.iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!(fields, ["intervals[0].start_time", "intervals[2].start_time", "intervals[2].end_time"]);
}

#[test]
fn how_far_a_limit_is_follows_from_the_clock() {
    let at = |minute: i64| DateTime::from_timestamp(60 * minute, 0).unwrap();
    let time = |minute: i64| Some(timestamp(at(minute)));
    let item = proto::LimitInterval {
        start_time: time(10),
        end_time: time(20),
        import_limit_w: Some(0),
        export_limit_w: None,
    };
    let told = proto::Limit {
        name: "utilities/dso/limits/1".to_owned(),
        target: "connectionPoints/site-a".to_owned(),
        kind: proto::LimitKind::Scheduled.into(),
        intervals: vec![item],
        accept_time: time(0),
        ..Default::default()
    };
    let mut limit = limits::limit(told, "dso").unwrap();
    let states = [9, 10, 19, 20].map(|minute| state_by_clock(&limit, at(minute)));
    assert_eq!(states, [LimitState::Scheduled, LimitState::Active, LimitState::Active, LimitState::Completed]);
    limit.cancelled_at = Some(at(11));
    assert_eq!(state_by_clock(&limit, at(30)), LimitState::Cancelled);
}
