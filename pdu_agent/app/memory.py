# SPDX-License-Identifier: Apache-2.0
"""Fewer resident pages from the C library's allocator."""

from __future__ import annotations

import ctypes

# <malloc.h> of glibc
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8
_LARGE_OCTETS = 512 * 1024
_SPARE_OCTETS = 256 * 1024


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
    """Return what start-up has allocated and freed; otherwise it stays resident."""
    _call("malloc_trim", 0)


def _call(function: str, *arguments: int) -> None:
    """Other C libraries lack these functions, and need neither."""
    try:
        getattr(ctypes.CDLL(None), function)(*arguments)
    except (OSError, AttributeError):
        return
