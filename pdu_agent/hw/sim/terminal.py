# SPDX-License-Identifier: Apache-2.0
"""A pseudo-terminal behind a link, as udev makes one for a serial adapter: to pull and plug."""

from __future__ import annotations

import contextlib
import os
import select
import termios
import tty
from collections.abc import Callable
from pathlib import Path

HEAR_BYTES = 4096
PAIRS = 64
_INPUT_SPEED, _OUTPUT_SPEED = 4, 5  # places in what termios.tcgetattr returns


class SimTerminal:
    """The device's end of a serial line. Bytes that nobody reads are dropped, as on a real one.

    link: the path to open. Each `plug` makes a new pseudo-terminal behind it.
    """

    def __init__(self, link: Path) -> None:
        self.link = link
        self._ends: tuple[int, int] | None = None
        self._stalled: Callable[[], bool] = lambda: False
        self._unsaid = b""

    def stall(self, lasts: Callable[[], bool]) -> None:
        """Nothing gets through as long as lasts() is true; then all of it does."""
        self._stalled = lasts

    @property
    def number(self) -> int | None:
        """Of the pseudo-terminal; None while it is pulled."""
        return None if self._ends is None else _number(self._ends[0])

    def plug(self, number: int | None = None) -> None:
        """number: take that pseudo-terminal again if nobody has it.

        The host's end stays open here too: reading the device's end of a terminal that
        nobody has open is an error.
        """
        device_end, host_end = _pair(number)
        tty.setraw(host_end)
        os.set_blocking(device_end, False)
        self._ends = (host_end, device_end)
        fresh = self.link.with_name(self.link.name + ".new")
        fresh.symlink_to(os.ttyname(host_end))
        fresh.replace(self.link)

    def unplug(self) -> None:
        """The device and its link vanish; whoever reads it gets an error."""
        if self._ends is None:
            return
        self.link.unlink(missing_ok=True)
        for end in self._ends:
            os.close(end)
        self._ends = None
        self._unsaid = b""

    def hear(self, wait_s: float = 0.0) -> bytes:
        """What the host has sent, waiting up to wait_s for it."""
        if self._ends is None:
            return b""
        if self._stalled():
            select.select([], [], [], wait_s)
            return b""
        self.say(b"")
        host_end, device_end = self._ends
        ready, _, _ = select.select([device_end], [], [], wait_s)
        _forget_speed(host_end)
        return os.read(device_end, HEAR_BYTES) if ready else b""

    def say(self, data: bytes) -> None:
        if self._ends is None:
            return
        self._unsaid += data
        if self._stalled() or not self._unsaid:
            return
        host_end, device_end = self._ends
        with contextlib.suppress(BlockingIOError):
            os.write(device_end, self._unsaid)
        self._unsaid = b""
        _forget_speed(host_end)


def _pair(number: int | None) -> tuple[int, int]:
    """Device's and host's end. The system gives the lowest number that is free."""
    passed_over: list[tuple[int, int]] = []
    pair = os.openpty()
    while number is not None and _number(pair[1]) < number and len(passed_over) < PAIRS:
        passed_over.append(pair)
        pair = os.openpty()
    for ends in passed_over:
        for end in ends:
            os.close(end)
    return pair


def _number(host_end: int) -> int:
    return int(os.ttyname(host_end).rpartition("/")[2])


def _forget_speed(host_end: int) -> None:
    """Back to a speed that no meter has. A pseudo-terminal drops the parity that it is given,
    and the C library then refuses settings which change nothing but that.
    """
    settings = termios.tcgetattr(host_end)
    settings[_INPUT_SPEED] = settings[_OUTPUT_SPEED] = termios.B50
    termios.tcsetattr(host_end, termios.TCSANOW, settings)
