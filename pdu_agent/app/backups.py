# SPDX-License-Identifier: Apache-2.0
"""Makes backups when they are due or wanted, in a thread, one at a time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from pdu_agent import __version__
from pdu_agent.app.accounts import FILE_NAME as ACCOUNTS
from pdu_agent.app.config.schema import AgentSettings
from pdu_agent.model.clock import Clock
from pdu_agent.model.errors import StoreError
from pdu_agent.model.record import Record
from pdu_agent.store.backup.making import Source, make_backup
from pdu_agent.store.backup.manifest import Manifest, read_manifest, verify
from pdu_agent.store.backup.restoring import HISTORY, READY, stage
from pdu_agent.store.backup.settings import BackupSettings
from pdu_agent.store.backup.shelf import Shelf
from pdu_agent.store.files import FileOps
from pdu_agent.store.tier import Tier

log = logging.getLogger(__name__)

FIRST_AFTER_S = 120.0
"""After a start there is enough to do."""
RETRY_S = 600.0
_LOOK_S = 15.0
MAX_HISTORY_BYTES = 1 << 40

_Answer = TypeVar("_Answer")


def shelf_of(settings: AgentSettings) -> Shelf:
    folder = settings.backup.folder
    if folder:
        return Shelf(Path(folder), is_elsewhere=True)
    return Shelf(settings.state_dir / "backups")


def targets_of(settings: AgentSettings) -> dict[str, Path]:
    """Where the small files of a backup belong."""
    accounts = settings.state_dir / ACCOUNTS
    return {ACCOUNTS: accounts, settings.calibration.name: settings.calibration}


def empty_history(path: Path) -> None:
    """Raises sqlite3.Error or StoreError."""
    # Loaded here: only a restore makes a database by itself.
    from pdu_agent.store.history.database import Database

    Database(path, MAX_HISTORY_BYTES).close()


class BackupDesk:
    """Belongs to the loop. trouble: why the last one could not be made, empty when it was.
    on_trouble: called with it whenever it changes.
    """

    def __init__(
        self,
        settings: AgentSettings,
        clock: Clock,
        on_trouble: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._on_trouble = on_trouble
        self._shelf = shelf_of(settings)
        self._one_at_a_time = asyncio.Lock()
        self._due_s: float | None = None
        self.trouble = ""

    @property
    def settings(self) -> BackupSettings:
        return self._settings.backup

    @property
    def folder(self) -> Path:
        return self._shelf.folder

    @property
    def is_restore_ready(self) -> bool:
        """Does the next start bring a backup back?"""
        return (self._settings.state_dir / READY).is_dir()

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            await self.tick()
            await asyncio.sleep(_LOOK_S)

    async def tick(self) -> None:
        """Make a backup if one is due. What fails is told in the log and tried again."""
        if not self.settings.every_h:
            return
        if self._due_s is None:
            self._due_s = await asyncio.to_thread(self._first_due_s)
        if self._clock.monotonic_s() >= self._due_s:
            self._due_s = self._clock.monotonic_s() + RETRY_S
            with suppress(StoreError):
                await self.make()

    async def make(self) -> tuple[str, Manifest]:
        """Name and content of a new backup; old ones go. Raises StoreError."""
        try:
            found = await self._alone(self._make)
        except StoreError as error:
            self._tell(str(error))
            raise
        self._tell("")
        self._due_s = self._clock.monotonic_s() + self.settings.every_h * 3600
        log.info("backup %s was made", found[0])
        return found

    def _tell(self, trouble: str) -> None:
        if trouble == self.trouble:
            return
        if trouble:
            log.error("%s", trouble)
        self.trouble = trouble
        self._on_trouble(trouble)

    async def rows(self) -> list[tuple[str, Manifest]]:
        """All of them, the newest first."""
        return await asyncio.to_thread(self._rows)

    async def verify(self, name: str) -> Manifest:
        """Read all of it. Raises StoreError, which names a file that is not whole."""
        return await self._alone(lambda: verify(self._shelf.find(name)))

    async def stage(self, name: str) -> None:
        """Have the next start bring it back. Raises StoreError."""
        await self._alone(lambda: stage_backup(self._settings, name, self._clock.wall_s()))

    async def _alone(self, work: Callable[[], _Answer]) -> _Answer:
        async with self._one_at_a_time:
            return await asyncio.to_thread(work)

    def _make(self) -> tuple[str, Manifest]:
        source = Source(
            self._settings.state_dir / HISTORY,
            tuple(targets_of(self._settings).values()),
            __version__,
        )
        path = make_backup(self._shelf, source, self._record, self._clock.wall_s())
        self._shelf.tidy(self.settings.keep)
        return path.name, read_manifest(path)

    def _record(self) -> Record:
        """As it was saved in this second. Raises StoreError."""
        record = Tier(self._settings.runtime_dir, False, FileOps()).read().record
        if record is None:
            raise StoreError(f"there is no record in {self._settings.runtime_dir}")
        return record

    def _rows(self) -> list[tuple[str, Manifest]]:
        found = []
        for path in reversed(self._shelf.backups()):
            with suppress(StoreError):
                found.append((path.name, read_manifest(path)))
        return found

    def _first_due_s(self) -> float:
        """On the monotonic clock; a newest one of the future (the time was wrong) counts as now."""
        now_s, newest = self._clock.monotonic_s(), self._shelf.newest()
        if newest is None:
            return now_s + FIRST_AFTER_S
        age_s = max(0.0, self._clock.wall_s() - newest[1].made_wall_s)
        return now_s + max(FIRST_AFTER_S, self.settings.every_h * 3600 - age_s)


def stage_backup(settings: AgentSettings, name: str, now_wall_s: float) -> None:
    """Raises StoreError."""
    backup = shelf_of(settings).find(name)
    stage(backup, settings.state_dir, targets_of(settings), empty_history, now_wall_s)
