# SPDX-License-Identifier: Apache-2.0
"""The `http` section of the configuration."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address

from pdu_agent.access.accounts.role import Role, grant_for
from pdu_agent.access.grant import Rights
from pdu_agent.model.errors import ConfigError, InvalidValue
from pdu_agent.model.settings import setting

AUTO, ON, OFF = "auto", "on", "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientRole:
    """One entry of `client_roles`: what whoever shows a certificate of that name may do."""

    name: str = setting(max_length=64, doc="the common name (CN) of its subject")
    role: Role = setting(Role.VIEWER, doc="viewer, operator, or admin")
    outlets: dict[str, Rights] = setting(
        default_factory=dict, doc="other rights on some outlets: number, range (4-6) or others"
    )

    def __post_init__(self) -> None:
        try:
            grant_for(self.role, self.outlets)
        except InvalidValue as error:
            raise ConfigError(str(error)) from None


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """Where browsers and programs come in; see docs/web-access.md."""

    listen: str = setting(
        "127.0.0.1:8080", max_length=64, doc="address and port of the pages and API; empty: off"
    )
    socket: str = setting(
        "",
        max_length=4096,
        doc="path of the local socket that the openpdu command uses; empty: the usual place",
    )
    names: tuple[str, ...] = setting(
        (), max_length=16, doc="names by which browsers may call this machine, besides its own"
    )
    tls: str = setting(
        AUTO, choices=(AUTO, ON, OFF), doc="HTTPS; auto: unless listening on loopback only"
    )
    certificate: str = setting(
        "", max_length=4096, doc="PEM file, the chain after it; empty: one that is made here"
    )
    key: str = setting("", max_length=4096, doc="PEM file of its key; empty: in the same file")
    client_ca: str = setting(
        "", max_length=4096, doc="PEM file of the authority of client certificates; empty: none"
    )
    client_roles: tuple[ClientRole, ...] = setting(
        (), max_length=64, doc="what whoever shows a client certificate may do"
    )
    session_idle_s: float = setting(
        3600.0, minimum=60, maximum=604_800, doc="a log-in ends after so long without a request"
    )
    session_max_s: float = setting(
        43_200.0, minimum=60, maximum=2_592_000, doc="a log-in ends after so long in any case"
    )

    def __post_init__(self) -> None:
        names = [entry.name for entry in self.client_roles]
        if len(set(names)) < len(names):
            raise ConfigError("client_roles: a name is there twice")
        if self.key and not self.certificate:
            raise ConfigError("key: there is no certificate for it")
        if self.client_roles and not self.client_ca:
            raise ConfigError("client_roles: they need a client_ca")

    @property
    def is_tls(self) -> bool:
        return self.tls == ON or (self.tls == AUTO and not is_loopback(self.listen))


def is_loopback(listen: str) -> bool:
    """Whether nobody on another machine gets there; False for what is no address."""
    try:
        host, _port = split_listen(listen)
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def split_listen(listen: str) -> tuple[str, int]:
    """`127.0.0.1:8080`, `[::1]:8080` or `localhost:8080` as (host, port); port 0 means any.

    Raises ValueError saying what was expected; the host itself is not looked at.
    """
    host, colon, port = listen.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError(f"{listen!r}: an IPv6 address stands in brackets, as in [::1]:8080")
    if not host or not colon or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise ValueError(f"{listen!r}: expected HOST:PORT, as in 127.0.0.1:8080")
    return host, int(port)
