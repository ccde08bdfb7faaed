# SPDX-License-Identifier: Apache-2.0
"""What `openpdu demo` can be told, checked."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from pdu_agent.mib_impl.names import IDENTITIES
from pdu_agent.model.size import MAX_OUTLETS
from pdu_agent.web.settings import split_listen

FURNISHED_OUTLETS = 8
FURNISHED_SCRIPT = "homelab"
"""Of its loads."""
MAX_SPEED = 100_000.0  # a day in a second; beyond that nobody can watch


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """None for a folder means a temporary one, for a file none at all.

    Raises ValueError that names the option, its value and what was expected.
    """

    outlets: int = 8
    snmp: str = "127.0.0.1:1161"
    http: str = "127.0.0.1:8080"
    state_dir: Path | None = None
    runtime_dir: Path | None = None
    identity: str = "own"
    relay_log: Path | None = None
    seed: int = 1
    speed: float = 1.0
    ready_file: Path | None = None
    script: str = ""
    nut: Path | None = None
    furnished: bool = False

    @property
    def played(self) -> str:
        """The script; a furnished demo without one has the one of its loads."""
        return self.script or (FURNISHED_SCRIPT if self.furnished else "")

    def __post_init__(self) -> None:
        if not 1 <= self.outlets <= MAX_OUTLETS:
            raise ValueError(f"--outlets: {self.outlets} is outside 1 to {MAX_OUTLETS}")
        if self.furnished and self.outlets < FURNISHED_OUTLETS:
            raise ValueError(
                f"--outlets: {self.outlets} is below {FURNISHED_OUTLETS}, which --furnished names"
            )
        if not 0 < self.speed <= MAX_SPEED:
            raise ValueError(f"--speed: {self.speed:g} is outside 0 (excluded) to {MAX_SPEED:g}")
        if self.seed < 0:
            raise ValueError(f"--seed: {self.seed} is below 0")
        if self.identity not in IDENTITIES:
            known = ", ".join(IDENTITIES)
            raise ValueError(f"--identity: {self.identity!r} is unknown; known: {known}")
        _require_loopback("--snmp", self.snmp)
        _require_loopback("--http", self.http)


def _require_loopback(option: str, listen: str) -> None:
    try:
        host, _port = split_listen(listen)
        loopback = host == "localhost" or ip_address(host).is_loopback
    except ValueError as exc:
        raise ValueError(f"{option}: {exc}") from exc
    if not loopback:
        raise ValueError(
            f"{option}: {listen} can be reached from elsewhere, and everybody knows the demo's"
            " credentials; expected a loopback address such as 127.0.0.1"
        )
