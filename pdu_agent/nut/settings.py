# SPDX-License-Identifier: Apache-2.0
"""The `nut` section (the unit as a NUT device) and the `upses` section (UPSes that it reads)."""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar

from pdu_agent.access.grant import Rights
from pdu_agent.access.outlet_rights import check_spans
from pdu_agent.access.unix_socket import MAX_SOCKET_PATH
from pdu_agent.model.errors import ConfigError
from pdu_agent.model.settings import setting
from pdu_agent.model.size import MAX_INLETS, MAX_OUTLETS

MAX_UPSES = 8
SIMULATED = "sim"
"""In place of a server: the simulated one of the agent itself."""
OF_OUTLET = "outlet{}"
"""The name of an outlet's own UPS in ups.conf."""
_OF_OUTLET = re.compile(OF_OUTLET.format(r"\d+"), re.ASCII)
_WORD = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_ADDRESS = re.compile(r"(?:\[(?P<v6>[^\[\]]+)\]|(?P<host>[^:\[\]\s]+)):(?P<port>\d{1,5})", re.ASCII)


@dataclass(frozen=True, slots=True)
class NutSettings:
    """The `nut` section. Whoever upsd lets in acts with these rights: it keeps its own users."""

    state_path: str = setting(
        "",
        max_length=80,
        doc="folder where upsd looks for its drivers, on Debian /run/nut; empty: no NUT device",
    )
    driver: str = setting("openpdu", max_length=24, doc="the `driver` of its section in ups.conf")
    name: str = setting("pdu", max_length=24, doc="the name of its section in ups.conf")
    group: str = setting("nut", max_length=32, doc="group that may connect; empty: this user only")
    rights: Rights = setting(
        Rights.READ, doc="none, read, switch, or write; each includes those before it"
    )
    outlets: dict[str, Rights] = setting(
        default_factory=dict,
        doc="rights on some outlets in place of `rights`: number, range (4-6) or others",
    )

    def __post_init__(self) -> None:
        check_spans("rights", self.outlets)
        for what, word in (("driver", self.driver), ("name", self.name)):
            if not _WORD.fullmatch(word):
                raise ConfigError(f"{what} {word!r}: expected letters, digits, - and _")
        if _OF_OUTLET.fullmatch(self.name):
            raise ConfigError(f"name {self.name!r} is kept for the UPS of that outlet")
        if not self.state_path:
            return
        if not self.state_path.startswith("/"):
            raise ConfigError(f"state_path {self.state_path!r} is no path from the root on")
        longest = max(self.name, OF_OUTLET.format(MAX_OUTLETS), key=len)
        octets = len(os.fsencode(f"{self.state_path}/{self.driver}-{longest}"))
        if octets > MAX_SOCKET_PATH:
            raise ConfigError(
                f"state_path {self.state_path}: with driver and name it has {octets} octets;"
                f" a socket's path has {MAX_SOCKET_PATH} at most"
            )


class Tls(Enum):
    """NEVER: plain. IF_OFFERED: encrypted if the server can, unproven. VERIFIED: encrypted, and its
    certificate must be for that host and from an authority that is trusted.
    """

    NEVER = "never"
    IF_OFFERED = "if offered"
    VERIFIED = "verified"


@dataclass(frozen=True, slots=True)
class UpsSettings:
    """One entry of `upses`: a UPS of a NUT server."""

    LABELS: ClassVar = ("name",)

    name: str = setting(max_length=32, doc="what faces and rules call it")
    server: str = setting("127.0.0.1:3493", max_length=255, doc="host:port of upsd, or sim")
    ups: str = setting("", max_length=64, doc="its name there; empty: `name`")
    inlets: tuple[int, ...] = setting(
        (), minimum=1, maximum=MAX_INLETS, max_length=MAX_INLETS, doc="what it feeds; empty: none"
    )
    user: str = setting("", max_length=64, doc="of upsd.users; empty: no login")
    secret_file: str = setting("", max_length=4096, doc="file with the password of the user")
    tls: Tls = setting(Tls.NEVER)
    ca_file: str = setting("", max_length=4096, doc="PEM file to trust in place of the system's")
    poll_s: float = setting(2.0, minimum=0.5, maximum=60)
    stale_after_s: float = setting(
        15.0, minimum=1, maximum=3600, doc="without an answer for so long it is unreachable"
    )

    @property
    def there(self) -> str:
        """Its name at its server."""
        return self.ups or self.name


def parse_server(text: str) -> tuple[str, int]:
    """host:port, an IPv6 address in brackets. Raises ConfigError."""
    match = _ADDRESS.fullmatch(text)
    if match is None or not 1 <= int(match["port"]) <= 65_535:
        raise ConfigError(
            f"{text!r} is no server; expected host:port, as in 192.0.2.7:3493 or [2001:db8::7]:3493"
        )
    return match["v6"] or match["host"], int(match["port"])


def is_loopback(host: str) -> bool:
    """Does what is sent there stay on this machine?"""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
