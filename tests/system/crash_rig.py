# SPDX-License-Identifier: Apache-2.0
"""A demo that is switched over SNMP at random, killed at random, started again, and judged."""

from __future__ import annotations

import contextlib
import random
import shutil
import signal
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from pdu_agent.model.errors import StoreError
from pdu_agent.model.record import Record
from pdu_agent.store.framing import decode
from tests.system import crash_judge as judge
from tests.system.crash_judge import Movement, Order, Relays
from tests.system.demo_process import BASE, COMMAND, STATE, Demo
from tests.system.snmp_client import UNSIGNED32, Name, SnmpClient, Value, name

OUTLETS = range(1, 9)
COMMANDS = {
    "on": 1,
    "off": 2,
    "reboot": 3,
    "delayedOn": 4,
    "delayedOff": 5,
    "delayedReboot": 6,
}
RESTING = {1: True, 2: False}
"""opduOutletState on(1), off(2): the contact that each stands for."""
METERS = ("inlet 1", *(f"outlet {number}" for number in OUTLETS))
_STATES = [name(STATE, outlet) for outlet in OUTLETS]
_ENERGIES = [
    name(f"{BASE}.1.2.1.1.11", 1),
    *(name(f"{BASE}.1.3.2.1.8", outlet) for outlet in OUTLETS),
]
_DISCONTINUITIES = [
    name(f"{BASE}.1.2.1.1.12", 1),
    *(name(f"{BASE}.1.3.2.1.9", outlet) for outlet in OUTLETS),
    *(name(f"{BASE}.1.3.1.1.21", outlet) for outlet in OUTLETS),
]
_DELAYS = (f"{BASE}.1.3.1.1.12", f"{BASE}.1.3.1.1.13", f"{BASE}.1.3.1.1.14")
DELAY_S = 1
METER_LATENCY_S = 0.33
"""A window of 12 cycles and the block behind it: what a shown counter is behind the mains."""
WATCH_S = 0.08
HISTORY_S = 120.0
"""Longer than the time between two writes to the card, so that a power cut finds its value."""
ANSWER_LIMIT_S = 20.0
SETTLE_LIMIT_S = 15.0
CARD_LIMIT_S = 1.0
"""A SET that was answered this long before a power cut must be on the card."""
MILLIJOULES_PER_MILLIWATT_HOUR = 3600


@dataclass(slots=True)
class Tally:
    """Everything that one run has observed."""

    kills: int = 0
    power_cuts: int = 0
    sets: int = 0
    unanswered: int = 0
    complaints: list[str] = field(default_factory=list)
    answer_s: list[float] = field(default_factory=list)
    """From the start of the process to the first SNMP answer."""
    kill_loss_s: list[float] = field(default_factory=list)
    cut_loss_s: list[float] = field(default_factory=list)
    moves_at_restart: int = 0
    unlogged_moves: int = 0
    """Movements whose log line died with the process; the chip's register shows them."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The first SNMP answer of a life. energies in mWh, keyed as in METERS."""

    epoch_s: float
    energies: dict[str, int]
    discontinuities: list[Value]


