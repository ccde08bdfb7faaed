# SPDX-License-Identifier: Apache-2.0
"""Bytes in, packets out: the 65-byte packet of the ECM-1240 and its resynchronisation.

The layout is that of the public packet definitions for this meter (packet id 0x03):

    off  size
      0  2      FE FF
      2  1      packet id 03
      3  2 BE   voltage, 0.1 V
      5  5 LE   absolute watt-seconds of CH1, CH2
     15  5 LE   polarized watt-seconds of CH1, CH2
     25  4      reserved
     29  2 LE   serial number
     31  1      low three bits: reset counter; the rest tells polarity
     32  1      unit id
     33  2 LE   current of CH1, CH2, 0.01 A
     37  3 LE   seconds counter
     40  4 LE   watt-seconds of AUX1 to AUX5
     60  2 LE   DC input, raw
     62  2      FF FE
     64  1      sum of bytes 0 to 63, modulo 256
"""

from __future__ import annotations

from dataclasses import dataclass

HEADER = b"\xfe\xff\x03"
FOOTER = b"\xff\xfe"
PACKET_LENGTH = 65
MAIN_CHANNELS = 2
AUX_CHANNELS = 5

_RESET_COUNTER_BITS = 0x07


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet, in the meter's own counts.

    absolute_ws counts energy in both directions, polarized_ws the part in one of them; both
    are 40 bits wide, aux_ws 32 bits, seconds 24 bits, and all of them wrap. current_a is
    known for CH1 and CH2 only. reset_counter is 0 to 7.
    """

    voltage_v: float
    absolute_ws: tuple[int, ...]
    polarized_ws: tuple[int, ...]
    serial_number: int
    flag: int
    unit_id: int
    current_a: tuple[float, ...]
    seconds: int
    aux_ws: tuple[int, ...]
    dc_voltage_raw: int

    @property
    def reset_counter(self) -> int:
        return self.flag & _RESET_COUNTER_BITS


def _little_endian(frame: bytes, start: int, width: int, count: int) -> tuple[int, ...]:
    """`count` unsigned integers of `width` bytes, one after the other from `start`."""
    return tuple(
        int.from_bytes(frame[at : at + width], "little")
        for at in range(start, start + width * count, width)
    )


def parse(frame: bytes) -> Packet | None:
    """The packet in these 65 bytes, or None where header, footer or checksum is wrong."""
    if len(frame) != PACKET_LENGTH or not frame.startswith(HEADER) or frame[62:64] != FOOTER:
        return None
    if sum(frame[:64]) & 0xFF != frame[64]:
        return None
    return Packet(
        voltage_v=int.from_bytes(frame[3:5], "big") / 10,
        absolute_ws=_little_endian(frame, 5, 5, MAIN_CHANNELS),
        polarized_ws=_little_endian(frame, 15, 5, MAIN_CHANNELS),
        serial_number=int.from_bytes(frame[29:31], "little"),
        flag=frame[31],
        unit_id=frame[32],
        current_a=tuple(raw / 100 for raw in _little_endian(frame, 33, 2, MAIN_CHANNELS)),
        seconds=int.from_bytes(frame[37:40], "little"),
        aux_ws=_little_endian(frame, 40, 4, AUX_CHANNELS),
        dc_voltage_raw=int.from_bytes(frame[60:62], "little"),
    )


class PacketDecoder:
    """Finds packets in a stream that may be cut anywhere and hold anything.

    Between two calls it keeps at most 64 bytes. skipped_bytes counts what belonged to no
    packet: noise, a corrupt packet, the acknowledgements of the polled mode. spoilt counts what
    began as a packet and was none, by its footer or checksum.
    """

    def __init__(self) -> None:
        self._pending = b""
        self.skipped_bytes = 0
        self.spoilt = 0

    @property
    def pending_bytes(self) -> int:
        """How much of an unfinished packet is waiting for its rest."""
        return len(self._pending)

    def receive(self, data: bytes) -> list[Packet]:
        """Take the next bytes of the stream; returns the packets they complete, in order."""
        stream = self._pending + data
        packets: list[Packet] = []
        at = _next_start(stream, 0)
        while len(stream) - at >= PACKET_LENGTH:
            packet = parse(stream[at : at + PACKET_LENGTH])
            if packet is None:
                # One byte only: a counter may hold the header's bytes, so the true header
                # can lie inside what looked like a packet.
                self.spoilt += 1
                at = _next_start(stream, at + 1)
            else:
                packets.append(packet)
                at = _next_start(stream, at + PACKET_LENGTH)
        self._pending = stream[at:]
        self.skipped_bytes += at - len(packets) * PACKET_LENGTH
        return packets

    def drop_partial(self) -> None:
        """Forget an unfinished packet: the line was silent for too long for it to go on."""
        self.skipped_bytes += len(self._pending)
        self._pending = b""


def _next_start(stream: bytes, at: int) -> int:
    """Where the next header begins, or may begin when it is cut off by the stream's end."""
    found = stream.find(HEADER, at)
    if found >= 0:
        return found
    for length in range(len(HEADER) - 1, 0, -1):
        if len(stream) - length >= at and stream.endswith(HEADER[:length]):
            return len(stream) - length
    return len(stream)
