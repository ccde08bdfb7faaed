# SPDX-License-Identifier: Apache-2.0
"""Hooks as faces see them: by name, with what became of them, never with what they run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HookRun:
    """How a hook ended. moment: a word of HookMoment. outlet: 0 where it was about none. wall_s:
    when it ended. error: empty when it succeeded. seconds: that it took.
    """

    moment: str
    outlet: int
    wall_s: float
    error: str
    seconds: float


@dataclass(frozen=True, slots=True)
class HookRow:
    """A configured hook. kind: command, http or fsd. last: its last run since the agent started."""

    name: str
    kind: str
    time_limit_s: float
    ignore_errors: bool
    last: HookRun | None
