# SPDX-License-Identifier: Apache-2.0
"""What the audit log keeps of a batch of commands, whether it was accepted or refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from pdu_agent.model.commands import Actor
from pdu_agent.model.snapshot import ChangeReason
from pdu_agent.model.switch_proof import SwitchProof


class AuditResult(Enum):
    """PROOF: no command, but what came of one: a relay has moved."""

    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    PROOF = "proof"


@dataclass(frozen=True, slots=True)
class ResetMark:
    """A meter as it was before it was reset: its whole count, what its user meter showed, and
    since when that counted.
    """

    energy_mj: int
    user_energy_mj: int
    user_since_wall_s: float | None


@dataclass(frozen=True, slots=True)
class ProofMark:
    """What shows that an outlet's relay did as told. command_wall_s: time of the entry of the
    command that it followed, None where none is known, as at power-up.
    """

    outlet: int
    proof: SwitchProof
    command_wall_s: float | None = None

    def to_plain(self) -> dict[str, Any]:
        """JSON-ready data, without what is not known; `command` is the `time` of that entry."""
        proof = self.proof
        whole = {
            "outlet": self.outlet,
            "ordered": "on" if proof.closed else "off",
            "verdict": proof.verdict.value,
            "relay_closed": proof.read_back,
            "moved": round(proof.moved_wall_s, 3),
            "current_before_a": proof.current_before_a,
            "current_after_a": proof.current_after_a,
            "power_before_w": proof.power_before_w,
            "power_after_w": proof.power_after_w,
            "command": round(self.command_wall_s, 3) if self.command_wall_s is not None else None,
        }
        return {name: value for name, value in whole.items() if value is not None}


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """asked: the commands in words; commands: the same as JSON-ready data, `left_out` of them
    are not there. error: why it was refused. outlets: by number what each showed before and
    after. meters: by str(Target). missed: refused batches before this one without an entry.
    proof: of an entry that is no command's.
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
    proof: ProofMark | None = None

    def to_plain(self) -> dict[str, Any]:
        """JSON-ready data, without what is empty."""
        actor = self.actor
        whole = {
            "time": round(self.t_wall_s, 3),
            "face": actor.face,
            "who": actor.who,
            "address": actor.address,
            "because": actor.because,
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
            "proof": self.proof.to_plain() if self.proof is not None else None,
        }
        return {name: value for name, value in whole.items() if value}
