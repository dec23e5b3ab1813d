"""Heartbeats, and what a connection point falls back to without them."""

from datetime import timedelta

from headroom.utility.v1 import safe_mode_pb2, types_pb2
from service import Service, eventually
from utility import CAMPUS, DEPOT, NORMAL, SAFE, Utility, limit, stretch

# Five seconds of silence.
TIMEOUT_S = 300
DEFAULT = safe_mode_pb2.SafeMode(import_limit_w=11_000, heartbeat_timeout_s=TIMEOUT_S, release_delay_s=86_400)


def bases(utility: Utility) -> set[tuple[int, int]]:
    """Returns how much the campus may import in the next hour, and by whose word."""
    now = utility.now()
    pieces = utility.effective(CAMPUS, now, now + timedelta(hours=1))
    return {(piece.import_limit_w, piece.import_source.basis) for piece in pieces}


def test_safe_mode_begins_ends_with_a_limit_and_returns_with_silence_and_over_a_crash(own: Service):
    dso, reader = own.utility("dso"), own.utility("reader")
    begun = dso.set_safe_mode(CAMPUS, DEFAULT)
    assert (begun.mode, begun.safe_mode.import_limit_w, begun.safe_mode.minimum_hold_s) == (SAFE, 11_000, 7200)
    stated = limit("doe", 1, stretch(dso.now(), 60 * 24, import_limit_w=40_000))
    dso.submit(stated)
    assert dso.safe_mode(CAMPUS).mode == NORMAL
    assert bases(dso) == {(40_000, types_pb2.LIMIT_BASIS_LIMIT)}

    # Who only reads does not prove that the one who steers is there.
    eventually("silence is noticed", lambda: reader.safe_mode(CAMPUS).mode == SAFE)
    fallen = reader.safe_mode(CAMPUS)
    assert fallen.HasField("safe_since_time")
    assert bases(reader) == {(11_000, types_pb2.LIMIT_BASIS_SAFE_MODE)}
    assert reader.safe_mode(DEPOT).mode == NORMAL

    own.kill()
    own.start()
    reader = own.utility("reader")
    assert reader.safe_mode(CAMPUS) == fallen
    assert bases(reader) == {(11_000, types_pb2.LIMIT_BASIS_SAFE_MODE)}

    dso = own.utility("dso")
    beat = dso.heartbeat(1, dso.now())
    assert (beat.mode, beat.safe_mode_count) == (SAFE, 1), "it is held for two hours, whoever is heard"
    due = beat.next_due_time.ToDatetime() - beat.received_time.ToDatetime()
    assert due == timedelta(seconds=TIMEOUT_S)
    dso.submit(limit("doe", 2, stretch(dso.now(), 60 * 24, import_limit_w=30_000)))
    assert bases(dso) == {(30_000, types_pb2.LIMIT_BASIS_LIMIT)}
    assert dso.heartbeat(2, dso.now()).safe_mode_count == 0


def test_the_default_fills_gaps_without_any_silence(own: Service):
    dso = own.utility()
    dso.set_safe_mode(CAMPUS, safe_mode_pb2.SafeMode(import_limit_w=9_000))
    begin = dso.now() + timedelta(hours=2)
    dso.submit(limit("doe", 1, stretch(begin, 60, import_limit_w=20_000)))
    pieces = dso.effective(CAMPUS, begin - timedelta(minutes=30), begin + timedelta(minutes=90))
    assert [piece.import_limit_w for piece in pieces] == [9_000, 20_000, 9_000]
    assert pieces[0].import_source.utility == "utilities/dso"
    assert dso.safe_mode(CAMPUS).mode == NORMAL
    assert not dso.heartbeat(1, dso.now()).HasField("next_due_time"), "nobody waits for heartbeats"
