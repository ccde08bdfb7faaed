# SPDX-License-Identifier: Apache-2.0
"""Every driver that has a simulator, as configured, through the real driver to the real values."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pdu_agent.app.config.load import check_file, load_settings
from pdu_agent.app.config.schema import AgentSettings
from pdu_agent.app.hardware import Hardware
from pdu_agent.hw import registry
from pdu_agent.hw.modbus.map_file import shipped_maps
from pdu_agent.hw.sim.board import SimulatedBoard
from pdu_agent.hw.sim.catalogue import SIMULATORS, attach
from pdu_agent.hw.sim.connections import SimConnections
from pdu_agent.hw.sim.device import Entry
from pdu_agent.hw.sim.loads import Load
from pdu_agent.hw.site import Site
from pdu_agent.model.clock import ManualClock, SystemClock
from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.errors import ConfigError
from pdu_agent.model.readings import (
    BankState,
    InitialiseBank,
    Reading,
    RelayResult,
    SensorReading,
    WriteRelays,
)
from pdu_agent.model.snapshot import SensorKind
from tests.peers import require_terminals

CONFIGURATION = Path(__file__).with_name("everything.yaml")
LIMIT_S = 30.0
TWO_STATES = (SensorKind.CONTACT, SensorKind.WATER)
SMALL = {"pair": 13, "pair2": 14}
"""Meters of one outlet each that make a sample whenever the host asks for one."""
WITHOUT = {
    ("sensors", "contact"): "is an input of a board of `io`",
}


def test_every_driver_has_a_simulator() -> None:
    for kind in registry.KINDS:
        without = {name for of, name in WITHOUT if of == kind}
        assert set(SIMULATORS[kind]) | without >= set(registry.known(kind)) - {"example"}, kind


def test_every_simulator_is_in_the_configuration_here() -> None:
    settings = load_settings(CONFIGURATION, {})
    for kind, drivers in SIMULATORS.items():
        used = {entry.driver for entry in getattr(settings, kind)}
        assert used == set(drivers), kind


@pytest.mark.parametrize("name", shipped_maps())
def test_every_register_map_has_a_simulated_meter(name: str, tmp_path: Path) -> None:
    file = tmp_path / "o.yaml"
    file.write_text(
        "schema: 1\nsnmp: {listen: []}\ninlets: [{number: 1}]\nmeters:\n"
        f"  - {{name: m, driver: modbus, port: sim, map: {name}, channels: {{main: inlet 1}}}}\n",
        encoding="utf-8",
    )
    assert check_file(file, {}) == []


def outlet(number: int) -> Target:
    return Target(TargetKind.OUTLET, number)


class Unit:
    """The hardware of the configuration, running, and what it told."""

    def __init__(self, folder: Path) -> None:
        self.settings: AgentSettings = replace(
            load_settings(CONFIGURATION, {}), runtime_dir=folder, state_dir=folder
        )
        self.reports: list[Any] = []
        self.readings: dict[Target, Any] = {}
        self.sensors: dict[int, SensorReading] = {}
        self.troubles: list[tuple[str, str]] = []
        self.hardware = Hardware(
            self.settings,
            SystemClock(),
            self.reports.append,
            self._on_reading,
            self._on_sensor,
            lambda name, error: self.troubles.append((name, str(error))),
        )
        assert self.hardware.board is not None
        self.board: SimulatedBoard = self.hardware.board
        self.found = self.hardware.inspect()
        self.hardware.start()

    def _on_reading(self, reading: Reading) -> None:
        for measurement in reading.measurements:
            self.readings[measurement.target] = measurement

    def _on_sensor(self, reading: SensorReading) -> None:
        self.sensors[reading.sensor] = reading

    def wait(self, condition: Callable[[], object]) -> None:
        deadline_s = time.monotonic() + LIMIT_S
        while not condition():
            assert time.monotonic() < deadline_s, self.troubles
            time.sleep(0.01)


@pytest.fixture(scope="module")
def unit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Unit]:
    require_terminals()
    unit = Unit(tmp_path_factory.mktemp("unit"))
    yield unit
    unit.hardware.stop()


def test_boards_of_all_kinds_are_found_cold_and_move_their_outlets(unit: Unit) -> None:
    found = [report for report in unit.found if isinstance(report, BankState)]
    assert [state.bank for state in found] == ["small", "large", "lines", "usb", "numato"]
    unit.wait(lambda: any(isinstance(r, BankState) and r.bank == "pi" for r in unit.reports))
    for bank in [*(state.bank for state in found), "pi"]:
        unit.hardware.send(InitialiseBank(bank))
    references = {o.number: o.relay for o in unit.settings.outlets if o.relay is not None}
    for reference in references.values():
        order = WriteRelays(reference.bank, {reference.relay: True})
        unit.wait(partial(unit.hardware.send, order))
    unit.wait(lambda: all(unit.board.contacts.closed(number) for number in references))
    results = [report for report in unit.reports if isinstance(report, RelayResult)]
    assert not [result for result in results if result.error], results
    last = references[8]
    unit.hardware.send(WriteRelays(last.bank, {last.relay: False}))
    unit.wait(lambda: not unit.board.contacts.closed(8))
    unit.hardware.send(WriteRelays(last.bank, {last.relay: True}))
    unit.wait(lambda: unit.board.contacts.closed(8))


def test_meters_of_all_kinds_show_the_truth(unit: Unit) -> None:
    """Those for direct voltage show it as a supply of 12 V with the outlet's watts."""
    numbers = [number for number in range(1, 16) if number not in SMALL.values()]
    points = [*map(outlet, numbers), Target(TargetKind.INLET, 1)]
    unit.wait(lambda: all(point in unit.readings for point in points))
    for number in range(1, 16):
        unit.board.world.plug(number, _steady(number), unit.board.clock.monotonic_s())
    unit.wait(lambda: all(_is_true(unit, point) for point in points))


