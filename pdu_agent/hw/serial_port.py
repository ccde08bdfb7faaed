# SPDX-License-Identifier: Apache-2.0
"""A serial line whose every failure is a HardwareError that says what to do about it."""

from __future__ import annotations

import contextlib
import errno
import grp
import os
import termios

import serial

from pdu_agent.model.errors import BusTimeout, ChipNotFound, HardwareError

READ_SLICE_S = 0.1
WRITE_TIMEOUT_S = 1.0


PARITIES = {
    "none": serial.PARITY_NONE,
    "even": serial.PARITY_EVEN,
    "odd": serial.PARITY_ODD,
}


class SerialPort:
    """Eight data bits without flow control, for one thread; open and close may alternate.

    parity: none, even or odd. stop_bits: 1 or 2. hangs_up: False leaves DTR as it is when the
    port is closed, for boards that take its fall and rise for a reset.

    All settings are given at opening and never touched again: a pseudo-terminal refuses
    some later changes, and changing them on a real line can lose bytes.
    """

    def __init__(
        self,
        driver: str,
        path: str,
        baud_rate: int,
        parity: str = "none",
        stop_bits: int = 1,
        *,
        hangs_up: bool = True,
    ) -> None:
        self.path = path
        self._hangs_up = hangs_up
        self._driver = driver
        self._baud_rate = baud_rate
        self._parity = parity
        self._stop_bits = stop_bits
        self._serial: serial.Serial | None = None

    def open(self) -> None:
        """Raises ChipNotFound where there is no usable port, BusTimeout where it is taken."""
        self.close()
        try:
            self._serial = serial.Serial(
                self.path,
                self._baud_rate,
                parity=PARITIES[self._parity],
                stopbits=self._stop_bits,
                timeout=READ_SLICE_S,
                write_timeout=WRITE_TIMEOUT_S,
                exclusive=True,
            )
            if not self._hangs_up:
                _stay_up(self._serial.fileno())
        except (OSError, termios.error) as exc:
            self.close()
            raise self._open_error(exc) from exc

    def read(self) -> bytes:
        """Whatever has arrived; waits up to READ_SLICE_S for the first byte."""
        line = self._line("read")
        try:
            first = line.read(1)
            return first + line.read(line.in_waiting) if first else b""
        except (OSError, termios.error) as exc:
            raise self._lost(f"read {self.path}", exc) from exc

    def write(self, data: bytes) -> None:
        """Send it all, within WRITE_TIMEOUT_S; nothing to send does nothing."""
        if not data:
            return
        line = self._line("write")
        try:
            line.write(data)
        except (OSError, termios.error) as exc:
            raise self._lost(f"write {self.path}", exc) from exc

    def interrupt(self) -> None:
        """A `read` that waits returns at once; the only thing that another thread may call."""
        line = self._serial
        if line is not None:
            with contextlib.suppress(OSError, TypeError):  # it is being closed right now
                line.cancel_read()

    def drop_input(self) -> None:
        """Forget what has arrived and was not read."""
        line = self._line("read")
        try:
            line.reset_input_buffer()
        except (OSError, termios.error) as exc:
            raise self._lost(f"read {self.path}", exc) from exc

    def close(self) -> None:
        """Safe to call at any time, also on a line that is gone."""
        if self._serial is not None:
            self._serial.close()
            self._serial = None

    def _line(self, operation: str) -> serial.Serial:
        if self._serial is None:
            raise BusTimeout(self._driver, f"{operation} {self.path}", "the port is not open")
        return self._serial

    def _lost(self, operation: str, exc: Exception) -> BusTimeout:
        number = _number(exc)
        text = os.strerror(number) if isinstance(number, int) else str(exc)
        is_told = "disconnected" in text  # by pyserial, of a read
        detail = text if is_told else f"{text}; was the adapter pulled?"
        return BusTimeout(self._driver, operation, detail)

    def _open_error(self, exc: Exception) -> HardwareError:
        number = _number(exc)
        operation = f"open {self.path}"
        if number in (errno.EAGAIN, errno.EBUSY):
            detail = "another program is using this port, or another entry of the file"
            return BusTimeout(self._driver, operation, detail)
        if number == errno.ENOENT:
            detail = "no such device; is the adapter plugged in, and the path right?"
        elif number in (errno.EACCES, errno.EPERM):
            detail = f"permission denied; {_who_may(self.path)}"
        elif number == errno.EINVAL and self._parity != "none":
            detail = (
                f"it cannot do {self._parity} parity, as the mini UART of a Raspberry Pi cannot;"
                " use its PL011 UART or a USB adapter"
            )
        else:
            detail = f"not a usable serial port ({exc})"
        return ChipNotFound(self._driver, operation, detail)


def _number(exc: Exception) -> object:
    """The errno, if it has one; termios.error carries it as its first argument only."""
    return getattr(exc, "errno", None) or (exc.args[0] if exc.args else None)


def _stay_up(line: int) -> None:
    """HUPCL off, as by `stty -hupcl` (termios(3)); the line keeps that after its close."""
    settings = termios.tcgetattr(line)
    settings[2] &= ~termios.HUPCL
    termios.tcsetattr(line, termios.TCSANOW, settings)


def _who_may(path: str) -> str:
    """What lets an ordinary user in; dialout is Debian's and Alpine's group for serial ports."""
    try:
        group = grp.getgrgid(os.stat(path).st_gid).gr_name
    except (OSError, KeyError):
        group = "root"
    if group == "root":
        return "give the node to group dialout with a udev or mdev rule and join that group"
    return f"add the agent's user to group {group}"
