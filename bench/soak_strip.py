# SPDX-License-Identifier: Apache-2.0
"""The real core, store and SNMP engine around loads that are known exactly; for soak.py.

Time is a clock moved by hand. Each load draws whole millijoules and an eighth in a window,
so that what the counters must show is known without rounding.
"""

from __future__ import annotations

import logging
import random
from collections import deque
from fractions import Fraction
from pathlib import Path
from queue import Empty, SimpleQueue

from pdu_agent.app.demo import demo_settings
from pdu_agent.app.demo_options import DemoOptions
from pdu_agent.app.hardware import stale_after_s
from pdu_agent.core.birth import Birth
from pdu_agent.core.core import Core
from pdu_agent.core.settings import CoreSettings
from pdu_agent.model.clock import ManualClock
from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.errors import StoreError
from pdu_agent.model.quantities import Electrical, Quality
from pdu_agent.model.readings import (
    BankState,
    Effect,
    Measurement,
    Reading,
    RelayResult,
    SaveRecord,
    WriteRelays,
)
from pdu_agent.model.record import Record
from pdu_agent.snmp.face import own_engine, snmp_engine
from pdu_agent.store.record_store import RecordStore
from tests.snmp import ber
from tests.system.demo_process import BASE, COMMAND
from tests.system.snmp_client import name

OUTLETS = 8
SECONDS_A_DAY = 86400
WINDOWS_A_SECOND = 5
WINDOW_S = 1 / WINDOWS_A_SECOND
READ_EVERY_S = 10
SWITCH_EVERY_S = 60
VERBS = range(1, 8)
ENGINE_ID = bytes.fromhex("80001f8805") + b"soaksoak"
MAINS_V = 230.0
COLUMNS = [name(f"{BASE}.1.3.2.1.{column}") for column in (1, 2, 3, 8)]


