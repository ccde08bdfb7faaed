# SPDX-License-Identifier: Apache-2.0
"""The faults of the demo's simulators, in lanes that are played side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

Status = dict[str, Any]
"""What GET /api/v1/status answers, and `sensors` of GET /api/v1/sensors."""
Seen = Callable[[Status], bool]

RELAYS_S, SAMPLES_S, SENSOR_S = 6.0, 1.0, 15.0
"""Three polls: of relay boards, of windows of samples, of the demo's sensor."""
PROOF_S = 3.0
"""What follows from values, such as a welded contact, has this long."""
NOTHING = "say: it ends by itself"


@dataclass(frozen=True, slots=True)
class Fault:
    """begin, end: actions of a script. lasts_s: from the one to the other.

    within_s: so soon after its beginning it is marked; None where the agent may well bear it
    without a word. seen: what marks it; by default that its lane is not well. switched: outlet
    that is ordered off when it begins, and on when it ends. moves: outlets that may move besides;
    a supply that fails drops relays, and they come back. ordered_on: those that come back by an
    order only, since nobody saw their supply fail. may_lie: nobody can know that the
    values are wrong.
    """

    name: str
    begin: str
    end: str = NOTHING
    lasts_s: float = 8.0
    within_s: float | None = None
    seen: Seen | None = None
    switched: int = 0
    moves: frozenset[int] = frozenset()
    ordered_on: frozenset[int] = frozenset()
    may_lie: bool = False


@dataclass(frozen=True, slots=True)
class Lane:
    """Faults one after the other, each with recovers_s after it, and what they can be seen by.

    subjects: of alarms. relays: outlets that are on. meters: outlets with values, and inlets.
    watts, readings: what is true of an outlet or a sensor all the time, for those of which that
    is known.
    """

    name: str
    faults: tuple[Fault, ...]
    subjects: tuple[str, ...] = ()
    relays: frozenset[int] = frozenset()
    meters: frozenset[int] = frozenset()
    inlets: frozenset[int] = frozenset()
    sensors: frozenset[int] = frozenset()
    fans: frozenset[int] = frozenset()
    starts_s: float = 8.0
    recovers_s: float = 16.0
    watts: float | None = None
    readings: float | None = None

    @property
    def ends_s(self) -> float:
        return self.starts_s + sum(fault.lasts_s + self.recovers_s for fault in self.faults)

    def is_well(self, status: Status) -> bool:
        """No alarm of its subjects, every relay on, every value good, every fan turning."""
        return (
            not any(alarm["subject"] in self.subjects for alarm in status["alarms"])
            and all(row["state"] == "on" for row in _of(status["outlets"], self.relays))
            and all(meter["quality"] == "ok" for meter in self.points(status))
            and all(row["status"] == "ok" for row in _of(status["sensors"], self.sensors))
            and all(row["status"] == "ok" and row["speed_rpm"] for row in self._fans(status))
        )

    def lies(self, status: Status) -> list[str]:
        """Values that are shown as good and are not."""
        good = [meter for meter in self.points(status) if meter["quality"] == "ok"]
        watts = [(meter["active_power_w"], self.watts) for meter in good]
        felt = [row for row in _of(status["sensors"], self.sensors) if row["status"] == "ok"]
        pairs = watts + [(row["value"], self.readings) for row in felt]
        return [f"{shown} for {true:g}" for shown, true in pairs if true and not _near(shown, true)]

    def points(self, status: Status) -> list[dict[str, Any]]:
        rows = [*_of(status["outlets"], self.meters), *_of(status["inlets"], self.inlets)]
        return [row["meter"] for row in rows]

    def _fans(self, status: Status) -> list[dict[str, Any]]:
        return _of(status["fans"], self.fans)


def _of(rows: Iterable[dict[str, Any]], numbers: frozenset[int]) -> list[dict[str, Any]]:
    return [row for row in rows if row["number"] in numbers]


def _near(shown: float | None, true: float) -> bool:
    return shown is None or abs(shown - true) <= 1.0 + 0.05 * true


def alarm(kind: str, subject: str) -> Seen:
    """That alarm stands."""
    return lambda status: any(
        (row["kind"], row["subject"]) == (kind, subject) for row in status["alarms"]
    )


def inlet(value: Callable[[dict[str, Any]], bool]) -> Seen:
    """The inlet's values show it."""
    return lambda status: value(status["inlets"][0]["meter"])


def _board(action: str) -> str:
    return f"device: {{name: board1, {action}}}"


def _converter(action: str) -> str:
    return f"device: {{name: converter1, {action}}}"


def _sensor(action: str) -> str:
    return f"device: {{name: sensor 1, {action}}}"


HEAL_BUS = "bus: {heal: true}"
ALL = frozenset(range(1, 9))
OUTLETS = tuple(f"outlet {number}" for number in ALL)
CONVERTERS = ("meter converter1", "meter converter2")

