# SPDX-License-Identifier: Apache-2.0
"""Power that flows backwards where nothing feeds back: a transformer is the wrong way round.

Such a point shows watts and counts no energy. Either direction has to be seen for HELD_S in
readings that follow each other; a point through which next to nothing flows tells nothing, and
an alarm stays.
"""

from __future__ import annotations

from dataclasses import dataclass

from pdu_agent.core.settings import CoreSettings
from pdu_agent.core.state import CoreState
from pdu_agent.core.watching.alarms import AlarmBook
from pdu_agent.model.commands import Quantity, Target, TargetKind
from pdu_agent.model.readings import Reading
from pdu_agent.model.snapshot import Severity

BACKWARDS = "backwards"
HELD_S = 10.0
LEAST_W = 2.0
LEAST_SHARE = 0.2
"""Of the apparent power: a capacitor may seem to give some back, by the phase error of its CT."""
_ROUNDING_S = 1e-6
_TRANSFORMER = "current transformer", "Turn it, or make its gain negative where it has one"
_SHUNT = "shunt", "Swap its two ends"


@dataclass(frozen=True, slots=True)
class _Course:
    """Readings without a break that showed one direction: times of the first and the newest."""

    backwards: bool
    from_s: float
    until_s: float


class Backwards:
    """Looks at each reading; raises and clears the alarm of each point that must not feed back."""

    def __init__(self, state: CoreState, settings: CoreSettings, alarms: AlarmBook) -> None:
        self._state = state
        self._alarms = alarms
        self._courses: dict[Target, _Course] = {}
        self._raised: set[Target] = set()
        self._said_at: dict[Target, Target] = {}
        self.renew(settings)

    def renew(self, settings: CoreSettings) -> None:
        """Where power may flow back is said anew; there it is no alarm any more."""
        self._direct_points = settings.direct_points
        before = self._said_at
        self._said_at = {
            point: said_at
            for point, (said_at, allowed) in _points(settings).items()
            if not allowed and str(point) in settings.stale_after_s
        }
        self._gap_s = {point: settings.stale_after_s[str(point)] for point in self._said_at}
        for target in before.keys() - self._said_at.keys():
            self._courses.pop(target, None)
            self._clear(target)

    def look(self, reading: Reading) -> None:
        """Judge the points that the reading has measured."""
        for measurement in reading.measurements:
            if measurement.target in self._said_at:
                self._judge(measurement.target, reading.t_mono_s)

    def _judge(self, target: Target, now_s: float) -> None:
        before = self._courses.pop(target, None)
        backwards = self._flows_backwards(target)
        if backwards is None:
            return
        from_s = now_s
        if before is not None and before.backwards is backwards:
            follows = now_s - before.until_s <= self._gap_s[target]
            from_s = before.from_s if follows else now_s
        self._courses[target] = _Course(backwards, from_s, now_s)
        if now_s - from_s < HELD_S - _ROUNDING_S:
            return
        if backwards:
            self._raised.add(target)
            self._alarms.set(BACKWARDS, str(target), Severity.WARNING, self._text(target), target)
        else:
            self._clear(target)

    def _clear(self, target: Target) -> None:
        if target in self._raised:
            self._raised.discard(target)
            self._alarms.clear(BACKWARDS, str(target))

    def _flows_backwards(self, target: Target) -> bool | None:
        """None where it is not known, or too little to tell."""
        ledger = self._state.ledgers[target]
        values, power_w = ledger.electrical, ledger.electrical.active_power_w
        if power_w is None or not ledger.is_fresh:
            return None
        apparent_va = values.apparent_power_va
        if apparent_va is None:
            apparent_va = (values.voltage_v or 0.0) * (values.current_a or 0.0)
        is_clear = abs(power_w) > max(LEAST_W, LEAST_SHARE * abs(apparent_va))
        return power_w < 0 if is_clear else None

    def _text(self, target: Target) -> str:
        power_w = self._state.ledgers[target].current_value(Quantity.ACTIVE_POWER) or 0.0
        sensor, cure = _SHUNT if target in self._direct_points else _TRANSFORMER
        return (
            f"{-power_w:.4g} W flow backwards and are not counted: its {sensor} is probably the"
            f" wrong way round. {cure}; if something really feeds back, set feeds_back: true for"
            f" {self._said_at[target]}"
        )


def _points(settings: CoreSettings) -> dict[Target, tuple[Target, bool]]:
    """Each point that measures power, what the configuration says it of, and what it says."""
    inlets = {each.number: each.feeds_back for each in settings.inlets}
    own = {
        **{Target(TargetKind.INLET, number): allowed for number, allowed in inlets.items()},
        **{Target(TargetKind.BRANCH, each.number): each.feeds_back for each in settings.branches},
        **{Target(TargetKind.OUTLET, each.number): each.feeds_back for each in settings.outlets},
    }
    lines = {
        Target(TargetKind.LINE, each.number): Target(TargetKind.INLET, each.inlet)
        for each in settings.lines
    }
    return {point: (point, allowed) for point, allowed in own.items()} | {
        line: (inlet, own[inlet]) for line, inlet in lines.items()
    }
