# SPDX-License-Identifier: Apache-2.0
"""The ECM-1240 as a PowerMeter: the serial line, and what a packet says in SI units.

Checked against a packet recorded from a real meter and against the byte-level simulator;
not yet against a meter on a desk.
"""

from __future__ import annotations

import logging
import math
from collections import deque
from dataclasses import dataclass, replace

from pdu_agent.hw.ecm1240.counters import (
    AUX_NAMES,
    CHANNEL_NAMES,
    COUNTER_NUMBERS,
    MAIN_NAMES,
    Interval,
    Restart,
    Sign,
    between,
    counter_of,
    with_counter,
)
from pdu_agent.hw.ecm1240.packet import Packet, PacketDecoder
from pdu_agent.hw.ecm1240.polling import UNITS, Poller
from pdu_agent.hw.electrical import impossible
from pdu_agent.hw.ports import MeterSample
from pdu_agent.hw.serial_port import READ_SLICE_S, SerialPort
from pdu_agent.hw.site import Site
from pdu_agent.model.clock import Clock
from pdu_agent.model.errors import BusTimeout
from pdu_agent.model.quantities import Electrical, Quality
from pdu_agent.model.settings import setting

log = logging.getLogger(__name__)

DRIVER = "ecm1240"
BAUD_RATE = 19200
PARTIAL_TIMEOUT_S = 1.0
"""A packet lasts 34 ms on the line; one that pauses for this long does not go on."""
SILENT_INTERVALS = 3
"""After so many intervals without a packet the port is given up and opened again."""


@dataclass(frozen=True, slots=True)
class Ecm1240Settings:
    """One meter on one serial line."""

    port: str = setting(max_length=255, doc="serial device, best by /dev/serial/by-id/...")
    mode: str = setting(
        "realtime",
        choices=("realtime", "polled"),
        doc="realtime: the meter sends by itself; polled: it is asked",
    )
    unit: int = setting(0, minimum=0, maximum=UNITS - 1, doc="polled: which meter of the line")
    interval_s: float = setting(
        10.0,
        minimum=2,
        maximum=3600,
        doc="realtime: the longest pause set in the meter; polled: how often to ask",
    )
    max_power_w: float = setting(
        25_000.0,
        minimum=1,
        maximum=100_000,
        doc="most that one channel can carry; more than this is a reset, not a load",
    )
    ch1_sign: Sign = setting(Sign.ABSOLUTE, doc="absolute, or net by brultech's or btmon's sign")
    ch2_sign: Sign = setting(Sign.ABSOLUTE, doc="as ch1_sign")


