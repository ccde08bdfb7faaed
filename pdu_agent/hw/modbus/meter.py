# SPDX-License-Identifier: Apache-2.0
"""A meter on a Modbus line as a PowerMeter: what to read, when, and what may be believed.

Checked against recorded frames, a foreign server and a byte-level simulator; not yet against a
meter on a desk.
"""

from __future__ import annotations

import logging
import time
import zlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from pdu_agent.hw.modbus import channel as channels
from pdu_agent.hw.modbus.channel import Implausible, Passed
from pdu_agent.hw.modbus.client import Client
from pdu_agent.hw.modbus.energy import Restart
from pdu_agent.hw.modbus.line import DRIVER, LineSettings, parse_place, place_name, shared_line
from pdu_agent.hw.modbus.map_file import load_map, read_map
from pdu_agent.hw.modbus.map_nodes import Report
from pdu_agent.hw.modbus.register_map import ALARM, QUANTITIES, RegisterMap, Span
from pdu_agent.hw.ports import MeterOutline, MeterSample
from pdu_agent.hw.site import Site
from pdu_agent.model.clock import Clock
from pdu_agent.model.errors import BusTimeout, ConfigError
from pdu_agent.model.quantities import Electrical
from pdu_agent.model.settings import setting

log = logging.getLogger(__name__)

GAP_INTERVALS = 3
"""After so many intervals without a sample, power times time is no figure any more."""
GENERAL_ADDRESS = 248
"""A PZEM-004T answers there whatever its own address is; the standard's end at 247."""
MAX_LIES = 3
"""Samples with an impossible value in a row, until the meter counts as lost."""


@dataclass(frozen=True, slots=True)
class ModbusSettings:
    """One meter on a serial line, or behind a gateway. Several may share a port."""

    port: str = setting(max_length=255, doc="serial device, tcp://host:502, or rtu-tcp://host:port")
    map: str = setting(max_length=255, doc="a shipped register map, or the path of a file from /")
    address: int = setting(1, minimum=1, maximum=248, doc="the meter's unit number on the line")
    baud_rate: int | None = setting(
        None, minimum=300, maximum=921_600, doc="bits per second; without it: as the map says"
    )
    parity: str | None = setting(
        None, choices=("none", "even", "odd"), doc="without it: as the map says"
    )
    stop_bits: int | None = setting(None, minimum=1, maximum=2, doc="without it: as the map says")
    interval_s: float = setting(2.0, minimum=0.2, maximum=3600, doc="how often it is read")
    timeout_s: float = setting(0.2, minimum=0.1, maximum=0.5, doc="wait for one response")
    max_power_w: float = setting(
        100_000.0,
        minimum=1,
        maximum=10_000_000,
        doc="most that one channel can carry; more than this is a reset, not a load",
    )
    set_clock: bool = setting(
        False, doc="true: the meter's clock is set, to local time, whenever it is opened"
    )

    def __post_init__(self) -> None:
        parse_place(self.port)

    def line(self, of_map: LineSettings) -> LineSettings:
        """How the line runs: what is said here, else what the map says."""
        return LineSettings(
            self.baud_rate or of_map.baud_rate,
            self.parity or of_map.parity,
            self.stop_bits or of_map.stop_bits,
        )

    @property
    def line_parity(self) -> str:
        """none, even or odd. Raises ConfigError where it is the map's, which cannot be read."""
        return self.parity or read_map(self.map).line.parity


