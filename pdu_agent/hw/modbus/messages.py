# SPDX-License-Identifier: Apache-2.0
"""Modbus requests and responses, and how they travel on a serial line and over TCP. No I/O.

Facts from the MODBUS Application Protocol Specification V1.1b3, MODBUS over Serial Line V1.02
and MODBUS Messaging on TCP/IP V1.0b. A message is a function code and its data; numbers in it
go high byte first.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Protocol

READ_HOLDING = 0x03
READ_INPUT = 0x04
WRITE_MULTIPLE = 0x10
EXCEPTION_FLAG = 0x80
MAX_WORDS = 125
"""Most that one read may ask for."""
LAST_REGISTER = 0xFFFF
CRC_BYTES = 2
_TCP_HEADER = struct.Struct(">HHHB")  # transaction, protocol 0, length of the rest, unit

EXCEPTIONS = {
    1: "it does not know that function",
    2: "it has no such register",
    3: "it does not take that value",
    4: "it failed",
    5: "it needs more time",
    6: "it is busy",
    8: "its memory failed",
    10: "the gateway has no way to it",
    11: "the gateway had no answer from it",
}
PASSING_EXCEPTIONS = frozenset({5, 6, 11})
"""Those that another attempt may be spared."""


@dataclass(frozen=True, slots=True)
class Request:
    """message: function code and data. response_bytes: how long the response's message is."""

    message: bytes
    response_bytes: int

    @property
    def function(self) -> int:
        return self.message[0]

    def is_answered_by(self, response: bytes) -> bool:
        """Whether what this message of the right length says of itself fits too."""
        if response[0] != self.function:
            return True  # an exception
        if self.function == WRITE_MULTIPLE:
            return response == self.message[: self.response_bytes]  # where, and how many
        return response[1] == self.response_bytes - 2


def read_request(function: int, register: int, words: int) -> Request:
    """words: 1 to MAX_WORDS."""
    return Request(struct.pack(">BHH", function, register, words), 2 + 2 * words)


def write_request(register: int, values: tuple[int, ...]) -> Request:
    """Set consecutive registers (function 16); each value 0 to 65535."""
    count = len(values)
    data = struct.pack(f">{count}H", *values)
    return Request(struct.pack(">BHHB", WRITE_MULTIPLE, register, count, 2 * count) + data, 5)


def words_read(response: bytes) -> tuple[int, ...]:
    """The registers in the response to a read."""
    data = response[2:]
    return struct.unpack(f">{len(data) // 2}H", data)


def crc16(data: bytes) -> int:
    """CRC-16 with the polynomial 0xA001 (reflected), initial value 0xFFFF."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc


class Framing(Protocol):
    """How messages are told apart on the way."""

    character_s: float
    """How long one character takes on the line; 0 over TCP."""
    silence_s: float
    """Quiet time that a frame needs before it."""
    knows_its_answers: bool
    """Whether a late response cannot be taken for that to another request."""

    def frame(self, unit: int, message: bytes) -> bytes: ...

    def response(self, received: bytes, sent: bytes, unit: int, request: Request) -> bytes | None:
        """The response's message (or an exception) in what was received since `sent`; None
        as long as it is not there.
        """
        ...


class RtuFraming:
    """Unit, message, CRC (low byte first); frames are parted by 3.5 characters of silence.

    Other units' responses, noise around a frame and an adapter's echo of what was sent are
    passed over: what counts is a frame of the expected shape with the right CRC.
    """

    knows_its_answers = False

    def __init__(self, character_s: float) -> None:
        """character_s: how long one character takes on the line, 0 where there is none."""
        # Above 19200 baud the standard asks for a fixed 1.75 ms.
        self.silence_s = max(3.5 * character_s, 0.00175) if character_s else 0.0
        self.character_s = character_s

    def frame(self, unit: int, message: bytes) -> bytes:
        body = bytes([unit]) + message
        return body + crc16(body).to_bytes(CRC_BYTES, "little")

    def response(self, received: bytes, sent: bytes, unit: int, request: Request) -> bytes | None:
        data = received.removeprefix(sent)
        for start in range(len(data)):
            if data[start] != unit or start + 1 == len(data):
                continue
            length = _response_bytes(data[start + 1], request)
            end = start + 1 + length + CRC_BYTES
            body = data[start : end - CRC_BYTES]
            if (
                length
                and crc16(body).to_bytes(CRC_BYTES, "little") == data[end - CRC_BYTES : end]
                and request.is_answered_by(body[1:])
            ):
                return body[1:]
        return None


class TcpFraming:
    """A header with a transaction number, by which a late response is known as such."""

    character_s = 0.0
    silence_s = 0.0
    knows_its_answers = True

    def __init__(self) -> None:
        self._transaction = 0

    def frame(self, unit: int, message: bytes) -> bytes:
        self._transaction = (self._transaction + 1) & 0xFFFF
        return _TCP_HEADER.pack(self._transaction, 0, len(message) + 1, unit) + message

    def response(self, received: bytes, sent: bytes, unit: int, request: Request) -> bytes | None:
        while len(received) >= _TCP_HEADER.size:
            transaction, protocol, length, from_unit = _TCP_HEADER.unpack_from(received)
            message = received[_TCP_HEADER.size : _TCP_HEADER.size + length - 1]
            if protocol != 0 or length < 3:
                return None  # not Modbus; nothing after it can be trusted
            wanted = sent[:2] == transaction.to_bytes(2, "big") and from_unit == unit
            if wanted and message and len(message) == length - 1:
                fits = _response_bytes(message[0], request) == len(message)
                return message if fits and request.is_answered_by(message) else None
            received = received[_TCP_HEADER.size + length - 1 :]
        return None


def _response_bytes(function: int, request: Request) -> int:
    """Length of the message that begins with this code; 0 for one that answers nothing."""
    if function == request.function:
        return request.response_bytes
    return 2 if function == request.function | EXCEPTION_FLAG else 0
