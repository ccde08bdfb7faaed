# SPDX-License-Identifier: Apache-2.0
"""Fewer resident pages from the C library's allocator."""

from __future__ import annotations

import asyncio
import ctypes
from collections.abc import Awaitable, Callable

# <malloc.h> of glibc
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8
_LARGE_OCTETS = 512 * 1024
_SPARE_OCTETS = 256 * 1024
INTERVAL_S = 60.0


def allocate_sparingly() -> None:
    """Share one arena, and give back at once what was large; call it before threads start.

    glibc gives each thread an arena of its own so that threads need not wait for each other.
    Ours hold the interpreter's lock when they allocate: they never do.

    Once 16 MiB for a password have been freed, glibc would take all that is smaller from the
    heap, and keep twice as much of it. A threshold that is set stays.
    """
    _call("mallopt", _M_ARENA_MAX, 1)
    _call("mallopt", _M_MMAP_THRESHOLD, _LARGE_OCTETS)
    _call("mallopt", _M_TRIM_THRESHOLD, _SPARE_OCTETS)


def give_back_free_pages() -> None:
    """Return what was allocated and freed; amid what is in use it stays resident otherwise."""
    _call("malloc_trim", 0)


async def keep_giving_back(sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
    """Each minute, until cancelled: what templates, exports and the like have left.

    It takes less than a millisecond. sleep: asyncio.sleep, but in tests.
    """
    while True:
        await sleep(INTERVAL_S)
        give_back_free_pages()


def _call(function: str, *arguments: int) -> None:
    """Other C libraries lack these functions, and need neither."""
    try:
        getattr(ctypes.CDLL(None), function)(*arguments)
    except (OSError, AttributeError):
        return
