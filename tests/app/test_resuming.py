# SPDX-License-Identifier: Apache-2.0
"""What a meter counts while the agent is away is on the bill: once, or not at all and told."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdu_agent.app.resuming import resumes
from pdu_agent.core.metered.tariffs import ClockTime, TariffSettings
from pdu_agent.core.settings import DeviceSettings
from pdu_agent.hw.acquisition import MeterAcquisition
from pdu_agent.hw.ecm1240 import Ecm1240Meter, Ecm1240Settings
from pdu_agent.hw.modbus import ModbusMeter, ModbusSettings
from pdu_agent.hw.modbus.client import Client
from pdu_agent.hw.modbus.line import shared_line
from pdu_agent.hw.modbus.map_file import read_map
from pdu_agent.hw.sim.ecm1240 import SimulatedEcm1240
from pdu_agent.hw.sim.modbus import SimModbusLine, SimModbusTerminal
from pdu_agent.hw.sim.modbus_meters import SimOrno515
from pdu_agent.model.clock import ManualClock
from pdu_agent.model.commands import Reset, ResetMeter, Target, TargetKind
from pdu_agent.model.errors import HardwareError
from pdu_agent.model.quantities import Electrical
from pdu_agent.model.readings import Reading
from pdu_agent.model.record import MeterRecord, Record
from pdu_agent.store.framing import decode, encode
from pdu_agent.store.plain_record import from_plain, to_plain
from tests.core.bench import Workbench

OUTLET_1, OUTLET_2 = (Target(TargetKind.OUTLET, number) for number in (1, 2))
HOUR_S = 3600.0
STEP_MJ = 36_000_000
"""Of the Modbus meter's register."""


class Unit(ABC):
    """An agent without its threads, for one meter. What it has stored survives a `kill`."""

    def __init__(self, **targets: Target) -> None:
        self.targets = targets
        self.clock = ManualClock()
        self.record = Record(engine_id=b"x")
        self.boot_id = "boot-1"
        self.more: dict[str, object] = {}

    @abstractmethod
    def make_meter(self):
        """The driver anew, as a started agent makes it."""

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def start(self) -> None:
        stored = decode(encode(self.record))
        self.core = Workbench(2, None, stored, clock=self.clock, boot_id=self.boot_id, **self.more)
        self.meter = self.make_meter()
        self.source = MeterAcquisition(
            "rack",
            self.meter,
            self.targets,
            self.hear,
            lambda name, error: None,
            resumes=resumes(stored, self.boot_id, self.clock),
        )
        self.meter.open()

    def hear(self, reading: Reading) -> None:
        self.core.core.on_reading(reading)

    def sample(self) -> None:
        self.pass_time(self.meter.max_silence_s)
        assert self.source._step()

    def save(self) -> None:
        self.record = self.core.core.final_record()

    def kill(self) -> None:
        self.meter.close()

    def restart(self, away_s: float) -> None:
        """Stopped as it should be, and started later."""
        self.save()
        self.kill()
        self.pass_time(away_s)
        self.start()

    def reboot(self, away_s: float, wall_s: float | None = None) -> None:
        """The board too; wall_s: what its clock says afterwards, without it the time."""
        self.save()
        self.kill()
        self.pass_time(away_s)
        self.boot_id += "+"
        if wall_s is not None:
            self.clock.jump_wall(wall_s - self.clock.wall_s())
        self.start()

    def row(self, target: Target = OUTLET_1) -> MeterRecord:
        return self.core.core.final_record().meters[str(target)]

    def energy_mj(self, target: Target = OUTLET_1) -> int:
        return self.row(target).energy_mj


class EcmUnit(Unit):
    def __init__(self, folder: Path) -> None:
        super().__init__(ch1=OUTLET_1, aux1=OUTLET_2)
        self.sim = SimulatedEcm1240(folder / "ttyECM", self.clock)
        self.sim.plug()
        self.sim.state.loads_w = {"ch1": 1000.0, "aux1": 40.0}
        self.sim.state.set_counters_ws({"ch1": 7_000_000, "aux1": 300_000}, 5_000_000)

    def make_meter(self) -> Ecm1240Meter:
        return Ecm1240Meter(Ecm1240Settings(port=str(self.sim.link)), self.clock)

    def pass_time(self, seconds: float) -> None:
        super().pass_time(seconds)
        self.sim.service()


