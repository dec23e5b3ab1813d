"""The audit's chain, verified by the utility itself."""

import copy
import uuid
from datetime import timedelta

import pytest
from chain import head
from headroom.utility.v1 import compliance_pb2
from service import Service
from utility import CAMPUS, Utility, limit, refused, stretch

Entries = list[compliance_pb2.AuditEntry]


@pytest.fixture
def entries(dso: Utility, programme: str) -> Entries:
    """A chain of a few changes at least."""
    begin = dso.now() + timedelta(days=20)
    for revision in range(1, 6):
        dso.submit(limit(programme, revision, stretch(begin, 15, import_limit_w=1)))
    return list(dso.audit())


def test_every_change_and_every_refusal_is_in_a_chain_that_anyone_can_verify(own: Service):
    dso = own.utility()
    begin = dso.now() + timedelta(days=1)
    request_id = str(uuid.uuid4())
    draft = limit("doe", 1, stretch(begin, 15, import_limit_w=1))
    name = [dso.submit(draft, request_id=request_id).limit.name for _ in range(3)][0]
    refused(lambda: dso.submit(limit("doe", 1, stretch(begin, 15, import_limit_w=2))))
    refused(lambda: dso.submit(limit("doe", 0, stretch(begin, 15, import_limit_w=2))))
    dso.cancel(name)
    found = list(dso.audit())
    assert [(entry.method, entry.result) for entry in found] == [
        ("SubmitLimit", "OK"),
        ("SubmitLimit", "FAILED_PRECONDITION STALE_REVISION"),
        ("SubmitLimit", "INVALID_ARGUMENT REVISION_NOT_POSITIVE"),
        ("CancelLimit", "OK"),
    ], "a repetition is no change"
    assert (found[0].request_id, found[0].resource, found[0].principal) == (request_id, name, "token dso")
    assert head(found) == (4, found[-1].hash)
    assert list(own.utility("tso").audit()) == []


@pytest.mark.parametrize("field", ["time", "principal", "method", "request_id", "resource", "request_sha256", "result"])
def test_a_copy_in_which_anything_was_changed_does_not_verify(entries: Entries, field: str):
    count, _ = head(entries)
    assert count == len(entries)
    forged = copy.deepcopy(entries)
    if field == "time":
        forged[2].time.FromSeconds(forged[2].time.seconds + 1)
    else:
        setattr(forged[2], field, getattr(forged[2], field) + "x")
    with pytest.raises(ValueError, match=f"broken at entry {forged[2].sequence}"):
        head(forged)


def test_a_copy_in_which_entries_are_missing_or_in_disorder_does_not_verify(entries: Entries):
    whole = head(entries)
    for forged in [entries[1:], entries[:2] + entries[3:], [entries[1], entries[0], *entries[2:]]]:
        with pytest.raises(ValueError, match="broken at entry"):
            head(forged)
    assert head(entries[:-1]) != whole, "what was shortened shows to who keeps the head"


def test_the_audit_survives_a_crash_and_goes_on(own: Service):
    dso = own.utility()
    begin = dso.now() + timedelta(days=1)
    dso.submit(limit("doe", 1, stretch(begin, 15, import_limit_w=1)))
    before = list(dso.audit())
    own.kill()
    own.start()
    dso = own.utility()
    dso.submit(limit("doe", 2, stretch(begin, 15, import_limit_w=1), target=CAMPUS))
    after = list(dso.audit())
    assert after[: len(before)] == before and head(after)[0] == len(before) + 1
