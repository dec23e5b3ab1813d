"""The audit's chain, checked by nothing but what the interface's description says of it."""

import hashlib
from collections.abc import Iterable

from headroom.utility.v1 import compliance_pb2


def computed_hash(entry: compliance_pb2.AuditEntry) -> str:
    time = entry.time.ToDatetime().isoformat(timespec="milliseconds") + "Z"
    values = [str(entry.sequence), time, entry.principal, entry.method, entry.request_id, entry.resource]
    values += [entry.request_sha256, entry.result, entry.previous_hash]
    text = b"".join(b"%d:%b\n" % (len(value), value) for value in (value.encode() for value in values))
    return hashlib.sha256(text).hexdigest()


def head(entries: Iterable[compliance_pb2.AuditEntry]) -> tuple[int, str]:
    """Follows a chain; returns its length and last hash, or raises ValueError where it is broken."""
    sequence, previous = 0, "0" * 64
    for entry in entries:
        if (entry.sequence, entry.previous_hash) != (sequence + 1, previous) or entry.hash != computed_hash(entry):
            raise ValueError(f"broken at entry {entry.sequence}")
        sequence, previous = entry.sequence, entry.hash
    return sequence, previous
