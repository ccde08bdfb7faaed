# SPDX-License-Identifier: Apache-2.0
"""Joins the core with time, threads and storage: performs effects, delivers readings.

Threads hand over by `post`, which is the only way into the loop; everything else here runs
in the loop.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable

from pdu_agent.core.birth import Birth
from pdu_agent.core.core import Core
from pdu_agent.core.settings import CoreSettings
from pdu_agent.model.clock import Clock
from pdu_agent.model.errors import HardwareError, StoreError
from pdu_agent.model.readings import (
    AppendAudit,
    AppendEvents,
    BankLost,
    BankState,
    Effect,
    FanReading,
    HookResult,
    InitialiseBank,
    InrushSeen,
    Reading,
    RelayResult,
    RunHook,
    SaveRecord,
    SensorReading,
    SetFanDuty,
    StopHook,
    WriteRelays,
)
from pdu_agent.store.record_store import RecordStore

log = logging.getLogger(__name__)

MAX_SLEEP_S = 1.0
ORDER_LEAD_S = 0.005
"""More than the loop is late by as a rule: its timers count milliseconds, and a request or a
reading may be before them."""
READING_LAG_S = 0.1
"""Half of a meter's window; see Core."""
Order = WriteRelays | InitialiseBank
Report = BankState | RelayResult | BankLost


