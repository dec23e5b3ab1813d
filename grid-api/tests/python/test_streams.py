"""What becomes of limits: the second acknowledgement, over cuts and restarts."""

from collections.abc import Iterator
from datetime import timedelta

import grpc
import pytest
from headroom.utility.v1 import limits_pb2, types_pb2
from service import Service
from utility import Utility, limit, stretch

ACCEPTED, ACTIVE = types_pb2.LIMIT_STATE_ACCEPTED, types_pb2.LIMIT_STATE_ACTIVE
SCHEDULED, COMPLETED = types_pb2.LIMIT_STATE_SCHEDULED, types_pb2.LIMIT_STATE_COMPLETED
CANCELLED = types_pb2.LIMIT_STATE_CANCELLED

Events = Iterator[limits_pb2.LimitStatusEvent]


def taken(events: Events, until) -> list[limits_pb2.LimitStatusEvent]:
    """Reads events up to the first that is meant."""
    read = []
    for event in events:
        read.append(event)
        if until(event):
            return read
    raise AssertionError("the stream ended without an error")


def test_accepted_scheduled_in_force_and_over_are_told_in_order(own: Service):
    dso = own.utility()
    begin = dso.now() + timedelta(minutes=2)
    name = dso.submit(limit("doe", 1, stretch(begin, 2, import_limit_w=50_000))).limit.name
    events = taken(dso.statuses(), lambda event: event.state == COMPLETED)
    states = [event.state for event in events]
    assert list(dict.fromkeys(states)) == [ACCEPTED, SCHEDULED, ACTIVE, COMPLETED]
    assert {event.limit for event in events} == {name}
    in_force = next(event for event in events if event.state == ACTIVE)
    assert (in_force.affected_session_count, in_force.confirmed_session_count) == (0, 0)
    assert in_force.event_time.ToDatetime() >= begin.replace(tzinfo=None)
    codes = {event.state: (event.codes.ieee2030_5_response, event.codes.s2_status) for event in events}
    assert codes == {ACCEPTED: (1, "ACCEPTED"), SCHEDULED: (1, "ACCEPTED"), ACTIVE: (2, "STARTED"), COMPLETED: (3, "SUCCEEDED")}


def test_a_withdrawal_is_told(own: Service):
    dso = own.utility()
    name = dso.submit(limit("doe", 1, stretch(dso.now(), 600, import_limit_w=50_000))).limit.name
    events = dso.statuses()
    taken(events, lambda event: event.state == ACTIVE)
    dso.cancel(name)
    last = taken(events, lambda event: event.state == CANCELLED)[-1]
    assert (last.codes.ieee2030_5_response, last.codes.s2_status) == (6, "REVOKED")


def test_a_stream_goes_on_after_a_crash_without_losing_or_repeating_an_event(own: Service):
    dso = own.utility()
    seen: list[limits_pb2.LimitStatusEvent] = []
    names = []
    for round in range(3):
        after = seen[-1].sequence if seen else 0
        events = dso.statuses(after)
        names += submitted(dso, round)
        # Some of what is told is read; the rest is lost with the connection.
        seen += taken(events, lambda event: event.limit == names[-1 - 7 * round])
        own.kill()
        with pytest.raises(grpc.RpcError) as cut:
            # What had arrived before the cut is read too, and is no reason to ask for it again.
            for event in events:
                seen.append(event)
        assert cut.value.code() == grpc.StatusCode.UNAVAILABLE
        own.start()
    in_force = {event.limit for event in seen if event.state == ACTIVE}
    if missing := set(names) - in_force:
        for event in dso.statuses(seen[-1].sequence):
            seen.append(event)
            missing -= {event.limit} if event.state == ACTIVE else set()
            if not missing:
                break
    sequences = [event.sequence for event in seen]
    assert sequences == sorted(set(sequences))
    from_the_first = taken(dso.statuses(), lambda event: event.sequence == sequences[-1])
    assert from_the_first == seen


def submitted(dso: Utility, round: int) -> list[str]:
    """Submits twenty limits that are in force at once; returns their names."""
    begin = dso.now()
    drafts = [limit(f"doe-{index}", round + 1, stretch(begin, 600, import_limit_w=50_000)) for index in range(20)]
    requests = [dso.submission(draft) for draft in drafts]
    answer = dso.limits.BatchSubmitLimits(limits_pb2.BatchSubmitLimitsRequest(parent=dso.parent, requests=requests))
    return [result.limit.name for result in answer.results]