class CrashRig:
    """Folders, process, client and what is known of them. `close` ends the process."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.tally = Tally()
        self._random = random.Random(seed)
        self._demo = Demo(folder)
        self._client = SnmpClient(self._demo.snmp_port)
        self._orders: dict[int, list[Order]] = {outlet: [] for outlet in OUTLETS}
        self._unlogged: list[Movement] = []
        self._shown: list[tuple[float, dict[str, int]]] = []
        self._highest: dict[str, int] = {}
        self._restored: dict[str, int] = {}
        self._killed_s = 0.0
        self._cuts_s: list[float] = []

    # -- lives --------------------------------------------------------------------------

    def begin(self) -> None:
        """The very first start, and delays short enough to happen within a test."""
        self._note_energies(dict.fromkeys(METERS, 0))
        self._spawn_and_await()
        for delay in _DELAYS:
            delays = {name(delay, outlet): DELAY_S for outlet in OUTLETS}
            status = self._client.set(delays, tag=UNSIGNED32)
            assert status == 0, f"error-status {status} for {delay}"

    def close(self) -> None:
        self._demo.kill()
        self._client.close()

    def switch_and_kill(self, longest_s: float = 2.0) -> None:
        """Random SETs with pauses until a SIGKILL that comes whenever it comes."""
        assert self._demo.process is not None
        process = self._demo.process
        deadline_s = self._random.uniform(0.05, longest_s)
        killer = threading.Timer(deadline_s, process.send_signal, (signal.SIGKILL,))
        killer.start()
        while process.poll() is None:
            self._send_random_set()
            self._watch_energy(self._random.choice((0.0, 0.0, 0.02, 0.1, 0.1, 1.0)))
        killer.join()
        self._after_death()

    def stop_switching(self, idle_s: float) -> None:
        """A quiet time, then SIGKILL: what the runtime folder cannot save in a power cut."""
        assert self._demo.process is not None
        self._watch_energy(idle_s)
        self._demo.process.send_signal(signal.SIGKILL)
        self._demo.process.wait()
        self._after_death()

    def restart_after_kill(self) -> None:
        """The same folders again, sometimes killed once more on the way up; then judged."""
        if self._random.random() < 0.15:
            self._demo.spawn()
            time.sleep(self._random.uniform(0.0, 1.0))
            self._demo.kill()
        self._restored = recorded_energies(self._demo.runtime_dir)
        answer = self._spawn_and_await()
        self.tally.kills += 1
        self.tally.kill_loss_s.append(self._judge_energy(answer, self._demo.runtime_dir))
        if any(answer.discontinuities):
            self._complain("a process restart shows a discontinuity")
        if self._random.random() < 0.7:
            self.settle()
        self._judge_restart(answer, time.time())

    def cut_power(self) -> None:
        """Registers and runtime record gone; policy `last` from the card; judged."""
        shutil.rmtree(self._demo.runtime_dir)
        relays = self.relays()
        cut_s = self._killed_s
        self._cuts_s.append(cut_s)
        self._unlogged += [
            Movement(cut_s - 1e-6, outlet, False)
            for outlet in OUTLETS
            if relays.is_closed(outlet, cut_s)
        ]
        self._restored = recorded_energies(self._demo.state_dir)
        answer = self._spawn_and_await()
        self.tally.power_cuts += 1
        self.tally.cut_loss_s.append(self._judge_energy(answer, self._demo.state_dir))
        if not all(answer.discontinuities):
            self._complain("a power cut without a discontinuity at every meter and outlet")
        choices = {
            outlet: judge.ruling(orders, cut_s - CARD_LIMIT_S)
            for outlet, orders in self._orders.items()
        }
        self.settle(choices)
        for outlet in OUTLETS:
            for text in judge.power_up_complaints(outlet, choices[outlet], self.relays(), cut_s):
                self._complain(text)
        self._adopt_outcome()

    def settle(self, choices: dict[int, list[Order | None]] | None = None) -> None:
        """Wait until nothing is pending; every outlet must rest where its orders left it."""
        states = self._resting_states()
        choices = choices or {outlet: judge.ruling(self._orders[outlet]) for outlet in OUTLETS}
        relays = self.relays()
        for outlet, state in zip(OUTLETS, states, strict=True):
            due = judge.ends_closed(choices[outlet])
            shown = RESTING.get(state) if isinstance(state, int) else None
            if shown is None or shown not in due:
                self._complain(f"outlet {outlet} shows state {state!r}, ordered {choices[outlet]}")
            if shown is not relays.is_closed(outlet, time.time()):
                self._complain(f"outlet {outlet} shows state {state!r}, its relay is elsewhere")

    def judge_gaps(self) -> None:
        """Once, at the end: inrush gaps and rest times over the whole relay log."""
        for text in judge.gap_complaints(self._logged(), self._cuts_s):
            self._complain(text)

    def relays(self) -> Relays:
        return Relays([*self._logged(), *self._unlogged])

    # -- parts of a life ------------------------------------------------------------------

    def _spawn_and_await(self) -> Answer:
        """Start, and read everything in the very first answer."""
        start_s = time.time()
        self._demo.spawn()
        names = [*_ENERGIES, *_DISCONTINUITIES]
        try:
            values = self._client.await_agent(*names, limit_s=ANSWER_LIMIT_S)
        except TimeoutError as exc:
            raise AssertionError(f"{exc}:\n{self._demo.log()[-2000:]}") from exc
        now_s = time.time()
        self.tally.answer_s.append(now_s - start_s)
        return Answer(now_s, _energies(values[: len(METERS)]), values[len(METERS) :])

    def _send_random_set(self) -> None:
        outlets = self._random.sample(OUTLETS, self._random.choice((1, 1, 1, 2, 3, 8)))
        verbs = {outlet: self._random.choice(list(COMMANDS)) for outlet in outlets}
        writes: dict[Name, int] = {name(COMMAND, o): COMMANDS[v] for o, v in verbs.items()}
        sent_s = time.time()
        status = self._client.set(writes, timeout_s=0.5)
        answered_s = time.time() if status == 0 else None
        self.tally.sets += 1
        if status is None:
            self.tally.unanswered += 1
        elif status:
            self._complain(f"SET {verbs} refused with error-status {status}")
            return
        for outlet, verb in verbs.items():
            self._orders[outlet].append(Order(verb, sent_s, answered_s))

    def _watch_energy(self, pause_s: float) -> None:
        """Read the counters every WATCH_S for the time of a pause, or until the agent is dead."""
        end_s = time.monotonic() + pause_s
        while True:
            if time.time() - self._shown[-1][0] >= WATCH_S:
                values = self._client.get(*_ENERGIES, timeout_s=0.5)
                if values is None:
                    return
                self._note_energies(_energies(values))
            rest_s = end_s - time.monotonic()
            if rest_s <= 0:
                return
            time.sleep(min(rest_s, WATCH_S))

    def _note_energies(self, energies: dict[str, int]) -> None:
        self._shown.append((time.time(), energies))
        for meter, energy_mwh in energies.items():
            self._highest[meter] = max(energy_mwh, self._highest.get(meter, 0))

    def _after_death(self) -> None:
        """The kill's time, and the movements whose log lines died with the process."""
        self._demo.kill()
        self._killed_s = time.time()
        registers = self._demo.runtime_dir / "mcp23008-20.registers"
        direction, latch = (registers.read_bytes()[number] for number in (0x00, 0x0A))
        relays = self.relays()
        for outlet in OUTLETS:
            closed = bool(latch & ~direction & 1 << outlet - 1)
            if relays.is_closed(outlet, self._killed_s) is not closed:
                self._unlogged.append(Movement(self._killed_s - 1e-6, outlet, closed))
                self.tally.unlogged_moves += 1

    def _resting_states(self) -> list[Value]:
        end_s = time.monotonic() + SETTLE_LIMIT_S
        states: list[Value] = []
        while time.monotonic() < end_s:
            states = self._client.get(*_STATES) or []
            if states and all(state in RESTING for state in states):
                break
            time.sleep(0.05)
        return states or [None] * len(OUTLETS)

    def _logged(self) -> list[Movement]:
        return [Movement(at_s, o, bool(v)) for at_s, o, v in self._demo.relay_movements()]

    def _adopt_outcome(self) -> None:
        """Doubt ends where the relays rest: later judgements start from what happened."""
        relays, now_s = self.relays(), time.time()
        for outlet in OUTLETS:
            verb = "on" if relays.is_closed(outlet, now_s) else "off"
            self._orders[outlet] = [Order(verb, now_s, now_s)]

    # -- judging --------------------------------------------------------------------------

    def _judge_restart(self, answer: Answer, until_s: float) -> None:
        relays = self.relays()
        for outlet in OUTLETS:
            self.tally.moves_at_restart += len(relays.moves(outlet, self._killed_s, until_s))
            choices = judge.ruling(self._orders[outlet])
            for text in judge.restart_complaints(
                outlet, choices, relays, self._killed_s, answer.epoch_s, until_s
            ):
                self._complain(text)

    def _judge_energy(self, answer: Answer, folder: Path) -> float:
        """Check the first answer against every value shown before; the worst loss in seconds.

        The loss is the time since a counter, as it was shown, passed the value that stands in
        the record of `folder` now; what the meters had not yet counted is added to it.
        """
        loss_s = 0.0
        for meter, restored_mwh in self._restored.items():
            shown_mwh, highest_mwh = answer.energies[meter], self._highest.get(meter, 0)
            if shown_mwh < restored_mwh:
                self._complain(f"{meter}: record has {restored_mwh} mWh, shown are {shown_mwh}")
            if shown_mwh < highest_mwh and folder == self._demo.runtime_dir:
                self._complain(f"{meter} went back from {highest_mwh} to {shown_mwh} mWh")
            reached_s = max(t for t, e in self._shown if e[meter] <= restored_mwh)
            loss_s = max(loss_s, self._killed_s - reached_s + METER_LATENCY_S)
        self._forget_before(self._killed_s - HISTORY_S)
        return loss_s

    def _forget_before(self, epoch_s: float) -> None:
        """Keeps one entry at least."""
        old = sum(shown_s < epoch_s for shown_s, _ in self._shown)
        del self._shown[: min(old, len(self._shown) - 1)]

    def _complain(self, text: str) -> None:
        number = self.tally.kills + self.tally.power_cuts
        self.tally.complaints.append(f"after death {number}: {text}")


def recorded_energies(folder: Path) -> dict[str, int]:
    """mWh of each meter in the newest record that can be read."""
    newest = Record(seq=-1)
    for file in folder.glob("record-?"):
        with contextlib.suppress(StoreError):
            newest = max(newest, decode(file.read_bytes()), key=lambda record: record.seq)
    return {
        meter: row.energy_mj // MILLIJOULES_PER_MILLIWATT_HOUR
        for meter, row in newest.meters.items()
    }


def _energies(values: list[Value]) -> dict[str, int]:
    assert all(isinstance(value, int) for value in values), values
    return {
        meter: value for meter, value in zip(METERS, values, strict=True) if isinstance(value, int)
    }
