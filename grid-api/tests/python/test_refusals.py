"""Refusals as typed errors: the code, the stable reason, the fields, and what helps."""

from datetime import timedelta

import grpc
import pytest
from grpc import StatusCode
from headroom.utility.v1 import areas_pb2
from service import Service
from utility import CAMPUS, Utility, channel, limit, refused, stretch


def test_all_faulty_fields_are_told_at_once_each_with_its_path(dso: Utility, programme: str):
    begin = dso.now() + timedelta(days=1)
    bad = limit(programme, 0, stretch(begin, 0.5, import_limit_w=-1), stretch(begin, 15, import_limit_w=1), target="campus")
    refusal = refused(lambda: dso.submit(bad, request_id="no uuid"))
    assert refusal.code == StatusCode.INVALID_ARGUMENT
    assert set(refusal.fields) >= {
        ("request_id", "REQUEST_ID_MALFORMED"),
        ("limit.target", "NAME_MALFORMED"),
        ("limit.revision", "REVISION_NOT_POSITIVE"),
        ("limit.intervals[0].end_time", "INTERVAL_TOO_SHORT"),
        ("limit.intervals[0].import_limit_w", "LIMIT_NEGATIVE"),
        ("limit.intervals[1].start_time", "INTERVALS_OVERLAP"),
    }
    assert refusal.reason == refusal.fields[0][1]
    assert int(refusal.info.metadata["violation_count"]) == len(refusal.fields)


def test_a_submission_that_arrives_late_learns_the_latest_revision(dso: Utility, programme: str):
    begin = dso.now() + timedelta(days=1)
    dso.submit(limit(programme, 7, stretch(begin, 15, import_limit_w=1)))
    refusal = refused(lambda: dso.submit(limit(programme, 7, stretch(begin, 15, import_limit_w=2))))
    assert (refusal.code, refusal.reason) == (StatusCode.FAILED_PRECONDITION, "STALE_REVISION")
    assert refusal.info.metadata["latest_revision"] == "7"


def test_a_place_that_is_not_known_and_one_that_is_not_its_own_are_two_things(shared: Service, programme: str):
    tso = shared.utility("tso")
    begin = tso.now() + timedelta(days=1)
    interval = stretch(begin, 15, import_limit_w=1)
    unknown = refused(lambda: tso.submit(limit(programme, 1, interval, target="connectionPoints/nowhere")))
    assert (unknown.code, unknown.reason) == (StatusCode.NOT_FOUND, "TARGET_UNKNOWN")
    foreign = refused(lambda: tso.submit(limit(programme, 1, interval, target="connectionPoints/depot")))
    assert (foreign.code, foreign.reason) == (StatusCode.PERMISSION_DENIED, "NOT_AUTHORISED_FOR_TARGET")
    assert foreign.fields == [("limit.target", "NOT_AUTHORISED_FOR_TARGET")]


def test_nobody_sees_another_utilitys_limits(shared: Service, dso: Utility, programme: str):
    tso = shared.utility("tso")
    name = dso.submit(limit(programme, 1, stretch(dso.now() + timedelta(days=1), 15, import_limit_w=1))).limit.name
    assert name not in [found.name for found in tso.listed()]
    assert refused(lambda: tso.get(name)).code in [StatusCode.NOT_FOUND, StatusCode.PERMISSION_DENIED]
    assert refused(lambda: tso.cancel(name)).code in [StatusCode.NOT_FOUND, StatusCode.PERMISSION_DENIED]
    tso.parent = "utilities/dso"
    assert refused(lambda: list(tso.listed())).reason == "NOT_AUTHORISED_FOR_UTILITY"


def test_who_may_only_read_changes_nothing(shared: Service, programme: str):
    reader = shared.utility("reader")
    begin = reader.now() + timedelta(days=1)
    refusal = refused(lambda: reader.submit(limit(programme, 1, stretch(begin, 15, import_limit_w=1))))
    assert (refusal.code, refusal.reason) == (StatusCode.PERMISSION_DENIED, "ROLE_MISSING")
    assert reader.effective(CAMPUS, begin, begin + timedelta(hours=1))


@pytest.mark.parametrize(("token", "reason"), [(None, "TOKEN_MISSING"), ("a-token-of-nobody", "TOKEN_UNKNOWN")])
def test_who_does_not_say_who_it_is_is_turned_away(shared: Service, token: str | None, reason: str):
    stranger = Utility(channel(shared.address, None, token), "dso")
    refusal = refused(lambda: list(stranger.listed()))
    assert (refusal.code, refusal.reason) == (StatusCode.UNAUTHENTICATED, reason)


def test_a_clock_that_is_an_hour_off_is_told_by_how_much(dso: Utility):
    refusal = refused(lambda: dso.heartbeat(1, dso.now() - timedelta(hours=1)))
    assert (refusal.code, refusal.reason) == (StatusCode.INVALID_ARGUMENT, "CLOCK_SKEW")
    assert abs(abs(int(refusal.info.metadata["skew_ms"])) - 3_600_000) < 600_000
    assert refusal.fields[0][0] == "sent_time" and "server_time" in refusal.info.metadata


def test_an_area_that_has_changed_since_is_not_replaced(dso: Utility):
    area = areas_pb2.GridArea(name="gridAreas/dso-feeder-1", members=[CAMPUS])
    first = dso.put_area(area)
    second = dso.put_area(areas_pb2.GridArea(name=area.name, members=[CAMPUS], display_name="Feeder", etag=first.etag))
    assert second.etag != first.etag
    refusal = refused(lambda: dso.put_area(areas_pb2.GridArea(name=area.name, etag=first.etag)))
    assert (refusal.code, refusal.reason) == (StatusCode.ABORTED, "ETAG_MISMATCH")
    assert refusal.info.metadata["etag"] == second.etag


def test_streams_are_counted_and_one_too_many_is_told_how_many_are_allowed(shared: Service):
    tso = shared.utility("tso")
    most = 8
    open_streams = [tso.statuses() for _ in range(most)]
    try:
        # Only a stream that has told something is known to be open.
        name = tso.submit(limit("streams", 1, stretch(tso.now(), 600, import_limit_w=90_000))).limit.name
        assert all(next(stream).limit == name for stream in open_streams)
        refusal = refused(lambda: next(tso.statuses()))
    finally:
        for stream in open_streams:
            stream.close()
    assert (refusal.code, refusal.reason) == (StatusCode.RESOURCE_EXHAUSTED, "QUOTA_EXCEEDED")
    assert refusal.info.metadata["streams_max"] == str(most)


def test_a_call_that_nobody_answers_is_told_by_grpc_itself():
    nobody = Utility(channel("127.0.0.1:1", None, "token"), "dso")
    with pytest.raises(grpc.RpcError) as error:
        list(nobody.listed())
    assert error.value.code() == StatusCode.UNAVAILABLE
