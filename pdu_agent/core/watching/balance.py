# SPDX-License-Identifier: Apache-2.0
"""What an inlet takes against what its outlets take: a load that nobody meters is flagged."""

from __future__ import annotations

from collections.abc import Mapping

from pdu_agent.core.live_settings import LiveSettings
from pdu_agent.core.metered.ledger import Ledger
from pdu_agent.core.state import CoreState
from pdu_agent.core.watching.alarms import AlarmBook
from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.quantities import Quality
from pdu_agent.model.readings import Reading
from pdu_agent.model.snapshot import Severity

MISMATCH = "mismatch"
DELAY_S = 60.0
TOLERANCE = 0.02
"""Of the inlet's power: what two meters may differ by."""


class Balance:
    """Compares the inlets whose outlets all have meters. The rule for each:

    what is left of the inlet's power after its outlets' lies between -2 % of it and
    own_use_w + 2 % of it. Beyond that for DELAY_S without a break is an alarm, and within it
    again the alarm clears. While a value is missing, or too small because its converter was
    clipped, an alarm stays as it is.
    """

    def __init__(self, state: CoreState, settings: LiveSettings, alarms: AlarmBook) -> None:
        self._state = state
        self._settings = settings
        self._alarms = alarms
        self._outlets = outlets_of_inlets(settings, state.ledgers)
        self._off_since_s: dict[int, float] = {}
        self._judged: dict[int, Ledger] = {}

    def unaccounted_w(self, inlet: int, ledgers: Mapping[Target, Ledger]) -> float | None:
        """The inlet's power beyond the sum of its outlets, None unless all are known in full."""
        outlets = self._outlets.get(inlet)
        if not outlets:
            return None
        left_w = _power_w(ledgers[Target(TargetKind.INLET, inlet)])
        for outlet in outlets:
            power_w = _power_w(ledgers[outlet])
            if left_w is None or power_w is None:
                return None
            left_w -= power_w
        return left_w

    def look(self, reading: Reading) -> None:
        """Judge every inlet that has a new value: it is compared with the newest of its outlets."""
        for inlet in self._outlets:
            ledger = self._state.ledgers[Target(TargetKind.INLET, inlet)]
            if ledger is not self._judged.get(inlet):
                self._judged[inlet] = ledger
                self._judge(inlet, reading.t_mono_s)

    def _judge(self, inlet: int, now_s: float) -> None:
        left_w = self.unaccounted_w(inlet, self._state.ledgers)
        if left_w is None:
            self._off_since_s.pop(inlet, None)
            return
        target = Target(TargetKind.INLET, inlet)
        total_w = self._state.ledgers[target].electrical.active_power_w or 0.0
        error_w = TOLERANCE * abs(total_w)
        own_w = self._settings.inlets[inlet].own_use_w
        if -error_w <= left_w <= own_w + error_w:
            self._off_since_s.pop(inlet, None)
            self._alarms.clear(MISMATCH, str(target))
        elif now_s - self._off_since_s.setdefault(inlet, now_s) >= DELAY_S:
            text = f"unmetered load: {left_w:.4g} W more than all outlets together"
            if left_w < 0:
                text = f"the outlets together measure {-left_w:.4g} W more than the inlet"
            self._alarms.set(MISMATCH, str(target), Severity.WARNING, text, target)


def _power_w(ledger: Ledger) -> float | None:
    """None where it is not known, or only that it is more than what was measured."""
    if ledger.electrical.quality is Quality.CLIPPED or not ledger.is_fresh:
        return None
    return ledger.electrical.active_power_w


def outlets_of_inlets(
    settings: LiveSettings, ledgers: Mapping[Target, Ledger]
) -> dict[int, tuple[Target, ...]]:
    """The outlets of each metered inlet whose outlets, one at least, are all metered."""
    found: dict[int, tuple[Target, ...]] = {}
    for inlet in settings.inlets:
        outlets = tuple(
            Target(TargetKind.OUTLET, outlet.number)
            for outlet in settings.outlets.values()
            if outlet.inlet == inlet
        )
        points = (Target(TargetKind.INLET, inlet), *outlets)
        if outlets and all(point in ledgers for point in points):
            found[inlet] = outlets
    return found