class Registers:
    """What a Client does, without a line between."""

    place = "here"
    unanswered = 0

    def __init__(self, sim: SimOrno515) -> None:
        self.sim = sim

    def open(self) -> None:
        pass

    def close(self) -> None:
        pass

    def read(self, function: int, register: int, words: int) -> tuple[int, ...]:
        found = self.sim.read(function)
        return tuple(found[register + place] for place in range(words))


class ModbusUnit(Unit):
    """power_w: of the load, which is what the registers say as well."""

    def __init__(self, power_w: float = 1000.0) -> None:
        super().__init__(main=OUTLET_1)
        self.power_w = power_w
        self.sim = SimOrno515(self.truth, self.clock)
        self.sim.import_ws = 5e9 + 1e3
        self.max_power_w = 20_000.0
        self.address = 1

    def truth(self) -> Electrical:
        return Electrical(230.0, self.power_w / 230, self.power_w, self.power_w, 0.0, 1.0, 50.0)

    def make_client(self):
        return Registers(self.sim)

    def make_meter(self) -> ModbusMeter:
        wanted = ModbusSettings(
            "/dev/none", "orno-we-515", self.address, max_power_w=self.max_power_w
        )
        register_map = read_map("orno-we-515")
        return ModbusMeter(wanted, register_map, self.make_client(), self.clock, self.clock.advance)

    def register_mj(self) -> int:
        return int(self.true_mj()) // STEP_MJ * STEP_MJ

    def true_mj(self) -> float:
        self.sim.read(3)
        return self.sim.import_ws * 1000


class ModbusLineUnit(ModbusUnit):
    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.line = SimModbusLine({1: self.sim})
        self.terminal = SimModbusTerminal(folder / "ttyRS485", self.line)
        self.terminal.plug()

    def make_client(self) -> Client:
        settings = read_map("orno-we-515").line
        line = shared_line(str(self.terminal.terminal.link), replace(settings, parity="none"))
        return Client(line, 1, 0.1)


@pytest.fixture
def ecm(tmp_path: Path, terminals: None) -> Iterator[EcmUnit]:
    unit = EcmUnit(tmp_path)
    unit.start()
    yield unit
    unit.kill()
    unit.sim.unplug()


