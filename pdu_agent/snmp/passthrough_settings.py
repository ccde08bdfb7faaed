# SPDX-License-Identifier: Apache-2.0
"""The sections `snmp.agentx` and `snmp.pass_persist`: the ways through another agent."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pdu_agent.access.grant import Grant, Rights
from pdu_agent.access.outlet_rights import check_spans, grant_of
from pdu_agent.mib_impl.names import MIB_NAMES
from pdu_agent.model.errors import ConfigError
from pdu_agent.model.settings import setting

AGENTX_PORT = 705
"""RFC 2741 section 8.1.1."""

_HOST = re.compile(r"(?:\[(?P<ipv6>[^][\s]+)\]|(?P<host>[^][:\s/]+))(?::(?P<port>[0-9]{1,5}))?")


@dataclass(frozen=True, slots=True)
class AgentxSettings:
    """`snmp.agentx`: what a master agent shows of this one. Managers prove who they are to the
    master, so here it stands for all of them.
    """

    master: str = setting(
        "",
        max_length=255,
        doc="/var/agentx/master, or host:port of a master on TCP; empty: none",
    )
    rights: Rights = setting(Rights.READ, doc="of whoever the master lets in")
    outlets: dict[str, Rights] = setting(
        default_factory=dict,
        doc="rights on some outlets in place of `rights`: number, range (4-6) or others",
    )
    mibs: tuple[str, ...] = setting(
        (),
        max_length=len(MIB_NAMES),
        choices=MIB_NAMES,
        doc="whose notifications the master sends on; empty: those of the identity",
    )

    def __post_init__(self) -> None:
        check_spans("snmp agentx", self.outlets)
        if self.master:
            parse_master(self.master)

    def grant(self) -> Grant:
        return grant_of(self.rights, self.outlets)


@dataclass(frozen=True, slots=True)
class PassPersistSettings:
    """`snmp.pass_persist`: the socket that openpdu-pass connects to."""

    socket: str = setting(
        "", max_length=255, doc="path of the Unix socket, in a folder of its own; empty: none"
    )
    group: str = setting(
        "",
        max_length=32,
        doc="whose members may connect too, then of mode 0660; empty: this user alone, 0600",
    )
    rights: Rights = setting(Rights.READ, doc="of whoever snmpd lets in")
    outlets: dict[str, Rights] = setting(
        default_factory=dict,
        doc="rights on some outlets in place of `rights`: number, range (4-6) or others",
    )

    def __post_init__(self) -> None:
        check_spans("snmp pass_persist", self.outlets)
        if self.socket and not self.socket.startswith("/"):
            raise ConfigError(f"snmp pass_persist: {self.socket!r} is no path from the root on")

    def grant(self) -> Grant:
        return grant_of(self.rights, self.outlets)


def parse_master(text: str) -> str | tuple[str, int]:
    """The path of a Unix socket, or host and port. Raises ConfigError."""
    if text.startswith("/"):
        return text
    match = _HOST.fullmatch(text)
    port = int(match["port"] or AGENTX_PORT) if match else 0
    if match is None or not 1 <= port <= 65535 or not _is_name(match["host"] or ""):
        raise ConfigError(
            f"snmp agentx: master {text!r}: expected /var/agentx/master, or host:port such as"
            f" 127.0.0.1:{AGENTX_PORT}"
        )
    return match["ipv6"] or match["host"], port


def _is_name(host: str) -> bool:
    """Whether a resolver can be asked for it: it refuses labels that are empty or too long."""
    try:
        host.encode("idna")
    except UnicodeError:
        return False
    return True
