# SPDX-License-Identifier: Apache-2.0
"""Where connections come from, and how many of them there is room for."""

from __future__ import annotations

import logging
import resource

log = logging.getLogger(__name__)

OWN_FILES = 192
"""What buses, files, SNMP and the NUT driver's sockets need at most, with a margin."""


def is_here(source: str) -> bool:
    """Is that a client on this machine, by its address, or (empty) on the Unix socket? A proxy
    for many others may be one.
    """
    return not source or source == "::1" or source.startswith(("127.", "::ffff:127."))


def room_for(connections: int, of_all: int) -> int:
    """How many of these connections, one door's part of all, there are file descriptors for
    besides the agent's own: at least one.

    The process's own limit is raised for them where the system allows.
    """
    wanted = OWN_FILES + of_all
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft >= wanted:
        return connections
    room = max(1, (soft - OWN_FILES) * connections // of_all)
    log.warning(
        "at most %d files may be open: %d HTTP connections, not %d", soft, room, connections
    )
    return room
