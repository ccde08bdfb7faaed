# SPDX-License-Identifier: Apache-2.0
"""Who is to run the agent, and what that user may do: not always who runs the doctor."""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

SERVICE_USER = "openpdu"  # of the shipped unit and OpenRC script


@dataclass(frozen=True, slots=True)
class User:
    """may_use(path): can this user read and write it. may_give_to(group): can it make the group
    with this number that of a file of its own.
    """

    name: str
    uid: int
    may_use: Callable[[Path], bool]
    may_give_to: Callable[[int], bool]


def this_user() -> User:
    uid = os.geteuid()
    name = str(uid)
    with suppress(KeyError):
        name = pwd.getpwuid(uid).pw_name
    groups = frozenset((*os.getgroups(), os.getegid()))
    may_use = partial(os.access, mode=os.R_OK | os.W_OK, effective_ids=True)
    return User(name, uid, may_use, lambda group: uid == 0 or group in groups)


def named_user(name: str, groups: frozenset[int] | None = None) -> User:
    """Judged by modes and groups, those of a new login unless they are given; access lists are not
    looked at. Raises KeyError.
    """
    found = pwd.getpwnam(name)
    if groups is None:
        groups = frozenset(os.getgrouplist(name, found.pw_gid))
    return User(
        name,
        found.pw_uid,
        lambda path: _may(path, found.pw_uid, groups),
        lambda group: found.pw_uid == 0 or group in groups,
    )


def usual_user(agent: int | None) -> User:
    """Who runs the agent (a process) now, with the groups that it was started with; where none
    runs the service's own user, if root asks and there is one, else who asks.
    """
    with suppress(OSError, KeyError):
        if agent is not None:
            status = Path(f"/proc/{agent}/status").read_text(encoding="utf-8", errors="replace")
            name = pwd.getpwuid(os.stat(f"/proc/{agent}").st_uid).pw_name
            return named_user(name, process_groups(status))
    with suppress(KeyError):
        if os.geteuid() == 0:
            return named_user(SERVICE_USER)
    return this_user()


def process_groups(status: str) -> frozenset[int]:
    """The effective group and the others of a process; proc_pid_status(5)."""
    fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    effective = fields["Gid"].split()[1]
    return frozenset(map(int, (effective, *fields["Groups"].split())))


def _may(path: Path, uid: int, groups: frozenset[int]) -> bool:
    """Read and write the path, and search every folder above it."""
    if uid == 0:
        return True
    try:
        folders = path.resolve(strict=True).parents
        return _has_bits(path, 0o6, uid, groups) and all(
            _has_bits(folder, 0o1, uid, groups) for folder in folders
        )
    except OSError:
        return False


def _has_bits(path: Path, bits: int, uid: int, groups: frozenset[int]) -> bool:
    """bits: of one class, 4 to read, 2 to write, 1 to search; inode(7)."""
    found = path.stat()
    if found.st_uid == uid:
        shift = 6
    elif found.st_gid in groups:
        shift = 3
    else:
        shift = 0
    return stat.S_IMODE(found.st_mode) >> shift & bits == bits
