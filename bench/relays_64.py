# SPDX-License-Identifier: Apache-2.0
"""How long do 64 relays take for one command, and what goes over the I2C bus meanwhile?

    python bench/relays_64.py [--rounds 5] [--idle 10] [--json]

Eight MCP23008, then four MCP23017, on one simulated bus of 100 kHz: every transfer takes its
time (nine bits a byte, start and stop). The drivers, the bus's thread and the core are the
agent's own, in real time. "All off" and "all on" are given with a gap of 50 ms between two
relays that close and no budget of coils, then without a gap and with a budget of 8 in 100 ms.

A relay moves when the write to its latch is acknowledged. How late the last one is counts from
the command and leaves out what gap and budget ask for; the worst of a few commands shows the
stalls of a shared host too. Traffic is that of the whole bus: idle,
where only the boards are looked at every 2 s, and from a command until its last relay was read
back.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from statistics import median

import repository  # noqa: F401
from figures import Figure, report

from pdu_agent.app.hardware import THREAD_SWITCH_S
from pdu_agent.core.settings import DeviceSettings, RelayRef
from pdu_agent.hw.mcp230xx import Expander, ExpanderBank
from pdu_agent.hw.mcp23008 import MCP23008, Mcp23008Bank, Mcp23008Settings
from pdu_agent.hw.mcp23017 import MCP23017, Mcp23017Bank, Mcp23017Settings
from pdu_agent.hw.sim.i2c import SimI2cBus
from pdu_agent.hw.sim.mcp23008 import SimMcp23008
from pdu_agent.hw.sim.mcp23017 import SimMcp23017
from pdu_agent.model.commands import Action, SwitchAll
from pdu_agent.model.snapshot import OutletState
from tests.hw.live_unit import SOMEBODY, LiveUnit

OUTLETS = 64
BUS_HZ = 100_000
BITS_PER_BYTE = 9
"""Eight, and the acknowledgement."""
GOAL_MS = 10.0
GAP_S = 0.05
SHORT_GAP_MS = 5.0
"""A tenth of the gap, by which it may be shorter; see `core.scheduler`."""
BUDGET, BUDGET_S = 8, 0.1
REST_S = 0.8
"""More than a relay's rest, so that only gap and budget hold the next command back."""
ROUNDING_S = 1e-6
STATES = {Action.ON: OutletState.ON, Action.OFF: OutletState.OFF}


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of board, as many of it as make OUTLETS."""

    chip: Expander
    make: type[SimMcp23008 | SimMcp23017]
    bank: type[Mcp23008Bank | Mcp23017Bank]
    settings: type[Mcp23008Settings | Mcp23017Settings]

    @property
    def relays(self) -> int:
        return 8 * self.chip.ports

    def addresses(self) -> list[int]:
        return [0x20 + board for board in range(OUTLETS // self.relays)]


KINDS = (
    Kind(MCP23008, SimMcp23008, Mcp23008Bank, Mcp23008Settings),
    Kind(MCP23017, SimMcp23017, Mcp23017Bank, Mcp23017Settings),
)


@dataclass(frozen=True, slots=True)
class Limit:
    """What holds relays back."""

    name: str
    gap_s: float = 0.0
    budget: int = OUTLETS
    budget_s: float = BUDGET_S

    @property
    def device(self) -> DeviceSettings:
        return DeviceSettings(
            sequence_interval_s=self.gap_s,
            coil_budget=self.budget,
            coil_interval_s=self.budget_s,
        )

    def batches(self, action: Action) -> int:
        """Moments at which relays may move."""
        if action is Action.ON and self.gap_s:
            return OUTLETS
        return -(-OUTLETS // self.budget)

    def ideal_s(self, action: Action) -> float:
        """From the first relay to the last one."""
        pause_s = self.gap_s if action is Action.ON and self.gap_s else self.budget_s
        return (self.batches(action) - 1) * pause_s

    def writes(self, action: Action, kind: Kind) -> int:
        """One for each batch and board."""
        boards_of_a_batch = -(-OUTLETS // (self.batches(action) * kind.relays))
        return self.batches(action) * boards_of_a_batch


LIMITS = (
    Limit("gap 50 ms", gap_s=GAP_S),
    Limit(f"budget {BUDGET} in 100 ms", budget=BUDGET),
)


@dataclass(frozen=True, slots=True)
class Traffic:
    """What went over the bus; bytes count addresses too."""

    transactions: int = 0
    octets: int = 0
    busy_s: float = 0.0

    def since(self, before: Traffic) -> Traffic:
        return Traffic(
            self.transactions - before.transactions,
            self.octets - before.octets,
            self.busy_s - before.busy_s,
        )


@dataclass(frozen=True, slots=True)
class LatchWrite:
    """moved: how many relays it moved."""

    t_mono_s: float
    address: int
    moved: int


class TimedBus(SimI2cBus):
    """The simulated bus with the pace of a real one; counts, and notes what moves relays."""

    def __init__(self, kind: Kind) -> None:
        self.traffic = Traffic()
        self.writes: list[LatchWrite] = []
        self._latches: dict[int, bytes] = {}
        self._latch_register = kind.chip.olat.address
        self._wires = threading.Lock()
        self._acknowledged_s = 0.0
        chips = {address: kind.make() for address in kind.addresses()}
        super().__init__(chips, self._note_write)

    def exchange(self, i2c_addr: int, data: bytes, length: int, /) -> bytes:
        messages = [1 + len(message) for message in (data, bytes(length)) if message]
        octets = sum(messages)
        # A start before each message, one stop.
        busy_s = (BITS_PER_BYTE * octets + len(messages) + 1) / BUS_HZ
        with self._wires:
            # What happens meanwhile in other threads is no delay of the wires.
            self._acknowledged_s = time.monotonic() + busy_s
            time.sleep(busy_s)
            was = self.traffic
            self.traffic = Traffic(was.transactions + 1, was.octets + octets, was.busy_s + busy_s)
            return super().exchange(i2c_addr, data, length)

    def _note_write(self, address: int, register: int, data: bytes) -> None:
        if register != self._latch_register:
            return
        before = self._latches.get(address, bytes(len(data)))
        moved = sum((old ^ new).bit_count() for old, new in zip(before, data, strict=True))
        self._latches[address] = data
        self.writes.append(LatchWrite(self._acknowledged_s, address, moved))


@dataclass(frozen=True, slots=True)
class Run:
    """One command for all outlets. late_s: of the last relay."""

    late_s: float
    writes: tuple[LatchWrite, ...]
    traffic: Traffic
    lasted_s: float

    def most_within(self, interval_s: float) -> int:
        """The most relays that moved within any interval of that length."""
        return max(
            sum(
                other.moved
                for other in self.writes
                if 0 <= other.t_mono_s - first.t_mono_s < interval_s - ROUNDING_S
            )
            for first in self.writes
        )

    def shortest_pause_s(self) -> float:
        return min(b.t_mono_s - a.t_mono_s for a, b in itertools.pairwise(self.writes))


def command(unit: LiveUnit, bus: TimedBus, limit: Limit, action: Action) -> Run:
    """Give it, and wait until every outlet is there."""
    bus.writes.clear()
    traffic, begin_s = bus.traffic, time.monotonic()
    unit.core.submit_all([SwitchAll(action)], SOMEBODY)
    limit_s = limit.ideal_s(action) + 5.0
    unit.run_until(lambda: not unit.core.has_unfinished(), limit_s)
    end_s = time.monotonic()
    writes = tuple(bus.writes)
    is_done = unit.all_are(STATES[action], *range(1, OUTLETS + 1))()
    if not is_done or sum(write.moved for write in writes) != OUTLETS:
        raise RuntimeError(f"{limit.name}: {action.value} did not move each relay once")
    late_s = writes[-1].t_mono_s - begin_s - limit.ideal_s(action)
    return Run(late_s, writes, bus.traffic.since(traffic), end_s - begin_s)


def measure(kind: Kind, limit: Limit, rounds: int, idle_s: float) -> Iterator[Figure]:
    bus = TimedBus(kind)
    unit = _unit(kind, bus, limit)
    unit.start()
    try:
        _rest(unit, limit.ideal_s(Action.ON) + REST_S)  # the power-up sequence
        if idle_s:
            traffic, begin_s = bus.traffic, time.monotonic()
            _rest(unit, idle_s)
            lasted_s = time.monotonic() - begin_s
            yield from traffic_figures("idle", bus.traffic.since(traffic), lasted_s)
        runs: dict[Action, list[Run]] = {Action.OFF: [], Action.ON: []}
        for action in itertools.chain.from_iterable([runs] * rounds):
            runs[action].append(command(unit, bus, limit, action))
            _rest(unit, REST_S)
    finally:
        unit.stop()
    for action, made in runs.items():
        yield from run_figures(f"{limit.name}, all {action.value}", kind, limit, action, made)


def run_figures(
    what: str, kind: Kind, limit: Limit, action: Action, runs: list[Run]
) -> Iterator[Figure]:
    late_ms = [1000 * run.late_s for run in runs]
    yield Figure(f"{what}: last relay late, median", median(late_ms), "ms", GOAL_MS)
    yield Figure(f"{what}: last relay late, worst", max(late_ms), "ms")
    surplus = max(len(run.writes) for run in runs) - limit.writes(action, kind)
    yield Figure(f"{what}: writes beyond one a batch and board", surplus, "", 0)
    if limit.budget < OUTLETS:
        most = max(run.most_within(limit.budget_s) for run in runs)
        yield Figure(f"{what}: most relays in any 100 ms", most, "", limit.budget)
    elif action is Action.ON:
        short_ms = 1000 * (limit.gap_s - min(run.shortest_pause_s() for run in runs))
        yield Figure(f"{what}: gap at most shorter by", short_ms, "ms", SHORT_GAP_MS)
    busiest = max(runs, key=lambda run: run.traffic.busy_s / run.lasted_s)
    yield from traffic_figures(what, busiest.traffic, busiest.lasted_s)


def traffic_figures(what: str, traffic: Traffic, lasted_s: float) -> Iterator[Figure]:
    yield Figure(f"{what}: transactions", traffic.transactions / lasted_s, "/s")
    yield Figure(f"{what}: bytes", traffic.octets / lasted_s, "/s")
    yield Figure(f"{what}: share of the bus", 100 * traffic.busy_s / lasted_s, "%")


def _unit(kind: Kind, bus: TimedBus, limit: Limit) -> LiveUnit:
    boards = {
        f"board{address:x}": partial(_open_bank, kind, bus, address) for address in kind.addresses()
    }
    relays: Mapping[int, RelayRef] = {
        number: RelayRef(name, relay)
        for number, (name, relay) in enumerate(itertools.product(boards, range(kind.relays)), 1)
    }
    return LiveUnit({"/dev/i2c-1": boards}, relays, limit.device)


def _open_bank(kind: Kind, bus: TimedBus, address: int) -> ExpanderBank:
    return kind.bank(bus, kind.settings(address))


def _rest(unit: LiveUnit, seconds: float) -> None:
    unit.run_until(lambda: False, seconds)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="all off and all on, each time")
    parser.add_argument("--idle", type=float, default=10.0, help="seconds of watching")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if arguments.rounds < 1:
        parser.error(f"--rounds {arguments.rounds}: expected at least 1")
    sys.setswitchinterval(THREAD_SWITCH_S)  # as the agent has it
    figures = [
        Figure(f"{kind.chip.name}, {figure.name}", figure.value, figure.unit, figure.goal)
        for kind in KINDS
        for limit in LIMITS
        for figure in measure(
            kind, limit, arguments.rounds, arguments.idle if limit is LIMITS[0] else 0.0
        )
    ]
    return report(figures, arguments.json)


if __name__ == "__main__":
    sys.exit(main())
