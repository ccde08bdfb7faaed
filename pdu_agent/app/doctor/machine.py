# SPDX-License-Identifier: Apache-2.0
"""The board as files show it: /dev, /sys, /proc, below a root that a test may choose."""

from __future__ import annotations

import grp
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

_MAX_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Machine:
    """may_use(path): can this user read and write it; asked of the kernel by default."""

    root: Path = Path("/")
    may_use: Callable[[Path], bool] = field(default=lambda path: os.access(path, os.R_OK | os.W_OK))

    def at(self, path: str) -> Path:
        """Where `path`, which is absolute, lies."""
        return self.root / path.lstrip("/")

    def exists(self, path: str) -> bool:
        return self.at(path).exists()

    def text(self, path: str) -> str:
        """What the file holds, without blanks around it; "" when it cannot be read."""
        with suppress(OSError), self.at(path).open("rb") as file:
            return file.read(_MAX_BYTES).decode("utf-8", "replace").strip("\0 \n")
        return ""

    def found(self, pattern: str) -> list[str]:
        """Absolute paths that fit, sorted. pattern: as of glob, absolute."""
        return sorted(
            "/" + str(path.relative_to(self.root)) for path in self.root.glob(pattern.lstrip("/"))
        )

    def group_of(self, path: str) -> str:
        """The group that a node belongs to, "root" when it has no other."""
        with suppress(OSError, KeyError):
            return grp.getgrgid(self.at(path).stat().st_gid).gr_name
        return "root"

    def holders(self, path: str) -> Iterator[str]:
        """Who has the file open, "name (pid)", as far as this user may see that."""
        target = self.at(path).resolve()
        for link in self.at("/proc").glob("[0-9]*/fd/*"):
            with suppress(OSError):
                if link.resolve() == target:
                    process = link.parents[1]
                    name = self.text(f"/proc/{process.name}/comm")
                    yield f"{name or 'process'} ({process.name})"

    @property
    def model(self) -> str:
        """Such as "Raspberry Pi 4 Model B Rev 1.4"; "" on a PC."""
        return self.text("/proc/device-tree/model")

    @property
    def is_raspberry_pi(self) -> bool:
        return self.model.startswith("Raspberry Pi")
