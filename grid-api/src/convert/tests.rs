use headroom_domain::LimitId;
use proptest::prelude::*;

use super::*;

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

fn any_limit() -> impl Strategy<Value = GridLimit> {
    let id = "[a-zA-Z0-9][a-zA-Z0-9._~-]{0,20}";
    let text = (id, id, id, ".*", ".*");
    (text, any_kind(), any::<i64>(), any_intervals(), any_instant(), proptest::option::of(any_instant())).prop_map(
        |((utility, id, target, programme, reason), kind, revision, intervals, accepted_at, cancelled_at)| GridLimit {
            id: names::limit_id(&utility, &id),
            utility,
            target: target.into(),
            programme,
            kind,
            revision,
            intervals,
            reason,
            accepted_at,
            cancelled_at,
        },
    )
}

fn any_bound() -> impl Strategy<Value = Bound> {
    let basis = prop_oneof![Just(Basis::ConnectionCapacity), ".*".prop_map(|id| Basis::Limit(LimitId::new(id)))];
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
        prop_assert_eq!(submitted(submitted_to_proto(&told), "dso").unwrap(), told);
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
        let source = Some(proto::LimitSource { basis: number, limit: String::new() });
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
