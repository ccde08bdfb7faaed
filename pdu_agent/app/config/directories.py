# SPDX-License-Identifier: Apache-2.0
"""Where state lives when the configuration does not say, and whether it is safe there.

The state folder survives a power cut, the runtime folder only a restart of the agent.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from pdu_agent.model.errors import ConfigError


def default_state_dir(environ: Mapping[str, str], uid: int) -> Path:
    """systemd's choice, else the usual place of root or of a person (XDG base directories)."""
    if environ.get("STATE_DIRECTORY"):
        return Path(environ["STATE_DIRECTORY"].split(":")[0])
    if uid == 0:
        return Path("/var/lib/openpdu")
    if environ.get("XDG_STATE_HOME"):
        return Path(environ["XDG_STATE_HOME"]) / "openpdu"
    return Path(environ.get("HOME") or Path.home()) / ".local" / "state" / "openpdu"


def default_runtime_dir(environ: Mapping[str, str], uid: int) -> Path:
    """As `default_state_dir`; without any runtime folder, one of our own in /tmp."""
    if environ.get("RUNTIME_DIRECTORY"):
        return Path(environ["RUNTIME_DIRECTORY"].split(":")[0])
    if uid == 0:
        return Path("/run/openpdu")
    if environ.get("XDG_RUNTIME_DIR"):
        return Path(environ["XDG_RUNTIME_DIR"]) / "openpdu"
    return Path(f"/tmp/openpdu-{uid}")  # noqa: S108  prepare_directory verifies who owns it


def prepare_directory(path: Path) -> None:
    """Make the folder with mode 0700 where it is missing, and verify that it is ours alone.

    Raises ConfigError when it cannot be made or written, is a link or no folder, belongs to
    somebody else, or may be written by others: in /tmp anyone could have made it first.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = path.lstat()
    except OSError as exc:
        raise ConfigError(f"{path}: cannot be made or used: {exc.strerror}") from exc
    if not stat.S_ISDIR(found.st_mode):
        raise ConfigError(f"{path}: expected a folder of its own, not a link or a file")
    if found.st_uid != os.geteuid():
        raise ConfigError(
            f"{path}: belongs to uid {found.st_uid}, not to uid {os.geteuid()};"
            " remove it, or name another folder"
        )
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise ConfigError(f"{path}: others may write there; chmod 700 {path}")
    if not os.access(path, os.W_OK | os.X_OK):
        raise ConfigError(f"{path}: may not be written by this user")
