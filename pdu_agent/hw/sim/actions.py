# SPDX-License-Identifier: Apache-2.0
"""What a script can do to the simulated hardware: one dataclass for each kind of action.

`check(board)` returns nothing where the board has what the action is about, else the field
that is wrong and what was expected. `perform(board)` does it at once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Protocol, get_args

from pdu_agent.hw.sim.device import Verb
from pdu_agent.hw.sim.faulty import i2c_bus_verbs
from pdu_agent.hw.sim.loads import Load
from pdu_agent.hw.sim.waveform import PHASES, phases_of
from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.errors import ConfigError
from pdu_agent.model.settings import setting

if TYPE_CHECKING:
    from pdu_agent.hw.sim.board import SimulatedBoard

Wrong = tuple[str, str] | None
_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?|\.\d+) ?(ms|s|m|h)")


def duration_s(text: str) -> float:
    """400ms, 10s, 1.5m, 2h. Raises ConfigError."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ConfigError(
            f"{text!r} is no time; expected a number with ms, s, m or h, such as 400ms or 10s"
        )
    return float(match[1]) * _UNITS_S[match[2]]


class Action(Protocol):
    def check(self, board: SimulatedBoard) -> Wrong: ...

    def perform(self, board: SimulatedBoard) -> None: ...


@dataclass(frozen=True, slots=True)
class LoadAction:
    """What is plugged into an outlet; of an inlet: a load beside all meters of outlets."""

    of: Target = setting(doc="outlet N, or inlet N for a load that no outlet's meter sees")
    watts: float | None = setting(None, minimum=0, maximum=20_000, doc="at the nominal voltage")
    pf: float | None = setting(None, minimum=0.05, maximum=1, doc="cosine of the fundamentals")
    leading: bool | None = setting(None, doc="the current is before the voltage")
    inrush: float | None = setting(None, minimum=1, maximum=50, doc="times the current, at first")
    plug: bool = setting(False, doc="anew, with its inrush")
    unplug: bool = setting(False)

    def __post_init__(self) -> None:
        if self.of.kind not in (TargetKind.OUTLET, TargetKind.INLET):
            raise ConfigError(f"of: {self.of} takes no load; expected outlet N or inlet N")
        if not self._given():
            raise ConfigError("nothing is said of the load; expected watts, pf, ... or unplug")
        if self.of.kind is TargetKind.INLET and self._given() != ["watts"]:
            raise ConfigError("expected watts, and nothing else, of the load behind an inlet")
        if self.unplug and len(self._given()) > 1:
            raise ConfigError("unplug: stands alone; what is gone draws nothing")

    def _given(self) -> list[str]:
        said = fields(self)[1:]
        return [field.name for field in said if getattr(self, field.name) is not field.default]

    def check(self, board: SimulatedBoard) -> Wrong:
        return _point(board, "of", self.of)

    def perform(self, board: SimulatedBoard) -> None:
        now_s, number = board.clock.monotonic_s(), self.of.index
        if self.of.kind is TargetKind.INLET:
            board.world.set_unmetered(number, self.watts or 0.0, now_s)
            return
        board.take_machine(number)
        if self.unplug:
            board.world.unplug(number, now_s)
        elif self.plug:
            board.world.plug(number, self._changed(board.world.load(number)), now_s)
        else:
            board.world.adjust(number, self._changed(board.world.load(number)), now_s)

    def _changed(self, load: Load) -> Load:
        """A load that is told what to draw has no schedule of its own any more."""
        if self.watts is not None:
            load = replace(load, active_power_w=self.watts, cycle_s=None)
        if self.pf is not None:
            load = replace(load, displacement=self.pf)
        if self.leading is not None:
            load = replace(load, leading=self.leading)
        if self.inrush is not None:
            load = replace(load, inrush=self.inrush)
        return load


