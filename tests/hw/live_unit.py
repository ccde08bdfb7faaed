# SPDX-License-Identifier: Apache-2.0
"""A core with its relay boards at work: real bus threads, real time, simulated boards."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Mapping

from pdu_agent.app.runtime import ORDER_LEAD_S
from pdu_agent.core.birth import Birth
from pdu_agent.core.core import Core
from pdu_agent.core.settings import (
    CoreSettings,
    DeviceSettings,
    InletSettings,
    OutletSettings,
    RelayRef,
)
from pdu_agent.hw.bank_worker import BankWorker, Report
from pdu_agent.hw.ports import RelayBank
from pdu_agent.model.clock import SystemClock
from pdu_agent.model.commands import Action, Actor, SwitchOutlet
from pdu_agent.model.readings import (
    BankState,
    Effect,
    InitialiseBank,
    RelayResult,
    WriteRelays,
)
from pdu_agent.model.record import Record
from pdu_agent.model.snapshot import OutletState

SOMEBODY = Actor("test", "somebody", "")
Openers = Mapping[str, Callable[[], RelayBank]]


class LiveUnit:
    """buses: bus -> its boards, name -> what opens the driver. relays: outlet -> board and relay.

    Not started boards are found by `start`; `run_until` plays the agent's loop.
    """

    def __init__(
        self,
        buses: Mapping[str, Openers],
        relays: Mapping[int, RelayRef],
        device: DeviceSettings | None = None,
        poll_s: float = 2.0,
        ratings_a: Mapping[int, float] | None = None,
    ) -> None:
        self.clock = SystemClock()
        self._reports: queue.SimpleQueue[Report] = queue.SimpleQueue()
        self._workers: dict[str, BankWorker] = {}
        for bus, boards in buses.items():
            worker = BankWorker(bus, boards, self._reports.put, self.clock, poll_s)
            self._workers |= dict.fromkeys(boards, worker)
        rated = ratings_a or {}
        outlets = tuple(
            OutletSettings(n, relay=ref, rated_current_a=rated.get(n, 10.0))
            for n, ref in relays.items()
        )
        metered = {f"outlet {n}": 1.0 for n in relays}
        settings = CoreSettings(device or DeviceSettings(), (InletSettings(1),), outlets, metered)
        birth = Birth(Record(engine_id=b"x"), True, "boot", "1.0", (), ())
        self.core = Core(settings, self.clock, self._perform, birth, ORDER_LEAD_S)

    def start(self) -> None:
        for worker in dict.fromkeys(self._workers.values()):
            for report in worker.inspect_all():
                self._hear(report)
            worker.start()

    def stop(self) -> None:
        for worker in dict.fromkeys(self._workers.values()):
            worker.stop()

    def switch(self, action: Action, *outlets: int) -> None:
        self.core.submit_all([SwitchOutlet(outlet, action, None) for outlet in outlets], SOMEBODY)

    def run_until(self, reached: Callable[[], bool], limit_s: float = 10.0) -> bool:
        """Whether it came to that within the limit."""
        end_s = time.monotonic() + limit_s
        while not reached():
            if time.monotonic() > end_s:
                return False
            wait_s = min(0.05, max(0.0, self.core.next_deadline_s() - self.clock.monotonic_s()))
            try:
                self._hear(
                    self._reports.get(timeout=wait_s) if wait_s else self._reports.get(False)
                )
            except queue.Empty:
                self.core.tick()
        return True

    def states(self) -> dict[int, OutletState]:
        return {outlet.index: outlet.state for outlet in self.core.snapshot.outlets}

    def all_are(self, state: OutletState, *outlets: int) -> Callable[[], bool]:
        return lambda: all(self.states()[outlet] is state for outlet in outlets)

    def _hear(self, report: Report) -> None:
        if isinstance(report, BankState):
            self.core.on_bank(report)
        elif isinstance(report, RelayResult):
            self.core.on_relay_result(report)
        else:
            self.core.on_bank_lost(report)

    def _perform(self, effect: Effect) -> None:
        if isinstance(effect, WriteRelays | InitialiseBank):
            self._workers[effect.bank].post(effect)
