# SPDX-License-Identifier: Apache-2.0
"""A device of the tests, which keeps what it was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pdu_agent.nut.device import Variable


@dataclass
class Device:
    """error: raised by whatever is asked of it, and by `variables` if it is no CommandError."""

    name: str = "pdu"
    shown: Mapping[str, Variable] | None = field(
        default_factory=lambda: {"ups.status": Variable("OL")}
    )
    offered: tuple[str, ...] = ()
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    error: Exception | None = None
    fault: Exception | None = None

    def variables(self) -> Mapping[str, Variable] | None:
        if self.fault is not None:
            raise self.fault
        return self.shown

    def commands(self) -> tuple[str, ...]:
        return self.offered

    def instruct(self, command: str, value: str | None) -> None:
        self._take(command, value)

    def write(self, variable: str, value: str) -> None:
        self._take(variable, value)

    def _take(self, what: str, value: str | None) -> None:
        if self.error is not None:
            raise self.error
        self.asked.append((what, value))
