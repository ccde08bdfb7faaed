# SPDX-License-Identifier: Apache-2.0
"""One button, watched so closely that only a finger can make it act.

What looks like a press may be interference, a bouncing contact, a board that came back or a
button that is jammed; behind the button there are mains. So a hold counts only while every
single look finds the button pressed, the looks follow closely upon one another, and the
button was seen released before.
"""

from __future__ import annotations

from enum import Enum

BOUNCE_S = 0.02
"""Shorter than any press by a person."""
REST_S = 0.05
"""So long without a press makes a release; a contact may bounce when it opens too."""
MAX_GAP_S = 0.25
"""Between two looks; after a longer one nobody knows whether the button was let go."""
STUCK_S = 30.0


class Press(Enum):
    """HELD: the hold is long enough, told while the button is still down. SHORT: released before
    that. STUCK: down for longer than a person holds it. FREED: released after that.
    """

    HELD = "held"
    SHORT = "short"
    STUCK = "stuck"
    FREED = "freed"


class HoldWatch:
    """hold_s: how long a button has to be held. It begins as one that must be released first."""

    def __init__(self, hold_s: float) -> None:
        self._hold_s = hold_s
        self._is_stuck = False
        self.lost()

    def lost(self) -> None:
        """Nobody sees the button any more: whatever is found next must be released first."""
        self._may_act = False
        self._last_s: float | None = None
        self._down_s: float | None = None
        """Since when it was not released, glitches aside."""
        self._firm_s: float | None = None
        """Since when every look has found it pressed."""
        self._up_s: float | None = None

    @property
    def is_settled(self) -> bool:
        """Is it released and ready, so that nothing is missed without looking closely?"""
        return self._may_act and self._down_s is None

    def seen(self, pressed: bool, now_s: float) -> Press | None:
        """One look at now_s (monotonic); what it has made of the button, if anything."""
        gap = self._last_s is not None and now_s - self._last_s > MAX_GAP_S
        self._last_s = now_s
        return self._seen_down(now_s, gap) if pressed else self._seen_up(now_s, gap)

    def _seen_down(self, now_s: float, gap: bool) -> Press | None:
        self._up_s = None
        if self._firm_s is None or gap:
            self._firm_s = now_s
        if self._down_s is None:
            self._down_s = now_s
        if not self._is_stuck and now_s - self._down_s > STUCK_S:
            self._is_stuck, self._may_act = True, False
            return Press.STUCK
        if self._may_act and now_s - self._firm_s >= self._hold_s:
            self._may_act = False
            return Press.HELD
        return None

    def _seen_up(self, now_s: float, gap: bool) -> Press | None:
        self._firm_s = None
        if self._up_s is None or gap:
            self._up_s = now_s
        if now_s - self._up_s < REST_S:
            return None
        was_short = (
            self._may_act and self._down_s is not None and self._up_s - self._down_s >= BOUNCE_S
        )
        was_stuck, self._is_stuck = self._is_stuck, False
        self._may_act, self._down_s = True, None
        if was_stuck:
            return Press.FREED
        return Press.SHORT if was_short else None
