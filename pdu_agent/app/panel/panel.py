# SPDX-License-Identifier: Apache-2.0
"""The front panel at work: threads of its boards and displays, and what the loop does for them."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial

from pdu_agent.app.config.panel import ButtonSettings, DisplayEntry, IoEntry
from pdu_agent.app.config.schema import AgentSettings, SensorEntry
from pdu_agent.app.hardware import STUCK_S
from pdu_agent.app.panel.buttons import Button, ButtonWatcher
from pdu_agent.app.panel.lamps import patterns
from pdu_agent.app.panel.status_lines import status_lines
from pdu_agent.app.runtime import Runtime
from pdu_agent.hw import registry
from pdu_agent.hw.contact import Contact, ContactSettings
from pdu_agent.hw.device_thread import DeviceThread
from pdu_agent.hw.display_worker import DisplayWorker
from pdu_agent.hw.io_worker import IoWorker, Watcher
from pdu_agent.hw.site import Site
from pdu_agent.model.clock import Clock
from pdu_agent.model.errors import HardwareError

LINES_EVERY_S = 1.0
FAREWELL = "stopped"


class Panel:
    """Made before the buses start, as its boards may be guests on them. Loop only.

    site(name): where a driver finds itself.
    """

    def __init__(
        self,
        settings: AgentSettings,
        clock: Clock,
        site: Callable[[str], Site],
        runtime: Runtime,
    ) -> None:
        self._clock = clock
        self._site = site
        self._runtime = runtime
        self._core = runtime.core
        self._watchers: dict[str, dict[int, list[Watcher]]] = defaultdict(dict)
        for button in settings.buttons:
            self._watch(button.input.board, button.input.line, self._button(button))
        for sensor in settings.sensors:
            if isinstance(sensor.options, ContactSettings):
                line = sensor.options.input
                self._watch(line.board, line.line, self._contact(sensor, sensor.options))
        self._lamps: dict[str, dict[int, int | None]] = defaultdict(dict)
        for led in settings.leds:
            self._lamps[led.output.board][led.output.line] = led.outlet
        self._boards = {entry.name: self._board(entry) for entry in settings.io}
        farewell = (settings.device.name, FAREWELL)
        self._displays = [self._display(entry, farewell) for entry in settings.displays]
        self._threads: tuple[DeviceThread, ...] = (*self._boards.values(), *self._displays)
        self._is_due = False
        self._timer: asyncio.TimerHandle | None = None

    def is_alive(self) -> bool:
        """Did every thread get round within STUCK_S? One that waits for a device does."""
        oldest_s = time.monotonic() - STUCK_S
        return all(thread.beat_s > oldest_s for thread in self._threads)

    def start(self) -> None:
        """Begin to watch and to show."""
        if self._lamps:
            self._core.events.subscribe(limit=1, wake=self._light_soon)
            self._light()
        if self._displays:
            self._write_lines()
        for thread in self._threads:
            thread.start()

    async def stop(self) -> None:
        """End the threads; lamps go dark, displays say that nobody looks after them."""
        if self._timer is not None:
            self._timer.cancel()
        await asyncio.gather(*(asyncio.to_thread(thread.stop) for thread in self._threads))

    # -- in the loop ----------------------------------------------------------------------

    def _light_soon(self) -> None:
        """After the whole batch of events, once."""
        if not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_soon(self._light)

    def _light(self) -> None:
        self._is_due = False
        snapshot = self._core.snapshot
        outlets = {outlet.index: outlet for outlet in snapshot.outlets}
        for board, shown in self._lamps.items():
            self._boards[board].lamps = patterns(shown, outlets, snapshot.alarms)

    def _write_lines(self) -> None:
        snapshot = self._core.snapshot
        for display in self._displays:
            display.lines = status_lines(snapshot, display.columns, display.rows)
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(LINES_EVERY_S, self._write_lines)

    # -- making ---------------------------------------------------------------------------

    def _watch(self, board: str, line: int, watcher: Watcher) -> None:
        self._watchers[board].setdefault(line, []).append(watcher)

    def _button(self, settings: ButtonSettings) -> ButtonWatcher:
        button = Button(settings, self._core, partial(self._core.on_device_trouble, "button"))
        return ButtonWatcher(settings.hold_s, partial(self._runtime.post, button.happened))

    def _contact(self, sensor: SensorEntry, options: ContactSettings) -> Contact:
        return Contact(sensor.number, options, self._clock, self._runtime.deliver_sensor)

    def _board(self, entry: IoEntry) -> IoWorker:
        watchers = self._watchers[entry.name]
        driver = registry.driver_class("io", entry.driver)
        io = driver.connect(
            self._site(f"io {entry.name}"), entry.options, watchers, self._lamps[entry.name]
        )
        return IoWorker(entry.name, io, watchers, self._trouble("io", entry.name))

    def _display(self, entry: DisplayEntry, farewell: tuple[str, ...]) -> DisplayWorker:
        driver = registry.driver_class("displays", entry.driver)
        display = driver.connect(self._site(f"display {entry.name}"), entry.options)
        return DisplayWorker(entry.name, display, farewell, self._trouble("display", entry.name))

    def _trouble(self, kind: str, name: str) -> Callable[[HardwareError | None], None]:
        def deliver(error: HardwareError | None) -> None:
            text = None if error is None else str(error)
            self._runtime.post(self._core.on_device_trouble, kind, name, text)

        return deliver
