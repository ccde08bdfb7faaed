# SPDX-License-Identifier: Apache-2.0
"""What is known of one UPS over time: since when each flag holds, and whether it is still true."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pdu_agent.model.ups import Ups, UpsFlag
from pdu_agent.nut.client.values import fields_of, flags_in
from pdu_agent.nut.settings import UpsSettings

NOT_YET = "it has not answered yet"
NO_STATUS = "its driver tells no ups.status that says how it is supplied"


class Tracked:
    """One UPS. Times are the unit's uptime in seconds; row: as the core gets it.

    A loss is told once there was no answer for so long: upsd restarts when it is updated, and may
    start later than the unit. What the server itself calls stale is told at once, for it has
    waited too.
    """

    def __init__(self, settings: UpsSettings, index: int, now_s: float, stale_s: float) -> None:
        self._answered_s = now_s
        self._stale_s = stale_s
        self._trouble = ""
        self._is_lost = False
        self.row = Ups(
            index=index,
            name=settings.name,
            manufacturer="",
            model="",
            firmware="",
            flags=frozenset(),
            since_s={},
            unreachable_since_s=now_s,
            on_battery_s=0.0,
            trouble=NOT_YET,
        )
        self.renew(settings, index, stale_s)

    def renew(self, settings: UpsSettings, index: int, stale_s: float) -> None:
        """Go on with other settings of the same UPS."""
        self._stale_s = stale_s
        source = f"{settings.there}@{settings.server}"
        self.row = replace(
            self.row, index=index, name=settings.name, inlets=settings.inlets, source=source
        )

    def answered(self, variables: Mapping[str, str], now_s: float) -> None:
        """The UPS is there, with these values. Without a status they are no answer: a driver that
        starts has some of them already, and an outage does not end by that.
        """
        flags = flags_in(variables)
        if not flags:
            self.failed(f"{NO_STATUS} ({variables.get('ups.status', 'none')})", now_s)
            return
        since_s = {flag: self.row.since_s.get(flag, now_s) for flag in flags}
        on_battery_s = now_s - since_s.get(UpsFlag.ON_BATTERY, now_s)
        self._answered_s, self._trouble, self._is_lost = now_s, "", False
        self.row = replace(
            self.row,
            flags=flags,
            since_s=since_s,
            unreachable_since_s=None,
            on_battery_s=on_battery_s,
            trouble="",
            variables=variables,
            **fields_of(variables),
        )

    def failed(self, trouble: str, now_s: float, at_once: bool = False) -> None:
        """Nothing true came. at_once: there is nothing to wait for."""
        self._trouble = trouble
        if at_once or self._is_lost:
            self._lose(trouble)
        self.look(now_s)

    def look(self, now_s: float) -> None:
        """Is what is known still to be believed?"""
        if not self._is_lost and now_s - self._answered_s > self._stale_s:
            self._lose(self._trouble or f"no answer for {self._stale_s:g} s")

    def _lose(self, trouble: str) -> None:
        """What was known stays as it was: an outage does not end because nobody tells of it."""
        self._is_lost = True
        since_s = self.row.unreachable_since_s
        if since_s is None:
            since_s = self._answered_s
        self.row = replace(self.row, unreachable_since_s=since_s, trouble=trouble)
