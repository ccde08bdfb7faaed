# SPDX-License-Identifier: Apache-2.0
"""Reads all configured UPSes: one task for each server, which comes back by itself."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from pdu_agent.model.errors import OpenPduError
from pdu_agent.model.ups import Ups
from pdu_agent.nut.client.link import Link
from pdu_agent.nut.client.protocol import Refused
from pdu_agent.nut.client.server import Server, opened, server_of
from pdu_agent.nut.client.tracking import Tracked
from pdu_agent.nut.settings import UpsSettings

log = logging.getLogger(__name__)

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
STEADY_S = 10.0
"""A connection that has lasted so long does not count as a failed attempt."""
LOOK_S = 0.5
"""How often it is looked whether an answer is missing."""
LEAST_POLL_S = 0.05
LEAST_STALE_S = 1.0
"""Both in real time: fast simulated seconds are too short for an answer."""


class UpsReader:
    """Loop thread only. deliver: gets all rows whenever one of them has changed.

    uptime_s: of the unit; rows carry its times. speed: its seconds for each real one.
    """

    def __init__(
        self,
        deliver: Callable[[tuple[Ups, ...]], None],
        uptime_s: Callable[[], float],
        speed: float = 1.0,
    ) -> None:
        self._deliver = deliver
        self._uptime_s = uptime_s
        self._speed = speed
        self._settings: tuple[UpsSettings, ...] = ()
        self._tracked: dict[UpsSettings, Tracked] = {}
        self._tasks: dict[tuple[Server, tuple[UpsSettings, ...]], asyncio.Task[None]] = {}
        self._watch: asyncio.Task[None] | None = None
        # Its own threads: a resolver that hangs delays nothing but names.
        self._executor = ThreadPoolExecutor(2, "reach upsd")
        self._told: tuple[Ups, ...] = ()

    def read(self, settings: tuple[UpsSettings, ...]) -> None:
        """Read these from now on. What was known of a UPS that stays is kept; a server of which
        nothing has changed is not disturbed.
        """
        known = {_identity(each): self._tracked[each] for each in self._settings}
        self._settings, self._tracked = settings, {}
        for index, each in enumerate(settings, start=1):
            stale_s = max(each.stale_after_s, LEAST_STALE_S * self._speed)
            tracked = known.get(_identity(each))
            if tracked is None:
                tracked = Tracked(each, index, self._uptime_s(), stale_s)
            tracked.renew(each, index, stale_s)
            self._tracked[each] = tracked
        self._start_and_end_tasks()
        self._tell()

    async def stop(self) -> None:
        tasks = [*self._tasks.values(), *([self._watch] if self._watch else [])]
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _start_and_end_tasks(self) -> None:
        servers: dict[Server, tuple[UpsSettings, ...]] = {}
        for each in self._settings:
            server = server_of(each)
            servers[server] = (*servers.get(server, ()), each)
        for gone in self._tasks.keys() - servers.items():
            self._tasks.pop(gone).cancel()
        for server, upses in servers.items():
            if (server, upses) not in self._tasks:
                task = asyncio.create_task(self._serve(server, upses), name=f"read {server}")
                self._tasks[server, upses] = task
        if self._watch is None and self._settings:
            self._watch = asyncio.create_task(self._look_forever(), name="look at UPSes")

    async def _look_forever(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            for tracked in self._tracked.values():
                tracked.look(self._uptime_s())
            self._tell()

    async def _serve(self, server: Server, upses: Sequence[UpsSettings]) -> None:
        """Forever: connect, read until it fails, wait a little longer each time."""
        pauses, news = Pauses(), _News(server)
        while True:
            try:
                link = await opened(server, upses[0].there, self._executor)
                try:
                    await self._poll(link, upses, pauses, news)
                finally:
                    link.close()
            except OpenPduError as exc:
                trouble = str(exc)
            except Exception as exc:  # no fault of ours may end the reading
                log.exception("NUT server %s", server)
                trouble = f"internal error: {exc!r}"
            news.lost(trouble)
            for ups in upses:
                self._tracked[ups].failed(trouble, self._uptime_s())
            self._tell()
            await asyncio.sleep(pauses.next_s())

    async def _poll(
        self, link: Link, upses: Sequence[UpsSettings], pauses: Pauses, news: _News
    ) -> None:
        """Until the connection fails. Raises what made it fail."""
        loop = asyncio.get_running_loop()
        begin_s = loop.time()
        due_s = dict.fromkeys(upses, begin_s)
        while True:
            ups = min(due_s, key=due_s.__getitem__)
            await asyncio.sleep(max(0.0, due_s[ups] - loop.time()))
            await self._ask(link, ups)
            news.answered()
            if loop.time() - begin_s > STEADY_S:
                pauses.start_anew()
            due_s[ups] = loop.time() + max(ups.poll_s / self._speed, LEAST_POLL_S)

    async def _ask(self, link: Link, ups: UpsSettings) -> None:
        name, tracked = ups.there, self._tracked[ups]
        try:
            variables = await link.variables(name)
        except Refused as exc:
            tracked.failed(str(exc), self._uptime_s(), at_once=exc.code == "DATA-STALE")
        else:
            tracked.answered(variables, self._uptime_s())
        self._tell()

    def _tell(self) -> None:
        rows = tuple(self._tracked[each].row for each in self._settings)
        if rows != self._told:
            self._told = rows
            try:
                self._deliver(rows)
            except Exception:  # what others make of it ends no reading
                log.exception("UPSes: what was read could not be delivered")


class _News:
    """One line in the log for a loss, and one for the return."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._is_lost = False

    def lost(self, trouble: str) -> None:
        if not self._is_lost:
            log.warning("NUT server %s: %s", self._server, trouble)
        self._is_lost = True

    def answered(self) -> None:
        if self._is_lost:
            log.info("NUT server %s: it answers again", self._server)
        self._is_lost = False


class Pauses:
    """Between two attempts: twice as long each time, and never quite the same, so that many units
    do not come at once to a server that is back.
    """

    def __init__(self) -> None:
        self._pause_s = FIRST_PAUSE_S

    def next_s(self) -> float:
        """0.25 s to LONGEST_PAUSE_S."""
        pause_s, self._pause_s = self._pause_s, min(2 * self._pause_s, LONGEST_PAUSE_S)
        return pause_s * random.uniform(0.5, 1.0)

    def start_anew(self) -> None:
        self._pause_s = FIRST_PAUSE_S


def _identity(settings: UpsSettings) -> tuple[str, str, str]:
    return settings.name, settings.server, settings.there