BUS_AND_BOARD = (
    Fault("bus: one NACK", "bus: {nack: 1}", HEAL_BUS),
    Fault("bus: NACK, all of 8 s", "bus: {nack: 1000000}", HEAL_BUS, within_s=RELAYS_S),
    Fault("bus: line stuck low", "bus: {stuck: true}", HEAL_BUS, within_s=RELAYS_S),
    Fault("bus: two corrupt transfers", "bus: {corrupt: 2}", HEAL_BUS),
    Fault(
        "bus: corrupt, all of 8 s",
        "bus: {corrupt: 1000000}",
        HEAL_BUS,
        within_s=RELAYS_S,
        may_lie=True,
    ),
    Fault("bus: stalls for 2 s", "bus: {stall: 2s}", HEAL_BUS),
    Fault("relays: unplugged", _board("unplug: true"), _board("replug: true"), within_s=RELAYS_S),
    Fault("relays: brown-out", _board("power_loss: true"), within_s=RELAYS_S, moves=ALL),
)
CONVERTER = (
    Fault(
        "converter: unplugged",
        _converter("unplug: true"),
        _converter("replug: true"),
        within_s=SAMPLES_S,
    ),
    Fault("converter: brown-out", _converter("power_loss: true")),
    Fault("converter: 400 frames garbled", _converter("corrupt: 400")),
    Fault(
        "converter: all frames garbled",
        _converter("corrupt: 1000000"),
        _converter("heal: true"),
        within_s=SAMPLES_S,
    ),
    Fault("converter: 4000 frames lost", _converter("lose_frames: 4000")),
    Fault("converter: stalls for 2 s", _converter("stall: 2s"), within_s=SAMPLES_S),
    Fault(
        "converter: inlet's channel clipped",
        _converter("clip_channel: 2"),
        _converter("heal: true"),
        within_s=SAMPLES_S,
    ),
    Fault("converter: a channel dead", _converter("dead_channel: 2"), _converter("heal: true")),
)
SENSOR = (
    Fault("sensor: file gone", _sensor("unplug: true"), _sensor("replug: true"), 16, SENSOR_S),
    Fault("sensor: gives no number", _sensor("dead: true"), _sensor("heal: true"), 16, SENSOR_S),
    Fault("sensor: its file stalls for 2 s", _sensor("stall: 2s")),
    Fault("sensor: 900 C", "sensor: {number: 1, value: 900}", "sensor: {number: 1}", 16, SENSOR_S),
)
MAINS_AND_CONTACTS = (
    Fault(
        "relay 3 welded, ordered off",
        "relay: {weld: 3}",
        "relay: {release: 3}",
        within_s=PROOF_S,
        seen=alarm("welded", "outlet 3"),
        switched=3,
    ),
    Fault("relay 4 stuck, ordered off", "relay: {stick: 4}", "relay: {release: 4}", switched=4),
    Fault(
        "fuse of outlet 1 open",
        "fuse: {of: outlet 1, open: true}",
        "fuse: {of: outlet 1, open: false}",
        within_s=SAMPLES_S,
        seen=lambda status: status["outlets"][0]["meter"]["current_a"] == 0,
    ),
    Fault(
        "mains: sag to 60 % for 2 s",
        "mains: {sag: 0.6, lasting: 2s}",
        within_s=SAMPLES_S,
        seen=inlet(lambda meter: meter["voltage_v"] is not None and meter["voltage_v"] < 200),
    ),
    Fault(
        "mains: lost",
        "mains: {lose: all}",
        "mains: {restore: all}",
        within_s=SAMPLES_S,
        seen=inlet(lambda meter: not meter["voltage_v"] or meter["voltage_v"] < 20),
    ),
    Fault(
        "mains: 47 Hz",
        "mains: {hz: 47, over: 1s}",
        "mains: {hz: 50, over: 1s}",
        within_s=1.0 + SAMPLES_S,
        seen=inlet(lambda meter: (meter["frequency_hz"] or 50) < 47.5),
    ),
    Fault(
        "load of 40 W that no outlet measures",
        "load: {of: inlet 1, watts: 40}",
        "load: {of: inlet 1, watts: 0}",
    ),
    Fault("leak of 20 mA", "leak: {of: outlet 2, ma: 20}", "leak: {of: outlet 2, ma: 0}"),
)
_RELAYS = Lane("demo: relays", BUS_AND_BOARD, ("board board1", *OUTLETS), relays=ALL)
DEMO = (
    _RELAYS,
    Lane("demo: converter", CONVERTER, CONVERTERS, meters=ALL, inlets=frozenset({1})),
    Lane("demo: sensor", SENSOR, ("sensor 1",), sensors=frozenset({1})),
    Lane(
        "demo: mains",
        MAINS_AND_CONTACTS,
        ("board board1", "inlet 1", *CONVERTERS, *OUTLETS),
        relays=ALL,
        meters=ALL,
        inlets=frozenset({1}),
        starts_s=_RELAYS.ends_s,
    ),
)
