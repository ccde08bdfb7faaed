# SPDX-License-Identifier: Apache-2.0
"""What the audit log keeps of a batch of commands, whether it was accepted or refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from pdu_agent.model.commands import Actor
from pdu_agent.model.snapshot import ChangeReason


class AuditResult(Enum):
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class ResetMark:
    """A meter as it was before it was reset: its whole count, what its user meter showed, and
    since when that counted.
    """

    energy_mj: int
    user_energy_mj: int
    user_since_wall_s: float | None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """asked: the commands in words; commands: the same as JSON-ready data, `left_out` of them
    are not there. error: why it was refused. outlets: by number what each showed before and
    after. meters: by str(Target). missed: refused batches before this one without an entry.
    """

    t_wall_s: float
    actor: Actor
    reason: ChangeReason
    asked: str
    commands: tuple[Mapping[str, Any], ...]
    result: AuditResult
    error: str = ""
    outlets: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    meters: Mapping[str, ResetMark] = field(default_factory=dict)
    left_out: int = 0
    missed: int = 0

    def to_plain(self) -> dict[str, Any]:
        """JSON-ready data, without what is empty."""
        actor = self.actor
        whole = {
            "time": round(self.t_wall_s, 3),
            "face": actor.face,
            "who": actor.who,
            "address": actor.address,
            "reason": self.reason.value,
            "asked": self.asked,
            "commands": self.commands,
            "left_out": self.left_out,
            "result": self.result.value,
            "error": self.error,
            "outlets": {str(number): list(row) for number, row in self.outlets.items()},
            "meters": {
                target: {
                    "energy_mj": mark.energy_mj,
                    "user_energy_mj": mark.user_energy_mj,
                    "user_since": mark.user_since_wall_s,
                }
                for target, mark in self.meters.items()
            },
            "missed": self.missed,
        }
        return {name: value for name, value in whole.items() if value}
