# SPDX-License-Identifier: Apache-2.0
"""Register files of simulated relay chips, which outlive the process as the chips do."""

from __future__ import annotations

import mmap
import os
from pathlib import Path


def map_registers(path: Path, reset_values: bytes) -> mmap.mmap:
    """The file as memory: a byte stored is there even if the next moment is SIGKILL.

    A file of the right size means the chip stayed powered; anything else is a power-on reset.
    """
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if os.fstat(file).st_size != len(reset_values):
            os.ftruncate(file, 0)
            os.write(file, reset_values)
        return mmap.mmap(file, len(reset_values))
    finally:
        os.close(file)
