# SPDX-License-Identifier: Apache-2.0
"""The configuration file of a running agent: read, judged, and replaced as a whole.

A new text is judged before anything is written. It then takes the file's place in one step, and
the text before stays beside it as NAME.previous.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import stat
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from pdu_agent.app.config.changes import needing_restart
from pdu_agent.app.config.load import check_file, load_settings
from pdu_agent.app.config.schema import AgentSettings
from pdu_agent.app.config.tree import Problem
from pdu_agent.app.reloading import Reloader
from pdu_agent.model.commands import Actor
from pdu_agent.model.configuration import (
    Applied,
    ChangedMeanwhile,
    Complaint,
    NotWritable,
    Rejected,
)
from pdu_agent.model.errors import ConfigError
from pdu_agent.store.files import FileOps

log = logging.getLogger(__name__)

PREVIOUS = ".previous"
_PATH = re.compile(r"([a-z_][a-z0-9_]*(?:\[\d+\]|\.[A-Za-z0-9_-]+)*): (.+)", re.DOTALL)
_HINT = re.compile(r"(.+?)[;:] ((?:expected|did you mean|known|there are)\b.+)", re.DOTALL)


class ConfigFile:
    """note: tells the audit log of a text that was saved."""

    def __init__(
        self,
        path: Path,
        environ: Mapping[str, str],
        reloader: Reloader,
        note: Callable[[str, Actor], None],
    ) -> None:
        self._path = path
        self._environ = environ
        self._reloader = reloader
        self._note = note
        self._files = FileOps()
        self._turn = asyncio.Lock()

    async def read(self) -> bytes:
        return await asyncio.to_thread(self._read, self._path)

    async def check(self, text: bytes) -> tuple[Complaint, ...]:
        problems = await asyncio.to_thread(check_file, self._path, self._environ, text)
        return tuple(map(complaint, problems))

    async def apply(self, text: bytes, before: bytes | None, actor: Actor) -> Applied:
        path = self._path
        async with self._turn:
            complaints = await self.check(text)
            if not all(each.is_warning for each in complaints):
                raise Rejected(complaints)
            settings = await asyncio.to_thread(load_settings, path, self._environ, text)
            present = await asyncio.to_thread(self._read, path)
            if before is not None and present != before:
                raise ChangedMeanwhile(f"{path.name} was changed in the meantime: read it again")
            await asyncio.to_thread(self._replace, path, text)
            self._note(f"save the configuration in {path.name}", actor)
            restart = self._restart(settings)
            if not restart:
                await self._put_in_force(path, present, actor)
            return Applied(complaints, restart)

    def _restart(self, settings: AgentSettings) -> tuple[str, ...]:
        return tuple(needing_restart(self._reloader.settings, settings))

    async def _put_in_force(self, path: Path, present: bytes, actor: Actor) -> None:
        try:
            await self._reloader.reload(actor)
        except ConfigError:
            await asyncio.to_thread(self._replace, path, present)
            raise

    def _read(self, path: Path) -> bytes:
        try:
            return self._files.read(path)
        except OSError as exc:
            raise ConfigError(f"{path.name} cannot be read: {exc.strerror}") from exc

    def _replace(self, path: Path, text: bytes) -> None:
        """Whatever happens, the file is there, with the one text or the other."""
        target = path.resolve()  # a link stays one
        fresh = target.with_name(f"{target.name}.new")
        kept = target.with_name(f"{target.name}{PREVIOUS}")
        try:
            mode = stat.S_IMODE(os.stat(target).st_mode)
            with suppress(FileNotFoundError):
                self._files.unlink(fresh)
            self._write(fresh, self._files.read(target), mode)
            self._files.rename(fresh, kept)
            self._write(fresh, text, mode)
            self._files.rename(fresh, target)
            self._files.sync_folder(target.parent)
        except OSError as exc:
            with suppress(OSError):
                self._files.unlink(fresh)
            raise NotWritable(f"{target.parent} takes no new file: {exc.strerror}") from exc

    def _write(self, path: Path, data: bytes, mode: int) -> None:
        file = self._files.create(path)
        try:
            os.fchmod(file, mode)
            while data:
                data = data[self._files.write(file, data) :]
            self._files.sync(file)
        finally:
            self._files.close(file)


def complaint(problem: Problem) -> Complaint:
    """Of one line of `openpdu check`: which setting, what is wrong, what was expected."""
    path, message, hint = "", problem.text, ""
    if match := _PATH.fullmatch(message):
        path, message = match.groups()
    if match := _HINT.fullmatch(message):
        message, hint = match.groups()
    place = problem.place
    name = Path(place.source).name
    return Complaint(name, place.line, place.column, path, message, hint, problem.warning)
