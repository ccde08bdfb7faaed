# SPDX-License-Identifier: Apache-2.0
"""Who looks at a waveform gets what the simulated strip draws, or hears why there is none."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from queue import Queue
from threading import Thread

import pytest

from pdu_agent.app import waves
from pdu_agent.app.config.load import load_settings
from pdu_agent.app.hardware import Hardware
from pdu_agent.app.waves import WaveDesk
from pdu_agent.model.clock import ManualClock, SystemClock
from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.errors import Unavailable, UnknownTarget
from pdu_agent.model.readings import InitialiseBank, Reading, WriteRelays
from pdu_agent.model.waves import Wave
from tests.web.fake_agent import WAVE

DEADLINE_S = 10.0
CONFIG = """\
schema: 1
state_dir: {folder}/state
runtime_dir: {folder}/run
snmp: {{listen: []}}
http: {{listen: ""}}
relays: [{{name: main, driver: mcp23008, bus: sim}}]
meters:
  - name: chip1
    driver: ads130e08
    bus: sim:0
    voltage: {{channel: 1, divider: 200}}
    currents: [{{channel: 2, feeds: outlet 5}}, {{channel: 3, feeds: inlet 1}}]
inlets: [{{number: 1}}]
outlets: [{{number: 5, relay: main.4}}]
"""


def outlet(number: int) -> Target:
    return Target(TargetKind.OUTLET, number)


class Converter:
    """Samples outlet 3; answers from a thread of its own, or not at all."""

    def __init__(self, *, silent: bool = False) -> None:
        self.silent = silent
        self.looks = 0

    def measures(self, target: Target) -> bool:
        return target == outlet(3)

    def look(self, target: Target, on_wave: Callable[[Wave], None]) -> None:
        self.looks += 1
        if not self.silent:
            Thread(target=on_wave, args=(WAVE,)).start()


def desk(converter: Converter) -> WaveDesk:
    made = WaveDesk(ManualClock(monotonic_s=500.25, wall_s=1_800_000_000.0))
    made.add(converter)
    return made


def test_all_who_look_at_once_are_shown_the_same_with_its_time() -> None:
    converter = Converter()

    async def look() -> None:
        asked = desk(converter)
        found = await asyncio.gather(*(asked.ask(outlet(3)) for _ in range(5)))
        assert found == [(1_800_000_000.0 - 0.25, WAVE)] * 5
        assert converter.looks == 1
        await asked.ask(outlet(3))
        assert converter.looks == 2

    asyncio.run(look())


def test_what_nobody_samples_has_no_waveform() -> None:
    with pytest.raises(UnknownTarget, match="outlet 4 has no waveform"):
        asyncio.run(desk(Converter()).ask(outlet(4)))


def test_a_converter_that_is_lost_shows_nothing_old(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waves, "LIMIT_S", 0.02)
    converter = Converter(silent=True)

    async def look() -> None:
        asked = desk(converter)
        for times in (1, 2):
            with pytest.raises(Unavailable, match="no whole cycles of outlet 3"):
                await asked.ask(outlet(3))
            assert converter.looks == times

    asyncio.run(look())


def test_a_lamp_of_the_simulated_strip_is_shown_as_it_is(tmp_path: Path) -> None:
    """Through relay board, converter and metering: 25 W at 230 V, in phase."""
    file = tmp_path / "openpdu.yaml"
    file.write_text(CONFIG.format(folder=tmp_path), encoding="utf-8")
    settings = load_settings(file, {})
    settings.runtime_dir.mkdir(mode=0o700)
    readings: Queue[Reading] = Queue()

    def ignore(*_: object) -> None: ...

    hardware = Hardware(settings, SystemClock(), ignore, readings.put, ignore, ignore)

    def measured() -> tuple[float, float]:
        points = {each.target: each.electrical for each in readings.get(timeout=10).measurements}
        values = points[outlet(5)]
        return values.current_a or 0.0, values.voltage_v or 0.0

    try:
        hardware.inspect()
        hardware.start()
        hardware.send(InitialiseBank("main"))
        hardware.send(WriteRelays("main", {4: True}))
        current_a, deadline_s = 0.0, time.monotonic() + DEADLINE_S
        while not 0.1 < current_a < 0.115:
            assert time.monotonic() < deadline_s
            current_a, voltage_v = measured()
        wall_s, wave = asyncio.run(hardware.waves.ask(outlet(5)))
        asked_s = time.time()
    finally:
        hardware.stop()
    assert 0 < asked_s - wall_s < 0.5
    assert wave.current_rms_a == pytest.approx(current_a, rel=0.05)
    assert wave.voltage_rms_v == pytest.approx(voltage_v, rel=0.01)
    product = [volts * amps for volts, amps in zip(wave.voltage_v, wave.current_a, strict=True)]
    power_w = sum(product) / len(product)
    assert power_w == pytest.approx(wave.voltage_rms_v * wave.current_rms_a, rel=0.03)
