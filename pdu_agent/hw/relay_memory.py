# SPDX-License-Identifier: Apache-2.0
"""What a relay board was last told, for boards that cannot say it themselves.

A board on USB has its supply from the port. The memory is bound to the device node of one
plugging-in, so that a board which was pulled, or a machine that was restarted, is found out:
then every relay is open, whatever was told before.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

log = logging.getLogger(__name__)

ANY_PLUG = "own supply"


class RelayMemory:
    """folder: survives a restart of the agent and not one of the machine; None: only this
    object remembers. name: of the board. States are None where a failure left them open.
    """

    def __init__(self, folder: Path | None, name: str, relay_count: int) -> None:
        self._file = None if folder is None else folder / f"relays-{quote(name, safe='')}.json"
        self._relay_count = relay_count
        self._plug, self._closed = self._load()

    def recall(self, plug: str) -> tuple[bool | None, ...] | None:
        """What the relays were told since this plugging-in; None when nothing was."""
        return tuple(self._closed) if self._plug == plug else None

    def begin(self, plug: str, closed: bool | None) -> None:
        """From now on all relays are `closed` (None: unknown)."""
        self._plug, self._closed = plug, [closed] * self._relay_count
        self._save()

    def note(self, closed: Mapping[int, bool | None]) -> None:
        for relay, state in closed.items():
            self._closed[relay] = state
        self._save()

    def forget(self) -> None:
        """The board lost its supply."""
        self._plug, self._closed = "", [None] * self._relay_count
        self._save()

    def _load(self) -> tuple[str, list[bool | None]]:
        nothing: tuple[str, list[bool | None]] = ("", [None] * self._relay_count)
        if self._file is None:
            return nothing
        try:
            found = json.loads(self._file.read_text(encoding="utf-8"))
            plug, closed = str(found["plug"]), list(found["closed"])
            makes_sense = len(closed) == self._relay_count and {*closed} <= {True, False, None}
        except (OSError, ValueError, KeyError, TypeError):
            return nothing
        return (plug, closed) if makes_sense else nothing

    def _save(self) -> None:
        """In one step; a folder that cannot be written costs the memory, not the switching."""
        if self._file is None:
            return
        fresh = self._file.with_suffix(".new")
        try:
            text = json.dumps({"plug": self._plug, "closed": self._closed})
            fresh.write_text(text, encoding="utf-8")
            fresh.replace(self._file)
        except OSError as exc:
            log.warning("%s: relay states are not kept: %s", self._file, exc)


def plug_of(path: str) -> str:
    """What tells one plugging-in of a device from the next: its node is made anew each time.

    Raises OSError where there is no node. Time stamps would not do: udev touches them.
    """
    node = os.stat(path)
    return f"{node.st_dev}:{node.st_ino}:{node.st_rdev}"
