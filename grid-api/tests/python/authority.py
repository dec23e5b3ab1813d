"""An authority that issues certificates for an afternoon."""

import ipaddress
from datetime import datetime, timedelta, timezone
from pathlib import Path

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PEM = serialization.Encoding.PEM


class Authority:
    hash = hashes.SHA256()

    def __init__(self, name: str):
        self.key, self.name = ec.generate_private_key(ec.SECP256R1()), name
        constraints = x509.BasicConstraints(ca=True, path_length=0)
        signing = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        self.certificate = self._issue(name, self.key.public_key(), [(constraints, True), (signing, True)], days=1)
        self.pem = self.certificate.public_bytes(PEM)

    def client(self, name: str, *, uri: str | None = None, days: int = 1) -> tuple[x509.Certificate, bytes]:
        """Issues a certificate and its key. One of less than a day has expired."""
        names = [x509.UniformResourceIdentifier(uri)] if uri else [x509.DNSName("client.example")]
        return self._leaf(name, names, ExtendedKeyUsageOID.CLIENT_AUTH, days)

    def write_server(self, folder: Path) -> None:
        """Writes what the service shows to callers, and whom it asks about theirs."""
        names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        certificate, key = self._leaf("headroom", names, ExtendedKeyUsageOID.SERVER_AUTH, days=1)
        (folder / "server.pem").write_bytes(certificate.public_bytes(PEM))
        (folder / "server.key").write_bytes(key)
        (folder / "authority.pem").write_bytes(self.pem)

    def credentials(self, certificate: x509.Certificate, key: bytes) -> grpc.ChannelCredentials:
        """Trusts this authority and shows a certificate, whoever issued that."""
        return grpc.ssl_channel_credentials(self.pem, key, certificate.public_bytes(PEM))

    def _leaf(self, name: str, names: list, usage: x509.ObjectIdentifier, days: int) -> tuple[x509.Certificate, bytes]:
        key = ec.generate_private_key(ec.SECP256R1())
        alternatives, usages = x509.SubjectAlternativeName(names), x509.ExtendedKeyUsage([usage])
        certificate = self._issue(name, key.public_key(), [(alternatives, False), (usages, False)], days)
        format = serialization.PrivateFormat.PKCS8
        return certificate, key.private_bytes(PEM, format, serialization.NoEncryption())

    def _issue(self, name: str, key: ec.EllipticCurvePublicKey, extensions: list, days: int) -> x509.Certificate:
        subject, issuer = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)]) for text in (name, self.name))
        now = datetime.now(timezone.utc)
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now - timedelta(days=7)).not_valid_after(now + timedelta(days=days))
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(self.key, self.hash)
