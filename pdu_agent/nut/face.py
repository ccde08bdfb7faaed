# SPDX-License-Identifier: Apache-2.0
"""NUT as one thing: from the `nut` section and the core to the devices that upsd serves."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

from pdu_agent.access.outlet_rights import grant_of
from pdu_agent.model.commands import Controller
from pdu_agent.model.errors import Unavailable
from pdu_agent.model.events import EventBus
from pdu_agent.nut.device import NutDevice
from pdu_agent.nut.driver.driver import Driver
from pdu_agent.nut.names.pdu_device import PduDevice
from pdu_agent.nut.outlet_ups import SHUT_DOWN, OutletUps, device_name
from pdu_agent.nut.settings import NutSettings

PERIOD_S = 1.0
"""Numbers are told as often."""
SOON_S = 0.05
GAP_S = 0.2
"""What else changes is told so soon, and at most so often."""


class NutFace:
    """The unit as a NUT device, and beside it each outlet as a UPS whose hook before an off is one
    of `tellers`. `start` and `stop` once each, in one loop.
    """

    def __init__(
        self,
        settings: NutSettings,
        tellers: frozenset[str],
        controller: Controller,
        events: EventBus,
    ) -> None:
        self._settings = settings
        self._controller = controller
        self._events = events
        self._drivers: dict[str, Driver] = {}
        self._tellers = tellers
        self._outlets: tuple[int, ...] = ()
        self._hurry: asyncio.TimerHandle | None = None
        self._hurried_s = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._subscription = events.subscribe(limit=1, wake=self._on_event)

    async def start(self) -> None:
        """Returns when the sockets are there, or were found to be in the way; then they are tried
        again and again.
        """
        self._arrange(self._wanted_outlets())
        for driver in self._drivers.values():
            await driver.tried()
        self._timer = self._loop.call_later(PERIOD_S, self._tick)

    def stop(self) -> None:
        self._events.unsubscribe(self._subscription)
        for timer in (self._timer, self._hurry):
            if timer is not None:
                timer.cancel()
        for driver in self._drivers.values():
            driver.stop()

    def take(self, settings: NutSettings, tellers: frozenset[str]) -> None:
        """Other rights and other hooks; where the sockets are stays as it was."""
        is_same = (settings, tellers) == (self._settings, self._tellers)
        self._settings, self._tellers = settings, tellers
        if not is_same:
            self._arrange(self._wanted_outlets())

    def tell_server(self, outlet: int) -> None:
        """Have upsd know that the server of an outlet that goes off is to shut down.

        Raises Unavailable while no upsd has been sent that.
        """
        name = device_name(outlet)
        driver = self._drivers.get(name)
        if driver is None or not driver.is_heard:
            raise Unavailable(f"no upsd reads the NUT device {name}: is it in ups.conf?")
        driver.publish()
        if not driver.has_told("ups.status", SHUT_DOWN):
            raise Unavailable(f"upsd does not take what the NUT device {name} tells")

    def _wanted_outlets(self) -> tuple[int, ...]:
        """Their hooks can be set at run time too."""
        outlets = self._controller.snapshot.outlets
        return tuple(row.index for row in outlets if row.hooks.before_off in self._tellers)

    def _arrange(self, outlets: tuple[int, ...]) -> None:
        self._outlets, settings = outlets, self._settings
        devices = {device.name: device for device in self._devices(settings, outlets)}
        for name in self._drivers.keys() - devices.keys():
            self._drivers.pop(name).stop()
        for name, device in devices.items():
            if name in self._drivers:
                self._drivers[name].device = device
            else:
                driver = self._drivers[name] = Driver(device, self._path(name), settings.group)
                driver.start()

    def _devices(self, settings: NutSettings, outlets: Sequence[int]) -> Iterator[NutDevice]:
        grant = grant_of(settings.rights, settings.outlets)
        yield PduDevice(self._controller, settings, str(self._path(settings.name)))
        for outlet in outlets:
            yield OutletUps(self._controller, outlet, settings.driver, grant)

    def _path(self, name: str) -> Path:
        return Path(self._settings.state_path) / f"{self._settings.driver}-{name}"

    def _on_event(self) -> None:
        if self._hurry is None and any(driver.is_heard for driver in self._drivers.values()):
            delay_s = max(SOON_S, self._hurried_s + GAP_S - self._loop.time())
            self._hurry = self._loop.call_later(delay_s, self._publish_soon)

    def _publish_soon(self) -> None:
        self._hurry = None
        self._hurried_s = self._loop.time()
        for driver in self._drivers.values():
            driver.publish(hurry=True)

    def _tick(self) -> None:
        self._timer = self._loop.call_later(PERIOD_S, self._tick)
        outlets = self._wanted_outlets()
        if outlets != self._outlets:
            self._arrange(outlets)
        for driver in self._drivers.values():
            driver.publish()