class Runtime:
    """Owns the Core and the timer that drives it.

    send(order) puts an order in its board's inbox and tells whether it was taken.
    speed: simulated seconds per real second, as the clock counts them.
    """

    def __init__(
        self,
        settings: CoreSettings,
        clock: Clock,
        store: RecordStore,
        birth: Birth,
        send: Callable[[Order], bool],
        speed: float = 1.0,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._clock = clock
        self._store = store
        self._send = send
        self._speed = speed
        self._timer: asyncio.TimerHandle | None = None
        self._due_loop_s = 0.0
        self._closed = False
        self.on_second: Callable[[], None] = lambda: None
        """Called after a tick, about once a second: the loop and the core made progress."""
        self._second_s = 0.0
        self.run_hook: Callable[[RunHook], None] = lambda _: None
        """Starts a hook; its result comes back by `deliver_hook`."""
        self.stop_hook: Callable[[int], None] = lambda _: None
        """Ends a hook by the number of its run; nothing comes back of it."""
        self.set_fan: Callable[[SetFanDuty], None] = lambda _: None
        self.core = Core(settings, clock, self._perform, birth, ORDER_LEAD_S, READING_LAG_S)
        self.core.events.subscribe(limit=1, wake=self.wake)

    # -- from other threads -----------------------------------------------------------

    def deliver_report(self, report: Report) -> None:
        """A relay board's answer; any thread."""
        self.post(self._on_report, report)

    def deliver_reading(self, reading: Reading) -> None:
        """A meter's window; any thread."""
        self.post(self._on_reading, reading)

    def deliver_sensor(self, reading: SensorReading) -> None:
        """A sensor's value, or its failure; any thread."""
        self.post(self._on_sensor, reading)

    def deliver_fan(self, reading: FanReading) -> None:
        """What a fan does, or its failure; any thread."""
        self.post(self.core.on_fan, reading)

    def deliver_inrush(self, seen: InrushSeen) -> None:
        """What an outlet drew when it was switched on; any thread."""
        self.post(self.core.on_inrush, seen)

    def deliver_trouble(self, source: str, error: HardwareError | None) -> None:
        """A meter was lost (the error) or is back (None); any thread."""
        self.post(self.core.on_source_trouble, source, str(error) if error else None)

    def deliver_hook(self, result: HookResult) -> None:
        """A hook ended; any thread."""
        self.post(self._on_hook, result)

    def deliver_flush(self, error: StoreError | None) -> None:
        """The card write ended; any thread."""
        self.post(self.core.on_flush_result, str(error) if error else None)

    def post(self, call: Callable[..., None], *arguments: object) -> None:
        """Have the loop call it soon; any thread."""
        if not self._closed:
            try:
                self._loop.call_soon_threadsafe(call, *arguments)
            except RuntimeError:  # the loop was closed between the two lines
                log.debug("dropped %s while stopping", call.__name__)

    # -- in the loop --------------------------------------------------------------------

    def meet(self, report: Report) -> None:
        """What a board was found to be at start."""
        self._on_report(report)

    def start(self) -> None:
        """Begin to tick."""
        self.core.announce_start()
        self._tick()

    async def finish_acknowledged(self, limit_s: float) -> bool:
        """Wait until no accepted relay movement is left; False when `limit_s` was too short."""
        end_s = time.monotonic() + limit_s
        while self.core.has_unfinished():
            if time.monotonic() > end_s:
                return False
            await asyncio.sleep(0.01)
        return True

    def stop(self) -> None:
        """No more ticks, no more deliveries. The relays stay as they are."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()

    def wake(self) -> None:
        """Something may be due earlier than the timer thinks."""
        self._loop.call_soon(self._schedule)

    def _on_report(self, report: Report) -> None:
        if isinstance(report, BankState):
            self.core.on_bank(report)
        elif isinstance(report, RelayResult):
            self.core.on_relay_result(report)
        else:
            self.core.on_bank_lost(report)
        self._schedule()

    def _on_hook(self, result: HookResult) -> None:
        self.core.on_hook(result)
        self._schedule()

    def _on_reading(self, reading: Reading) -> None:
        due_s = self.core.on_reading(reading)
        if due_s < math.inf:  # a cap or a trip may not wait for the next second
            self._wake_at(due_s)

    def _on_sensor(self, reading: SensorReading) -> None:
        self.core.on_sensor(reading)
        self._schedule()  # sensors are slow: a threshold's delay ends before the next value

    def _perform(self, effect: Effect) -> None:
        if isinstance(effect, SaveRecord):
            self._store.save(effect.record)
            if effect.flush:
                self._store.request_flush(effect.record)
        elif isinstance(effect, AppendEvents):
            self._store.append_events(effect.events)
        elif isinstance(effect, AppendAudit):
            self._store.append_audit(effect.entry)
        elif isinstance(effect, RunHook):
            self.run_hook(effect)
        elif isinstance(effect, StopHook):
            self.stop_hook(effect.id)
        elif isinstance(effect, SetFanDuty):
            self.set_fan(effect)
        elif not self._send(effect) and isinstance(effect, WriteRelays):
            refused = RelayResult(effect.bank, effect.closed, {}, "the board's inbox is full")
            self._loop.call_soon(self._on_report, refused)

    def _tick(self) -> None:
        lag_s = 0.0
        if self._timer is not None:
            self._timer.cancel()  # it brought us here, or start() came before it
            self._timer = None
            lag_s = max(0.0, self._loop.time() - self._due_loop_s)
        self.core.on_loop_lag(lag_s)
        if self.core.next_deadline_s() <= self._clock.monotonic_s():  # no reading has put it off
            self.core.tick()
        if self._loop.time() - self._second_s >= MAX_SLEEP_S:
            self._second_s = self._loop.time()
            self.on_second()
        self._schedule()

    def _schedule(self) -> None:
        self._wake_at(self.core.next_deadline_s())

    def _wake_at(self, due_s: float) -> None:
        """See to it that there is one timer, and that it is not too late for this (monotonic)."""
        if self._closed:
            return
        wait_s = (due_s - self._clock.monotonic_s()) / self._speed
        due_loop_s = self._loop.time() + min(MAX_SLEEP_S, max(0.0, wait_s))
        if self._timer is not None:
            if self._due_loop_s <= due_loop_s:
                return
            self._timer.cancel()
        self._due_loop_s = due_loop_s
        self._timer = self._loop.call_at(due_loop_s, self._tick)