def bad_news(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [row.getMessage() for row in caplog.records if row.levelno >= logging.WARNING]


def test_an_hour_without_the_agent_is_on_the_bill_to_the_joule(ecm, caplog):
    ecm.sample()
    ecm.sample()
    assert ecm.energy_mj() == 10_000_000
    ecm.restart(HOUR_S)
    assert ecm.energy_mj() == 10_000_000
    ecm.sample()
    assert ecm.energy_mj() == 1000 * 1000 * (10 + 3600 + 10)
    assert ecm.energy_mj(OUTLET_2) == 40 * 1000 * (10 + 3600 + 10)
    ecm.sample()
    assert ecm.energy_mj() == 1000 * 1000 * (10 + 3600 + 20)
    assert bad_news(caplog) == []


def test_the_gap_shows_neither_power_nor_demand(ecm):
    ecm.sample()
    ecm.restart(HOUR_S)
    ecm.sample()
    assert ecm.core.outlet(1).meter.electrical.active_power_w is None
    assert (ecm.row().peak_power_w, ecm.row().peak_demand_w) == (None, None)


def test_counters_that_wrap_meanwhile_go_on(ecm, caplog):
    ecm.sim.state.set_counters_ws({"ch1": 2**40 - 500, "aux1": 2**32 - 500}, 2**24 - 100)
    ecm.sample()
    ecm.reboot(HOUR_S)
    ecm.sample()
    assert ecm.energy_mj() == 1000 * 1000 * 3610
    assert ecm.energy_mj(OUTLET_2) == 40 * 1000 * 3610
    assert bad_news(caplog) == []


@pytest.mark.parametrize("change", ["serial", "reset", "anew"])
def test_another_or_a_reset_meter_brings_nothing_and_is_told_once(ecm, caplog, change):
    ecm.sample()
    if change == "serial":
        ecm.sim.state.serial_number += 1
    elif change == "reset":
        ecm.sim.state.reset()
    else:
        ecm.sim.state.set_counters_ws(dict.fromkeys(ecm.sim.state.absolute_mj, 0), 0)
    ecm.restart(HOUR_S)
    ecm.sample()
    assert ecm.energy_mj() == 0
    ecm.sample()
    assert ecm.energy_mj() == 10_000_000
    assert len(bad_news(caplog)) == 1
    ecm.restart(HOUR_S)
    ecm.sample()
    assert ecm.energy_mj() == 1000 * 1000 * (10 + 3600 + 10)


def test_more_than_the_time_allows_is_not_booked(caplog):
    unit = ModbusUnit()
    unit.start()
    unit.sample()
    unit.restart(HOUR_S)
    unit.sim.import_ws += unit.max_power_w * 2 * HOUR_S
    unit.sample()
    assert unit.energy_mj() == 0
    assert len(bad_news(caplog)) == 1


def test_the_last_digit_of_a_register_may_pass_meanwhile(caplog):
    unit = ModbusUnit()
    unit.sim.import_ws = 999_999.99 * 3.6e6
    unit.start()
    unit.sample()
    unit.restart(HOUR_S)
    unit.sample()
    assert unit.energy_mj() == pytest.approx(3602 * 1e6, abs=STEP_MJ)
    assert bad_news(caplog) == []


def test_through_the_line_of_a_modbus_meter(tmp_path, terminals):
    unit = ModbusLineUnit(tmp_path)
    unit.start()
    try:
        first_mj = unit.true_mj()
        unit.sample()
        unit.restart(HOUR_S)
        unit.sample()
        assert unit.energy_mj() == pytest.approx(unit.true_mj() - first_mj, abs=STEP_MJ)
    finally:
        unit.kill()
        unit.terminal.unplug()


def test_a_line_that_is_away_over_a_restart(tmp_path, terminals):
    unit = ModbusLineUnit(tmp_path)
    unit.start()
    try:
        unit.sample()
        first_mj = unit.true_mj()
        unit.line.faults.silent = True
        unit.restart(HOUR_S)
        with pytest.raises(HardwareError):
            unit.sample()
        unit.restart(HOUR_S)
        unit.line.faults.silent = False
        unit.sample()
        assert unit.energy_mj() == pytest.approx(unit.true_mj() - first_mj, abs=STEP_MJ)
    finally:
        unit.kill()
        unit.terminal.unplug()


@pytest.mark.parametrize(("away_s", "samples"), [(7.0, 2), (1.0, 9)])
def test_restarts_between_two_steps_of_a_register_do_not_add_up(away_s, samples):
    """What was handed out ahead of the register, or is behind it, is known to the next run."""
    unit = ModbusUnit(power_w=500.0)
    unit.start()
    unit.sample()
    first_mj = unit.register_mj()
    for _ in range(100):
        unit.restart(away_s)
        for _ in range(samples):
            unit.sample()
        assert abs(unit.energy_mj() - (unit.register_mj() - first_mj)) <= STEP_MJ


STEPS = st.lists(
    st.one_of(
        st.sampled_from(["sample", "save", "kill", "power cut"]),
        st.floats(0.5, 40_000.0),
        st.integers(0, 5000).map(lambda power_w: ("load", float(power_w))),
    ),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_a_kill_at_any_moment_neither_loses_nor_doubles_energy(steps):
    """A power cut takes what was not on the card, which is a save older; the board reboots."""
    unit = ModbusUnit()
    unit.start()
    unit.sample()
    unit.save()
    on_card, first_mj = unit.record, unit.true_mj()
    for step in steps:
        if step == "sample":
            unit.sample()
        elif step == "save":
            on_card = unit.record
            unit.save()
        elif step in ("kill", "power cut"):
            unit.kill()
            if step == "power cut":
                unit.record, unit.boot_id = on_card, unit.boot_id + "+"
            unit.start()
        elif isinstance(step, float):
            unit.pass_time(step)
        else:
            unit.true_mj()  # brings the counter up to now with the load until now
            unit.power_w = step[1]
    unit.sample()
    assert abs(unit.energy_mj() - (unit.true_mj() - first_mj)) <= 2 * STEP_MJ


def test_a_board_that_starts_in_1970_books_nothing_of_before_and_says_so(ecm, caplog):
    ecm.sample()
    ecm.reboot(HOUR_S, wall_s=60.0)
    ecm.sample()
    assert ecm.energy_mj() == 0
    assert len([text for text in bad_news(caplog) if "clock" in text]) == 2  # two channels
    ecm.sample()
    assert ecm.energy_mj() == 10_000_000
    # Recorded in 1970: however much later it is now, nobody knows how long that was.
    ecm.reboot(HOUR_S, wall_s=1_800_000_000.0)
    ecm.sample()
    assert ecm.energy_mj() == 10_000_000


def test_within_a_boot_the_wall_clock_is_not_asked(ecm, caplog):
    ecm.clock.jump_wall(60.0 - ecm.clock.wall_s())
    ecm.sample()
    ecm.clock.jump_wall(-40.0)
    ecm.restart(HOUR_S)
    ecm.sample()
    assert ecm.energy_mj() == 1000 * 1000 * 3610
    assert bad_news(caplog) == []


def test_a_boot_without_a_sample_does_not_pass_for_the_one_before_it(ecm):
    ecm.sample()
    ecm.reboot(HOUR_S)
    ecm.clock.jump_wall(-2 * HOUR_S)
    ecm.restart(1.0)  # in the second boot; the mark's monotonic time is of the first
    ecm.sample()
    assert ecm.energy_mj() == 0


def test_it_goes_to_the_tariff_in_force_at_the_first_sample():
    unit = ModbusUnit()
    start = unit.clock.wall_s() // 86_400 * 86_400 + 86_400 + 12 * HOUR_S
    unit.clock.jump_wall(start - unit.clock.wall_s())
    day = TariffSettings("day", ClockTime(6 * 60), ClockTime(18 * 60))
    unit.more = {"tariffs": (day,), "zone": UTC}
    unit.start()
    unit.sample()
    unit.restart(10 * HOUR_S)
    unit.sample()
    rows = {row[0]: row[1] for row in unit.row().tariffs}
    assert rows == {DeviceSettings().default_tariff: unit.energy_mj()}
    assert unit.energy_mj() == pytest.approx(36_002e6, abs=STEP_MJ)


def test_it_is_on_the_user_meter_that_was_reset_before():
    unit = ModbusUnit()
    unit.start()
    for _ in range(30):
        unit.sample()
    unit.core.submit(ResetMeter(OUTLET_1, Reset.ENERGY))
    unit.restart(HOUR_S)
    unit.sample()
    assert unit.row().energy_mj - unit.row().user_zero_mj == pytest.approx(3602e6, abs=STEP_MJ)


def test_a_meter_that_was_moved_to_another_outlet_begins_anew_and_back_again():
    unit = ModbusUnit()
    unit.start()
    unit.sample()
    unit.targets = {"main": OUTLET_2}
    unit.restart(HOUR_S)
    unit.sample()
    assert (unit.energy_mj(OUTLET_1), unit.energy_mj(OUTLET_2)) == (0, 0)
    unit.targets = {"main": OUTLET_1}
    unit.restart(HOUR_S)
    unit.sample()
    assert (unit.energy_mj(OUTLET_1), unit.energy_mj(OUTLET_2)) == (0, 0)
    unit.restart(HOUR_S)
    unit.sample()
    assert unit.energy_mj(OUTLET_1) == pytest.approx(3602e6, abs=STEP_MJ)


def test_another_meter_in_the_place_of_one_is_told(caplog):
    unit = ModbusUnit()
    unit.start()
    unit.sample()
    unit.address = 2
    unit.restart(HOUR_S)
    unit.sample()
    assert unit.energy_mj() == 0
    (text,) = bad_news(caplog)
    assert "another counter (rack main modbus" in text


def test_a_version_that_does_not_know_marks_reads_the_record_and_forgets_them():
    """What it counts itself is then not counted again by the next one that knows them."""
    unit = ModbusUnit()
    unit.start()
    unit.sample()
    unit.restart(HOUR_S)
    unit.sample()
    unit.save()
    plain = to_plain(unit.record)
    assert plain.pop("marks")
    known = {"energy_mj", "remainder_mj", "user_since_wall_s", "inductive_mvars"}
    peaks = {key for key in plain["meters"]["outlet 1"] if key.startswith("peak_")}
    assert plain["meters"]["outlet 1"].keys() <= known | peaks | {"capacitive_mvars"}
    unit.kill()
    unit.record, energy_mj = from_plain(plain), unit.energy_mj()
    unit.pass_time(HOUR_S)
    unit.start()
    unit.sample()
    assert unit.energy_mj() == energy_mj