@dataclass(frozen=True, slots=True)
class MachineAction:
    """A machine in place of what is plugged in, that a hook can tell to shut down."""

    of: Target = setting(doc="outlet N")
    watts: float = setting(minimum=1, maximum=20_000, doc="at work, at the nominal voltage")
    off_watts: float = setting(3.0, minimum=0, maximum=1000, doc="once it has shut down")
    takes: str = setting("20s", max_length=16, doc="from being told until it has shut down")
    hangs: bool = setting(False, doc="it is told and works on")

    def __post_init__(self) -> None:
        if self.of.kind is not TargetKind.OUTLET:
            raise ConfigError(f"of: {self.of} has no machine; expected outlet N")
        if duration_s(self.takes) <= 0:
            raise ConfigError(f"takes: {self.takes} is no time; expected more than 0")

    def check(self, board: SimulatedBoard) -> Wrong:
        return _point(board, "of", self.of)

    def perform(self, board: SimulatedBoard) -> None:
        board.put_machine(
            self.of.index,
            on_w=self.watts,
            off_w=self.off_watts,
            takes_s=duration_s(self.takes),
            hangs=self.hangs,
        )


@dataclass(frozen=True, slots=True)
class LeakAction:
    """Current from a line conductor to earth; of an inlet: from its l1."""

    of: Target = setting(doc="outlet N (while it is on), line N or inlet N")
    ma: float = setting(minimum=0, maximum=30_000, doc="RMS milliamperes; 0: no leak")

    def __post_init__(self) -> None:
        if self.of.kind not in (TargetKind.OUTLET, TargetKind.LINE, TargetKind.INLET):
            raise ConfigError(f"of: {self.of} cannot leak; expected outlet N, line N or inlet N")

    def check(self, board: SimulatedBoard) -> Wrong:
        return _point(board, "of", self.of)

    def perform(self, board: SimulatedBoard) -> None:
        board.world.set_leak(self.of, self.ma / 1000, board.clock.monotonic_s())


@dataclass(frozen=True, slots=True)
class FuseAction:
    """A fuse opens, or is replaced: behind an open one are no voltage and no current."""

    of: Target = setting(doc="inlet N, branch N or outlet N")
    open: bool = setting(doc="true: it has blown; false: it is whole")

    def __post_init__(self) -> None:
        if self.of.kind not in (TargetKind.INLET, TargetKind.BRANCH, TargetKind.OUTLET):
            raise ConfigError(f"of: {self.of} has no fuse; expected inlet N, branch N or outlet N")

    def check(self, board: SimulatedBoard) -> Wrong:
        return _point(board, "of", self.of)

    def perform(self, board: SimulatedBoard) -> None:
        board.world.set_fuse(self.of, not self.open, board.clock.monotonic_s())


_LINES = (*PHASES, "all")


@dataclass(frozen=True, slots=True)
class MainsAction:
    """Voltages by line and the frequency of all. Levels are of the nominal voltage."""

    line: str = setting("all", choices=_LINES, doc="whose volts or sag")
    volts: float | None = setting(None, minimum=0, maximum=1000, doc="RMS, to neutral")
    sag: float | None = setting(None, minimum=0, maximum=2, doc="multiple of the nominal voltage")
    lasting: str = setting("", max_length=16, doc="afterwards the nominal voltage is back")
    lose: str | None = setting(None, choices=_LINES, doc="line without voltage from now on")
    restore: str | None = setting(None, choices=_LINES, doc="line at its nominal voltage again")
    hz: float | None = setting(None, minimum=40, maximum=70)
    over: str = setting("0s", max_length=16, doc="how long the frequency takes to get there")
    harmonics: dict[str, float] | None = setting(None, doc="order -> share of the fundamental")

    def __post_init__(self) -> None:
        said = (self.volts, self.sag, self.lose, self.restore, self.hz, self.harmonics)
        if sum(value is not None for value in said) != 1:
            raise ConfigError("expected one of volts, sag, lose, restore, hz, harmonics")
        if self.lasting and (self.volts, self.sag, self.lose) == (None, None, None):
            raise ConfigError("lasting: goes with volts, sag or lose")
        if self.line != "all" and (self.volts, self.sag) == (None, None):
            raise ConfigError("line: goes with volts or sag")
        if self.over != "0s" and self.hz is None:
            raise ConfigError("over: goes with hz")

    def check(self, board: SimulatedBoard) -> Wrong:
        orders = [str(order) for order in board.mains.orders]
        odd = sorted(set(self.harmonics or ()) - set(orders[1:]))
        if odd:
            return (
                "harmonics",
                f"order {odd[0]!r} is not simulated; expected {', '.join(orders[1:])}",
            )
        return None

    def perform(self, board: SimulatedBoard) -> None:
        now_s = board.clock.monotonic_s()
        if self.hz is not None:
            board.mains.set_frequency(self.hz, now_s, duration_s(self.over))
        elif self.harmonics is not None:
            shares = {int(order): share for order, share in self.harmonics.items()}
            board.mains.set_harmonics(shares, now_s)
        else:
            self._set_level(board, now_s)

    def _set_level(self, board: SimulatedBoard, now_s: float) -> None:
        level = 1.0 if self.restore else 0.0
        if self.sag is not None:
            level = self.sag
        elif self.volts is not None:
            level = self.volts / board.mains.nominal_v
        line = self.lose or self.restore or self.line
        phases = range(len(PHASES)) if line == "all" else phases_of(line)
        board.world.set_levels(tuple(phases), level, now_s)
        if self.lasting:
            board.world.set_levels(tuple(phases), 1.0, now_s + duration_s(self.lasting))


