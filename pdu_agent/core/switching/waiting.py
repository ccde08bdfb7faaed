# SPDX-License-Identifier: Apache-2.0
"""What is about to close, and a rating that does not let it: it waits, and is judged again.

An order that a person gives at once is judged, and refused, when it is given. So this is for what
was ordered for later, and for what the power-up policy wants. Nobody stands by to try again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pdu_agent.core.live_settings import LiveSettings
from pdu_agent.core.outlets.gate import pass_later
from pdu_agent.core.outlets.steps import Step
from pdu_agent.core.state import CoreState
from pdu_agent.core.switching.feeders import Budget
from pdu_agent.core.watching.alarms import AlarmBook
from pdu_agent.model.clock import Clock
from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.snapshot import Severity

ALARM = "rating"
AGAIN_S = 10.0


def about_to_close(state: CoreState, live: LiveSettings) -> list[int]:
    """In the order in which they close; of those of one instant the most important one first.

    The second half of a reboot is not among them: what was on is brought back.
    """
    queue = [n for n, each in state.outlets.items() if each.machine.step is Step.CLOSE_QUEUED]
    queue.sort(key=lambda n: (state.outlets[n].machine.queued_s, live.outlets[n].priority, n))
    return queue


class RatingWait:
    """Puts off what its feeders cannot bear, and says so."""

    def __init__(self, state: CoreState, live: LiveSettings, clock: Clock, book: AlarmBook) -> None:
        self._state = state
        self._live = live
        self._clock = clock
        self._book = book

    def look(self) -> None:
        """Called before relays move."""
        queue = about_to_close(self._state, self._live)
        refused = self._refused(queue) if queue else {}
        for number, why in refused.items():
            self._put_off(number)
            target = Target(TargetKind.OUTLET, number)
            text = f"not switched on yet: {why}"
            self._book.set(ALARM, str(target), Severity.WARNING, text, target)
        self._clear()

    def _refused(self, queue: Sequence[int]) -> dict[int, str]:
        now_s = self._clock.monotonic_s()
        return Budget(self._live.sections, self._state, now_s).too_much(queue, None)

    def _put_off(self, number: int) -> None:
        live, due_s = self._state.outlets[number], self._clock.monotonic_s() + AGAIN_S
        machine = replace(live.machine, step=Step.ON_DELAY, deadline_s=due_s, queued_s=0.0)
        self._state.outlets[number] = replace(live, machine=machine)
        pass_later(self._state, self._live.outlets[number])

    def _clear(self) -> None:
        for kind, subject in list(self._state.alarms):
            if kind == ALARM:
                live = self._state.outlets.get(int(subject.rpartition(" ")[2]))
                if live is None or live.machine.step is not Step.ON_DELAY:
                    self._book.clear(kind, subject)
