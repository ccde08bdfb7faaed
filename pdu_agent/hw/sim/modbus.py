# SPDX-License-Identifier: Apache-2.0
"""Modbus units on a simulated line: bytes in, bytes out, and what goes wrong on the way.

Shares nothing with the driver: frames are taken apart and made here once more.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pdu_agent.hw.sim.terminal import SimTerminal

SERVICE_SLICE_S = 0.02
_ILLEGAL_FUNCTION, _ILLEGAL_ADDRESS, _ILLEGAL_VALUE = 1, 2, 3


class SimUnit(Protocol):
    """What answers at one address.

    read: the words that a function (3 or 4) finds, register -> content; what is not in it does
    not exist. write: takes a register's new content, and tells whether it may be written.
    """

    def read(self, function: int) -> Mapping[int, int]: ...

    def write(self, register: int, value: int) -> bool: ...


@dataclass
class LineFaults:
    """What goes wrong. Counts run down with each response that they spoil, the rest stays.

    silent: nobody answers. no_answers: responses that are not sent. bad_crcs, wrong_units,
    cuts: responses with a flipped bit, from another unit, or without their end. exceptions:
    responses that are exception `code`. echo: the adapter repeats what it was sent. late_s:
    how long the next response takes, once; later requests wait in the unit meanwhile.
    noise: bytes before each response.
    """

    silent: bool = False
    no_answers: int = 0
    bad_crcs: int = 0
    wrong_units: int = 0
    cuts: int = 0
    exceptions: int = 0
    code: int = 6
    echo: bool = False
    late_s: float = 0.0
    noise: bytes = b""

    def take(self, name: str) -> bool:
        """Whether this response is to be spoilt that way."""
        left: int = getattr(self, name)
        setattr(self, name, max(0, left - 1))
        return left > 0


class SimModbusLine:
    """The units of one RTU line; sleep(seconds) is what a late response waits with."""

    def __init__(
        self, units: Mapping[int, SimUnit], sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.units = dict(units)
        self.faults = LineFaults()
        self._sleep = sleep

    def answer(self, heard: bytes) -> tuple[bytes, bytes]:
        """(what is said, what is left of the bytes heard): every whole request is answered."""
        said = b""
        while (length := _request_length(heard)) and len(heard) >= length:
            request, heard = heard[:length], heard[length:]
            if self.faults.echo:
                said += request
            if _crc(request[:-2]) == request[-2:]:
                said += self._frame(request[0], request[1:-2])
        return said, heard

    def respond(self, unit: int, message: bytes) -> bytes | None:
        """The message that answers one; None when nobody does."""
        device = self.units.get(unit)
        if device is None or self.faults.silent or self.faults.take("no_answers"):
            return None
        if self.faults.late_s:
            late_s, self.faults.late_s = self.faults.late_s, 0.0
            self._sleep(late_s)
        if self.faults.take("exceptions"):
            return bytes([message[0] | 0x80, self.faults.code])
        return _served(device, message)

    def _frame(self, unit: int, message: bytes) -> bytes:
        answer = self.respond(unit, message)
        if answer is None:
            return b""
        unit ^= 0x05 if self.faults.take("wrong_units") else 0
        frame = bytes([unit]) + answer
        frame += _crc(frame)
        if self.faults.take("bad_crcs"):
            frame = frame[:3] + bytes([frame[3] ^ 0x10]) + frame[4:]
        if self.faults.take("cuts"):
            frame = frame[:-2]
        return self.faults.noise + frame


class SimModbusTerminal:
    """A SimModbusLine behind a serial adapter, served from a thread between plug and unplug."""

    def __init__(self, link: Path, line: SimModbusLine) -> None:
        self.line = line
        self.terminal = SimTerminal(link)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def plug(self) -> None:
        self.terminal.plug()
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, name="sim modbus", daemon=True)
        self._thread.start()

    def unplug(self) -> None:
        if self._thread is not None:
            self._stop.set()
            self._thread.join()
            self._thread = None
        self.terminal.unplug()

    def _run(self) -> None:
        heard = b""
        while not self._stop.is_set():
            data = self.terminal.hear(SERVICE_SLICE_S)
            said, heard = self.line.answer(heard + data) if data else (b"", b"")
            self.terminal.say(said)


class SimModbusTcp:
    """A SimModbusLine behind a TCP port of this host, for one connection at a time.

    rtu: a gateway that passes RTU frames on as they are, else Modbus TCP. port: 0 until `plug`,
    which keeps it over an `unplug`.
    """

    def __init__(self, line: SimModbusLine, *, rtu: bool = False) -> None:
        self.line = line
        self.port = 0
        self._rtu = rtu
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._listener: socket.socket | None = None

    def plug(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._listener.settimeout(SERVICE_SLICE_S)
        self.port = self._listener.getsockname()[1]
        self._stop.clear()
        self._thread = threading.Thread(
            target=self._run, args=(self._listener,), name="sim modbus tcp", daemon=True
        )
        self._thread.start()

    def unplug(self) -> None:
        if self._thread is not None and self._listener is not None:
            self._stop.set()
            self._thread.join()
            self._thread = None
            self._listener.close()

    def _run(self, listener: socket.socket) -> None:
        while not self._stop.is_set():
            with contextlib.suppress(TimeoutError):
                connection, _ = listener.accept()
                with connection, contextlib.suppress(ConnectionError):
                    self._serve(connection)

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(SERVICE_SLICE_S)
        heard = b""
        while not self._stop.is_set():
            try:
                data = connection.recv(1024)
            except TimeoutError:
                continue
            if not data:
                return
            heard += data
            said, heard = self.line.answer(heard) if self._rtu else self._answer(heard)
            connection.sendall(said)

    def _answer(self, heard: bytes) -> tuple[bytes, bytes]:
        said = b""
        while len(heard) >= 8:
            transaction, _, length, unit = struct.unpack_from(">HHHB", heard)
            message, heard = heard[7 : 6 + length], heard[6 + length :]
            answer = self.line.respond(unit, message)
            if answer is not None:
                head = struct.pack(">HHHB", transaction, 0, len(answer) + 1, unit)
                said += self.line.faults.noise + head + answer
        return said, heard


def _served(device: SimUnit, message: bytes) -> bytes:
    function = message[0]
    if function in (3, 4):
        first, count = struct.unpack(">HH", message[1:5])
        words = device.read(function)
        wanted = range(first, first + count)
        if any(register not in words for register in wanted):
            return _exception(function, _ILLEGAL_ADDRESS)
        data = b"".join(struct.pack(">H", words[register]) for register in wanted)
        return bytes([function, len(data)]) + data
    if function == 0x10:
        first, count = struct.unpack(">HH", message[1:5])
        values = struct.unpack(f">{count}H", message[6:])
        taken = [device.write(first + place, value) for place, value in enumerate(values)]
        return message[:5] if all(taken) else _exception(function, _ILLEGAL_VALUE)
    return _exception(function, _ILLEGAL_FUNCTION)


def _exception(function: int, code: int) -> bytes:
    return bytes([function | 0x80, code])


def _request_length(heard: bytes) -> int:
    """Of the request that begins there; 0 as long as that cannot be told."""
    if len(heard) < 8:
        return 0
    return 9 + heard[6] if heard[1] == 0x10 else 8


def _crc(data: bytes) -> bytes:
    """Bit by bit, as the standard's flow chart has it."""
    register = 0xFFFF
    for bit in (byte >> place & 1 for byte in data for place in range(8)):
        carry = register & 1 ^ bit
        register >>= 1
        if carry:
            register ^= 0xA001
    return struct.pack("<H", register)
