# SPDX-License-Identifier: Apache-2.0
"""Inrush: a relay that has closed makes its converter keep the waveform, and faces find it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from queue import Queue

import pytest

from pdu_agent.app.config.load import load_settings
from pdu_agent.app.hardware import Hardware
from pdu_agent.app.inrush import LEAD_S, InrushKeeper
from pdu_agent.core.settings import OutletSettings, RelayRef
from pdu_agent.hw.bank_worker import Report
from pdu_agent.model.clock import ManualClock, SystemClock
from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.inrush import SwitchOn
from pdu_agent.model.readings import (
    BankLost,
    BankState,
    InitialiseBank,
    Inrush,
    Reading,
    RelayResult,
    WriteRelays,
)

DEADLINE_S = 10.0
OUTLETS = (
    OutletSettings(3, relay=RelayRef("main", 0)),
    OutletSettings(4, relay=RelayRef("main", 1)),
    OutletSettings(9),
)
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
    currents: [{{channel: 2, feeds: outlet 5}}]
outlets: [{{number: 5, relay: main.4}}]
"""


def outlet(number: int) -> Target:
    return Target(TargetKind.OUTLET, number)


class Converter:
    """Measures some targets, and remembers what it was asked for."""

    def __init__(self, *targets: Target) -> None:
        self.targets = targets
        self.asked: list[tuple[Target, float]] = []

    def capture(self, target: Target, t_mono_s: float) -> bool:
        if target in self.targets:
            self.asked.append((target, t_mono_s))
        return target in self.targets


class Rig:
    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock()
        self.keeper = InrushKeeper(OUTLETS, folder, self.clock)
        self.converters = [Converter(outlet(3)), Converter(outlet(4))]
        for converter in self.converters:
            self.keeper.add(converter)

    @property
    def asked(self) -> list[int]:
        return [target.index for each in self.converters for target, _ in each.asked]


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def wrote(error: str = "", **closed: bool) -> RelayResult:
    wanted = {int(name[1:]): value for name, value in closed.items()}
    return RelayResult("main", wanted, {}, error)


def test_the_converter_that_measures_the_outlet_is_asked(rig: Rig) -> None:
    told: list[Report] = []
    report = wrote(r1=True)
    rig.keeper.noting(told.append)(report)
    assert told == [report]
    assert [each.asked for each in rig.converters] == [
        [],
        [(outlet(4), rig.clock.monotonic_s() - LEAD_S)],
    ]


@pytest.mark.parametrize(
    ("before", "then", "asked"),
    [
        ([], wrote("NACK", r0=True), []),
        ([], wrote(r0=False, r1=False), []),
        ([wrote(r0=True)], wrote(r0=True, r1=True), [3, 4]),
        ([wrote(r0=True), wrote(r0=False)], wrote(r0=True), [3, 3]),
        ([BankState("main", False, (True, False))], wrote(r0=True, r1=True), [4]),
        ([BankState("main", True, (True, None))], wrote(r0=True), [3]),
        ([wrote(r0=True), BankState("main", False, (None, None))], wrote(r0=True), [3]),
        ([BankLost("main", "gone")], RelayResult("other", {0: True}, {}), []),
        ([], wrote(r7=True), []),
    ],
)
def test_only_a_relay_that_has_just_closed_is_worth_a_waveform(
    rig: Rig, before: list[Report], then: Report, asked: list[int]
) -> None:
    for report in (*before, then):
        rig.keeper.note(report)
    assert sorted(rig.asked) == asked


def waveform(rig: Rig, target: Target, peak_a: float = 20.0) -> Inrush:
    """Began 0.3 s ago."""
    amperes = (*[0.0] * 320, peak_a, *[1.0] * 1279)
    return Inrush(target, rig.clock.monotonic_s() - 0.3, 8000.0, (230.0,) * 1600, amperes)


