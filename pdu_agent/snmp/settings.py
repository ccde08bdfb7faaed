# SPDX-License-Identifier: Apache-2.0
"""The `snmp` section of the configuration: where to listen, whom to tell, what is shown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from pdu_agent.access.networks import parse_network
from pdu_agent.mib_impl.names import IDENTITIES, MIB_NAMES, USUAL_MIBS
from pdu_agent.model.errors import ConfigError
from pdu_agent.model.settings import setting
from pdu_agent.snmp.credentials import Community, User
from pdu_agent.snmp.passthrough_settings import AgentxSettings, PassPersistSettings

NOTIFICATION_PORT = 162

MAX_SUBID = 2**32 - 1
MAX_SUBIDS = 128  # both RFC 2578 section 3.5

_TARGET = re.compile(r"(?:\[(?P<ipv6>[^][\s]+)\]|(?P<host>[^][:\s]+))(?::(?P<port>[0-9]{1,5}))?")
_OID_EXPECTED = "numbers with dots, such as 1.3.6.1.4.1.8072"
_OID_OF_NAME = "`snmptranslate -On MODULE::name` tells the numbers of a name"


@dataclass(frozen=True, slots=True)
class ViewSettings:
    """One entry of `views`: subtrees that are there and, below them, subtrees that are not."""

    name: str = setting(max_length=32, doc="what credentials call it")
    include: tuple[str, ...] = setting(max_length=64, doc="OIDs of subtrees that can be seen")
    exclude: tuple[str, ...] = setting((), max_length=64, doc="OIDs of subtrees that cannot")

    def __post_init__(self) -> None:
        if not self.name:
            raise ConfigError("snmp view: the name is empty; credentials refer to it")
        if not self.include:
            raise ConfigError(
                f"snmp view {self.name}: it includes nothing; `rights: none` does that"
            )
        included = {parse_subtree(text) for text in self.include}
        for text in self.exclude:
            if parse_subtree(text) in included:
                raise ConfigError(f"snmp view {self.name}: {text} is both included and excluded")


class TargetVersion(Enum):
    V1 = "v1"
    V2C = "v2c"
    V3 = "v3"


@dataclass(frozen=True, slots=True)
class TargetSettings:
    """One entry of `targets`: a manager that is sent notifications.

    credential: the name of a community (v1, v2c) or of a user (v3) of the secrets file.
    """

    name: str = setting(max_length=32, doc="how logs call it")
    address: str = setting(
        max_length=255, doc="host or host:port; a name is resolved anew when it is used; port 162"
    )
    credential: str = setting(max_length=32, doc="name of a community, or of a user with v3")
    version: TargetVersion = setting(TargetVersion.V2C, doc="v1, v2c or v3")
    inform: bool = setting(False, doc="true: repeat until it is acknowledged; not with v1")
    timeout_s: float = setting(1.5, minimum=0.1, maximum=60, doc="wait for an acknowledgement")
    retries: int = setting(3, minimum=0, maximum=20, doc="how often an inform is repeated")
    mibs: tuple[str, ...] = setting(
        (),
        max_length=len(MIB_NAMES),
        choices=MIB_NAMES,
        doc="whose notifications it is sent; empty: those of the identity",
    )

    def __post_init__(self) -> None:
        if not self.name:
            raise ConfigError("snmp target: the name is empty; give it one for the logs")
        if self.inform and self.version is TargetVersion.V1:
            raise ConfigError(f"snmp target {self.name}: SNMPv1 knows no informs")
        parse_target(self.address)


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
    identity: str = setting(
        "own", choices=tuple(IDENTITIES), doc="what managers take the unit for (sysObjectID)"
    )
    mibs: tuple[str, ...] = setting(
        USUAL_MIBS, max_length=len(MIB_NAMES), choices=MIB_NAMES, doc="the MIBs that are served"
    )
    trusted_networks: tuple[str, ...] = setting(
        (),
        max_length=64,
        doc="sources without a rate limit, and with answers of up to 8 KB to v1 and v2c",
    )
    unlimited_networks: tuple[str, ...] = setting(
        (), max_length=64, doc="sources without a rate limit, but with answers of 1472 octets"
    )
    requests_per_s: float = setting(
        200.0, minimum=1, maximum=100_000, doc="of one source, on average; more is dropped"
    )
    request_burst: int = setting(
        400, minimum=1, maximum=100_000, doc="requests that one source may send at once"
    )
    views: tuple[ViewSettings, ...] = setting((), max_length=32)
    targets: tuple[TargetSettings, ...] = setting((), max_length=16)
    agentx: AgentxSettings = setting(AgentxSettings())
    pass_persist: PassPersistSettings = setting(PassPersistSettings())
    communities: tuple[Community, ...] = setting((), max_length=64)
    users: tuple[User, ...] = setting((), max_length=64)

    def __post_init__(self) -> None:
        for text in self.listen:
            parse_listen(text)
        parse_oid(self.base_oid)
        for text in (*self.trusted_networks, *self.unlimited_networks):
            parse_network(text)


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


def parse_target(text: str) -> tuple[str, int]:
    """Host and port of "host", "host:port" or "[ipv6]:port". Raises ConfigError."""
    match = _TARGET.fullmatch(text)
    if match is None:
        raise ConfigError(
            f"snmp target {text!r}: expected host, host:port or [ipv6]:port, such as"
            " nms.example:162"
        )
    port = int(match["port"] or NOTIFICATION_PORT)
    if not 1 <= port <= 65535:
        raise ConfigError(f"snmp target {text!r}: port {port} is outside 1 to 65535")
    return match["ipv6"] or match["host"], port


def parse_oid(text: str) -> tuple[int, ...]:
    """The sub-identifiers of a dotted OID, a leading dot allowed. Raises ConfigError."""
    oid = parse_subtree(text)
    if len(oid) < 2:
        raise ConfigError(f"OID {text!r}: expected {_OID_EXPECTED}")
    return oid


def parse_subtree(text: str) -> tuple[int, ...]:
    """As parse_oid, but one number is enough: 1 is all that SNMP knows. Raises ConfigError."""
    parts = text.removeprefix(".").split(".")
    if any(part[:1].isalpha() for part in parts):
        raise ConfigError(f"OID {text!r}: expected {_OID_EXPECTED}; {_OID_OF_NAME}")
    if not all(part.isascii() and part.isdigit() and len(part) <= 10 for part in parts):
        raise ConfigError(f"OID {text!r}: expected {_OID_EXPECTED}")
    oid = tuple(int(part) for part in parts)
    second_max = 39 if oid[0] < 2 else MAX_SUBID
    if oid[0] > 2 or oid[1:2] > (second_max,) or max(oid) > MAX_SUBID or len(oid) > MAX_SUBIDS:
        raise ConfigError(f"OID {text!r}: not an object identifier (RFC 2578 section 3.5)")
    return oid
