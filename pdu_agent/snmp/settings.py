# SPDX-License-Identifier: Apache-2.0
"""The `snmp` section of the configuration: where to listen, and who may do what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, IntEnum

from pdu_agent.model.errors import ConfigError
from pdu_agent.model.settings import setting

MIN_PASSPHRASE = 8
"""Characters, RFC 3414 section 11.2; net-snmp's tools refuse shorter ones."""

MAX_USER_NAME_OCTETS = 32
"""RFC 3414: usmUserName is SnmpAdminString (SIZE(1..32))."""


class Rights(Enum):
    """What a credential may do with every object that is there."""

    READ = "read"
    WRITE = "write"


class SecurityLevel(IntEnum):
    """RFC 3411 SnmpSecurityLevel; a larger one protects more."""

    NO_AUTH_NO_PRIV = 1
    AUTH_NO_PRIV = 2
    AUTH_PRIV = 3


class AuthProtocol(Enum):
    """RFC 3414 (SHA-1) and RFC 7860 (the SHA-2 family)."""

    SHA = "sha"
    SHA224 = "sha224"
    SHA256 = "sha256"
    SHA384 = "sha384"
    SHA512 = "sha512"


class PrivProtocol(Enum):
    """RFC 3826, and its 256-bit form with the key extension that net-snmp calls AES-256."""

    NONE = "none"
    AES128 = "aes128"
    AES256 = "aes256"


@dataclass(frozen=True, slots=True)
class Community:
    """A v1/v2c community. `name` is what logs and the audit show; `community` is the secret."""

    name: str = setting(max_length=32, doc="how logs call it; never the secret itself")
    community: str = setting(max_length=255, secret=True, doc="the community string")
    rights: Rights = setting(Rights.READ, doc="read, or write (which includes read)")

    def __post_init__(self) -> None:
        if not self.name:
            raise ConfigError("snmp community: the name is empty; give it one for the logs")
        if not self.community:
            raise ConfigError(f"snmp community {self.name}: the community string is empty")


@dataclass(frozen=True, slots=True)
class User:
    """An SNMPv3 user of the User-based Security Model; authentication is never optional."""

    name: str = setting(max_length=MAX_USER_NAME_OCTETS, doc="the v3 user name")
    auth: AuthProtocol = setting(AuthProtocol.SHA256, doc="authentication protocol")
    auth_pass: str = setting("", max_length=255, secret=True, doc="at least 8 characters")
    priv: PrivProtocol = setting(PrivProtocol.AES128, doc="privacy protocol, none for no privacy")
    priv_pass: str = setting("", max_length=255, secret=True, doc="at least 8 characters")
    rights: Rights = setting(Rights.READ, doc="read, or write (which includes read)")

    def __post_init__(self) -> None:
        if not 1 <= len(self.name.encode("utf-8")) <= MAX_USER_NAME_OCTETS:
            raise ConfigError(f"snmp user {self.name!r}: a name has 1 to 32 octets")
        self._check_passphrase("auth_pass", self.auth_pass)
        if self.priv is not PrivProtocol.NONE:
            self._check_passphrase("priv_pass", self.priv_pass)

    @property
    def level(self) -> SecurityLevel:
        """The least security level at which this user is served."""
        if self.priv is PrivProtocol.NONE:
            return SecurityLevel.AUTH_NO_PRIV
        return SecurityLevel.AUTH_PRIV

    def _check_passphrase(self, key: str, passphrase: str) -> None:
        if len(passphrase) < MIN_PASSPHRASE:
            raise ConfigError(
                f"snmp user {self.name}: {key} has {len(passphrase)} characters,"
                f" at least {MIN_PASSPHRASE} are needed (RFC 3414 section 11.2)"
            )


@dataclass(frozen=True, slots=True)
class SnmpSettings:
    """The `snmp` section. base_oid: where OPENPDU-MIB is rooted."""

    listen: tuple[str, ...] = setting(
        ("127.0.0.1:1161",),
        max_length=16,
        doc="UDP addresses to answer on: host:port, an IPv6 host in brackets ([::1]:1161)",
    )
    base_oid: str = setting(
        "1.3.6.1.4.1.8072.9999.9999.6738", max_length=128, doc="root of OPENPDU-MIB"
    )
    identity: str = setting("own", choices=("own",), doc="whose MIB tree is shown")
    communities: tuple[Community, ...] = setting((), max_length=64)
    users: tuple[User, ...] = setting((), max_length=64)

    def __post_init__(self) -> None:
        for text in self.listen:
            parse_listen(text)
        parse_oid(self.base_oid)
        _refuse_twins("community name", (entry.name for entry in self.communities))
        _refuse_twins("user name", (entry.name for entry in self.users))
        secrets = [entry.community for entry in self.communities]
        if len(set(secrets)) != len(secrets):
            raise ConfigError("snmp communities: two entries have the same community string")


def parse_listen(text: str) -> tuple[str, int]:
    """Host and port of "host:port" or "[ipv6]:port"; port 0 lets the system choose.

    Raises ConfigError when it is neither.
    """
    host, colon, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ConfigError(f"snmp listen {text!r}: put the IPv6 address in brackets, [::1]:1161")
    if not colon or not host or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise ConfigError(f"snmp listen {text!r}: expected host:port, such as 127.0.0.1:1161")
    return host, int(port)


def parse_oid(text: str) -> tuple[int, ...]:
    """The sub-identifiers of a dotted OID, a leading dot allowed. Raises ConfigError."""
    parts = text.removeprefix(".").split(".")
    if len(parts) < 2 or not all(part.isascii() and part.isdigit() for part in parts):
        raise ConfigError(f"OID {text!r}: expected numbers with dots, such as 1.3.6.1.4.1.8072")
    oid = tuple(int(part) for part in parts)
    if oid[0] > 2 or (oid[0] < 2 and oid[1] > 39) or max(oid) > 0xFFFF_FFFF:
        raise ConfigError(f"OID {text!r}: not an object identifier (RFC 2578 section 3.5)")
    return oid


def _refuse_twins(what: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ConfigError(f"snmp: the {what} {name!r} is used twice")
        seen.add(name)
