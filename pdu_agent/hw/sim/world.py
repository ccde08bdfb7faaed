# SPDX-License-Identifier: Apache-2.0
"""The simulated unit's mains side: which load hangs where, what flows through each conductor."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pdu_agent.hw.sim.changes import Changes
from pdu_agent.hw.sim.consumers import Consumer
from pdu_agent.hw.sim.loads import OWN_USE, Load
from pdu_agent.hw.sim.waveform import PHASES, Mains, Phasors, active_power, phases_of, rms
from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.quantities import Electrical, Quality

_CREST_TIMES = 4096
_INTERRUPTED = 0.5  # a mains below this share of its voltage lets appliances stop


@dataclass(frozen=True, slots=True)
class Place:
    """Where something hangs. line: l1, l2l3, ... or unknown, which is l1."""

    inlet: int = 1
    branch: int | None = None
    line: str = "unknown"


@dataclass(frozen=True, slots=True)
class Layout:
    """What hangs where, by number. lines: phase conductors that are metered as such."""

    outlets: Mapping[int, Place]
    inlets: tuple[int, ...] = (1,)
    lines: Mapping[int, Place] = field(default_factory=dict)
    branches: Mapping[int, Place] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Conductor:
    """What a current transformer is around: a target's line conductors, or its neutral. The
    one of a residual current has all conductors of the inlet through it.
    """

    target: Target
    neutral: bool = False


@dataclass(frozen=True, slots=True)
class Truth:
    """What a perfect meter would show at one instant, noise aside."""

    voltage_v: float
    current_a: float
    active_power_w: float
    power_factor: float
    frequency_hz: float
    crest_factor: float

    def electrical(self) -> Electrical:
        apparent_va = self.voltage_v * self.current_a
        reactive_var = math.sqrt(max(0.0, apparent_va**2 - self.active_power_w**2))
        return Electrical(
            self.voltage_v,
            self.current_a,
            self.active_power_w,
            apparent_va,
            reactive_var,
            self.power_factor,
            self.frequency_hz,
            self.crest_factor,
            Quality.OK,
        )


class World:
    """The loads of the outlets and the unit's own draw (at the first inlet), on one mains.

    All contacts start open, all fuses are whole. Times are monotonic seconds. One thread
    changes it at a time; any may look. KeyError for what the layout does not have.
    """

    def __init__(
        self, layout: Layout, mains: Mains, loads: Mapping[int, Load], own_use: Load = OWN_USE
    ) -> None:
        self.layout = layout
        self.mains = mains
        self._contacts = dict.fromkeys(layout.outlets, False)
        self._unplugged: set[int] = set()
        self._blown: Changes[frozenset[Target]] = Changes(frozenset())
        self._outlets = {
            number: Consumer(
                mains,
                loads[number],
                place.line,
                inlet=place.inlet,
                branch=place.branch,
                outlet=number,
            )
            for number, place in layout.outlets.items()
        }
        own = Consumer(mains, own_use, "l1", inlet=min(layout.inlets, default=1))
        own.feed(True)
        self._beside: dict[str, Consumer] = {"own use": own}
        self.consumers: tuple[Consumer, ...] = (own, *self._outlets.values())
        """Replaced as a whole when one is added."""

    # -- what happens to it -----------------------------------------------------------

    def set_contact(self, outlet: int, closed: bool, t_s: float = -math.inf) -> None:
        """Without a time it has been there for ever: its load is past the inrush."""
        self._contacts[outlet] = closed
        self._feed(outlet, t_s)

    def plug(self, outlet: int, load: Load, t_s: float) -> None:
        self._unplugged.discard(outlet)
        self._outlets[outlet].plug(load, t_s)
        self._feed(outlet, t_s)

    def adjust(self, outlet: int, load: Load, t_s: float) -> None:
        """What is plugged in draws like this from now on."""
        self._outlets[outlet].adjust(load, t_s)

    def unplug(self, outlet: int, t_s: float) -> None:
        self._unplugged.add(outlet)
        self._feed(outlet, t_s)

    def load(self, outlet: int) -> Load:
        """What was plugged in last."""
        return self._outlets[outlet].draws.newest[1].load

    def fed_since_s(self, outlet: int) -> float | None:
        """Since when what is plugged in has its voltage, -inf for ever; None while it has none."""
        draw = self._outlets[outlet].draws.newest[1]
        return draw.since_s if draw.fed else None

    def set_fuse(self, target: Target, whole: bool, t_s: float) -> None:
        """Of an inlet, branch or outlet: behind an open one are no voltage and no current."""
        before = self._blown.at(t_s)
        self._blown.set(before - {target} if whole else before | {target}, t_s)
        for outlet in self._outlets:
            self._feed(outlet, t_s)

    def set_leak(self, target: Target, leak_a: float, t_s: float) -> None:
        """Current to earth, with the voltage, behind an outlet (while it is fed) or from a
        line or an inlet (its l1) all the time.
        """
        if target.kind is TargetKind.OUTLET:
            place = self.layout.outlets[target.index]
        elif target.kind is TargetKind.LINE:
            place = self.layout.lines[target.index]
        else:
            place = Place(target.index)
        line = PHASES[phases_of(place.line)[0]]
        outlet = target.index if target.kind is TargetKind.OUTLET else None
        load = Load("leak", leak_a * self.mains.nominal_v)
        self._put(f"leak {target}", load, place, line, outlet, t_s, leak=True)

    def set_unmetered(self, inlet: int, active_power_w: float, t_s: float) -> None:
        """A load behind the inlet that no outlet's meter sees."""
        load = Load("unmetered", active_power_w)
        self._put(f"unmetered {inlet}", load, Place(inlet), "l1", None, t_s)

    def set_levels(self, phases: Sequence[int], level: float, t_s: float) -> None:
        """As `Mains.set_levels`; appliances start again after an interruption."""
        before = self.mains.supply.at(t_s).levels
        self.mains.set_levels(phases, level, t_s)
        back = {phase for phase in phases if before[phase] < _INTERRUPTED <= level}
        for consumer in self.consumers:
            if back.intersection(consumer.phases) and consumer.draws.newest[1].fed:
                consumer.feed(True, t_s, again=True)

    def _feed(self, outlet: int, t_s: float) -> None:
        blown = self._blown.newest[1] & self.fuses_of(Target(TargetKind.OUTLET, outlet))
        fed = self._contacts[outlet] and outlet not in self._unplugged and not blown
        self._outlets[outlet].feed(fed, t_s)
        leak = self._beside.get(f"leak outlet {outlet}")
        if leak is not None:
            leak.feed(fed, t_s)

    def fuses_of(self, target: Target) -> frozenset[Target]:
        """The fuses through which the target is fed, its own included."""
        places = {TargetKind.OUTLET: self.layout.outlets, TargetKind.BRANCH: self.layout.branches}
        fuses = {target}
        if target.kind in places:
            place = places[target.kind][target.index]
            fuses.add(Target(TargetKind.INLET, place.inlet))
            if place.branch is not None:
                fuses.add(Target(TargetKind.BRANCH, place.branch))
        return frozenset(fuses)

    def _put(
        self,
        name: str,
        load: Load,
        place: Place,
        line: str,
        outlet: int | None,
        t_s: float,
        *,
        leak: bool = False,
    ) -> None:
        if name in self._beside:
            self._beside[name].adjust(load, t_s)
            return
        added = Consumer(
            self.mains,
            load,
            line,
            inlet=place.inlet,
            branch=place.branch,
            outlet=outlet,
            leak=leak,
        )
        self._beside[name] = added
        added.feed(outlet is None or self._outlets[outlet].draws.newest[1].fed, t_s)
        self.consumers = (*self.consumers, added)

    # -- what flows -------------------------------------------------------------------

    def sign(self, conductor: Conductor, consumer: Consumer) -> int:
        """How the consumer's current counts in the conductor: 1, -1, or 0 for not at all."""
        target = conductor.target
        if target.kind is TargetKind.RESIDUAL:
            return int(consumer.leak and consumer.inlet == target.index)
        if not self._behind(target, consumer):
            return 0
        if conductor.neutral:
            return -int(len(consumer.phases) == 1 and not consumer.leak)
        if target.kind is TargetKind.LINE:
            phase = phases_of(self.layout.lines[target.index].line)[0]
            if phase not in consumer.phases:
                return 0
            return 1 if consumer.phases[0] == phase else -1
        return 1

    def _behind(self, target: Target, consumer: Consumer) -> bool:
        if target.kind is TargetKind.OUTLET:
            return consumer.outlet == target.index
        if target.kind is TargetKind.BRANCH:
            return consumer.branch == target.index
        if target.kind is TargetKind.LINE:
            return consumer.inlet == self.layout.lines[target.index].inlet
        return consumer.inlet == target.index

    def line_of(self, target: Target) -> str:
        """The line whose voltage the target has."""
        places = {TargetKind.OUTLET: self.layout.outlets, TargetKind.BRANCH: self.layout.branches}
        places[TargetKind.LINE] = self.layout.lines
        return places[target.kind][target.index].line if target.kind in places else "l1"

    def fed(self, target: Target, times_s: NDArray[np.float64]) -> Iterator[tuple[slice, bool]]:
        """Whether every fuse of the target is whole, by spans of the ascending times."""
        fuses = self.fuses_of(target)
        for span, blown in self._blown.spans(times_s):
            yield span, not fuses & blown

    def truth(self, target: Target, t_s: float) -> Truth:
        """Power as the sum over the loads behind the target, each with its own voltage."""
        supply = self.mains.supply.at(t_s)
        total: Phasors = np.zeros(len(self.mains.orders), np.complex128)
        power_w = 0.0
        conductor = Conductor(target)
        for consumer in self.consumers:
            sign = self.sign(conductor, consumer)
            if sign:
                current = consumer.phasors(t_s)
                total += sign * current
                power_w += active_power(self._voltage_for(target, consumer, t_s), current * sign)
        level = self.mains.level(t_s)
        fed = not self.fuses_of(target) & self._blown.at(t_s)
        voltage = supply.voltage(self.line_of(target)) * fed
        voltage_v, current_a = rms(voltage) * level, rms(total) * level
        power_w *= level**2
        return Truth(
            voltage_v=voltage_v,
            current_a=current_a,
            active_power_w=power_w,
            power_factor=power_w / (voltage_v * current_a) if voltage_v * current_a else 0.0,
            frequency_hz=self.mains.frequency_hz(t_s),
            crest_factor=self._peak(total) * level / current_a if current_a else 0.0,
        )

    def _voltage_for(self, target: Target, consumer: Consumer, t_s: float) -> Phasors:
        """What the consumer's current is multiplied with: a line's meter sees its own voltage."""
        line = self.line_of(target) if target.kind is TargetKind.LINE else consumer.line
        return self.mains.supply.at(t_s).voltage(line)

    def _peak(self, phasors: Phasors) -> float:
        turns = np.arange(_CREST_TIMES) / _CREST_TIMES
        waves = np.exp(2j * np.pi * np.outer(self.mains.orders, turns))
        return float(np.abs((phasors @ waves).real).max())
