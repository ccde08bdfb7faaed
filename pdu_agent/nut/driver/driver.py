# SPDX-License-Identifier: Apache-2.0
"""One device for upsd: what it tells, and to whom."""

from __future__ import annotations

import logging
import time
from pathlib import Path

from pdu_agent.access.complaints import Complaints
from pdu_agent.model.errors import CommandError
from pdu_agent.nut.device import NutDevice
from pdu_agent.nut.driver.links import Links
from pdu_agent.nut.driver.place import Place
from pdu_agent.nut.driver.session import Session
from pdu_agent.nut.driver.told import Told

log = logging.getLogger(__name__)


class Driver:
    """`start` and `stop` once each, in one loop. device: may be replaced by one of the same name;
    what differs is told by the next `publish`. path, group: as of Place.
    """

    def __init__(self, device: NutDevice, path: Path, group: str) -> None:
        self.device = device
        self._told = Told()
        self.path = path
        undone = "requests on NUT driver sockets were not done"
        self._complaints = Complaints(log, undone, time.monotonic)
        self._faults = Complaints(log, "faults of NUT devices", time.monotonic)
        self._links = Links(lambda: Session(self), self._complain)
        self._place = Place(path, group, self._links.new)

    def start(self) -> None:
        self._place.start()

    async def tried(self) -> None:
        """Returns after the first attempt to make the socket."""
        await self._place.tried.wait()

    @property
    def is_heard(self) -> bool:
        """Whether somebody is there who is told what changes."""
        return self._links.wants_changes

    def stop(self) -> None:
        self._place.stop()
        self._links.drop_all()

    def publish(self, hurry: bool = False) -> None:
        """Tell whoever listens what has changed. hurry: not the numbers."""
        if self.is_heard:
            self._tell_changes(hurry)

    def has_told(self, variable: str, value: str) -> bool:
        """Has anybody who hears of changes been sent this?"""
        told = self._told.variables.get(variable)
        return told is not None and told.value == value and self._links.has_reached_somebody

    def dump(self, only: str = "") -> bytes:
        self._tell_changes(hurry=False)
        return self._told.dump(only)

    def refused(self, asked: str, error: Exception) -> None:
        if isinstance(error, CommandError):
            self._complaints.add(str(self.path), f"{asked[:120]}: {error}")
        else:
            self._faults.add(str(self.path), f"{asked[:120]}: {error!r}", exc_info=True)

    def _tell_changes(self, hurry: bool) -> None:
        try:
            variables, commands = self.device.variables(), self.device.commands()
        except Exception as exc:  # a fault of ours: what was told is not known to be true any more
            self._faults.add(str(self.path), repr(exc), exc_info=True)
            variables, commands = None, ()
        lines = self._told.renew(variables, commands, hurry)
        if lines:
            self._links.tell(lines)

    def _complain(self, text: str) -> None:
        self._complaints.add(str(self.path), text)
