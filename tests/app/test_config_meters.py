# SPDX-License-Identifier: Apache-2.0
"""`openpdu check` on meters with register maps, and on meters that share a port."""

from __future__ import annotations

from pathlib import Path

import pytest

from pdu_agent.app.config.load import check_file

OUTLETS = "outlets: [{number: 1}, {number: 2}]\n"


def errors(tmp_path: Path, meters: str) -> list[str]:
    file = tmp_path / "openpdu.yaml"
    file.write_text(
        f"schema: 1\nsnmp: {{listen: []}}\n{OUTLETS}meters:\n{meters}", encoding="utf-8"
    )
    return [str(problem) for problem in check_file(file, {}) if not problem.warning]


def meter(name: str, outlet: int, rest: str) -> str:
    return (
        f"  - {{name: {name}, driver: modbus, port: /dev/ttyUSB0, {rest},"
        f" channels: {{main: outlet {outlet}}}}}\n"
    )


def test_two_meters_on_one_line_are_fine(tmp_path: Path) -> None:
    one = meter("a", 1, "map: orno-we-515, address: 1")
    other = meter("b", 2, "map: pzem-004t-v3, address: 2, parity: even")
    assert errors(tmp_path, one + other) == []


@pytest.mark.parametrize(
    ("rest", "said"),
    [
        (
            "map: orno-we-515, address: 1",
            "meters[1].address: two meters are unit 1 on /dev/ttyUSB0",
        ),
        ("map: pzem-004t-v3, address: 2", "runs at 9600 8N1 here and at 9600 8E1"),
        ("map: orno-we515, address: 2", "meters[1].map: no register map is called 'orno-we515'"),
        ("map: /nowhere.yaml, address: 2", "/nowhere.yaml cannot be read"),
        ("map: pzem-004t-v3, set_clock: true", "names no clock"),
        ("map: orno-we-515, address: 250", "meters[1].address: 250"),
    ],
)
def test_what_does_not_fit_is_told_at_its_line(tmp_path: Path, rest: str, said: str) -> None:
    found = errors(tmp_path, meter("a", 1, "map: orno-we-515, address: 1") + meter("b", 2, rest))
    assert any(said in line and "openpdu.yaml:6:" in line for line in found), found


def test_address_that_every_meter_hears_is_for_a_meter_alone(tmp_path: Path) -> None:
    one = meter("a", 1, "map: pzem-004t-v3, address: 248")
    assert errors(tmp_path, one) == []
    (found,) = errors(tmp_path, one + meter("b", 2, "map: pzem-004t-v3, address: 2"))
    assert "openpdu.yaml:6:" in found
    assert "unit 248 is for a meter that is alone on its line" in found


def test_gateway_with_and_without_its_usual_port_is_one_place(tmp_path: Path) -> None:
    one = meter("a", 1, "map: eastron-sdm230").replace("/dev/ttyUSB0", "tcp://10.0.0.5")
    other = meter("b", 2, "map: eastron-sdm230").replace("/dev/ttyUSB0", "tcp://10.0.0.5:502")
    (found,) = errors(tmp_path, one + other)
    assert "two meters are unit 1 on tcp://10.0.0.5:502" in found


def test_mistake_in_a_map_is_told_at_its_place_in_the_map(tmp_path: Path) -> None:
    register_map = tmp_path / "my.yaml"
    register_map.write_text(
        "name: x\nfunction: 4\nvalues:\n"
        "  voltage: {register: 1, type: f32, unit: V}\n"
        "  current: {register: 2, type: f32, unit: A}\n",
        encoding="utf-8",
    )
    (found,) = errors(tmp_path, meter("a", 1, f"map: {register_map}"))
    assert found.startswith(f"{register_map}:5:12: values.current overlaps values.voltage (line 4)")


def test_channel_that_the_map_does_not_have_is_told(tmp_path: Path) -> None:
    text = meter("a", 1, "map: orno-we-515").replace("main:", "l1:")
    (found,) = errors(tmp_path, text)
    assert "this meter has no channel 'l1'; it has main" in found


def test_a_line_is_not_shared_with_another_driver(tmp_path: Path) -> None:
    plug = "  - {name: b, driver: cse7766, port: /dev/ttyUSB0, channels: {main: outlet 2}}\n"
    found = errors(tmp_path, meter("a", 1, "map: orno-we-515") + plug)
    assert any("/dev/ttyUSB0" in line for line in found), found


def test_two_chips_on_one_bus_need_two_addresses(tmp_path: Path) -> None:
    def chip(number: int, address: int) -> str:
        return (
            f"  - {{name: c{number}, driver: ina219, bus: /dev/i2c-1, address: {address},"
            f" channels: {{dc: outlet {number}}}}}\n"
        )

    assert errors(tmp_path, chip(1, 0x40) + chip(2, 0x41)) == []
    (found,) = errors(tmp_path, chip(1, 0x40) + chip(2, 0x40))
    assert "two devices are at 0x40 on /dev/i2c-1" in found
