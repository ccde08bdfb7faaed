# SPDX-License-Identifier: Apache-2.0
"""Small files in which the kernel shows what its drivers measure."""

from __future__ import annotations

import os
from glob import glob
from pathlib import Path

from pdu_agent.model.errors import ChipNotFound, HardwareError

_MAX_BYTES = 256


def read_text(driver: str, path: Path) -> str:
    """What the file holds, without the end of its line.

    Raises ChipNotFound without that file, HardwareError when it cannot be read (the chip may be
    gone), with the OSError as its cause.
    """
    try:
        with path.open("rb") as file:
            return file.read(_MAX_BYTES).decode("ascii", "replace").strip()
    except FileNotFoundError as exc:
        raise ChipNotFound(driver, "read", f"there is no {path}") from exc
    except OSError as exc:
        raise HardwareError(driver, "read", f"{path}: {exc.strerror}") from exc


def read_integer(driver: str, path: Path) -> int:
    """Raises HardwareError as `read_text`, and for anything but a whole number."""
    text = read_text(driver, path)
    try:
        return int(text)
    except ValueError:
        raise HardwareError(driver, "read", f"{path} holds {text!r}, no number") from None


def write_integer(driver: str, path: Path, value: int) -> None:
    """Raises ChipNotFound without that file, HardwareError when it does not take the value."""
    try:
        file = os.open(path, os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC)  # never makes the file
        try:
            os.write(file, b"%d" % value)
        finally:
            os.close(file)
    except FileNotFoundError as exc:
        raise ChipNotFound(driver, "write", f"there is no {path}") from exc
    except OSError as exc:
        raise HardwareError(driver, "write", f"{path}: {exc.strerror}") from exc


def only_file(driver: str, pattern: str) -> Path:
    """The one file that fits a pattern with * ? []; a name without them is not looked for.

    Raises ChipNotFound when none or several fit.
    """
    if not any(character in pattern for character in "*?["):
        return Path(pattern)
    found = glob(pattern)
    if len(found) != 1:
        raise ChipNotFound(driver, "read", f"{len(found)} files fit {pattern}, not one")
    return Path(found[0])


def folder_of(driver: str, folder: Path, name: str) -> Path:
    """The one device in `folder` whose file `name` says so: numbers are dealt at each boot.

    Raises ChipNotFound, telling which names there are.
    """
    names = {device: _name(device) for device in sorted(folder.glob("*"))}
    found = [device for device, told in names.items() if told == name]
    if len(found) == 1:
        return found[0]
    if found:
        places = ", ".join(device.name for device in found)
        raise ChipNotFound(driver, "find", f"{places} are all called {name!r}, not one")
    known = ", ".join(sorted({told for told in names.values() if told})) or "nothing"
    raise ChipNotFound(driver, "find", f"no {name!r} in {folder}; it has {known}")


def _name(device: Path) -> str:
    try:
        return (device / "name").read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""
