use super::*;

fn at(ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_700_000_000_000 + ms).unwrap()
}

fn told(ms: i64) -> Result<(), Status> {
    skew("heartbeat.sent_time", at(ms), at(0), TimeDelta::seconds(5))
}

#[test]
fn a_clock_within_the_tolerance_is_let_through() {
    for ms in [-5000, 0, 5000] {
        assert!(told(ms).is_ok(), "{ms}");
    }
}

#[test]
fn a_clock_that_is_off_is_told_the_servers_time_and_by_how_much() {
    for ms in [-5001, 5001, -86_400_000] {
        let status = told(ms).unwrap_err();
        let (info, bad) = (status.get_details_error_info().unwrap(), status.get_details_bad_request().unwrap());
        assert_eq!((status.code(), info.reason.as_str()), (Code::InvalidArgument, "CLOCK_SKEW"));
        assert_eq!(info.metadata["skew_ms"], ms.to_string());
        assert_eq!(info.metadata["server_time"], "2023-11-14T22:13:20.000Z");
        assert_eq!(bad.field_violations[0].field, "heartbeat.sent_time");
    }
}

#[test]
fn a_part_of_a_millisecond_too_much_is_too_much() {
    let sent_at = at(5000) + TimeDelta::nanoseconds(1);
    assert!(skew("sent_time", sent_at, at(0), TimeDelta::seconds(5)).is_err());
}
