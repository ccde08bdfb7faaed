# SPDX-License-Identifier: Apache-2.0
"""From settings to running hardware threads: real buses, or the simulated power strip."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from pdu_agent.app.config.schema import (
    AgentSettings,
    MeterSettings,
    RelayBoardSettings,
    SensorEntry,
)
from pdu_agent.app.config.wiring import SampledWiring
from pdu_agent.app.inrush import InrushKeeper
from pdu_agent.app.simulated import sensor_name, simulated_board
from pdu_agent.app.waves import WaveDesk
from pdu_agent.app.wiring import meter_channels
from pdu_agent.hw import registry
from pdu_agent.hw.acquisition import Acquisition, MeterAcquisition, SampledAcquisition
from pdu_agent.hw.bank_worker import BankWorker, Order, Report
from pdu_agent.hw.contact import ContactSettings
from pdu_agent.hw.plausible import PlausibleSensor
from pdu_agent.hw.ports import RelayBank, Resume, SensorSource
from pdu_agent.hw.sensor_poller import PolledSensor, SensorPoller
from pdu_agent.hw.sim.board import SimulatedBoard
from pdu_agent.hw.sim.connections import SimConnections, is_simulated
from pdu_agent.hw.site import (
    BoardConnections,
    Connections,
    RoutedConnections,
    SharedConnections,
    Site,
)
from pdu_agent.metering.meter import BlockMeter
from pdu_agent.model.clock import Clock
from pdu_agent.model.commands import Target
from pdu_agent.model.errors import ConfigError, HardwareError
from pdu_agent.model.host import Queue
from pdu_agent.model.readings import BankLost, BankState, Reading, SensorReading

STALE_WINDOWS = 3
STUCK_S = 15.0
"""Longer than any device may stall its bus, retries included."""
THREAD_SWITCH_S = 0.0005
"""How long a busy thread may keep the interpreter. A converter's thread asks for it about ten
times between two messages; with Python's 5 ms that loses half of all samples."""
SAMPLED_WINDOW_S = 0.33
"""A window is 10 to 12 cycles (at most 0.27 s); the block it waits for adds 0.06 s."""


def stale_after_s(settings: AgentSettings) -> dict[str, float]:
    """str(Target) -> seconds of silence after which the point is stale.

    Sampled points: three windows. Meters that count by themselves: three of their own
    pauses. Simulated time that runs faster than real time stretches the limit, since the
    host's own delays do not shrink with it.
    """
    stretch = max(1.0, settings.simulator.speed)
    limits: dict[str, float] = {}
    for meter in settings.meters:
        pause_s = SAMPLED_WINDOW_S * stretch
        if not isinstance(meter.wiring, SampledWiring):
            pause_s = meter.options.interval_s
        limits |= {str(target): STALE_WINDOWS * pause_s for target in meter.targets}
    return limits


def direct_points(settings: AgentSettings) -> frozenset[Target]:
    """The points of meters that are never on the mains."""
    return frozenset(
        target
        for meter in settings.meters
        if getattr(meter.options, "direct_voltage", False)
        for target in meter.targets
    )


def stretched(settings: AgentSettings) -> tuple[SensorEntry, ...]:
    """The sensors with their limits of silence stretched as `stale_after_s` says."""
    stretch = max(1.0, settings.simulator.speed)
    return tuple(
        replace(sensor, stale_after_s=sensor.stale_after_s * stretch) for sensor in settings.sensors
    )


