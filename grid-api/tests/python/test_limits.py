"""Limits: submitted, read back, merged, withdrawn, many at once."""

import uuid
from datetime import timedelta

import grpc
from headroom.utility.v1 import limits_pb2, types_pb2
from service import Service
from utility import CAMPUS, DEPOT, EMERGENCY, Utility, limit, refused, stretch


def imports(utility: Utility, target: str, start, minutes: float) -> list[int]:
    return [piece.import_limit_w for piece in utility.effective(target, start, start + timedelta(minutes=minutes))]


def test_a_limit_is_recorded_and_read_back_as_it_was_submitted(dso: Utility, programme: str):
    begin = dso.now() + timedelta(days=10)
    intervals = [stretch(begin, 15, import_limit_w=40_000), stretch(begin + timedelta(hours=1), 15, import_limit_w=30_000)]
    draft = limit(programme, 1, *intervals, reason_text="feeder 7", external_reference="calc-1")
    answer = dso.submit(draft)
    assert answer.limit.name.startswith("utilities/dso/limits/") and answer.limit.HasField("accept_time")
    read = dso.get(answer.limit.name)
    assert read == answer.limit
    for field in ["target", "programme", "kind", "revision", "intervals", "reason_text", "external_reference"]:
        assert getattr(read, field) == getattr(draft, field), field
    assert [piece.import_limit_w for piece in answer.effective_preview] == [40_000, 100_000, 30_000]


def test_zero_is_zero_and_absent_is_not_stated(dso: Utility, programme: str):
    begin = dso.now() + timedelta(days=11)
    name = dso.submit(limit(programme, 1, stretch(begin, 15, export_limit_w=0))).limit.name
    [interval] = dso.get(name).intervals
    assert interval.HasField("export_limit_w") and interval.export_limit_w == 0
    assert not interval.HasField("import_limit_w")
    [piece] = dso.effective(CAMPUS, begin, begin + timedelta(minutes=15))
    assert (piece.import_limit_w, piece.import_source.basis) == (100_000, types_pb2.LIMIT_BASIS_CONNECTION_CAPACITY)
    assert (piece.export_limit_w, piece.export_source.limit) == (0, name)


def test_the_same_request_id_has_the_same_answer_and_another_content_is_refused(dso: Utility, programme: str):
    begin = dso.now() + timedelta(days=12)
    request_id = str(uuid.uuid4())
    draft = limit(programme, 1, stretch(begin, 15, import_limit_w=1_000))
    first, again = (dso.submit(draft, request_id=request_id).limit for _ in range(2))
    assert first == again
    other = limit(programme, 2, stretch(begin, 15, import_limit_w=2_000))
    refusal = refused(lambda: dso.submit(other, request_id=request_id))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "REQUEST_ID_REUSED")
    assert sum(found.programme == programme for found in dso.listed()) == 1


def test_what_is_only_validated_is_not_recorded_and_uses_no_request_id(dso: Utility, programme: str):
    begin = dso.now() + timedelta(days=13)
    request_id = str(uuid.uuid4())
    draft = limit(programme, 1, stretch(begin, 15, import_limit_w=1_000))
    answer = dso.submit(draft, request_id=request_id, validate_only=True)
    assert answer.limit.name == "" and [piece.import_limit_w for piece in answer.effective_preview] == [1_000]
    assert imports(dso, CAMPUS, begin, 15) == [100_000]
    other = limit(programme, 1, stretch(begin, 15, import_limit_w=2_000))
    assert dso.submit(other, request_id=request_id).limit.name


def test_what_a_withdrawn_limit_had_replaced_shows_through_again(dso: Utility, programme: str):
    begin = dso.now() + timedelta(days=14)
    dso.submit(limit(programme, 1, stretch(begin, 30, import_limit_w=9_000)))
    later = dso.submit(limit(programme, 2, stretch(begin, 15, import_limit_w=20_000))).limit.name
    assert imports(dso, CAMPUS, begin, 30) == [20_000, 9_000]
    assert dso.cancel(later).HasField("cancel_time")
    assert imports(dso, CAMPUS, begin, 30) == [9_000]
    assert dso.get(later).state == types_pb2.LIMIT_STATE_CANCELLED


def test_an_emergency_overrides_what_is_looser_and_loosens_nothing(dso: Utility, programme: str):
    begin = dso.now() + timedelta(days=15)
    dso.submit(limit(programme, 1, stretch(begin, 15, import_limit_w=5_000), stretch(begin + timedelta(minutes=15), 15, import_limit_w=50_000)))
    emergency = dso.submit(limit(f"{programme}-e", 1, stretch(begin, 30, import_limit_w=8_000), kind=EMERGENCY)).limit.name
    pieces = dso.effective(CAMPUS, begin, begin + timedelta(minutes=30))
    assert [piece.import_limit_w for piece in pieces] == [5_000, 8_000]
    assert pieces[1].import_source.limit == emergency
    assert imports(dso, DEPOT, begin, 30) == [100_000]


def test_a_batch_records_what_is_good_and_says_of_the_rest_what_is_wrong(dso: Utility, programme: str):
    begin = dso.now() + timedelta(days=16)
    good = stretch(begin, 15, import_limit_w=1_000)
    drafts = [
        limit(programme, 5, good),
        limit(programme, 5, good),
        limit(programme, 6, stretch(begin, 15)),
        limit(programme, 7, good, target="connectionPoints/nowhere"),
        limit(programme, 8, good),
    ]
    requests = [dso.submission(draft) for draft in drafts]
    answer = dso.limits.BatchSubmitLimits(limits_pb2.BatchSubmitLimitsRequest(parent=dso.parent, requests=requests))
    reasons = [result.error.reason if result.HasField("error") else "" for result in answer.results]
    assert reasons == ["", "STALE_REVISION", "LIMIT_MISSING", "TARGET_UNKNOWN", ""]
    [stale, missing, unknown] = (result.error for result in answer.results[1:4])
    assert (stale.code, {fact.key: fact.value for fact in stale.metadata}["latest_revision"]) == (9, "5")
    assert [field.field for field in missing.field_violations] == ["requests[2].limit.intervals[0].import_limit_w"]
    assert (unknown.code, unknown.field_violations[0].field) == (5, "requests[3].limit.target")
    assert [found.revision for found in dso.listed() if found.programme == programme] == [5, 8]


def test_a_batch_of_a_thousand_is_recorded_and_listed_page_by_page(own: Service):
    dso = own.utility()
    begin = dso.now() + timedelta(days=17)
    drafts = [limit(f"many-{index}", 1, stretch(begin, 15, import_limit_w=index)) for index in range(1000)]
    requests = [dso.submission(draft) for draft in drafts]
    answer = dso.limits.BatchSubmitLimits(limits_pb2.BatchSubmitLimitsRequest(parent=dso.parent, requests=requests))
    names = [result.limit.name for result in answer.results]
    assert all(names) and len(set(names)) == 1000
    assert [found.name for found in dso.listed(page_size=300)] == names
    assert imports(dso, CAMPUS, begin, 15) == [0]
