# SPDX-License-Identifier: Apache-2.0
"""`openpdu scan` proposes a configuration that the checker takes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pdu_agent.app import exits
from pdu_agent.app.cli import main
from pdu_agent.app.config.load import check_file
from pdu_agent.app.doctor.machine import Machine
from pdu_agent.app.doctor.proposal import Found, look, propose
from pdu_agent.hw.i2c import SmBus
from pdu_agent.hw.sim.i2c import SimI2cBus
from pdu_agent.hw.sim.mcp23008 import SimMcp23008
from pdu_agent.hw.site import BoardConnections
from pdu_agent.model.clock import ManualClock
from pdu_agent.model.errors import ChipNotFound


class Status:
    """An SHT3x as far as a scan sees it."""

    def exchange(self, data: bytes, length: int) -> bytes:
        if data != b"\xf3\x2d":
            raise OSError(6, "No such device or address")
        return b"\xbe\xef\x92"


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
    chips = {0x20: SimMcp23008(), 0x21: SimMcp23008(), 0x44: Status()}
    return look(Machine(tmp_path), Wires({"/dev/i2c-1": SimI2cBus(chips)}))


def test_what_was_found_is_proposed_and_passes_the_check(found: Found, tmp_path: Path):
    text = propose(found)
    assert "{name: board2, driver: mcp23008, bus: /dev/i2c-1, address: 0x21}" in text
    assert "kind: humidity, driver: sht3x, bus: /dev/i2c-1, address: 0x44" in text
    assert 'driver: hwmon, path: "/sys/class/hwmon/hwmon0/temp1_input"' in text
    assert "# /dev/i2c-0: " in text
    assert "/dev/serial/by-id/usb-FTDI-0" in text
    assert "/dev/spidev0.0" in text
    file = tmp_path / "proposal.yaml"
    file.write_text(text, encoding="utf-8")
    assert [str(problem) for problem in check_file(file, {}) if not problem.warning] == []


def test_bus_that_may_not_be_opened_says_why(found: Found):
    assert "group i2c" in str(found.i2c["/dev/i2c-0"])


def test_board_with_nothing_gets_an_empty_proposal(tmp_path: Path):
    assert "relays: []\nmeters: []\nsensors: []" in propose(look(Machine(tmp_path), Wires({})))


def test_command_prints_json(capsys: pytest.CaptureFixture[str]):
    assert main(["scan", "--json"]) == exits.OK
    assert set(json.loads(capsys.readouterr().out)) == {"i2c", "spi", "serial", "gpio", "files"}
