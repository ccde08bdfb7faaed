# SPDX-License-Identifier: Apache-2.0
"""A converter that the kernel's Industrial I/O reads into a buffer: its folder and its node.

Sources: the kernel's Documentation/ABI/testing/sysfs-bus-iio (scan_elements, buffer) and
"Industrial I/O buffers" of its driver API. The folder of /dev/iio:device0 is
/sys/bus/iio/devices/iio:device0; another root is a simulated one's.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

from pdu_agent.model.errors import BusTimeout, ChipNotFound, HardwareError, ReadbackMismatch

_NODES = "dev"
_FOLDERS = "sys/bus/iio/devices"
_ENABLE = "buffer/enable"
_MAX_TEXT = 128


class IioBuffer:
    """Opened by `open`, given back as it was found by `close`. All raise HardwareError."""

    def __init__(self, node: str, driver: str) -> None:
        self._node = Path(node)
        root = self._node.parent.parent
        self._folders = root / _FOLDERS
        self._folder = self._folders / self._node.name
        self._driver = driver
        self._fd: int | None = None
        self._found: dict[str, str] = {}

    def open(self, names: tuple[str, ...]) -> str:
        """Take the node, and return which of `names` the device has.

        Raises ChipNotFound for a device of another name, telling where one of them is; the
        kernel numbers devices anew at each boot.
        """
        name = self._name_of(self._folder)
        if name not in names:
            raise ChipNotFound(self._driver, f"open {self._node}", self._elsewhere(name, names))
        try:
            self._fd = os.open(self._node, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as exc:
            raise ChipNotFound(self._driver, f"open {self._node}", _advice(exc)) from exc
        return name

    def _name_of(self, folder: Path) -> str:
        try:
            return (folder / "name").read_text(encoding="utf-8").strip()
        except OSError:
            return ""

    def _elsewhere(self, name: str, names: tuple[str, ...]) -> str:
        what = f"it is {name!r}" if name else "there is none"
        for folder in sorted(self._folders.glob("iio:device*")):
            if self._name_of(folder) in names:
                return f"{what}; /dev/{folder.name} is {self._name_of(folder)}"
        return (
            f"{what}, nor is there any {names[-1]}: add its device tree overlay and load its module"
        )

    def has(self, file: str) -> bool:
        return (self._folder / file).exists()

    def get(self, file: str) -> str:
        try:
            with (self._folder / file).open("rb") as opened:
                return opened.read(_MAX_TEXT).decode("ascii", "replace").strip()
        except OSError as exc:
            raise HardwareError(self._driver, f"read {file}", _advice(exc)) from exc

    def set(self, file: str, value: str) -> None:
        """Write and read back; `close` writes what was there before the first time."""
        self._found.setdefault(file, self.get(file))
        self._put(file, value)
        found = self.get(file)
        if found != value:
            raise ReadbackMismatch(self._driver, f"write {file}", f"wrote {value}, reads {found}")

    def _put(self, file: str, value: str) -> None:
        try:
            (self._folder / file).write_text(value, encoding="ascii")
        except OSError as exc:
            raise HardwareError(self._driver, f"write {value} to {file}", _advice(exc)) from exc

    def read(self, length: int) -> bytes:
        """Up to `length` bytes without waiting; empty when there is nothing."""
        if self._fd is None:
            raise HardwareError(self._driver, "read", "not started")
        try:
            data = os.read(self._fd, length)
        except BlockingIOError:
            return b""
        except OSError as exc:
            kind = BusTimeout if exc.errno == errno.ETIMEDOUT else HardwareError
            raise kind(self._driver, "read samples", _advice(exc)) from exc
        if not data:
            raise ChipNotFound(self._driver, "read samples", f"{self._node} is gone")
        return data

    def close(self) -> None:
        """Stop the buffer, restore what was set and let the node go; never raises."""
        found, self._found = self._found, {}
        if _ENABLE in found:
            # First, since the others are refused while it runs; one found running is a leftover.
            found = {_ENABLE: "0", **found} | {_ENABLE: "0"}
        for file, value in found.items():
            try:
                self._put(file, value)
            except HardwareError:
                continue  # the device may be gone; what remains is still restored
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def _advice(exc: OSError) -> str:
    if exc.errno == errno.EBUSY:
        return "busy: another program reads this converter"
    if exc.errno in (errno.EACCES, errno.EPERM):
        return "no permission: give the files to group iio with a udev rule and join it"
    if exc.errno == errno.EINVAL:
        return "the kernel's driver does not take this"
    return exc.strerror or str(exc)
