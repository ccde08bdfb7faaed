# SPDX-License-Identifier: Apache-2.0
"""The `snmp` section of the configuration: where to listen, whom to tell, what is shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from pdu_agent.access.networks import parse_network
from pdu_agent.model.errors import ConfigError
from pdu_agent.model.settings import setting
from pdu_agent.snmp.credentials import Community, User

NOTIFICATION_PORT = 162


@dataclass(frozen=True, slots=True)
class ViewSettings:
    """One entry of `views`: subtrees that are there and, below them, subtrees that are not."""

    name: str = setting(max_length=32, doc="what credentials call it")
    include: tuple[str, ...] = setting(max_length=64, doc="OIDs of subtrees that can be seen")
    exclude: tuple[str, ...] = setting((), max_length=64, doc="OIDs of subtrees that cannot")

    def __post_init__(self) -> None:
        for text in (*self.include, *self.exclude):
            parse_oid(text)


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

    def __post_init__(self) -> None:
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
    identity: str = setting("own", choices=("own",), doc="whose MIB tree is shown")
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
    communities: tuple[Community, ...] = setting((), max_length=64)
    users: tuple[User, ...] = setting((), max_length=64)

    def __post_init__(self) -> None:
        for text in self.listen:
            parse_listen(text)
        parse_oid(self.base_oid)
        for text in (*self.trusted_networks, *self.unlimited_networks):
            parse_network(text)
        _refuse_twins("community name", (entry.name for entry in self.communities))
        _refuse_twins("user name", (entry.name for entry in self.users))
        _refuse_twins("view name", (entry.name for entry in self.views))
        _refuse_twins("target name", (entry.name for entry in self.targets))
        secrets = [entry.community for entry in self.communities]
        if len(set(secrets)) != len(secrets):
            raise ConfigError("snmp communities: two entries have the same community string")
        self._check_references()

    def _check_references(self) -> None:
        views = {view.name for view in self.views}
        wanted = [(entry.name, entry.view) for entry in self.communities]
        wanted += [(entry.name, entry.view) for entry in self.users]
        for name, view in wanted:
            if view and view not in views:
                raise ConfigError(f"snmp credential {name}: no view is called {view!r}")
        if not self.communities and not self.users:
            return  # the secrets file comes later
        for target in self.targets:
            known, what = {entry.name for entry in self.communities}, "community"
            if target.version is TargetVersion.V3:
                known, what = {entry.name for entry in self.users}, "user"
            if target.credential not in known:
                raise ConfigError(
                    f"snmp target {target.name}: no {what} is called {target.credential!r}"
                )


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
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]"):
        host, port = text, str(NOTIFICATION_PORT)
    bare = host.removeprefix("[").removesuffix("]")
    if not bare or (":" in bare) != host.startswith("[") or not (port.isascii() and port.isdigit()):
        raise ConfigError(
            f"snmp target {text!r}: expected host, host:port or [ipv6]:port, such as"
            " nms.example:162"
        )
    if not 1 <= int(port) <= 65535:
        raise ConfigError(f"snmp target {text!r}: port {port} is outside 1 to 65535")
    return bare, int(port)


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
