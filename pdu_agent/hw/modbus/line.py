# SPDX-License-Identifier: Apache-2.0
"""One line with several meters on it: who may talk, and the silence between two frames.

Each meter is read by a thread of its own, but a port has one owner in a process: the line of
that port, which all its meters share. One request and its response are a turn; turns are given
in the order in which they were asked for, so that a silent meter delays each of the others by
one timeout at a time and starves nobody.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

from pdu_agent.hw.modbus.messages import Framing, Request, RtuFraming, TcpFraming
from pdu_agent.hw.serial_port import READ_SLICE_S, SerialPort
from pdu_agent.hw.tcp_port import TcpPort
from pdu_agent.model.errors import BusTimeout, ConfigError, HardwareError

DRIVER = "modbus"
TCP, RTU_OVER_TCP = "tcp", "rtu-tcp"
TCP_PORT = 502
MAX_RECEIVED_BYTES = 4096
"""More than this in one turn is a device that babbles."""


class Port(Protocol):
    """A SerialPort or a TcpPort."""

    path: str

    def open(self) -> None: ...

    def read(self) -> bytes: ...

    def write(self, data: bytes) -> None: ...

    def drop_input(self) -> None: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class LineSettings:
    """How characters travel on a serial line; of no matter over TCP.

    baud_rate: bits per second. parity: none, even, odd. stop_bits: 1 or 2.
    """

    baud_rate: int = 9600
    parity: str = "none"
    stop_bits: int = 1

    @property
    def character_s(self) -> float:
        bits = 1 + 8 + (self.parity != "none") + self.stop_bits
        return bits / self.baud_rate

    def __str__(self) -> str:
        return f"{self.baud_rate} 8{self.parity[0].upper()}{self.stop_bits}"


class Line:
    """A port and its users. Every method may be called from any thread."""

    def __init__(self, port: Port, framing: Framing) -> None:
        self.path = port.path
        self.framing = framing
        self._port = port
        self._turns = _Turns()
        self._users: set[object] = set()
        self._is_open = False
        self._quiet_since_s = 0.0

    def open(self, user: object) -> None:
        """Use the line until `close`; the first user opens the port.

        Raises ChipNotFound or BusTimeout, saying what to do.
        """
        with self._turns.turn():
            if not self._is_open:
                self._port.open()
                self._is_open = True
            self._users.add(user)

    def close(self, user: object) -> None:
        """The last user closes the port; safe to call at any time."""
        with self._turns.turn():
            self._users.discard(user)
            if not self._users:
                self._shut()

    def exchange(self, unit: int, request: Request, timeout_s: float) -> bytes | None:
        """One turn: the response's message, or None when no valid one came within timeout_s
        and the time that both need on the line.

        Raises BusTimeout when the port fails; it is closed then, and opened by the next
        `open`.
        """
        with self._turns.turn(), self._failing_shut():
            self._port.drop_input()
            self._keep_silence()
            sent = self.framing.frame(unit, request.message)
            self._port.write(sent)
            characters = 2 * len(sent) - len(request.message) + request.response_bytes
            patience_s = timeout_s + characters * self.framing.character_s
            return self._response(sent, unit, request, patience_s)

    def listen(self, seconds: float) -> bytes:
        """What comes within that time though nobody asked."""
        with self._turns.turn(), self._failing_shut():
            return b"".join(self._heard(seconds))

    def _response(self, sent: bytes, unit: int, request: Request, timeout_s: float) -> bytes | None:
        received = b""
        for data in self._heard(timeout_s):
            received = (received + data)[-MAX_RECEIVED_BYTES:]
            message = self.framing.response(received, sent, unit, request)
            if message is not None:
                return message
        return None

    def _heard(self, seconds: float) -> Iterator[bytes]:
        """In real time: this is waiting for bytes, nothing else."""
        deadline_s = time.monotonic() + seconds
        while True:
            data = self._port.read()
            if data:
                self._quiet_since_s = time.monotonic()
                yield data
            if time.monotonic() + READ_SLICE_S / 2 > deadline_s:
                return

    def _keep_silence(self) -> None:
        wait_s = self._quiet_since_s + self.framing.silence_s - time.monotonic()
        if wait_s > 0:
            time.sleep(wait_s)

    @contextmanager
    def _failing_shut(self) -> Iterator[None]:
        if not self._is_open:
            raise BusTimeout(DRIVER, f"use {self.path}", "the line is not open")
        try:
            yield
        except HardwareError:
            self._shut()
            raise

    def _shut(self) -> None:
        self._is_open = False
        self._port.close()


class _Turns:
    """A lock that is given in the order in which it was asked for."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._next_ticket = 0
        self._serving = 0

    @contextmanager
    def turn(self) -> Iterator[None]:
        with self._changed:
            ticket = self._next_ticket
            self._next_ticket += 1
            self._changed.wait_for(lambda: self._serving == ticket)
        try:
            yield
        finally:
            with self._changed:
                self._serving += 1
                self._changed.notify_all()


def place_name(place: str) -> str:
    """One spelling for all that mean the same. Raises ConfigError as parse_place does."""
    scheme, host, port = parse_place(place)
    if not scheme:
        return place
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


_lines: WeakValueDictionary[tuple[str, LineSettings], Line] = WeakValueDictionary()
_lines_lock = threading.Lock()


def shared_line(place: str, settings: LineSettings) -> Line:
    """The line at `place`: a serial device, tcp://host:port, or rtu-tcp://host:port.

    The same one for everybody who asks while it is in use. Raises ConfigError for a place
    that is none.
    """
    if "://" in place:
        settings = LineSettings()  # whatever the map says: there is no line to set
    name = place_name(place)
    with _lines_lock:
        line = _lines.get((name, settings))
        if line is None:
            line = _lines[name, settings] = _new_line(place, settings)
        return line


def parse_place(place: str) -> tuple[str, str, int]:
    """(scheme, host, port); scheme "" and port 0 for a serial device, host is its path then.

    Raises ConfigError.
    """
    if "://" not in place:
        return "", place, 0
    try:
        parts = urlsplit(place)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    rest = f"{parts.path}{parts.query}{parts.fragment}" if host else ""
    if host is None or rest or parts.scheme not in (TCP, RTU_OVER_TCP):
        raise ConfigError(
            f"port: {place!r}; expected a serial device, tcp://host:502 or rtu-tcp://host:port"
        )
    return parts.scheme, host, TCP_PORT if port is None else port


def _new_line(place: str, settings: LineSettings) -> Line:
    scheme, host, port = parse_place(place)
    if scheme == TCP:
        return Line(TcpPort(DRIVER, host, port), TcpFraming())
    if scheme == RTU_OVER_TCP:
        return Line(TcpPort(DRIVER, host, port), RtuFraming(0.0))
    serial_port = SerialPort(DRIVER, host, settings.baud_rate, settings.parity, settings.stop_bits)
    return Line(serial_port, RtuFraming(settings.character_s))