class ModbusMeter:
    """A PowerMeter (hw/ports.py) that shares its line with others.

    lies: samples that were dropped since a register said what cannot be; bad_responses: requests
    that had no valid response. The registers before a lost connection are kept: the meter counts
    on while nobody listens. Single thread.
    """

    def __init__(
        self,
        settings: ModbusSettings,
        register_map: RegisterMap,
        client: Client,
        clock: Clock,
        sleep: Callable[[float], None],
    ) -> None:
        self.channel_names = tuple(register_map.channels)
        self.max_silence_s = settings.interval_s
        self.lies = 0
        self._map = register_map
        self._client = client
        self._clock = clock
        self._sleep = sleep
        self._max_power_w = settings.max_power_w
        self._sets_clock = settings.set_clock
        self._plan = register_map.spans()
        self._energies = {
            name: (channels.active(values), channels.reactive(values))
            for name, values in register_map.channels.items()
        }
        self.counter_kind = f"{DRIVER} {_layout_sum(register_map, settings.address):08x}"
        self._resumed_s: dict[str, float] = {}
        self._pending: deque[Span] = deque()
        self._words: dict[int, int] = {}
        self._due_s = 0.0
        self._last_s: float | None = None
        self._lies_in_a_row = 0
        self._reported: Restart | None = None
        self._alarms: dict[str, bool] = {}

    @classmethod
    def connect(cls, site: Site, settings: ModbusSettings) -> ModbusMeter:
        """Raises ConfigError where the map cannot be used."""
        register_map = read_map(settings.map)
        line = shared_line(site.connections.path(settings.port), settings.line(register_map.line))
        client = Client(line, settings.address, settings.timeout_s)
        return cls(settings, register_map, client, site.clock, site.sleep)

    @classmethod
    def outline(cls, settings: ModbusSettings, report: Report) -> MeterOutline | None:
        """What the checker of the configuration asks; see MeterOutline.

        Raises ConfigError where there is no such map, or it has no clock to set.
        """
        register_map = load_map(settings.map, report)
        if register_map is None:
            return None
        if settings.set_clock and register_map.clock is None:
            raise ConfigError(f"set_clock: the map {settings.map} names no clock")
        line = "" if "://" in settings.port else str(settings.line(register_map.line))
        return MeterOutline(
            tuple(register_map.channels),
            place_name(settings.port),
            f"unit {settings.address}",
            line,
            is_general=settings.address == GENERAL_ADDRESS,
        )

    @property
    def bad_responses(self) -> int:
        return self._client.unanswered

    @property
    def rejected(self) -> int:
        return self.lies + self.bad_responses

    def open(self) -> None:
        """Raises ChipNotFound or BusTimeout, saying what to do."""
        self._client.open()
        self._begin_anew()
        self._lies_in_a_row = 0
        if self._sets_clock and self._map.clock is not None:
            self._client.write(self._map.clock, _clock_words(self._clock.wall_s()))

    def close(self) -> None:
        """Safe to call at any time; the line goes on for the other meters on it."""
        self._client.close()
        self._begin_anew()

    def poll(self, timeout_s: float) -> MeterSample | None:
        """The next sample, or None when it is not due or not complete within about timeout_s.

        energy is None for the first sample ever and after a reset of the meter. Raises
        BusTimeout where the meter does not answer, and after MAX_LIES samples in a row with
        values that cannot be; ChipNotFound where it refuses a register.
        """
        if not self._pending and not self._is_due(timeout_s):
            return None
        deadline_s = self._clock.monotonic_s() + timeout_s
        while self._pending:
            span = self._pending[0]
            words = self._client.read(self._map.function, span.register, span.words)
            self._words |= dict(enumerate(words, span.register))
            self._pending.popleft()
            if self._pending and self._clock.monotonic_s() > deadline_s:
                return None
        return self._sample(self._clock.monotonic_s())

    def resume(self, channel: str, numbers: tuple[int, ...], since_s: float) -> None:
        """See ResumingMeter."""
        active, reactive = self._energies[channel]
        if len(numbers) == active.width + reactive.width:
            active.resume(numbers[: active.width])
            reactive.resume(numbers[active.width :])
            self._resumed_s[channel] = since_s

    def _begin_anew(self) -> None:
        self._pending.clear()
        self._due_s = 0.0

    def _is_due(self, timeout_s: float) -> bool:
        """Wait for the time of the next round; begin it when it has come."""
        wait_s = self._due_s - self._clock.monotonic_s()
        if wait_s > 0:
            self._sleep(min(wait_s, timeout_s))
            if wait_s > timeout_s:
                return False
        now_s = self._clock.monotonic_s()
        # Rounds keep to their raster; those missed while the line was busy are left out.
        late = now_s - self._due_s >= self.max_silence_s
        self._due_s = (now_s if late else self._due_s) + self.max_silence_s
        self._pending.extend(self._plan)
        self._words.clear()
        return True

    def _sample(self, now_s: float) -> MeterSample | None:
        try:
            found = {
                name: channels.quantities(
                    values,
                    {each: self._map.number(value, self._words) for each, value in values.items()},
                )
                for name, values in self._map.channels.items()
            }
        except Implausible as exc:
            self._count_lie(exc)
            return None
        self._lies_in_a_row = 0
        since_last = self._passed(now_s)
        self._last_s = now_s
        energies: dict[str, tuple[Electrical, int | None]] = {}
        reactive_mvars: dict[str, int] = {}
        for name, values in found.items():
            active, reactive = self._energies[name]
            passed = self._passed_since_stop(name, now_s) or since_last
            energies[name] = (channels.electrical(values), active.advance(values, passed))
            reactive_energy = reactive.advance(values, passed)
            if reactive_energy is not None:
                reactive_mvars[name] = reactive_energy
            self._tell_alarm(name, values.get(ALARM))
        self._tell_restart()
        return MeterSample(
            t_mono_s=now_s,
            span_s=since_last.span_s or 0.0,
            channels=energies,
            reactive_mvars=reactive_mvars,
            tariffs={
                name: shown for name, values in found.items() if (shown := channels.tariffs(values))
            },
            counters={
                name: active.positions + reactive.positions
                for name, (active, reactive) in self._energies.items()
            },
        )

    def _passed(self, now_s: float) -> Passed:
        span_s = None if self._last_s is None else now_s - self._last_s
        is_gap = span_s is not None and span_s > GAP_INTERVALS * self.max_silence_s
        return Passed(span_s, is_gap, self._max_power_w)

    def _passed_since_stop(self, channel: str, now_s: float) -> Passed | None:
        """For the first sample of a channel that was resumed; its power before is not known."""
        since_s = self._resumed_s.pop(channel, None)
        return None if since_s is None else Passed(now_s - since_s, True, self._max_power_w)

    def _count_lie(self, why: Implausible) -> None:
        self.lies += 1
        self._lies_in_a_row += 1
        if self._lies_in_a_row == 1:
            log.warning("%s %s: %s; this sample is dropped", DRIVER, self._client.place, why)
        if self._lies_in_a_row >= MAX_LIES:
            raise BusTimeout(
                DRIVER,
                f"read {self._client.place}",
                f"{why}, which cannot be; does the map fit this meter?",
            )

    def _tell_restart(self) -> None:
        restarts = (energy.restart for pair in self._energies.values() for energy in pair)
        restart = next((reason for reason in restarts if reason is not None), None)
        if restart is not None and restart is not self._reported:
            log.warning(
                "%s %s: %s; no energy until the next sample",
                DRIVER,
                self._client.place,
                restart.value,
            )
        self._reported = restart

    def _tell_alarm(self, name: str, shown: float | None) -> None:
        """The meter's own alarm, such as its power threshold: told when it comes and goes."""
        if shown is None or bool(shown) is self._alarms.get(name, False):
            return
        self._alarms[name] = bool(shown)
        log.warning(
            "%s %s: channel %s: the meter's own alarm %s",
            DRIVER,
            self._client.place,
            name,
            "is on" if shown else "is over",
        )


def _clock_words(wall_s: float) -> tuple[int, ...]:
    """Local time as RegisterMap.clock has it."""
    now = time.localtime(wall_s)
    return (
        now.tm_year - 2000 << 8 | now.tm_mon,
        now.tm_mday << 8 | now.tm_hour,
        now.tm_min << 8 | now.tm_sec,
    )


def _layout_sum(register_map: RegisterMap, address: int) -> int:
    """Another one where a counter of another meaning might be read."""
    channels = {
        name: {each: str(value) for each, value in values.items() if QUANTITIES[each].is_energy}
        for name, values in register_map.channels.items()
    }
    return zlib.crc32(repr((register_map.name, address, channels)).encode())
