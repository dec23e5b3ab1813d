"""Who proves itself with a certificate (mTLS)."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import grpc
import pytest
from authority import Authority
from cryptography import x509
from grpc import StatusCode
from service import Service
from utility import Utility, channel, limit, refused, stretch

SCADA = "urn:example:dso:scada"

UTILITIES = """
[grpc.tls]
certificates = "{folder}/server.pem"
key = "{folder}/server.key"
client_roots = "{folder}/authority.pem"
[[utility]]
name = "dso"
sites = ["campus"]
[[utility.principal]]
name = "scada"
certificate = "{scada}"
[[utility.principal]]
name = "desk"
certificate = "sha256:{fingerprint}"
roles = ["read"]
"""


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority("Example authority")


@pytest.fixture(scope="module")
def desk(authority: Authority) -> tuple[x509.Certificate, bytes]:
    return authority.client("desk")


@pytest.fixture(scope="module")
def service(authority: Authority, desk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder: Path = tmp_path_factory.mktemp("mtls")
    authority.write_server(folder)
    fingerprint = desk[0].fingerprint(authority.hash).hex()
    utilities = UTILITIES.format(folder=folder, scada=SCADA, fingerprint=fingerprint)
    credentials = authority.credentials(*authority.client("probe", uri="urn:example:probe"))
    with Service(folder, utilities=utilities, credentials=credentials) as service:
        yield service


def calls(service: Service, credentials: grpc.ChannelCredentials | None) -> Utility:
    return Utility(channel(service.address, credentials), "dso")


def test_a_certificate_is_enough_to_call_and_the_audit_knows_its_subject(service: Service, authority: Authority):
    scada = calls(service, authority.credentials(*authority.client("scada 1", uri=SCADA)))
    scada.submit(limit("doe", 1, stretch(scada.now() + timedelta(days=1), 15, import_limit_w=1)))
    [entry] = scada.audit()
    assert "scada 1" in entry.principal and "sha256:" in entry.principal


def test_a_certificate_known_by_its_fingerprint_may_do_what_it_was_granted(service: Service, authority: Authority, desk):
    reader = calls(service, authority.credentials(*desk))
    begin = reader.now() + timedelta(days=1)
    assert reader.effective("connectionPoints/campus", begin, begin + timedelta(hours=1))
    refusal = refused(lambda: reader.submit(limit("doe", 9, stretch(begin, 15, import_limit_w=1))))
    assert (refusal.code, refusal.reason) == (StatusCode.PERMISSION_DENIED, "ROLE_MISSING")


def test_a_certificate_of_the_authority_that_nobody_enrolled_is_told_so(service: Service, authority: Authority):
    unknown = calls(service, authority.credentials(*authority.client("unknown", uri="urn:example:other")))
    refusal = refused(unknown.now)
    assert (refusal.code, refusal.reason) == (StatusCode.UNAUTHENTICATED, "CERTIFICATE_UNKNOWN")


def test_a_stranger_does_not_come_through_the_handshake(service: Service, authority: Authority):
    other = Authority("Another authority")
    stranger = authority.credentials(*other.client("scada 1", uri=SCADA))
    expired = authority.credentials(*authority.client("scada 1", uri=SCADA, days=-1))
    without = grpc.ssl_channel_credentials(authority.pem)
    for credentials in [stranger, expired, without, None]:
        with pytest.raises(grpc.RpcError) as error:
            calls(service, credentials).now()
        assert error.value.code() == StatusCode.UNAVAILABLE
