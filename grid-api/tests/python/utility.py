"""A utility in Python: what `protoc` makes of the interface, and as little as can be around it."""

import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from headroom.utility.v1 import areas_pb2, areas_pb2_grpc, compliance_pb2, compliance_pb2_grpc, info_pb2, info_pb2_grpc
from headroom.utility.v1 import limits_pb2, limits_pb2_grpc, safe_mode_pb2, types_pb2

# After which a call is given up, and a stream that says no more. Seconds.
CALL_S = 60

CAMPUS = "connectionPoints/campus"
DEPOT = "connectionPoints/depot"

SCHEDULED, EMERGENCY = types_pb2.LIMIT_KIND_SCHEDULED, types_pb2.LIMIT_KIND_EMERGENCY
NORMAL, SAFE = safe_mode_pb2.LINK_MODE_NORMAL, safe_mode_pb2.LINK_MODE_SAFE_MODE


class _Header(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor):
    """Says who calls, and waits for no answer for ever."""

    def __init__(self, token: str | None):
        self.metadata = [("authorization", f"Bearer {token}")] if token else []

    def _intercept(self, go_on: Callable, details: grpc.ClientCallDetails, request: object) -> object:
        return go_on(details._replace(metadata=self.metadata, timeout=details.timeout or CALL_S), request)

    intercept_unary_unary = intercept_unary_stream = _intercept


def channel(address: str, credentials: grpc.ChannelCredentials | None, token: str | None = None) -> grpc.Channel:
    options = [("grpc.enable_http_proxy", 0), ("grpc.max_reconnect_backoff_ms", 500)]
    line = grpc.secure_channel(address, credentials, options) if credentials else grpc.insecure_channel(address, options)
    return grpc.intercept_channel(line, _Header(token))


class Utility:
    """All that is called here of the interface."""

    def __init__(self, line: grpc.Channel, name: str):
        self.line, self.parent = line, f"utilities/{name}"
        self.limits = limits_pb2_grpc.GridLimitServiceStub(line)
        self.areas = areas_pb2_grpc.GridAreaServiceStub(line)
        self.compliance = compliance_pb2_grpc.ComplianceServiceStub(line)
        self.info = info_pb2_grpc.InfoServiceStub(line)

    def now(self) -> datetime:
        """Asks for the server's time: intervals are judged by it."""
        answer = self.info.GetServerInfo(info_pb2.GetServerInfoRequest())
        return answer.server_time.ToDatetime(tzinfo=timezone.utc)

    def submission(self, limit: types_pb2.Limit, **more: object) -> limits_pb2.SubmitLimitRequest:
        request_id = more.pop("request_id", None) or str(uuid.uuid4())
        return limits_pb2.SubmitLimitRequest(parent=self.parent, limit=limit, request_id=request_id, **more)

    def submit(self, limit: types_pb2.Limit, **more: object) -> limits_pb2.SubmitLimitResponse:
        return self.limits.SubmitLimit(self.submission(limit, **more))

    def cancel(self, name: str) -> types_pb2.Limit:
        request = limits_pb2.CancelLimitRequest(name=name, reason_text="a test", request_id=str(uuid.uuid4()))
        return self.limits.CancelLimit(request).limit

    def get(self, name: str) -> types_pb2.Limit:
        return self.limits.GetLimit(limits_pb2.GetLimitRequest(name=name)).limit

    def listed(self, page_size: int = 0, **only: object) -> Iterator[types_pb2.Limit]:
        token = ""
        while True:
            request = limits_pb2.ListLimitsRequest(parent=self.parent, page_size=page_size, page_token=token, **only)
            page = self.limits.ListLimits(request)
            assert not page_size or len(page.limits) <= page_size
            yield from page.limits
            token = page.next_page_token
            if not token:
                return

    def effective(self, target: str, start: datetime, end: datetime) -> list[types_pb2.EffectiveInterval]:
        request = limits_pb2.GetEffectiveLimitRequest(target=target, start_time=start, end_time=end)
        return list(self.limits.GetEffectiveLimit(request).intervals)

    def statuses(self, after: int = 0) -> Iterator[limits_pb2.LimitStatusEvent]:
        """Follows what becomes of limits. Ends with the error that ends the stream."""
        request = limits_pb2.StreamLimitStatusRequest(parent=self.parent, resume_after_sequence=after)
        for answer in self.limits.StreamLimitStatus(request):
            yield answer.event

    def heartbeat(self, sequence: int, sent: datetime) -> safe_mode_pb2.SendHeartbeatResponse:
        request = safe_mode_pb2.SendHeartbeatRequest(parent=self.parent, sent_time=sent, sequence=sequence)
        return self.limits.SendHeartbeat(request)

    def set_safe_mode(self, target: str, safe_mode: safe_mode_pb2.SafeMode) -> safe_mode_pb2.SafeModeStatus:
        request = safe_mode_pb2.SetSafeModeRequest(target=target, safe_mode=safe_mode, request_id=str(uuid.uuid4()))
        return self.limits.SetSafeMode(request).status

    def safe_mode(self, target: str) -> safe_mode_pb2.SafeModeStatus:
        return self.limits.GetSafeMode(safe_mode_pb2.GetSafeModeRequest(target=target)).status

    def put_area(self, area: areas_pb2.GridArea) -> areas_pb2.GridArea:
        request = areas_pb2.PutGridAreaRequest(grid_area=area, request_id=str(uuid.uuid4()))
        return self.areas.PutGridArea(request).grid_area

    def audit(self) -> Iterator[compliance_pb2.AuditEntry]:
        token = ""
        while True:
            request = compliance_pb2.ListAuditEntriesRequest(parent=self.parent, page_size=7, page_token=token)
            page = self.compliance.ListAuditEntries(request)
            yield from page.entries
            token = page.next_page_token
            if not token:
                return


def limit(programme: str, revision: int, *intervals: types_pb2.LimitInterval, **more: object) -> types_pb2.Limit:
    more = {"target": CAMPUS, "kind": SCHEDULED} | more
    return types_pb2.Limit(programme=programme, revision=revision, intervals=intervals, **more)


def stretch(start: datetime, minutes: float, **limits: int) -> types_pb2.LimitInterval:
    return types_pb2.LimitInterval(start_time=start, end_time=start + timedelta(minutes=minutes), **limits)


class Refused(Exception):
    """A refusal, with its details as google.rpc has them."""

    def __init__(self, error: grpc.RpcError):
        self.code = error.code()
        status = rpc_status.from_call(error)
        assert status is not None, f"a refusal without details: {error}"
        self.info, self.fields = error_details_pb2.ErrorInfo(), []
        for detail in status.details:
            if detail.Unpack(self.info):
                assert self.info.domain == "utility.headroom"
            bad_request = error_details_pb2.BadRequest()
            if detail.Unpack(bad_request):
                self.fields = [(field.field, field.reason) for field in bad_request.field_violations]
        self.reason = self.info.reason
        super().__init__(self.code, self.reason, self.fields)


def refused(call: Callable[[], object]) -> Refused:
    """Makes a call that must be refused."""
    try:
        answer = call()
    except grpc.RpcError as error:
        return Refused(error)
    raise AssertionError(f"it was not refused but answered: {answer}")
