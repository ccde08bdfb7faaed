# SPDX-License-Identifier: Apache-2.0
"""How each kind of trigger looks at what it watches, and says so in words."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pdu_agent.core.metered.values import Values
from pdu_agent.core.outlets.steps import Step
from pdu_agent.core.rules.settings import ANY_UPS, FLAGS, TriggerKind, TriggerSettings
from pdu_agent.core.rules.watch import Seen
from pdu_agent.core.state import CoreState, OutletLive
from pdu_agent.core.watching.limits import UNIT
from pdu_agent.core.watching.thresholds import UNITS
from pdu_agent.model.commands import Lock, Quantity, Target, TargetKind
from pdu_agent.model.readings import HostSeen
from pdu_agent.model.snapshot import OutletState, SensorKind

POSSIBLE: Mapping[Quantity, tuple[float, float]] = {
    Quantity.TEMPERATURE: (-100.0, 200.0),
    Quantity.HUMIDITY: (0.0, 100.0),
    Quantity.PRESSURE: (300.0, 1250.0),
}
"""Wider than any part gives. Drivers refuse such values; nothing is switched by one that got
through.
"""
QUANTITY_OF_KIND: Mapping[SensorKind, Quantity] = {
    SensorKind.TEMPERATURE: Quantity.TEMPERATURE,
    SensorKind.HUMIDITY: Quantity.HUMIDITY,
    SensorKind.PRESSURE: Quantity.PRESSURE,
}
_MADE = frozenset({"closed", "wet"})  # contacts give 1 for these
_NOTHING = Seen(None)


@dataclass(frozen=True, slots=True)
class Around:
    """What a sight may look at. switched: the outlets that the rule itself switches, now."""

    state: CoreState
    values: Values
    kinds: Mapping[int, SensorKind]
    switched: Callable[[], tuple[int, ...]]


class Sight(ABC):
    """subject: what is watched; beyond and back: when it is true, and over again; all in words,
    as in "sensor 1 temperature", "at or above 30 C".
    """

    def __init__(self, settings: TriggerSettings, around: Around) -> None:
        self.settings = settings
        self.around = around
        self.armed = False
        self.subject = self.beyond = self.back = ""
        self.unit = ""

    @abstractmethod
    def look(self, now_s: float) -> Seen:
        """What it shows at this moment (monotonic)."""

    def ready_s(self, now_s: float) -> float:
        """From when on (monotonic) the rule may act again; now, as far as it is known."""
        return now_s

    def note(self, seen: HostSeen) -> None:
        """A host was asked."""
        del seen

    def start_anew(self) -> None:  # noqa: B027 - most kinds count nothing
        """Forget what was counted."""

    def _outlet(self, number: int) -> OutletLive | None:
        return self.around.state.outlets.get(number)


class ValueSight(Sight):
    """A value beyond a level."""

    def __init__(self, settings: TriggerSettings, around: Around) -> None:
        super().__init__(settings, around)
        target = self._target = settings.target or UNIT
        kind = around.kinds.get(target.index) if target.kind is TargetKind.SENSOR else None
        quantity = settings.quantity or (QUANTITY_OF_KIND.get(kind) if kind else None)
        self._quantity = quantity or Quantity.TEMPERATURE  # a sensor has one, whatever it is
        if quantity is Quantity.RESIDUAL_CURRENT:  # a point of its own, named after its inlet
            self._target = Target(TargetKind.RESIDUAL, target.index)
        self._possible = POSSIBLE.get(quantity, (-math.inf, math.inf)) if quantity else _ANY
        self.unit = UNITS[quantity] if quantity else ""
        self.subject = f"{target} {quantity.value}" if quantity else str(target)
        self._source: object = None
        self._seen = _NOTHING
        self._is_high = settings.above is not None
        border, hysteresis = settings.border or 0.0, settings.hysteresis
        self._border = border
        self._return = border - hysteresis if self._is_high else border + hysteresis
        sides = ("above", "below") if self._is_high else ("below", "above")
        self.beyond = f"at or {sides[0]} {border:g}{self.unit}"
        self.back = f"{sides[1]} {self._return:g}{self.unit}"

    def look(self, now_s: float) -> Seen:
        del now_s
        newest = self._newest()
        if newest is None or newest is not self._source:
            self._source, self._seen = newest, self._judged()
        return self._seen

    def _newest(self) -> object:
        """What has the value: another object whenever anything of it changes; None for a sum."""
        if self._target.kind is TargetKind.SENSOR:
            return self.around.state.sensors.get(self._target.index)
        return self.around.state.ledgers.get(self._target)

    def _judged(self) -> Seen:
        value = self.around.values.of(self._target, self._quantity)
        if value is None:
            return Seen(None, f"{self.subject} has no value")
        low, high = self._possible
        if not low <= value <= high:  # NaN is not within either
            return Seen(None, f"{self.subject} cannot be {value:g}{self.unit}", value)
        sample_s = self.around.values.sampled_s(self._target)
        return Seen(self._holds(value), "", value, sample_s)

    def _holds(self, value: float) -> bool | None:
        if self._is_high:
            is_beyond, is_back = value >= self._border, value < self._return
        else:
            is_beyond, is_back = value <= self._border, value > self._return
        if is_beyond is is_back:
            return None
        return is_beyond


_ANY = (-math.inf, math.inf)


class LowDrawSight(Sight):
    """An outlet that is on and draws next to nothing, after a device was in use on it."""

    def __init__(self, settings: TriggerSettings, around: Around) -> None:
        super().__init__(settings, around)
        self._number = settings.outlet or 0
        self._target = Target(TargetKind.OUTLET, self._number)
        self._border = settings.border or 0.0
        self.unit = " W"
        self.subject = f"{self._target} draw"
        self.beyond = f"at or below {self._border:g} W"
        self.back = f"above {self._border + settings.hysteresis:g} W, or the outlet off"

    def look(self, now_s: float) -> Seen:
        live = self._outlet(self._number)
        if live is None or live.machine.step is Step.OFF:
            self.armed = False
            return Seen(False)
        if live.machine.step is not Step.ON:
            return _NOTHING
        value_w = self.around.values.of(self._target, Quantity.ACTIVE_POWER)
        if value_w is None:
            return Seen(None, f"{self._target} active power has no value")
        if now_s < live.contact_s + self.settings.boot_s:
            return Seen(None, "", value_w)
        self.armed = self.armed or value_w >= self.settings.arms_at_w
        sample_s = self.around.values.sampled_s(self._target)
        if value_w > self._border + self.settings.hysteresis:
            return Seen(False, "", value_w, sample_s)
        is_low = value_w <= self._border and self.armed
        return Seen(True if is_low else None, "", value_w, sample_s)


class StateSight(Sight):
    """An outlet that is on, off or in fault; on its way it is none of them."""

    def __init__(self, settings: TriggerSettings, around: Around) -> None:
        super().__init__(settings, around)
        self._number = settings.outlet or 0
        self._wanted = OutletState(settings.state)
        self.subject = f"outlet {settings.outlet}"
        self.beyond, self.back = settings.state, f"not {settings.state}"

    def look(self, now_s: float) -> Seen:
        del now_s
        live = self._outlet(self._number)
        if live is None or live.machine.step is Step.UNKNOWN:
            return Seen(None, f"{self.subject}: nobody knows its state")
        state = live.machine.state
        if state in (OutletState.ON, OutletState.OFF, OutletState.FAULT):
            return Seen(state is self._wanted)
        return _NOTHING


class ContactSight(Sight):
    """A contact or water sensor: 1 is closed or wet."""

    def __init__(self, settings: TriggerSettings, around: Around) -> None:
        super().__init__(settings, around)
        self._target = Target(TargetKind.SENSOR, settings.sensor or 0)
        self._wants_made = settings.contact in _MADE
        self.subject = str(self._target)
        self.beyond, self.back = settings.contact, f"not {settings.contact}"

    def look(self, now_s: float) -> Seen:
        del now_s
        # A sensor has one value, whichever quantity is asked for.
        value = self.around.values.of(self._target, Quantity.TEMPERATURE)
        if value is None or value not in (0.0, 1.0):
            return Seen(None, f"{self.subject} has no value")
        return Seen((value == 1.0) is self._wants_made, "", value)


class UpsSight(Sight):
    """A flag of one UPS, or of any that can be reached."""

    def __init__(self, settings: TriggerSettings, around: Around) -> None:
        super().__init__(settings, around)
        self._flag = FLAGS[settings.flag]
        self._name = settings.ups
        named = "any UPS" if settings.ups == ANY_UPS else f"UPS {settings.ups}"
        self.subject = named
        words = settings.flag.replace("_", " ")
        self.beyond, self.back = words, f"not {words}"

    def look(self, now_s: float) -> Seen:
        del now_s
        known = [
            ups
            for ups in self.around.values.upses
            if ups.is_reachable and self._name in (ANY_UPS, ups.name)
        ]
        if not known:
            return Seen(None, f"{self.subject}: none can be reached")
        return Seen(any(self._flag in ups.flags for ups in known))


class HostSight(Sight):
    """A host that does not answer. Nothing counts while what feeds it is off, locked or booting:
    whoever services it locks it, and a host without power is not to be blamed.
    """

    def __init__(self, settings: TriggerSettings, around: Around) -> None:
        super().__init__(settings, around)
        self.subject = f"host {settings.host}"
        attempts = "attempt" if settings.failures == 1 else "attempts"
        self.beyond = f"without an answer to {settings.failures} {attempts} in a row"
        self.back = "answering"
        self._failures = 0
        self._may_count = not settings.answers_first
        self._answers = False
        self._trouble = ""

    def note(self, seen: HostSeen) -> None:
        if seen.host != self.settings.host:
            return
        self._trouble = "" if seen.asked else f"{self.subject} cannot be asked: {seen.error}"
        self._answers = seen.answered
        if seen.answered:
            self._may_count = True
        self._failures = self._failures + 1 if seen.asked and not seen.answered else 0

    def start_anew(self) -> None:
        self._failures = 0

    def look(self, now_s: float) -> Seen:
        if self._trouble:
            return Seen(None, self._trouble)
        if self._answers:
            return Seen(False)
        if not self._may_count or self.ready_s(now_s) > now_s:
            self._failures = 0
            return _NOTHING
        return Seen(True if self._failures >= self.settings.failures else None)

    def ready_s(self, now_s: float) -> float:
        ready_s = now_s
        for number in self.around.switched():
            live = self._outlet(number)
            if live is None or live.lock is not Lock.UNLOCKED or live.machine.step is not Step.ON:
                return math.inf
            ready_s = max(ready_s, live.contact_s + self.settings.boot_s)
        return ready_s


_SIGHTS: Mapping[TriggerKind, type[Sight]] = {
    TriggerKind.VALUE: ValueSight,
    TriggerKind.LOW_DRAW: LowDrawSight,
    TriggerKind.STATE: StateSight,
    TriggerKind.CONTACT: ContactSight,
    TriggerKind.UPS: UpsSight,
    TriggerKind.HOST: HostSight,
}


def sight_of(settings: TriggerSettings, around: Around) -> Sight:
    return _SIGHTS[settings.kind](settings, around)
