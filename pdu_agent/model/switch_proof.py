# SPDX-License-Identifier: Apache-2.0
"""What shows that a relay that was told to move has moved, and that the load went with it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Verdict(Enum):
    """VERIFIED: the current came or went; where no meter tells, the relay reads back as ordered.
    COMMANDED_ONLY: nothing tells, or nothing was drawn that could.
    CONTRADICTED: the relay reads back otherwise, current flows through an open one, or no voltage
    arrives behind a closed one.
    """

    VERIFIED = "verified"
    COMMANDED_ONLY = "commanded only"
    CONTRADICTED = "contradicted"


@dataclass(frozen=True, slots=True)
class SwitchProof:
    """One movement of a relay. closed: what was ordered. read_back: None where the board cannot.

    A or W just before and just after it, each None where no meter told in time; the values
    after it come a few windows later, and may then better the verdict.
    """

    closed: bool
    verdict: Verdict
    read_back: bool | None
    moved_wall_s: float
    current_before_a: float | None = None
    current_after_a: float | None = None
    power_before_w: float | None = None
    power_after_w: float | None = None