def test_converters_that_the_host_starts_show_the_truth(tmp_path: Path) -> None:
    """Each sample has the host's time, and the threads of thirty devices in one interpreter leave
    none of 860 a second in its place. So these have a clock that waits for them.
    """
    require_terminals()
    settings = replace(load_settings(CONFIGURATION, {}), runtime_dir=tmp_path, state_dir=tmp_path)
    clock = ManualClock()
    board = Hardware(settings, clock, *[lambda *_: None] * 4).board
    assert board is not None
    seen = {}
    for entry in settings.meters:
        if entry.name in SMALL:
            number = SMALL[entry.name]
            board.world.plug(number, _steady(number), clock.monotonic_s())
            connections = SimConnections(board, entry.name)
            site = Site(entry.name, "", clock, clock.advance, connections)
            meter = registry.driver_class("meters", entry.driver).connect(site, entry.options)
            meter.open()
            sample = next(filter(None, (meter.poll(0.5) for _ in range(10))))
            seen[entry.name] = sample.channels["a"][0].active_power_w
            true_w = board.truth(outlet(number)).active_power_w
            assert seen[entry.name] == pytest.approx(true_w, rel=0.02, abs=0.5)
            meter.close()
    assert set(seen) == set(SMALL)
    board.close()


def _steady(number: int) -> Load:
    return Load("heater", 5.0 if number == 7 else 10.0 + number)  # the shunt there is small


def _is_true(unit: Unit, point: Target) -> bool:
    shown = unit.readings[point].electrical.active_power_w
    true_w = unit.board.truth(point).active_power_w
    return shown is not None and abs(shown - true_w) < 0.5 + 0.02 * true_w


def _feels(unit: Unit, number: int, value: float) -> bool:
    reading = unit.sensors[number]
    assert reading.error == "", reading
    return reading.value == pytest.approx(value, abs=0.2)


