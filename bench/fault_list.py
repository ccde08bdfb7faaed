# SPDX-License-Identifier: Apache-2.0
"""Every fault of the simulator's vocabulary on the demo, and what has to be seen of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Status = dict[str, Any]
"""What GET /api/v1/status answers."""
Seen = Callable[[Status], bool]

RELAYS_S, SAMPLES_S, SENSOR_S = 6.0, 1.0, 15.0
"""Three polls: of relay boards, of windows of samples, of the demo's sensor."""
REGISTERS_S = 3.0
"""A fault that is proven by what follows, such as a welded contact, has this long."""


@dataclass(frozen=True, slots=True)
class Fault:
    """begin, end: actions of a script. lasts_s: from the one to the other.

    seen: what marks it, within_s of its beginning; None where the agent may well bear it without
    a word. switched: outlet that is ordered off during it, and on again afterwards. moves:
    outlets that may move besides; a supply that fails drops relays, and they come back.
    """

    name: str
    begin: str
    end: str
    lasts_s: float = 8.0
    seen: Seen | None = None
    within_s: float = RELAYS_S
    switched: int = 0
    moves: frozenset[int] = frozenset()
    recovers_s: float = 16.0


def alarm(*words: str) -> Seen:
    """Some alarm has all these words in its subject or kind."""

    def seen(status: Status) -> bool:
        texts = [f"{entry['kind']} {entry['subject']}" for entry in status["alarms"]]
        return any(all(word in text for word in words) for text in texts)

    return seen


def quality(*qualities: str) -> Seen:
    """The first outlet's values, or the inlet's, are marked so."""

    def seen(status: Status) -> bool:
        points = [status["outlets"][0], status["inlets"][0]]
        return any(point["meter"]["quality"] in qualities for point in points)

    return seen


def inlet(value: Callable[[dict[str, Any]], bool]) -> Seen:
    """The inlet's values show it."""
    return lambda status: value(status["inlets"][0]["meter"])


def _board(action: str) -> str:
    return f"device: {{name: board1, {action}}}"


def _converter(action: str) -> str:
    return f"device: {{name: converter1, {action}}}"


def _sensor(action: str) -> str:
    return f"device: {{name: sensor 1, {action}}}"


BOARD_LOST = alarm("board1")
NOTHING = "say: it ends by itself"
HEAL_BUS = "bus: {heal: true}"
ALL = frozenset(range(1, 9))

FAULTS = (
    Fault("bus: one NACK", "bus: {nack: 1}", HEAL_BUS),
    Fault("bus: NACK, all of 8 s", "bus: {nack: 1000000}", HEAL_BUS, seen=BOARD_LOST),
    Fault("bus: line stuck low", "bus: {stuck: true}", HEAL_BUS, seen=BOARD_LOST),
    Fault("bus: two corrupt transfers", "bus: {corrupt: 2}", HEAL_BUS),
    Fault("bus: corrupt, all of 8 s", "bus: {corrupt: 1000000}", HEAL_BUS, seen=BOARD_LOST),
    Fault("bus: stalls for 2 s", "bus: {stall: 2s}", HEAL_BUS),
    Fault("relays: unplugged", _board("unplug: true"), _board("replug: true"), seen=BOARD_LOST),
    Fault(
        "relays: brown-out of the chip",
        _board("power_loss: true"),
        NOTHING,
        seen=lambda status: any(outlet["state"] != "on" for outlet in status["outlets"]),
        moves=ALL,
    ),
    Fault(
        "converter: unplugged",
        _converter("unplug: true"),
        _converter("replug: true"),
        seen=quality("stale", "absent"),
        within_s=SAMPLES_S,
    ),
    Fault("converter: brown-out", _converter("power_loss: true"), NOTHING),
    Fault("converter: 400 frames garbled", _converter("corrupt: 400"), NOTHING),
    Fault(
        "converter: all frames garbled",
        _converter("corrupt: 1000000"),
        _converter("heal: true"),
        seen=quality("stale", "absent"),
        within_s=SAMPLES_S,
    ),
    Fault("converter: 4000 frames lost", _converter("lose_frames: 4000"), NOTHING),
    Fault(
        "converter: stalls for 2 s",
        _converter("stall: 2s"),
        NOTHING,
        seen=quality("stale"),
        within_s=SAMPLES_S,
    ),
    Fault(
        "converter: inlet's channel clipped",
        _converter("clip_channel: 2"),
        _converter("heal: true"),
        seen=quality("clipped"),
        within_s=SAMPLES_S,
    ),
    Fault("converter: a channel dead", _converter("dead_channel: 2"), _converter("heal: true")),
    Fault(
        "sensor: file gone",
        _sensor("unplug: true"),
        _sensor("replug: true"),
        lasts_s=16.0,
        seen=alarm("sensor 1"),
        within_s=SENSOR_S,
    ),
    Fault(
        "sensor: gives no number",
        _sensor("dead: true"),
        _sensor("heal: true"),
        lasts_s=16.0,
        seen=alarm("sensor 1"),
        within_s=SENSOR_S,
    ),
    Fault(
        "relay 3 welded, ordered off",
        "relay: {weld: 3}",
        "relay: {release: 3}",
        seen=alarm("welded", "outlet 3"),
        within_s=REGISTERS_S + 1.0,
        switched=3,
    ),
    Fault("relay 4 stuck, ordered off", "relay: {stick: 4}", "relay: {release: 4}", switched=4),
    Fault(
        "fuse of outlet 1 open",
        "fuse: {of: outlet 1, open: true}",
        "fuse: {of: outlet 1, open: false}",
        seen=lambda status: status["outlets"][0]["meter"]["current_a"] == 0,
        within_s=SAMPLES_S,
    ),
    Fault(
        "mains: sag to 60 % for 2 s",
        "mains: {sag: 0.6, lasting: 2s}",
        NOTHING,
        seen=inlet(lambda meter: meter["voltage_v"] is not None and meter["voltage_v"] < 200),
        within_s=SAMPLES_S,
    ),
    Fault(
        "mains: lost",
        "mains: {lose: all}",
        "mains: {restore: all}",
        seen=inlet(lambda meter: not meter["voltage_v"] or meter["voltage_v"] < 20),
        within_s=SAMPLES_S,
    ),
    Fault(
        "mains: 47 Hz",
        "mains: {hz: 47, over: 1s}",
        "mains: {hz: 50, over: 1s}",
        seen=inlet(lambda meter: (meter["frequency_hz"] or 50) < 47.5),
        within_s=1.0 + SAMPLES_S,
    ),
    Fault(
        "load of 40 W that no outlet measures",
        "load: {of: inlet 1, watts: 40}",
        "load: {of: inlet 1, watts: 0}",
    ),
    Fault("leak of 20 mA", "leak: {of: outlet 2, ma: 20}", "leak: {of: outlet 2, ma: 0}"),
)
