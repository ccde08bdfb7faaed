# SPDX-License-Identifier: Apache-2.0
"""An ECM-1240 on the other side of a pseudo-terminal: counters, packets, dialogue, faults.

It lays its packets out by itself and shares nothing with the driver, so that a wrong offset
there cannot hide. Layout and dialogue: see hw/ecm1240/packet.py and polling.py.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pdu_agent.hw.sim.terminal import SimTerminal
from pdu_agent.model.clock import Clock

CHANNELS = ("ch1", "ch2", "aux1", "aux2", "aux3", "aux4", "aux5")
MAINS = CHANNELS[:2]
RESERVED = bytes.fromhex("b2010500")  # what the recorded meter sends there
POLARITY_BITS = 0x98
DC_RAW = 511
SERVICE_SLICE_S = 0.02


@dataclass
class MeterState:
    """The meter's inside: loads in, counters up, 65 bytes out.

    loads_w: signed for "ch1" and "ch2" (negative counts as polarized, the exporting
    direction), magnitude for "aux1" to "aux5". Counters are kept in exact millijoules and
    milliseconds without bound; they wrap where they are sent.
    """

    voltage_v: float = 230.0
    serial_number: int = 434
    unit_id: int = 5
    loads_w: dict[str, float] = field(default_factory=dict)
    power_factor: float = 1.0
    absolute_mj: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CHANNELS, 0))
    polarized_mj: dict[str, int] = field(default_factory=lambda: dict.fromkeys(MAINS, 0))
    uptime_ms: int = 0
    resets: int = 0

    def advance(self, passed_ms: int) -> None:
        """Let time pass with the present loads."""
        self.uptime_ms += passed_ms
        for channel, load_w in self.loads_w.items():
            energy_mj = round(abs(load_w) * passed_ms)
            self.absolute_mj[channel] += energy_mj
            if load_w < 0 and channel in MAINS:
                self.polarized_mj[channel] += energy_mj

    def set_counters_ws(self, absolute: Mapping[str, int], seconds: int) -> None:
        """Put counters where they are wanted, such as just below their wrap."""
        for channel, energy_ws in absolute.items():
            self.absolute_mj[channel] = energy_ws * 1000
        self.uptime_ms = seconds * 1000

    def reset(self) -> None:
        """All counters to zero, as the meter's own reset does."""
        self.absolute_mj = dict.fromkeys(CHANNELS, 0)
        self.polarized_mj = dict.fromkeys(MAINS, 0)
        self.uptime_ms = 0
        self.resets += 1

    def packet(self) -> bytes:
        """The packet of this moment."""
        frame = bytearray(b"\xfe\xff\x03")
        frame += struct.pack(">H", round(self.voltage_v * 10))
        for counters in (self.absolute_mj, self.polarized_mj):
            for channel in MAINS:
                frame += struct.pack("<Q", counters[channel] // 1000 % 2**40)[:5]
        frame += RESERVED + struct.pack("<H", self.serial_number)
        frame += bytes([POLARITY_BITS | self.resets % 8, self.unit_id])
        for channel in MAINS:
            frame += struct.pack("<H", round(self._current_a(channel) * 100))
        frame += struct.pack("<I", self.uptime_ms // 1000 % 2**24)[:3]
        for channel in CHANNELS[2:]:
            frame += struct.pack("<I", self.absolute_mj[channel] // 1000 % 2**32)
        frame += struct.pack("<H", DC_RAW) + b"\xff\xfe"
        return bytes(frame) + bytes([sum(frame) % 256])

    def _current_a(self, channel: str) -> float:
        return abs(self.loads_w.get(channel, 0.0)) / self.voltage_v / self.power_factor


@dataclass
class Faults:
    """What goes wrong on the line. noise holds for one packet, corrupt for so many, the rest
    until changed: `cut` bytes per write (0: whole), silent.
    """

    noise: bytes = b""
    corrupt: int = 0
    cut: int = 0
    silent: bool = False


class SimulatedEcm1240:
    """MeterState behind a serial adapter that can be pulled and plugged again.

    link: the path to open, as udev would make it; it points at a new pseudo-terminal after
    each `plug`. The meter runs on while it is unplugged. unit: whom the polled mode calls
    (0 to 3). Drive it by calling `service` after moving a ManualClock, or let `start` run a
    thread; not both. Bytes that nobody reads are dropped, as on a real line.
    """

    def __init__(
        self,
        link: Path,
        clock: Clock,
        *,
        polled: bool = False,
        unit: int = 0,
        interval_s: float = 10.0,
    ) -> None:
        self.state = MeterState()
        self.faults = Faults()
        self.link = link
        self._clock = clock
        self._call = 0xFC + unit
        self._interval_s = None if polled else interval_s
        self._now_s = clock.monotonic_s()
        self._next_packet_s = self._now_s + interval_s
        self._called = False
        self._command = b""
        self._outbox: list[bytes] = []
        self.terminal = SimTerminal(link)
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> SimulatedEcm1240:
        self.plug()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.unplug()

    def plug(self) -> None:
        """A new pseudo-terminal behind the link."""
        with self._lock:
            self.terminal.plug()

    def unplug(self) -> None:
        """The device and its link vanish; whoever reads it gets an error."""
        with self._lock:
            self.terminal.unplug()
            self._outbox.clear()
            self._called = False

    def service(self) -> None:
        """Bring the meter up to the clock; hear the host; send one piece of what is due."""
        with self._lock:
            now_s = self._clock.monotonic_s()
            if self._interval_s is not None and now_s >= self._next_packet_s:
                stood_still = now_s - self._next_packet_s >= self._interval_s
                self._pass_until(now_s if stood_still else self._next_packet_s)
                self._next_packet_s = self._now_s + self._interval_s
                self._say_packet()
            self._pass_until(now_s)
            for byte in self.terminal.hear():
                self._answer(byte)
            self._transmit()

    def _pass_until(self, now_s: float) -> None:
        passed_ms = round((now_s - self._now_s) * 1000)
        self.state.advance(passed_ms)
        self._now_s += passed_ms / 1000

    def send(self, data: bytes) -> None:
        """Put any bytes on the line, such as a recorded packet."""
        with self._lock:
            self._outbox.append(data)
            self._transmit()

    def start(self) -> None:
        """Serve from a thread until `stop`."""
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, name="sim ecm1240", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        while not self._stop.wait(SERVICE_SLICE_S):
            self.service()

    def _answer(self, byte: int) -> None:
        """One byte from the host: the call of this unit, or a letter of SPK after it."""
        if self._interval_s is not None:
            return
        if byte == self._call:
            self._called = True
            self._command = b""
            self._say(b"\xfc")
        elif self._called:
            self._command += bytes([byte])
            self._called = b"SPK".startswith(self._command)
            if self._command == b"SPK":
                self._called = False
                self._say(b"\xfc")
                self._say_packet()

    def _say_packet(self) -> None:
        packet = bytearray(self.faults.noise + self.state.packet())
        if self.faults.corrupt:
            packet[-1] ^= 0xFF
            self.faults.corrupt -= 1
        self.faults.noise = b""
        self._say(bytes(packet))

    def _say(self, data: bytes) -> None:
        if self.faults.silent:
            return
        size = self.faults.cut or len(data)
        self._outbox += [data[at : at + size] for at in range(0, len(data), size)]

    def _transmit(self) -> None:
        """Everything at once, or one piece per call where the line cuts writes."""
        pieces = 1 if self.faults.cut else len(self._outbox)
        self.terminal.say(b"".join(self._outbox[:pieces]))
        del self._outbox[:pieces]
