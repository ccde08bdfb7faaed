# SPDX-License-Identifier: Apache-2.0
"""A certificate of the unit's own making, for whoever has no authority of their own.

Importing this imports the cryptography package: import it where a certificate is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFE = timedelta(days=397)
"""Some browsers refuse more than 398 days, also of a certificate that was trusted by hand."""
RENEWED_BEFORE_END = timedelta(days=30)
EARLIER = timedelta(days=1)
"""So long before now it begins: clocks differ."""
MAX_COMMON_NAME = 64


def made(names: Sequence[str], now_wall_s: float) -> bytes:
    """A key on P-256 and its certificate for these names and addresses, both as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.fromtimestamp(now_wall_s, UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:MAX_COMMON_NAME])])
    usage = x509.KeyUsage(True, *[False] * 8)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - EARLIER)
        .not_valid_after(now - EARLIER + LIFE)
        .add_extension(x509.SubjectAlternativeName(_alternatives(names)), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ) + certificate.public_bytes(serialization.Encoding.PEM)


def is_good(pem: bytes, names: Sequence[str], now_wall_s: float) -> bool:
    """Whether it still lasts a while, and is for all of these names."""
    try:
        serialization.load_pem_private_key(pem, None)
        certificate = x509.load_pem_x509_certificate(pem[pem.find(b"-----BEGIN CERT") :])
        extensions = certificate.extensions
        known = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, TypeError, x509.ExtensionNotFound):
        return False
    now = datetime.fromtimestamp(now_wall_s, UTC).replace(tzinfo=None)
    begins, ends = _validity(certificate)
    lasts = begins <= now < ends - RENEWED_BEFORE_END
    return lasts and set(_alternatives(names)) <= set(known)


def _validity(certificate: x509.Certificate) -> tuple[datetime, datetime]:
    """In UTC without an offset; the older names of these are gone in later packages."""
    if hasattr(certificate, "not_valid_after_utc"):
        begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        return begins.replace(tzinfo=None), ends.replace(tzinfo=None)
    return certificate.not_valid_before, certificate.not_valid_after


def _alternatives(names: Sequence[str]) -> list[x509.GeneralName]:
    found = [_alternative(name) for name in dict.fromkeys(names)]
    return [each for each in found if each is not None]


def _alternative(name: str) -> x509.GeneralName | None:
    """None for a name that no certificate can hold, such as one with a part of 64 letters."""
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        pass
    try:
        return x509.DNSName(name.encode("idna").decode("ascii"))
    except UnicodeError:
        return None