@dataclass(frozen=True, slots=True)
class RelayAction:
    """The contact of an outlet's relay. Nothing of this moves a contact at once but release."""

    weld: int | None = setting(None, minimum=1, doc="outlet: once closed it stays closed")
    stick: int | None = setting(None, minimum=1, doc="outlet: once open it stays open")
    release: int | None = setting(None, minimum=1, doc="outlet: the contact follows its coil")

    def __post_init__(self) -> None:
        if len(self._given()) != 1:
            raise ConfigError("expected one of weld, stick, release")

    def _given(self) -> list[tuple[str, int]]:
        said = (("weld", self.weld), ("stick", self.stick), ("release", self.release))
        return [(name, outlet) for name, outlet in said if outlet is not None]

    def check(self, board: SimulatedBoard) -> Wrong:
        ((name, outlet),) = self._given()
        if not board.contacts.has_relay(outlet):
            return name, f"outlet {outlet} has no simulated relay"
        return None

    def perform(self, board: SimulatedBoard) -> None:
        ((name, outlet),) = self._given()
        getattr(board.contacts, name)(outlet)


_NUMBERED = ("press", "let_go")  # lines are counted from 0


class _Faulty:
    """What buses and devices have in common: a name, and one verb with its value."""

    __slots__ = ()

    def _verbs(self) -> list[tuple[Verb, Any]]:
        """The verbs that are given, durations in seconds."""
        given: list[tuple[Verb, Any]] = []
        for verb in get_args(Verb):
            value = getattr(self, verb, None)
            if value or (value == 0 and verb in _NUMBERED):
                given.append((verb, duration_s(value) if isinstance(value, str) else value))
        return given

    def _one(self) -> tuple[Verb, Any]:
        verbs = self._verbs()
        if len(verbs) != 1:
            names = [field.name for field in fields(self) if field.name in get_args(Verb)]  # type: ignore[arg-type]
            raise ConfigError(f"expected one of {', '.join(names)}")
        return verbs[0]


@dataclass(frozen=True, slots=True)
class BusAction(_Faulty):
    """An I2C bus with all that hangs on it."""

    name: str = setting("sim", max_length=255, doc="its place")
    nack: int = setting(0, minimum=1, maximum=10**9, doc="transactions that nobody acknowledges")
    stuck: bool = setting(False, doc="the data line is held low")
    corrupt: int = setting(0, minimum=1, maximum=10**9, doc="transfers with a flipped bit")
    stall: str = setting("", max_length=16, doc="how long the next transaction hangs")
    heal: bool = setting(False, doc="all of that is over")

    def __post_init__(self) -> None:
        self._one()

    def check(self, board: SimulatedBoard) -> Wrong:
        if self.name not in board.buses:
            there = ", ".join(board.buses) or "none"
            return "name", f"no simulated bus is at {self.name!r}; there is: {there}"
        return None

    def perform(self, board: SimulatedBoard) -> None:
        verb, value = self._one()
        i2c_bus_verbs(board.buses[self.name])[verb](value)


