# SPDX-License-Identifier: Apache-2.0
"""The whole chain without a face: simulated strip, drivers, threads, metering, core."""

from __future__ import annotations

import math
import tempfile
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import numpy as np

from pdu_agent.app.config.schema import MeterSettings
from pdu_agent.app.config.wiring import SampledWiring
from pdu_agent.app.demo import demo_settings
from pdu_agent.app.demo_options import DemoOptions
from pdu_agent.app.wiring import meter_channels
from pdu_agent.core.birth import Birth
from pdu_agent.core.core import Core
from pdu_agent.core.settings import CoreSettings, DeviceSettings, InletSettings, OutletSettings
from pdu_agent.hw.acquisition import SampledAcquisition
from pdu_agent.hw.ads130e08 import Ads130e08Source
from pdu_agent.hw.mcp23008 import Mcp23008Bank, Mcp23008Settings
from pdu_agent.hw.sim.loads import Load
from pdu_agent.hw.sim.waveform import Mains
from pdu_agent.hw.spi import SpiPort
from pdu_agent.metering.meter import BlockMeter
from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.errors import HardwareError
from pdu_agent.model.readings import Effect, Reading
from pdu_agent.model.record import Record
from pdu_agent.model.snapshot import Meter
from tests.chain.simulated_time import SimulatedTime
from tests.sim.strip import make_strip

INLET = Target(TargetKind.INLET, 1)
FIRST_RETRY_S = 0.002  # real time, in which no simulated time passes


def outlet(number: int) -> Target:
    return Target(TargetKind.OUTLET, number)


def load_of(
    current_a: float,
    displacement: float,
    mains: Mains,
    harmonics: Mapping[int, float] | None = None,
    *,
    leading: bool = False,
) -> Load:
    """A load that draws `current_a` amperes RMS, harmonics included, at nominal voltage."""
    harmonics = harmonics or {}
    fundamental_a = current_a / math.sqrt(1 + sum(share**2 for share in harmonics.values()))
    return Load(
        f"{current_a:g} A",
        mains.nominal_v * fundamental_a * displacement,
        displacement,
        leading,
        harmonics,
    )


class LatePort:
    """A SpiPort on a host with other things to do.

    Between two messages pass 0.1 to 3 ms, one time in fifty 10 ms; the frames of that time
    are lost. The driver's time stamps include what it takes to get a message going (up to
    0.15 ms) and to wake up after it (up to 0.3 ms, one time in fifty 3 ms).
    """

    def __init__(self, port: SpiPort, time: SimulatedTime, seed: int) -> None:
        self._port = port
        self._time = time
        self._rng = np.random.default_rng(seed)

    def transfer(self, data: bytes) -> bytes:
        return self._port.transfer(data)

    def max_frames(self, frame_bytes: int) -> int:
        return self._port.max_frames(frame_bytes)

    def read_frames(self, request: bytes, count: int, delay_us: int) -> tuple[bytes, float, float]:
        self._pass_time(0.0001, 0.003, 0.010)
        start_s = self._time.monotonic_s()
        self._pass_time(0.00002, 0.00015, 0.00015)
        raw, _, _ = self._port.read_frames(request, count, delay_us)
        self._pass_time(0.00003, 0.0003, 0.003)
        return raw, start_s, self._time.monotonic_s()

    def _pass_time(self, least_s: float, most_s: float, rare_s: float) -> None:
        rare = self._rng.random() < 0.02
        self._time.sleep(rare_s if rare else self._rng.uniform(least_s, most_s))

    def close(self) -> None:
        self._port.close()


class Chain:
    """A strip at work, wired and set up as the demo's, with every relay closed.

    loads: one for each outlet, numbered from 1. late: put a busy host between board and
    driver. readings: by source, unless keep is False. metered_until_s: the end of the last
    window that the core has of a point. troubles: what was told, None for recovered.
    """

    def __init__(
        self,
        mains: Mains,
        loads: Mapping[int, Load],
        *,
        mains_hz: float = 50.0,
        late: bool = True,
        keep: bool = True,
        seed: int = 1,
    ) -> None:
        self._folder = tempfile.TemporaryDirectory()
        folder = Path(self._folder.name)
        settings = demo_settings(DemoOptions(outlets=len(loads)), folder, folder)
        self.time = SimulatedTime(len(settings.meters))
        self.board = make_strip(
            len(loads),
            self.time,
            self.time.sleep,
            folder,
            seed=seed,
            already_running=True,
            mains=mains,
            loads=loads,
        )
        self.relays = Mcp23008Bank(self.board.bus("sim"), Mcp23008Settings(relay_count=len(loads)))
        self.core = self._core(len(loads))
        self.readings: dict[str, list[Reading]] = {meter.name: [] for meter in settings.meters}
        self.metered_until_s: dict[Target, float] = {}
        self.troubles: list[str | None] = []
        self._keep = keep
        self._delivered: deque[Reading] = deque()
        self._nominal_hz = 60.0 if mains_hz > 55 else 50.0
        self._acquisitions = [
            self._acquisition(number, meter, late) for number, meter in enumerate(settings.meters)
        ]
        for acquisition in self._acquisitions:
            acquisition.start()

    def __enter__(self) -> Chain:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.time.release()
        for acquisition in self._acquisitions:
            acquisition.stop()
        self.board.close()
        self._folder.cleanup()

    def run(self, seconds: float) -> None:
        """Let time pass; afterwards the core knows all windows that ended meanwhile."""
        self.time.run_until(self.time.monotonic_s() + seconds)
        while self._delivered:
            reading = self._delivered.popleft()
            self.core.on_reading(reading)
            for measurement in reading.measurements:
                self.metered_until_s[measurement.target] = reading.t_mono_s
            if self._keep:
                self.readings[reading.source].append(reading)

    def meter(self, target: Target) -> Meter:
        """What faces see of a metering point."""
        snapshot = self.core.snapshot
        meter = (
            snapshot.inlets[0].meter
            if target == INLET
            else snapshot.outlets[target.index - 1].meter
        )
        assert meter is not None
        return meter

    def _core(self, outlets: int) -> Core:
        points = [INLET, *(outlet(number) for number in range(1, outlets + 1))]
        settings = CoreSettings(
            DeviceSettings(),
            (InletSettings(1),),
            tuple(OutletSettings(number) for number in range(1, outlets + 1)),
            {str(point): 1.0 for point in points},
        )
        return Core(settings, self.time, _perform_nothing, Birth(Record(), True, "boot", "0"))

    def _acquisition(self, number: int, meter: MeterSettings, late: bool) -> SampledAcquisition:
        assert isinstance(meter.wiring, SampledWiring)
        port: SpiPort = self.board.ports[f"sim:{number}"]
        if late:
            port = LatePort(port, self.time, seed=number + 100)
        source = Ads130e08Source(port, meter.options, self.time.sleep)
        channels = meter_channels(meter.wiring, meter.options.volts_per_count)
        return SampledAcquisition(
            meter.name,
            source,
            BlockMeter(channels, self._nominal_hz, source.droop),
            meter.targets,
            self._delivered.append,
            self._on_trouble,
            first_retry_s=FIRST_RETRY_S,
        )

    def _on_trouble(self, source: str, error: HardwareError | None) -> None:
        self.troubles.append(None if error is None else str(error))


def _perform_nothing(effect: Effect) -> None:
    """The core's records are not stored here, its outlets have no relay."""
