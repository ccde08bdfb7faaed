# SPDX-License-Identifier: Apache-2.0
"""GPIO chips of the kernel through libgpiod's Python package, whichever of its two APIs.

The package has one name and two incompatible APIs; only the second has `request_lines`.
"""

from __future__ import annotations

import contextlib
import errno
import grp
import importlib
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from pdu_agent.hw.gpio import Edge, GpioLines, LineSettings, LineState
from pdu_agent.model.errors import BusTimeout, ChipNotFound, HardwareError

DRIVER = "gpio"
NOT_INSTALLED = (
    "the Python package gpiod is not installed; install python3-libgpiod (Debian) or"
    " gpiod (PyPI, also as openpdu[hw])"
)


class _Backend(Protocol):
    """A chip by one of the two APIs; raises OSError where `GpioChip` raises HardwareError."""

    line_count: int

    def look(self, lines: Iterable[int]) -> dict[int, LineState]: ...

    def request(self, lines: Mapping[int, LineSettings], consumer: str) -> GpioLines: ...

    def close(self) -> None: ...


def open_gpio_chip(path: str) -> GpiodChip:
    """path: /dev/gpiochip0. Touches nothing; the first use opens the chip."""
    return GpiodChip(path)


class GpiodChip:
    """A `GpioChip`; opened by the first use, and anew after `close`.

    That use raises ChipNotFound when the package, the chip or the permission is missing.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._backend: _Backend | None = None

    @property
    def line_count(self) -> int:
        return self._opened().line_count

    def look(self, lines: Iterable[int]) -> dict[int, LineState]:
        wanted = self._existing(lines)
        with _told(f"look at {self._path}"):
            return self._opened().look(wanted)

    def request(self, lines: Mapping[int, LineSettings], consumer: str) -> GpioLines:
        wanted = self._existing(lines)
        operation = f"take lines {', '.join(map(str, wanted))} of {self._path}"
        try:
            with _told(operation):
                return _Lines(self._path, self._opened().request(lines, consumer))
        except HardwareError as exc:
            if getattr(exc.__cause__, "errno", None) != errno.EBUSY:
                raise
            raise ChipNotFound(DRIVER, operation, self._who_has(wanted)) from exc.__cause__

    def close(self) -> None:
        backend, self._backend = self._backend, None
        if backend is not None:
            with contextlib.suppress(OSError):
                backend.close()

    def _opened(self) -> _Backend:
        if self._backend is None:
            gpiod = _library()
            operation = f"open {self._path}"
            try:
                self._backend = _backend(gpiod, self._path)
            except OSError as exc:
                raise ChipNotFound(DRIVER, operation, _why_not_opened(self._path, exc)) from exc
        return self._backend

    def _existing(self, lines: Iterable[int]) -> list[int]:
        wanted = list(lines)
        for line in wanted:
            if not 0 <= line < self.line_count:
                raise ChipNotFound(
                    DRIVER,
                    f"find line {line} of {self._path}",
                    f"it has lines 0 to {self.line_count - 1}",
                )
        return wanted

    def _who_has(self, lines: list[int]) -> str:
        taken = {line: state.consumer for line, state in self.look(lines).items()}
        words = [f"line {line} is in use by {name!r}" for line, name in taken.items() if name]
        return "; ".join(words) or "a line is in use"


class _Lines:
    """`GpioLines` whose every failure is a HardwareError."""

    def __init__(self, path: str, lines: GpioLines) -> None:
        self._path = path
        self._lines: GpioLines | None = lines

    def read(self) -> dict[int, bool]:
        with self._held("read") as lines:
            return lines.read()

    def write(self, values: Mapping[int, bool]) -> None:
        with self._held("write") as lines:
            lines.write(values)

    def drive(self, initial: Mapping[int, bool]) -> None:
        with self._held("drive") as lines:
            lines.drive(initial)

    def wait_edges(self, timeout_s: float) -> list[Edge]:
        with self._held("wait for edges of") as lines:
            return lines.wait_edges(timeout_s)

    def close(self) -> None:
        lines, self._lines = self._lines, None
        if lines is not None:
            with contextlib.suppress(OSError):
                lines.close()

    @contextlib.contextmanager
    def _held(self, operation: str) -> Iterator[GpioLines]:
        operation = f"{operation} lines of {self._path}"
        if self._lines is None:
            raise BusTimeout(DRIVER, operation, "they were let go")
        with _told(operation):
            yield self._lines


def _library() -> Any:
    try:
        return importlib.import_module("gpiod")
    except ImportError as exc:
        raise ChipNotFound(DRIVER, "load gpiod", NOT_INSTALLED) from exc


def _backend(gpiod: Any, path: str) -> _Backend:
    # Loaded here so that an agent carries only the one that it needs.
    if hasattr(gpiod, "request_lines"):
        from pdu_agent.hw.gpiod_v2 import ChipV2

        return ChipV2(gpiod, path)
    from pdu_agent.hw.gpiod_v1 import ChipV1

    return ChipV1(gpiod, path)


@contextlib.contextmanager
def _told(operation: str) -> Iterator[None]:
    """OSError becomes the HardwareError that says what it means."""
    try:
        yield
    except OSError as exc:
        if exc.errno == errno.ENODEV:
            raise ChipNotFound(DRIVER, operation, "the chip is gone") from exc
        raise BusTimeout(DRIVER, operation, exc.strerror or str(exc)) from exc


def _why_not_opened(path: str, exc: OSError) -> str:
    if exc.errno == errno.ENOENT:
        return "no such chip; gpiodetect lists them"
    if exc.errno in (errno.EACCES, errno.EPERM):
        return f"permission denied; {_who_may(path)}"
    if exc.errno in (errno.ENOTTY, errno.ENODEV, errno.EINVAL):
        return "this is not a GPIO chip"
    return exc.strerror or str(exc)


def _who_may(path: str) -> str:
    """What lets an ordinary user in; gpio is Raspberry Pi OS's group for these nodes."""
    try:
        group = grp.getgrgid(os.stat(path).st_gid).gr_name
    except (OSError, KeyError):
        group = "root"
    if group == "root":
        return "give the node to group gpio with a udev or mdev rule and join that group"
    return f"add the agent's user to group {group}"
