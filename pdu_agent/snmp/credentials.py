# SPDX-License-Identifier: Apache-2.0
"""Communities and v3 users as the secrets file states them: who they are, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum

from pdu_agent.access.grant import Grant, Rights
from pdu_agent.access.networks import parse_network
from pdu_agent.access.outlet_rights import check_spans, grant_of
from pdu_agent.model.errors import ConfigError
from pdu_agent.model.settings import setting

MIN_PASSPHRASE = 8
"""Characters, RFC 3414 section 11.2; net-snmp's tools refuse shorter ones."""

MAX_USER_NAME_OCTETS = 32
"""RFC 3414: usmUserName is SnmpAdminString (SIZE(1..32))."""


class SecurityLevel(IntEnum):
    """RFC 3411 SnmpSecurityLevel; a larger one protects more."""

    NO_AUTH_NO_PRIV = 1
    AUTH_NO_PRIV = 2
    AUTH_PRIV = 3


class AuthProtocol(Enum):
    """RFC 3414 (SHA-1, and MD5 for devices that know nothing else) and RFC 7860 (SHA-2)."""

    NONE = "none"
    MD5 = "md5"
    SHA = "sha"
    SHA224 = "sha224"
    SHA256 = "sha256"
    SHA384 = "sha384"
    SHA512 = "sha512"


class PrivProtocol(Enum):
    """RFC 3826, and its 256-bit form with the two key extensions that net-snmp calls AES-256
    and AES-256-C; DES of RFC 3414 for devices that know nothing else.
    """

    NONE = "none"
    DES = "des"
    AES128 = "aes128"
    AES256 = "aes256"
    AES256C = "aes256c"


@dataclass(frozen=True, slots=True, kw_only=True)
class Permissions:
    """What communities and users have in common: what they may do, and from where."""

    rights: Rights = setting(
        Rights.READ, doc="none, read, switch, or write; each includes those before it"
    )
    outlets: dict[str, Rights] = setting(
        default_factory=dict,
        doc="rights on some outlets in place of `rights`: number, range (4-6) or others",
    )
    view: str = setting("", max_length=32, doc="one of `views`; empty: the whole tree")
    networks: tuple[str, ...] = setting(
        (), max_length=64, doc="where it is accepted from; empty: anywhere"
    )

    @property
    def highest(self) -> Rights:
        """The most that they may do anywhere."""
        return max((self.rights, *self.outlets.values()), key=list(Rights).index)

    def grant(self) -> Grant:
        """What they may do, with ranges of outlets taken apart."""
        return grant_of(self.rights, self.outlets)

    def check(self, what: str) -> None:
        """Raises ConfigError, which says `what` it is about."""
        check_spans(what, self.outlets)
        for text in self.networks:
            parse_network(text)


@dataclass(frozen=True, slots=True)
class Community(Permissions):
    """A v1/v2c community. `name` is what logs and the audit show; `community` is the secret."""

    name: str = setting(max_length=32, doc="how logs call it; never the secret itself")
    community: str = setting(max_length=255, secret=True, doc="the community string")

    def __post_init__(self) -> None:
        if not self.name:
            raise ConfigError("snmp community: the name is empty; give it one for the logs")
        if not self.community:
            raise ConfigError(f"snmp community {self.name}: the community string is empty")
        self.check(f"snmp community {self.name}")


@dataclass(frozen=True, slots=True)
class User(Permissions):
    """An SNMPv3 user of the User-based Security Model."""

    name: str = setting(max_length=MAX_USER_NAME_OCTETS, doc="the v3 user name")
    auth: AuthProtocol = setting(AuthProtocol.SHA256, doc="authentication protocol")
    auth_pass: str = setting("", max_length=255, secret=True, doc="at least 8 characters")
    priv: PrivProtocol = setting(PrivProtocol.AES128, doc="privacy protocol, none for no privacy")
    priv_pass: str = setting("", max_length=255, secret=True, doc="at least 8 characters")

    def __post_init__(self) -> None:
        if not 1 <= len(self.name.encode("utf-8")) <= MAX_USER_NAME_OCTETS:
            raise ConfigError(f"snmp user {self.name!r}: a name has 1 to 32 octets")
        if self.auth is not AuthProtocol.NONE:
            self._check_passphrase("auth_pass", self.auth_pass)
        elif self.priv is not PrivProtocol.NONE:
            raise ConfigError(f"snmp user {self.name}: privacy needs authentication (RFC 3411)")
        if self.priv is not PrivProtocol.NONE:
            self._check_passphrase("priv_pass", self.priv_pass)
        self.check(f"snmp user {self.name}")

    @property
    def level(self) -> SecurityLevel:
        """The least security level at which this user is served."""
        if self.auth is AuthProtocol.NONE:
            return SecurityLevel.NO_AUTH_NO_PRIV
        if self.priv is PrivProtocol.NONE:
            return SecurityLevel.AUTH_NO_PRIV
        return SecurityLevel.AUTH_PRIV

    def _check_passphrase(self, key: str, passphrase: str) -> None:
        if len(passphrase) < MIN_PASSPHRASE:
            raise ConfigError(
                f"snmp user {self.name}: {key} has {len(passphrase)} characters,"
                f" at least {MIN_PASSPHRASE} are needed (RFC 3414 section 11.2)"
            )
