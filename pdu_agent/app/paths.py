# SPDX-License-Identifier: Apache-2.0
"""Where things lie: the agent's socket, the running demo's, and the MIB files.

A socket below a folder that anyone may write, such as /tmp, is only believed when its folder
is our own: a stranger could otherwise listen there and answer in the agent's place.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pdu_agent.model.errors import OpenPduError

SOCKET_NAME = "api.sock"
SOCKET_VARIABLE = "OPENPDU_SOCKET"
SYSTEM_FOLDER = Path("/run/openpdu")  # only root can make it


@dataclass(frozen=True, slots=True)
class Candidate:
    """A place where an agent may listen; `private`: its folder must be ours alone."""

    path: Path
    private: bool


def temporary_folder(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("TMPDIR") or "/tmp")  # noqa: S108  what is below is verified


def memory_folder(environ: Mapping[str, str]) -> Path:
    """Where something may be written often: on a disk that trims a rename can take a second."""
    memory = Path("/dev/shm")  # noqa: S108  only folders of our own are made in it
    return memory if os.access(memory, os.W_OK) else temporary_folder(environ)


def demo_folder(environ: Mapping[str, str], uid: int) -> Path:
    """The folder in which the running demo of this user says where its socket is."""
    return temporary_folder(environ) / f"openpdu-demo-{uid}"


def socket_candidates(environ: Mapping[str, str], uid: int) -> tuple[Candidate, ...]:
    """Where an agent's socket is looked for, in this order.

    $OPENPDU_SOCKET stands alone: whoever names a socket does not want another one.
    """
    if environ.get(SOCKET_VARIABLE):
        return (Candidate(Path(environ[SOCKET_VARIABLE]), private=False),)
    folders = []
    if environ.get("XDG_RUNTIME_DIR"):
        folders.append(Path(environ["XDG_RUNTIME_DIR"]) / "openpdu")
    folders.append(Path(f"/tmp/openpdu-{uid}"))  # noqa: S108  its owner is verified
    folders.append(demo_folder(environ, uid))
    return (
        Candidate(SYSTEM_FOLDER / SOCKET_NAME, private=False),
        *(Candidate(folder / SOCKET_NAME, private=True) for folder in folders),
    )


def distrust(candidate: Candidate, uid: int) -> str:
    """Why not to speak to whoever listens there; empty when there is no reason."""
    if not candidate.private:
        return ""
    try:
        found = candidate.path.parent.lstat()
    except OSError:
        return ""  # nothing there: connecting will say so
    return _not_ours(found, uid)


def _not_ours(found: os.stat_result, uid: int) -> str:
    if not stat.S_ISDIR(found.st_mode):
        return "its folder is a link or a file"
    if found.st_uid != uid:
        return f"its folder belongs to uid {found.st_uid}"
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return "others may write in its folder"
    return ""


def config_folder(environ: Mapping[str, str], uid: int) -> Path:
    """Where `init` writes: /etc for root, a person's own folder otherwise (XDG)."""
    if uid == 0:
        return Path("/etc/openpdu")
    base = environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "openpdu"


def config_file(environ: Mapping[str, str], uid: int) -> Path:
    return config_folder(environ, uid) / "openpdu.yaml"


@contextmanager
def announced_demo_socket(socket: Path, environ: Mapping[str, str], uid: int) -> Iterator[Path]:
    """While this lasts, the CLI finds `socket` as the running demo's; the newest demo wins.

    Raises OpenPduError when the folder for it is not ours alone.
    """
    link = demo_folder(environ, uid) / SOCKET_NAME
    try:
        link.parent.mkdir(mode=0o700, exist_ok=True)
        reason = _not_ours(link.parent.lstat(), uid)
        if reason:
            raise OpenPduError(f"{link}: {reason}; remove {link.parent}")
        fresh = link.with_name(f".{os.getpid()}.new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(socket.absolute())
        fresh.rename(link)
    except OSError as exc:
        raise OpenPduError(f"{link}: {exc.strerror or exc}") from exc
    try:
        yield link
    finally:
        with suppress(OSError):
            if link.readlink() == socket.absolute():  # a newer demo's stays
                link.unlink()


def mib_folders() -> tuple[Path, Path]:
    """The stand-ins for standard modules, and our own MIB.

    Raises OpenPduError when the package does not run from a checkout.
    """
    mibs = Path(__file__).resolve().parents[2] / "mibs"
    if not (mibs / "base").is_dir():
        raise OpenPduError(f"{mibs}: no MIB files here; they come with a checkout of OpenPDU")
    return mibs / "base", mibs
