# SPDX-License-Identifier: Apache-2.0
"""Buttons that switch outlets: watched in their board's thread, carried out in the loop."""

from __future__ import annotations

import logging
from collections.abc import Callable

from pdu_agent.app.config.panel import ButtonSettings
from pdu_agent.hw.hold import STUCK_S, HoldWatch, Press
from pdu_agent.model.commands import Action, Actor, Controller, SwitchOutlet
from pdu_agent.model.errors import CommandError

log = logging.getLogger(__name__)

STUCK = f"held for more than {STUCK_S:g} s: released by nobody, or stuck; it does nothing"


class ButtonWatcher:
    """A `Watcher` of one button's line. happened(press) is called in the board's thread."""

    def __init__(self, hold_s: float, happened: Callable[[Press], None]) -> None:
        self._watch = HoldWatch(hold_s)
        self._happened = happened

    @property
    def is_settled(self) -> bool:
        return self._watch.is_settled

    def seen(self, active: bool, now_s: float) -> None:
        press = self._watch.seen(active, now_s)
        if press is not None:
            self._happened(press)

    def lost(self, _error: str, /) -> None:
        self._watch.lost()


class Button:
    """What comes of a press. Loop only.

    tell(name, trouble): raises the alarm of the stuck button, or (None) clears it.
    """

    def __init__(
        self,
        settings: ButtonSettings,
        controller: Controller,
        tell: Callable[[str, str | None], None],
    ) -> None:
        self._name = str(settings.input)
        self._outlet = settings.outlet
        self._controller = controller
        self._tell = tell

    def happened(self, press: Press) -> None:
        if press is Press.HELD:
            self._toggle()
        elif press is Press.SHORT:
            log.debug("button %s: pressed, not long enough to switch", self._name)
        else:
            self._tell(self._name, STUCK if press is Press.STUCK else None)

    def _toggle(self) -> None:
        """Whoever stands there sees whether the outlet is on, so a hold asks for the other."""
        outlets = self._controller.snapshot.outlets
        outlet = next(outlet for outlet in outlets if outlet.index == self._outlet)
        if outlet.is_on is None:
            log.warning("button %s: nobody knows whether outlet %d is on", self._name, self._outlet)
            return
        command = SwitchOutlet(self._outlet, Action.OFF if outlet.is_on else Action.ON)
        try:
            self._controller.submit_all([command], Actor("button", self._name))
        except CommandError as exc:
            log.warning("button %s: refused: %s", self._name, exc)