@dataclass(frozen=True, slots=True)
class DeviceAction(_Faulty):
    """One device; what can happen to it depends on its kind."""

    name: str = setting(max_length=255, doc="as in the configuration, sensor N or fan N")
    unplug: bool = setting(False, doc="its wires are pulled; what it drives stays")
    replug: bool = setting(False)
    power_loss: bool = setting(False, doc="its supply fails and returns")
    silent: bool = setting(False, doc="it does not answer")
    nack: int = setting(0, minimum=1, maximum=10**9, doc="transactions that it does not take")
    corrupt: int = setting(0, minimum=1, maximum=10**9, doc="frames or messages that are garbled")
    stall: str = setting("", max_length=16, doc="how long its next transfer hangs")
    dead: bool = setting(False, doc="the sensor in it has failed")
    dead_channel: int = setting(0, minimum=1, maximum=64, doc="input that reads nothing")
    clip_channel: int = setting(0, minimum=1, maximum=64, doc="input that is driven too far")
    lose_frames: int = setting(0, minimum=1, maximum=10**6, doc="conversions that fail")
    press: int | None = setting(None, minimum=0, maximum=511, doc="input that closes")
    let_go: int | None = setting(None, minimum=0, maximum=511, doc="input that opens")
    block: bool = setting(False, doc="something is in the blades of the fan")
    heal: bool = setting(False, doc="all of that is over")

    def __post_init__(self) -> None:
        self._one()

    def check(self, board: SimulatedBoard) -> Wrong:
        if self.name not in board.devices:
            there = ", ".join(board.devices)
            return "name", f"no simulated device is called {self.name!r}; there is: {there}"
        verb, value = self._one()
        device = board.devices[self.name]
        if verb not in device.verbs:
            return verb, f"{self.name} cannot {verb}; it can {', '.join(device.verbs)}"
        numbers = device.ranges.get(verb)
        if numbers is not None and value not in numbers:
            return verb, f"{self.name} has no {value}; expected {numbers[0]} to {numbers[-1]}"
        return None

    def perform(self, board: SimulatedBoard) -> None:
        verb, value = self._one()
        board.devices[self.name].verbs[verb](value)


@dataclass(frozen=True, slots=True)
class SensorAction:
    """What a sensor feels, in Celsius, % or hPa; a contact is pressed at its board of `io`."""

    number: int = setting(minimum=1, maximum=64)
    value: float | None = setting(None, minimum=-300, maximum=2000, doc="none: as before")

    def check(self, board: SimulatedBoard) -> Wrong:
        if f"sensor {self.number}" not in board.devices:
            there = [name for name in board.devices if name.startswith("sensor ")]
            known = ", ".join(there) or "none"
            return "number", f"sensor {self.number} is not simulated; there is: {known}"
        return None

    def perform(self, board: SimulatedBoard) -> None:
        board.surroundings.say(self.number, self.value)
        refresh = board.devices[f"sensor {self.number}"].refresh
        if refresh is not None:
            refresh()


@dataclass(frozen=True, slots=True)
class UpsAction:
    """A UPS whose server is simulated: the mains before it, its battery, its driver."""

    name: str = setting(max_length=32, doc="as in `upses`")
    mains: str = setting("", choices=("", "fails", "returns"), doc="before it, not behind it")
    charge: float | None = setting(None, minimum=0, maximum=100, doc="percent, from now on")
    battery_wh: float | None = setting(None, minimum=0.1, maximum=100_000, doc="when it is full")
    worn: bool | None = setting(None, doc="its battery is to be replaced")
    stale: bool | None = setting(None, doc="its driver has lost it")

    def __post_init__(self) -> None:
        if not self.mains and (self.charge, self.battery_wh, self.worn, self.stale) == (None,) * 4:
            raise ConfigError("expected mains, charge, battery_wh, worn or stale")

    def check(self, board: SimulatedBoard) -> Wrong:
        if self.name not in board.upses:
            there = ", ".join(board.upses) or "none"
            return "name", f"no simulated UPS is called {self.name!r}; there is: {there}"
        return None

    def perform(self, board: SimulatedBoard) -> None:
        ups = board.upses[self.name]
        if self.mains:
            ups.set_mains(self.mains == "returns")
        ups.set_battery(self.charge, self.battery_wh)
        if self.worn is not None:
            ups.wear_out(self.worn)
        if self.stale is not None:
            ups.is_stale = self.stale


def _point(board: SimulatedBoard, field: str, target: Target) -> Wrong:
    layout = board.world.layout
    numbers: dict[TargetKind, Any] = {
        TargetKind.OUTLET: layout.outlets,
        TargetKind.INLET: layout.inlets,
        TargetKind.BRANCH: layout.branches,
        TargetKind.LINE: layout.lines,
    }
    return None if target.index in numbers[target.kind] else (field, f"there is no {target}")