class Hardware:
    """Every bus with its one thread, and one for the sensors of each place.

    The four callables are called from those threads: on_report for relay boards,
    on_reading and on_trouble for meters, on_sensor for sensors. resumes: str(Target) -> up to
    where a meter's counter was booked before the agent was stopped.
    """

    def __init__(
        self,
        settings: AgentSettings,
        clock: Clock,
        on_report: Callable[[Report], None],
        on_reading: Callable[[Reading], None],
        on_sensor: Callable[[SensorReading], None],
        on_trouble: Callable[[str, HardwareError | None], None],
        already_running: bool = False,
        resumes: Mapping[str, Resume] | None = None,
    ) -> None:
        self._clock = clock
        self._resumes = resumes or {}
        self._speed = settings.simulator.speed
        self._runtime_dir = settings.runtime_dir
        self.board = self._simulated_board(settings, already_running)
        self._real = BoardConnections(clock)
        self.waves = WaveDesk(clock)
        self.inrush = InrushKeeper(settings.outlets, settings.runtime_dir, clock)
        self._on_report = on_report = self.inrush.noting(on_report)
        self._lock = threading.Lock()
        self._is_started = False
        self._owners: dict[str, BankWorker] = {}
        self._workers: dict[str, BankWorker] = {}
        for bus in dict.fromkeys(board.bus for board in settings.relays):
            boards = {b.name: partial(self._open_bank, b) for b in settings.relays if b.bus == bus}
            worker = self._owners[bus] = BankWorker(bus, boards, on_report, clock)
            self._workers |= dict.fromkeys(boards, worker)
        self._acquisitions = [
            self._acquisition(meter, settings.device.nominal_hz.value, on_reading, on_trouble)
            for meter in settings.meters
        ]
        polled = [s for s in settings.sensors if not isinstance(s.options, ContactSettings)]
        self._poller = self._sensor_poller(polled, on_sensor) if polled else None

    def inspect(self) -> list[BankState | BankLost]:
        """What every relay board is found to be; blocks, once, before `start`."""
        if self.board is not None:
            self.board.start()
        workers = self._owners.values()
        reports = [report for worker in workers for report in worker.inspect_all()]
        for report in reports:
            self.inrush.note(report)
        return reports

    def start(self) -> None:
        sys.setswitchinterval(THREAD_SWITCH_S)
        if self.board is not None:
            self.board.start()
        with self._lock:
            self._is_started = True
            for worker in self._owners.values():
                worker.start()
        for acquisition in self._acquisitions:
            acquisition.start()
        if self._poller is not None:
            self._poller.start()

    def send(self, order: Order) -> bool:
        """Put the order in its board's inbox; False when it was not taken."""
        return self._workers[order.bank].post(order)

    def queues(self) -> list[Queue]:
        """What waits for each bus with relay boards."""
        return [worker.queue for worker in self._owners.values()]

    def is_alive(self) -> bool:
        """Did every thread get round within STUCK_S? One that waits for a device does."""
        oldest_s = time.monotonic() - STUCK_S
        beats_s = [worker.beat_s for worker in self._owners.values()]
        beats_s += [acquisition.beat_s for acquisition in self._acquisitions]
        beats_s += [self._poller.beat_s] if self._poller is not None else []
        return all(beat_s > oldest_s for beat_s in beats_s)

    def stop(self) -> None:
        """End every thread. The relays stay as they are."""
        for acquisition in self._acquisitions:
            acquisition.stop()
        if self._poller is not None:
            self._poller.stop()
        for worker in self._owners.values():
            worker.stop()
        self.inrush.close()
        if self.board is not None:
            self.board.close()

    # -- opening ------------------------------------------------------------------------

    @property
    def upsd_address(self) -> str:
        """Of the simulated NUT server; empty where there is none."""
        return self.board.upsd.address if self.board is not None else ""

    def _simulated_board(
        self, settings: AgentSettings, already_running: bool
    ) -> SimulatedBoard | None:
        board = simulated_board(settings, self._clock, self._sleep, already_running=already_running)
        script = settings.simulator.script
        if board is not None and script:
            # Loaded here so that an agent without a script does not carry it.
            from pdu_agent.app.script_file import load_script

            try:
                board.will_play(load_script(script, board))
            except ConfigError:
                board.close()
                raise
        return board

    def _sleep(self, seconds: float) -> None:
        time.sleep(seconds / self._speed)

    def _open_bank(self, board: RelayBoardSettings) -> RelayBank:
        driver = registry.driver_class("relays", board.driver)
        connections = self._connections(board.name)
        site = Site(board.name, board.bus, self._clock, self._sleep, connections, self._runtime_dir)
        bank: RelayBank = driver.connect(site, board.options)
        return bank

    def site(self, name: str, place: str = "") -> Site:
        """For what is made before `start`, but relay boards: I2C buses have owners, or get one."""
        shared = SharedConnections(self._connections(name), self._owner)
        return Site(name, place, self._clock, self._sleep, shared)

    def _connections(self, name: str) -> Connections:
        """What the device of that name reaches: buses of this host, or the simulated ones."""
        if self.board is None:
            return self._real
        return RoutedConnections(self._real, SimConnections(self.board, name), is_simulated)

    def _owner(self, bus: str) -> BankWorker:
        """From any thread: drivers may ask for their bus when they open it."""
        with self._lock:
            owner = self._owners.get(bus)
            if owner is None:
                owner = BankWorker(bus, {}, self._on_report, self._clock)
                self._owners = {**self._owners, bus: owner}  # others are looking through it
                if self._is_started:
                    owner.start()
            return owner

    def _sensor_poller(
        self,
        sensors: Sequence[SensorEntry],
        on_sensor: Callable[[SensorReading], None],
    ) -> SensorPoller:
        return SensorPoller(
            [
                PolledSensor(
                    sensor.number,
                    self._sensor(sensor),
                    sensor.options.interval_s,
                    getattr(sensor.options, "bus", sensor.driver),
                    sensor.stale_after_s,
                )
                for sensor in sensors
            ],
            self._clock,
            on_sensor,
        )

    def _sensor(self, sensor: SensorEntry) -> SensorSource:
        driver = registry.driver_class("sensors", sensor.driver)
        site = self.site(sensor_name(sensor.number))
        source = driver.connect(site, sensor.options, sensor.kind)
        return PlausibleSensor(source, sensor.kind, getattr(driver, "ranges", {}).get(sensor.kind))

    def _acquisition(
        self,
        meter: MeterSettings,
        nominal_hz: int,
        on_reading: Callable[[Reading], None],
        on_trouble: Callable[[str, HardwareError | None], None],
    ) -> Acquisition:
        driver = registry.driver_class("meters", meter.driver)
        if not isinstance(meter.wiring, SampledWiring):
            counting = driver.connect(self.site(meter.name), meter.options)
            # A simulated meter is made with the agent: it counted nothing before.
            is_new = is_simulated(getattr(meter.options, "port", ""))
            return MeterAcquisition(
                meter.name,
                counting,
                meter.wiring.channels,
                on_reading,
                on_trouble,
                resumes={} if is_new else self._resumes,
            )
        source = driver.connect(self.site(meter.name, meter.wiring.bus), meter.options)
        channels = meter_channels(meter.wiring, meter.options.volts_per_count)
        block_meter = BlockMeter(channels, float(nominal_hz), source.droop)
        sampled = SampledAcquisition(
            meter.name,
            source,
            block_meter,
            meter.wiring.points,
            on_reading,
            on_trouble,
            on_inrush=self.inrush.keep,
        )
        self.inrush.add(sampled)
        self.waves.add(sampled)
        return sampled
