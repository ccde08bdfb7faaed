# SPDX-License-Identifier: Apache-2.0
"""How long from a SET to the moved relay?

    python bench/switching_latency.py [--sets 200] [--outlets 24] [--json]

The demo's outlets are switched one after the other by SNMPv2c, off and on in turn; its board
writes down when a relay moves. Latency runs from just before the SET leaves to that entry, so
it holds the wait for the loop, the record in the runtime folder, the board's thread and the
I2C write. What the agent does on purpose is kept out: no relay is asked to move again within
its rest of 0.5 s, and none to close within 0.25 s of the last one that closed. The pauses
are random, so as not to walk in step with the agent's timers.

Quiet, and beside 200 GET requests a second from another process. Agent, simulated
converters and load share the machine's cores.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import repository  # noqa: F401
from figures import Figure, percentile, report
from readings_jitter import RATE_PER_S, Load

from tests.system.demo_process import COMMAND, Demo
from tests.system.snmp_client import SnmpClient, name

ON, OFF = 1, 2
"""OPENPDU-MIB opduOutletCommand."""
PAUSE_S = 0.15
"""After each SET; two of them are more than the 0.25 s between two relays that close."""
RESTING_TURNS = 2
"""Turns of an off and an on for which a relay stays open: more than its rest of 0.5 s."""
SPREAD_S = 0.03
MOVE_LIMIT_S = 2.0
START_S = 2.0
GOAL_MS = 20.0
MIN_OUTLETS = 8


@dataclass(frozen=True, slots=True)
class Order:
    """One SET: when it left, how long its answer took, and what it asks."""

    sent_wall_s: float
    answer_s: float
    outlet: int
    closed: bool


@dataclass(frozen=True, slots=True)
class Phase:
    """moved_s: from each SET to its movement, of relays that open and of those that close."""

    name: str
    moved_s: dict[bool, list[float]]
    answers_s: list[float]
    missing: int


def orders(demo: Demo, outlets: int, sets: int, chance: random.Random) -> Iterator[Order]:
    """Half of them off, half on, over all outlets in turn; all outlets are on before and after."""
    client = SnmpClient(demo.snmp_port)
    turns = sets // 2
    try:
        for turn in range(turns + RESTING_TURNS):
            if turn < turns:
                yield _order(client, 1 + turn % outlets, OFF)
            time.sleep(PAUSE_S + chance.uniform(0, SPREAD_S))
            if turn >= RESTING_TURNS:
                yield _order(client, 1 + (turn - RESTING_TURNS) % outlets, ON)
            time.sleep(PAUSE_S + chance.uniform(0, SPREAD_S))
    finally:
        client.close()


def _order(client: SnmpClient, outlet: int, verb: int) -> Order:
    sent_wall_s, begin_s = time.time(), time.perf_counter()
    status = client.set({name(COMMAND, outlet): verb})
    answer_s = time.perf_counter() - begin_s
    if status != 0:
        raise RuntimeError(f"SET {verb} for outlet {outlet}: error-status {status}")
    return Order(sent_wall_s, answer_s, outlet, verb == ON)


def measure(demo: Demo, label: str, outlets: int, sets: int, rate_per_s: float) -> Phase:
    """Give all orders, then look up in the board's log when each relay moved."""
    load = Load(demo.snmp_port, rate_per_s) if rate_per_s else nullcontext()
    with load:
        given = list(orders(demo, outlets, sets, random.Random(label)))
        time.sleep(MOVE_LIMIT_S)
    movements = demo.relay_movements()
    moved_s: dict[bool, list[float]] = {False: [], True: []}
    for order in given:
        later_s = [
            epoch - order.sent_wall_s
            for epoch, outlet, value in movements
            if outlet == order.outlet and value == order.closed and epoch >= order.sent_wall_s
        ]
        if later_s and later_s[0] <= MOVE_LIMIT_S:
            moved_s[order.closed].append(later_s[0])
    missing = len(given) - sum(map(len, moved_s.values()))
    return Phase(label, moved_s, [order.answer_s for order in given], missing)


def phase_figures(phase: Phase) -> Iterator[Figure]:
    for closed, what in ((False, "open"), (True, "close")):
        yield from _times(f"{phase.name}: SET to relay {what}", phase.moved_s[closed], GOAL_MS)
    yield from _times(f"{phase.name}: SET to answer", phase.answers_s, None)
    yield Figure(f"{phase.name}: relays that did not move", phase.missing, "", 0)


def _times(what: str, times_s: Sequence[float], goal_ms: float | None) -> Iterator[Figure]:
    if not times_s:
        return
    for percent in (50, 99, 100):
        goal = goal_ms if percent == 99 else None
        yield Figure(f"{what}, p{percent}", 1000 * percentile(times_s, percent), "ms", goal)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", type=int, default=200, help="of each phase, half of them on")
    parser.add_argument("--outlets", type=int, default=24, help=f"at least {MIN_OUTLETS}")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if arguments.outlets < MIN_OUTLETS:
        parser.error(f"--outlets {arguments.outlets}: expected at least {MIN_OUTLETS}")
    outlets, sets = arguments.outlets, arguments.sets
    with (
        tempfile.TemporaryDirectory() as folder,
        Demo(Path(folder), "--outlets", str(outlets)) as demo,
    ):
        time.sleep(START_S)
        phases = [
            measure(demo, "quiet", outlets, sets, 0.0),
            measure(demo, "200 GET/s", outlets, sets, RATE_PER_S),
        ]
    figures = [figure for phase in phases for figure in phase_figures(phase)]
    return report(figures, arguments.json)


if __name__ == "__main__":
    sys.exit(main())