class Strip:
    """Eight outlets, one board. `run_second` in turn for each second, then `settle`."""

    def __init__(self, folder: Path) -> None:
        self.unanswered = self.errors = self.requests = self.movements = 0
        self._clock = ManualClock()
        self._flushes: SimpleQueue[StoreError | None] = SimpleQueue()
        self._orders: deque[WriteRelays] = deque()
        self._relays = [True] * OUTLETS
        self._due_mj = dict.fromkeys(range(OUTLETS + 1), Fraction(0))  # 0 is the inlet
        self._random = random.Random(1)
        self._readings = 0
        self._log = _Errors()
        logging.getLogger("pdu_agent").addHandler(self._log)
        settings = demo_settings(DemoOptions(outlets=OUTLETS), folder / "state", folder / "run")
        core_settings = CoreSettings(
            settings.device, settings.inlets, settings.outlets, stale_after_s(settings)
        )
        self._store = RecordStore(settings.runtime_dir, settings.state_dir, self._flushes.put)
        birth = Birth(Record(boots=1, engine_id=ENGINE_ID), True, "soak", "0")
        self._core = Core(core_settings, self._clock, self._perform, birth)
        self._core.on_bank(BankState("board1", False, tuple(self._relays)))
        self._start_s = self._clock.monotonic_s()
        own = own_engine(ENGINE_ID, 1, self._clock.monotonic_s)
        self._engine = snmp_engine(settings.snmp, self._core, own, self._clock.monotonic_s)
        self._key = ber.password_key(b"viewer-auth-pass", ENGINE_ID)

    def run_second(self, second: int) -> None:
        """Five windows of both converters, what is due, and now and then somebody asks."""
        for _ in range(WINDOWS_A_SECOND):
            self._pass(WINDOW_S)
            self._measure()
        if second % READ_EVERY_S == 0:
            self._read(second // READ_EVERY_S)
        if second % SWITCH_EVERY_S == 0:
            self._switch()

    def settle(self) -> None:
        """Let everything pending end, and the counters be shown."""
        for _ in range(20):
            self._pass(1.0)
        self._take_flushes()
        self.errors = self._log.count

    def largest_energy_error_mj(self) -> float:
        """Of any meter, against the sum of what its load drew."""
        snapshot = self._core.snapshot
        shown = {0: snapshot.inlets[0].meter.energy_mj}
        for outlet in snapshot.outlets:
            if outlet.meter is not None:
                shown[outlet.index] = outlet.meter.energy_mj
        return float(max(abs(self._due_mj[point] - mj) for point, mj in shown.items()))

    def close(self) -> None:
        self._store.close()
        logging.getLogger("pdu_agent").removeHandler(self._log)

    # -- time and power -------------------------------------------------------------------

    def _pass(self, seconds: float) -> None:
        end_s = self._clock.monotonic_s() + seconds
        while (due_s := self._core.next_deadline_s()) <= end_s:
            self._clock.advance(max(0.0, due_s - self._clock.monotonic_s()) + 1e-9)
            self._take_flushes()
            self._core.tick()
            self._move_relays()
        self._clock.advance(max(0.0, end_s - self._clock.monotonic_s()))

    def _measure(self) -> None:
        now_s = self._clock.monotonic_s()
        drawn_mj = {n: self._draw_mj(n) for n in range(1, OUTLETS + 1)}
        drawn_mj[0] = sum(drawn_mj.values(), Fraction(0))
        self._readings += 1
        for source, points in enumerate(((0, *range(1, 7)), (7, 8))):
            measurements = tuple(_measurement(point, drawn_mj[point]) for point in points)
            reading = Reading(f"adc{source}", self._readings, now_s, WINDOW_S, measurements)
            self._core.on_reading(reading)
        for point, mj in drawn_mj.items():
            self._due_mj[point] += mj

    def _draw_mj(self, outlet: int) -> Fraction:
        """Of one window: 10 W, 20 W, ... and an eighth of a millijoule."""
        if not self._relays[outlet - 1]:
            return Fraction(0)
        return outlet * 10_000 // WINDOWS_A_SECOND + Fraction(1, 8)

    # -- effects --------------------------------------------------------------------------

    def _perform(self, effect: Effect) -> None:
        if isinstance(effect, SaveRecord):
            self._store.save(effect.record)
            if effect.flush:
                self._store.request_flush(effect.record)
        elif isinstance(effect, WriteRelays):
            self._orders.append(effect)

    def _move_relays(self) -> None:
        while self._orders:
            order = self._orders.popleft()
            for relay, closed in order.closed.items():
                self.movements += self._relays[relay] is not closed
                self._relays[relay] = closed
            self._core.on_relay_result(RelayResult(order.bank, order.closed, order.closed))

    def _take_flushes(self) -> None:
        while True:
            try:
                error = self._flushes.get_nowait()
            except Empty:
                return
            self._core.on_flush_result(str(error) if error else None)

    # -- managers -------------------------------------------------------------------------

    def _read(self, turn: int) -> None:
        """v2c and v3 in turn over the meters, and what strangers send."""
        names = [(*column, 1 + turn % OUTLETS) for column in COLUMNS]
        get = ber.request(ber.GET, names, request_id=1 + turn % 65536)
        self._ask(ber.encode(ber.message(1, b"public", get)))
        time_s = int(self._clock.monotonic_s() - self._start_s)
        self._ask(ber.v3_message(get, ENGINE_ID, b"viewer", 1, time_s, 0x05, key=self._key))
        self._ask(ber.v3_message(get, b""))  # discovery: answered by a Report
        self._engine.process(ber.encode(ber.message(1, b"wrong", get)), ("127.0.0.1", 9))

    def _switch(self) -> None:
        outlets = self._random.sample(range(1, OUTLETS + 1), self._random.choice((1, 2, 8)))
        names = [name(COMMAND, outlet) for outlet in outlets]
        values = [ber.integer(self._random.choice(VERBS)) for _ in outlets]
        self._ask(ber.encode(ber.message(1, b"private", ber.request(ber.SET, names, values))))
        self._move_relays()

    def _ask(self, datagram: bytes) -> None:
        self.requests += 1
        self.unanswered += self._engine.process(datagram, ("127.0.0.1", 9)) is None


class _Errors(logging.Handler):
    """Counts what the agent logs as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:  # noqa: ARG002
        self.count += 1


def _measurement(point: int, drawn_mj: Fraction) -> Measurement:
    power_w = float(drawn_mj) / 1000 / WINDOW_S
    kind = TargetKind.OUTLET if point else TargetKind.INLET
    electrical = Electrical(
        voltage_v=MAINS_V,
        current_a=power_w / MAINS_V,
        active_power_w=power_w,
        apparent_power_va=power_w,
        reactive_power_var=0.0,
        power_factor=1.0,
        frequency_hz=50.0,
        quality=Quality.OK,
    )
    return Measurement(Target(kind, point or 1), electrical, float(drawn_mj))