def test_the_newest_of_each_outlet_is_kept_in_memory_and_as_a_file(
    rig: Rig, tmp_path: Path
) -> None:
    rig.keeper.keep(waveform(rig, outlet(3), 50.0))
    rig.keeper.keep(waveform(rig, outlet(3)))
    rig.keeper.keep(waveform(rig, outlet(4)))
    rig.keeper.keep(waveform(rig, Target(TargetKind.INLET, 1)))
    rig.keeper.close()
    newest = rig.keeper.newest(3)
    assert newest is not None
    assert newest.peak_a == 20.0
    assert newest.peak_over_rms == pytest.approx(20.0)
    assert newest.t_wall_s == pytest.approx(rig.clock.wall_s() - 0.26, rel=0, abs=1e-3)
    assert rig.keeper.newest(9) is None
    files = sorted(path.name for path in (tmp_path / "inrush").iterdir())
    assert files == ["outlet-3.csv", "outlet-4.csv"]
    text = (tmp_path / "inrush" / "outlet-3.csv").read_text(encoding="utf-8")
    comment, names, *rows = text.splitlines()
    assert "2027-01-15T07:59:59.740Z" in comment
    assert "8000 samples/s; s, V, A" in comment
    assert names == "t_s,voltage_v,current_a"
    assert len(rows) == 1600
    assert rows[320] == "0.000000,230.000,20.0000"


@pytest.mark.parametrize("clipped", [True, False])
def test_a_clipped_waveform_says_so_in_memory_and_in_its_file(
    rig: Rig, tmp_path: Path, clipped: bool
) -> None:
    rig.keeper.keep(replace(waveform(rig, outlet(3)), clipped=clipped))
    rig.keeper.close()
    newest = rig.keeper.newest(3)
    assert newest is not None
    assert newest.clipped is clipped
    text = (tmp_path / "inrush" / "outlet-3.csv").read_text(encoding="utf-8")
    assert ("CLIPPED: the true peak is larger" in text.splitlines()[0]) is clipped


def test_a_folder_that_cannot_be_written_is_told_once(
    rig: Rig, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "inrush").write_text("in the way", encoding="utf-8")
    rig.keeper.keep(waveform(rig, outlet(3)))
    rig.keeper.keep(waveform(rig, outlet(3)))
    rig.keeper.close()
    assert rig.keeper.newest(3) is not None
    (record,) = caplog.records
    assert "in memory only" in record.getMessage()


def test_next_to_nothing_has_no_ratio(rig: Rig) -> None:
    flat = Inrush(outlet(3), 0.0, 8000.0, (0.0,) * 1600, (0.001,) * 1600)
    rig.keeper.keep(flat)
    rig.keeper.close()
    newest = rig.keeper.newest(3)
    assert newest is not None
    assert newest.peak_over_rms is None


def wait_for(found: Callable[[], SwitchOn | None]) -> SwitchOn:
    deadline_s = time.monotonic() + DEADLINE_S
    while (newest := found()) is None:
        assert time.monotonic() < deadline_s, "no waveform came"
        time.sleep(0.01)
    return newest


def test_lamp_that_is_switched_on_shows_its_inrush(tmp_path: Path) -> None:
    """Through relay board, converter and metering: ten times 25 W at first, decaying in 30 ms."""
    file = tmp_path / "openpdu.yaml"
    file.write_text(CONFIG.format(folder=tmp_path), encoding="utf-8")
    settings = load_settings(file, {})
    settings.runtime_dir.mkdir(mode=0o700)
    reports: Queue[Report] = Queue()
    readings: Queue[Reading] = Queue()

    def ignore(*_: object) -> None: ...

    hardware = Hardware(settings, SystemClock(), reports.put, readings.put, ignore, ignore)
    try:
        hardware.inspect()
        hardware.start()
        hardware.send(InitialiseBank("main"))
        readings.get(timeout=DEADLINE_S)
        hardware.send(WriteRelays("main", {4: True}))
        closed_s = time.time()
        newest = wait_for(lambda: hardware.inrush.newest(5))
    finally:
        hardware.stop()
    steady_a = 25 / 230
    assert newest.t_wall_s == pytest.approx(closed_s, rel=0, abs=0.05)
    assert newest.rms_by_cycle_a[1] < 0.1 * steady_a
    assert newest.rms_by_cycle_a[-1] == pytest.approx(steady_a, rel=0.2)
    assert 3 * steady_a < newest.peak_a < 11 * math.sqrt(2) * steady_a
    assert (settings.runtime_dir / "inrush" / "outlet-5.csv").exists()