class Ecm1240Meter:
    """A PowerMeter (hw/ports.py) on one serial line. lies: packets dropped for a value that cannot
    be.

    The packet before a lost connection is kept: the meter counts on while nobody listens,
    and the first packet after it brings the energy of the whole gap. Single thread.
    """

    channel_names = CHANNEL_NAMES
    counter_kind = DRIVER

    def __init__(self, settings: Ecm1240Settings, clock: Clock) -> None:
        self.max_silence_s = settings.interval_s
        self.lies = 0
        self._clock = clock
        self._port = SerialPort(DRIVER, settings.port, BAUD_RATE)
        self._max_power_w = settings.max_power_w
        self._signs = {"ch1": settings.ch1_sign, "ch2": settings.ch2_sign}
        self._decoder = PacketDecoder()
        self._poller = (
            Poller(settings.unit, settings.interval_s) if settings.mode == "polled" else None
        )
        self._ready: deque[tuple[float, Packet]] = deque()
        self._last: tuple[float, Packet] | None = None
        self._resumed: dict[str, tuple[float, tuple[int, ...]]] = {}
        self._last_byte_s = 0.0
        self._silent_since_s = 0.0
        self._skipped_before = 0
        self._reported: Restart | None = None
        self._trouble = ""

    @classmethod
    def connect(cls, site: Site, settings: Ecm1240Settings) -> Ecm1240Meter:
        port = site.connections.path(settings.port)
        return cls(replace(settings, port=port), site.clock)

    @property
    def rejected(self) -> int:
        return self.lies + self._decoder.spoilt

    def open(self) -> None:
        """Open the port. Raises ChipNotFound or BusTimeout, saying what to do."""
        self._port.open()
        self._decoder.drop_partial()
        self._ready.clear()
        self._trouble = ""
        self._skipped_before = self._decoder.skipped_bytes
        self._silent_since_s = self._last_byte_s = self._clock.monotonic_s()
        if self._poller is not None:
            self._poller.restart()

    def close(self) -> None:
        """Close the port; safe to call at any time."""
        self._port.close()

    def resume(self, channel: str, numbers: tuple[int, ...], since_s: float) -> None:
        """See ResumingMeter."""
        if len(numbers) == COUNTER_NUMBERS:
            self._resumed[channel] = since_s, numbers

    def poll(self, timeout_s: float) -> MeterSample | None:
        """The next packet as a sample, or None when none came in about timeout_s.

        Waits in slices of READ_SLICE_S of real time, at least one. energy is None for the
        first packet ever and after a reset; aux channels have no current.
        Raises BusTimeout when the line fails, or gave no packet that can be believed for
        SILENT_INTERVALS * max_silence_s; close and open it then.
        """
        for _ in range(max(1, math.ceil(timeout_s / READ_SLICE_S))):
            if self._ready:
                break
            self._exchange()
        if self._ready:
            return self._sample(*self._ready.popleft())
        self._check_silence()
        return None

    def _exchange(self) -> None:
        """Say what is due, then listen for one slice."""
        if self._poller is not None:
            self._port.write(self._poller.due(self._clock.monotonic_s()))
        data = self._port.read()
        now_s = self._clock.monotonic_s()
        if data:
            if now_s - self._last_byte_s > PARTIAL_TIMEOUT_S:
                self._decoder.drop_partial()
            self._last_byte_s = now_s
        packets = self._decoder.receive(data)
        self._ready.extend((now_s, packet) for packet in packets if self._is_possible(packet))
        if self._poller is not None:
            self._port.write(self._poller.answer(data, len(packets), now_s))

    def _is_possible(self, packet: Packet) -> bool:
        """The checksum of eight bits passes one spoilt packet in 256."""
        said = self._trouble
        self._trouble = next(
            filter(
                None,
                (
                    impossible(packet.voltage_v, current_a, self._max_power_w)
                    for current_a in packet.current_a
                ),
            ),
            "",
        )
        if self._trouble:
            self.lies += 1
            if not said:
                log.warning(
                    "%s %s: %s; this packet is dropped", DRIVER, self._port.path, self._trouble
                )
        return not self._trouble

    def _check_silence(self) -> None:
        silent_s = self._clock.monotonic_s() - self._silent_since_s
        if silent_s <= SILENT_INTERVALS * self.max_silence_s:
            return
        noise_bytes = self._decoder.skipped_bytes + self._decoder.pending_bytes
        if self._trouble:
            hint = self._trouble
        elif noise_bytes > self._skipped_before:
            hint = f"what comes is no packet; is it an ECM-1240 at {BAUD_RATE} baud 8N1?"
        else:
            hint = "not a byte came; is the meter powered, and in the configured mode?"
        raise BusTimeout(
            DRIVER, f"read {self._port.path}", f"no usable packet for {silent_s:.0f} s; {hint}"
        )

    def _sample(self, now_s: float, packet: Packet) -> MeterSample:
        self._silent_since_s = now_s
        self._skipped_before = self._decoder.skipped_bytes
        interval = self._interval(now_s, packet)
        energy_mj = (
            self._energy_since_stop(now_s, packet) if interval is None else interval.energy_mj
        )
        self._last = (now_s, packet)
        return MeterSample(
            t_mono_s=now_s,
            span_s=0.0 if interval is None else float(interval.span_s),
            channels={
                name: (
                    electrical(packet, interval, name),
                    energy_mj.get(name),
                )
                for name in CHANNEL_NAMES
            },
            counters={name: counter_of(packet, name) for name in CHANNEL_NAMES},
        )

    def _interval(self, now_s: float, packet: Packet) -> Interval | None:
        """The interval that this packet ends; None (and a warning) where there is none."""
        if self._last is None:
            return None
        last_s, last = self._last
        result = between(last, packet, now_s - last_s, self._max_power_w, self._signs)
        if isinstance(result, Interval):
            self._reported = None
            return result
        self._tell(result)
        return None

    def _energy_since_stop(self, now_s: float, packet: Packet) -> dict[str, int | None]:
        """Of the channels that were resumed and have not had a packet since."""
        energy_mj: dict[str, int | None] = {}
        while self._resumed:
            name, (since_s, numbers) = self._resumed.popitem()
            last = with_counter(packet, name, numbers)
            result = between(last, packet, now_s - since_s, self._max_power_w, self._signs)
            if isinstance(result, Interval):
                energy_mj[name] = result.energy_mj[name]
            else:
                self._tell(result)
        return energy_mj

    def _tell(self, result: Restart) -> None:
        if result is not self._reported:
            self._reported = result
            log.warning(
                "%s %s: %s; no power and energy until the next packet",
                DRIVER,
                self._port.path,
                result.value,
            )


def electrical(packet: Packet, interval: Interval | None, channel: str) -> Electrical:
    """What is known of one channel. span-mean power, but voltage and current of the moment.

    power_factor is held within -1..1, since a load that changed within the span would
    exceed it.
    """
    power_w = None if interval is None else interval.power_w(channel)
    if channel in AUX_NAMES:
        return Electrical(voltage_v=packet.voltage_v, active_power_w=power_w, quality=Quality.OK)
    current_a = packet.current_a[MAIN_NAMES.index(channel)]
    apparent_va = packet.voltage_v * current_a
    return Electrical(
        voltage_v=packet.voltage_v,
        current_a=current_a,
        active_power_w=power_w,
        apparent_power_va=apparent_va,
        power_factor=_power_factor(power_w, apparent_va),
        quality=Quality.OK,
    )


def _power_factor(power_w: float | None, apparent_va: float) -> float | None:
    if power_w is None:
        return None
    if apparent_va == 0:
        return 0.0
    return max(-1.0, min(1.0, power_w / apparent_va))
