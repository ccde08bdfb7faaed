# SPDX-License-Identifier: Apache-2.0
"""`openpdu scan` proposes a configuration that the checker takes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pdu_agent.app import exits
from pdu_agent.app.cli import main
from pdu_agent.app.config.load import check_file, load_settings
from pdu_agent.app.doctor.machine import Machine
from pdu_agent.app.doctor.proposal import Found, look, propose
from pdu_agent.app.hardware import Hardware
from pdu_agent.core.settings import MAX_SENSORS
from pdu_agent.hw.i2c import SmBus
from pdu_agent.hw.sim.i2c import SimI2cBus
from pdu_agent.hw.sim.mcp23008 import SimMcp23008
from pdu_agent.hw.sim.sensor_faults import Air
from pdu_agent.hw.sim.sht import SimSht3x
from pdu_agent.hw.site import BoardConnections
from pdu_agent.model.clock import ManualClock, SystemClock
from pdu_agent.model.errors import ChipNotFound
from tests.peers import require_terminals

EVERYTHING = Path(__file__).parents[1] / "sim" / "everything.yaml"


class Wires(BoardConnections):
    def __init__(self, buses: dict[str, SimI2cBus]) -> None:
        super().__init__(ManualClock())
        self._buses = buses

    def i2c(self, bus: str) -> SmBus:
        if bus not in self._buses:
            raise ChipNotFound("i2c", f"open {bus}", "add the user to group i2c")
        return self._buses[bus]


@pytest.fixture
def found(tmp_path: Path) -> Found:
    for node in ("dev/i2c-0", "dev/i2c-1", "dev/spidev0.0", "dev/serial/by-id/usb-FTDI-0"):
        path = tmp_path / node
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    hwmon = tmp_path / "sys/class/hwmon/hwmon0"
    hwmon.mkdir(parents=True)
    (hwmon / "name").write_text("cpu_thermal\n", encoding="ascii")
    (hwmon / "temp1_input").write_text("41000\n", encoding="ascii")
    air = Air(lambda: 20.0)
    chips = {0x20: SimMcp23008(), 0x21: SimMcp23008(), 0x44: SimSht3x(air, lambda: 0.0)}
    return look(Machine(tmp_path), Wires({"/dev/i2c-1": SimI2cBus(chips)}))


def test_what_was_found_is_proposed_and_passes_the_check(found: Found, tmp_path: Path):
    text = propose(found)
    assert "# - {name: board-1-21, driver: mcp23008, bus: /dev/i2c-1, address: 0x21}" in text
    assert "kind: humidity, driver: sht3x, bus: /dev/i2c-1, address: 0x44" in text
    assert 'driver: hwmon, path: "/sys/class/hwmon/hwmon0/temp1_input"' in text
    assert "# /dev/i2c-0: " in text
    assert "/dev/serial/by-id/usb-FTDI-0" in text
    assert "/dev/spidev0.0" in text
    file = tmp_path / "proposal.yaml"
    file.write_text(text, encoding="utf-8")
    assert wrong(file) == []


def test_an_adapter_without_a_lasting_name_is_proposed_by_the_one_it_has(tmp_path: Path):
    by_id = tmp_path / "dev/serial/by-id"
    by_id.mkdir(parents=True)
    for node in ("ttyUSB0", "ttyUSB1", "ttyACM0"):
        (tmp_path / "dev" / node).touch()
    (by_id / "usb-FTDI-0").symlink_to("../../ttyUSB0")
    found = look(Machine(tmp_path), Wires({}))
    assert found.serial == ["/dev/serial/by-id/usb-FTDI-0", "/dev/ttyUSB1", "/dev/ttyACM0"]


def test_a_machine_without_any_bus_is_told_so(tmp_path: Path):
    assert "There is no I2C or SPI bus" in propose(look(Machine(tmp_path), Wires({})))


def wrong(file: Path) -> list[str]:
    return [str(problem) for problem in check_file(file, {}) if not problem.warning]


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Found]:
    """What a scan finds on a board with everything on its three I2C buses."""
    require_terminals()
    folder = tmp_path_factory.mktemp("full")
    settings = replace(load_settings(EVERYTHING, {}), runtime_dir=folder)
    ignore = [lambda *told: None] * 4
    hardware = Hardware(settings, SystemClock(), *ignore)
    assert hardware.board is not None
    buses = {f"/dev/i2c-{n}": bus for n, bus in enumerate(hardware.board.buses.values())}
    for bus in buses:
        (folder / "dev").mkdir(exist_ok=True)
        (folder / bus.lstrip("/")).touch()
    for n in range(MAX_SENSORS):
        chip = folder / f"sys/class/hwmon/hwmon{n:02}"
        chip.mkdir(parents=True)
        (chip / "name").write_text('odd "name"\t\\\n', encoding="ascii")
        (chip / "temp1_input").touch()
    yield look(Machine(folder), Wires(buses))
    hardware.board.close()


def test_board_with_everything_gets_a_proposal_that_passes_the_check(full: Found, tmp_path: Path):
    file = tmp_path / "proposal.yaml"
    file.write_text(propose(full), encoding="utf-8")
    assert wrong(file) == []
    settings = load_settings(file, {})
    assert {meter.driver for meter in settings.meters} == {"ina219", "ina226", "ina3221"}
    assert {"sht3x", "sht4x", "bme280", "hwmon"} == {entry.driver for entry in settings.sensors}
    assert len(settings.sensors) == MAX_SENSORS


def test_every_chip_of_a_full_board_stands_in_the_proposal(full: Found):
    text = propose(full)
    known = load_settings(EVERYTHING, {})
    entries = [*known.relays, *known.meters, *known.sensors, *known.fans, *known.displays]
    on_i2c = {entry.driver for entry in entries if hasattr(entry.options, "address")} - {"modbus"}
    assert on_i2c >= {"mcp23017", "ads1015", "emc2101", "sh1106", "hd44780", "aht20"}
    assert [driver for driver in on_i2c if driver not in text] == []


def test_what_may_be_a_port_expander_is_never_an_entry(full: Found, tmp_path: Path):
    """The agent would begin by writing to it, and a PCF8574 takes that for its outputs."""
    file = tmp_path / "proposal.yaml"
    file.write_text(propose(full), encoding="utf-8")
    settings = load_settings(file, {})
    entries = [*settings.relays, *settings.meters, *settings.sensors]
    addresses = {getattr(entry.options, "address", 0x40) for entry in entries}
    assert not addresses & {*range(0x20, 0x28), *range(0x38, 0x40)}


@pytest.mark.parametrize("driver", ["mcp23008", "mcp23017"])
def test_proposal_passes_the_check_once_its_comments_are_entries(
    found: Found, driver: str, tmp_path: Path
):
    text = propose(found).replace("relays: []", "relays:")
    lines = text.splitlines()
    taken = [line.replace("# - ", "- ") if f"driver: {driver}," in line else line for line in lines]
    file = tmp_path / "proposal.yaml"
    file.write_text("\n".join(taken), encoding="utf-8")
    assert wrong(file) == []
    assert [board.driver for board in load_settings(file, {}).relays] == [driver] * 2


def test_bus_of_a_running_agent_is_left_alone(tmp_path: Path):
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/i2c-1").touch()
    seen = look(Machine(tmp_path), Wires({}), agents=[812])
    assert "in use by perhaps the agent (812)" in str(seen.i2c["/dev/i2c-1"])
    assert "# /dev/i2c-1: in use" in propose(seen)


def test_bus_that_may_not_be_opened_says_why(found: Found):
    assert "group i2c" in str(found.i2c["/dev/i2c-0"])


def test_board_with_nothing_gets_an_empty_proposal(tmp_path: Path):
    assert "relays: []\nmeters: []\nsensors: []" in propose(look(Machine(tmp_path), Wires({})))


def test_command_prints_json(capsys: pytest.CaptureFixture[str]):
    assert main(["scan", "--json"]) == exits.OK
    assert set(json.loads(capsys.readouterr().out)) == {"i2c", "spi", "serial", "gpio", "files"}