def test_sensors_of_all_kinds_feel_the_surroundings(unit: Unit) -> None:
    """Held still: by itself the air goes on between a reading and the look at it."""
    unit.wait(lambda: set(unit.sensors) == set(range(1, 10)))
    felt = {}
    for sensor in unit.settings.sensors:
        now = unit.board.surroundings.feeling(sensor.number, sensor.kind)()
        felt[sensor.number] = 1.0 if sensor.kind in TWO_STATES else now + 1.0
        unit.board.surroundings.say(sensor.number, felt[sensor.number])
    for number, value in felt.items():
        unit.wait(partial(_feels, unit, number, value))
        unit.board.surroundings.say(number, None)


def _turns_at(fan: Any, expected_rpm: float) -> bool:
    rpm = fan.read_rpm()
    return rpm is not None and abs(rpm - expected_rpm) < 200.0


def test_fans_of_all_kinds_turn_as_they_are_told(unit: Unit) -> None:
    for entry in unit.settings.fans:
        driver = registry.driver_class("fans", entry.driver)
        fan = driver.connect(unit.hardware.site(f"fan {entry.number}"), entry.options)
        fan.set_duty(50.0)
        name = f"fan {entry.number}"
        unit.wait(partial(_turns_at, fan, 1500.0))
        unit.board.devices[name].verbs["block"](True)
        unit.wait(partial(_turns_at, fan, 0.0))
        unit.board.devices[name].verbs["heal"](True)
        fan.close()


def test_buttons_of_all_kinds_are_pressed_by_the_script_s_verbs(unit: Unit) -> None:
    for entry in unit.settings.io:
        driver = registry.driver_class("io", entry.driver)
        io = driver.connect(unit.hardware.site(f"io {entry.name}"), entry.options, [3], [5])
        io.open()
        assert io.read(0.01) == {3: False}, entry
        unit.board.devices[f"io {entry.name}"].verbs["press"](3)
        assert io.read(0.1)[3] is True, entry
        unit.board.devices[f"io {entry.name}"].verbs["let_go"](3)
        assert io.read(0.1)[3] is False, entry
        io.close()


def test_displays_of_all_kinds_answer(unit: Unit) -> None:
    pytest.importorskip("luma.oled")
    pytest.importorskip("RPLCD")
    for entry in unit.settings.displays:
        driver = registry.driver_class("displays", entry.driver)
        display = driver.connect(unit.hardware.site(f"display {entry.name}"), entry.options)
        display.open()
        display.show(["simulated"])
        display.close()


def test_whatever_a_script_may_do_it_may_do_twice(tmp_path: Path) -> None:
    """A step that raised would end the simulator's thread, and with it the whole script."""
    require_terminals()
    settings = replace(load_settings(CONFIGURATION, {}), runtime_dir=tmp_path, state_dir=tmp_path)
    ignore = [lambda *_: None] * 4
    board = Hardware(settings, SystemClock(), *ignore).board
    assert board is not None
    values: dict[str, Any] = {"stall": 0.001}
    for name, device in board.devices.items():
        for verb, do in device.verbs.items():
            there = device.ranges.get(verb, range(1, 2))
            for value in [values[verb]] if verb in values else [there[0], there[-1]]:
                do(value)
                do(value)
        assert device.verbs.get("replug", lambda _: None)(True) is None, name
    board.close()


def test_what_is_unplugged_fails_and_comes_back(unit: Unit) -> None:
    """Meters and boards tell of their loss; the agent's threads find them again by themselves."""
    names = ("plug", "rail", "shunt", "house")
    unit.troubles.clear()
    for name in names:
        unit.board.devices[name].verbs["unplug"](True)
    unit.wait(lambda: {name for name, error in unit.troubles if error != "None"} >= set(names))
    for name in names:
        unit.board.devices[name].verbs["replug"](True)
    unit.wait(lambda: {name for name, error in unit.troubles if error == "None"} >= set(names))


def test_a_driver_without_a_simulator_is_refused_with_those_that_have_one(unit: Unit) -> None:
    entry = Entry("relays", "mine", "unheard", "sim", None)
    with pytest.raises(ConfigError, match=r"mine is at sim, but no simulator .*mcp23008"):
        attach(unit.board, entry)
