# SPDX-License-Identifier: Apache-2.0
"""Bad input about hardware: two devices in one place, no such bus, maps that overlap, ports in use.

Each is told with its line, by `openpdu check` and at the start of the agent.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from pdu_agent.app.config import node_check
from pdu_agent.app.config.load import check_file, load_settings
from pdu_agent.app.doctor.machine import Machine

RELAYS = "relays: [{name: a, driver: mcp23017, bus: /dev/i2c-1, address: 0x20}]\n"
GPIO = "relays: [{name: a, driver: gpio, bus: /dev/gpiochip0, lines: [5, 6]}]\n"
MODBUS = "driver: modbus, port: /dev/ttyUSB0, map: orno-we-515"
OUTLETS = "outlets: [{number: 1}, {number: 2}]\n"


def told(folder: Path, text: str) -> list[str]:
    """Lines of `openpdu check` but the one about credentials; `schema: 1` is line 1."""
    file = folder / "o.yaml"
    file.write_text("schema: 1\n" + text, encoding="utf-8")
    found = [str(problem) for problem in check_file(file, {})]
    return [line.replace(f"{folder}/", "") for line in found if "credentials" not in line]


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The root of a machine with the usual buses, and nothing that has a port open."""
    root = tmp_path / "root"
    for node in ("i2c-1", "spidev0.0", "gpiochip0", "ttyUSB0", "ttyUSB1"):
        (root / "dev").mkdir(parents=True, exist_ok=True)
        (root / "dev" / node).touch()
    (root / "proc").mkdir()
    monkeypatch.setattr(node_check, "Machine", lambda: Machine(root=root))
    return root


AT_0X20 = "two devices are at 0x20 on /dev/i2c-1; the first is at o.yaml:2:64"
ERRORS = {
    "relays and relays": (
        "relays:\n  - {name: a, driver: mcp23017, bus: /dev/i2c-1, address: 0x20}\n"
        "  - {name: b, driver: mcp23008, bus: /dev/i2c-1, address: 0x20}\n",
        "o.yaml:4:59: relays[1].address: two devices are at 0x20 on /dev/i2c-1;"
        " the first is at o.yaml:3:59",
    ),
    "relays and inputs": (
        RELAYS + "io:\n  - {name: p, driver: mcp23017, bus: /dev/i2c-1, address: 0x20}\n",
        f"o.yaml:4:59: io[0].address: {AT_0X20}",
    ),
    "relays and a PCF8574": (
        RELAYS + "io:\n  - {name: p, driver: pcf8574, bus: /dev/i2c-1, address: 0x20}\n",
        f"o.yaml:4:58: io[0].address: {AT_0X20}",
    ),
    "relays and a display": (
        RELAYS + "displays:\n  - {name: l, driver: hd44780, bus: /dev/i2c-1, address: 0x20}\n",
        f"o.yaml:4:58: displays[0].address: {AT_0X20}",
    ),
    "two spellings of a bus": (
        RELAYS + "io:\n  - {name: p, driver: pcf8574, bus: /dev//i2c-1, address: 0x20}\n",
        f"o.yaml:4:59: io[0].address: {AT_0X20}",
    ),
    "two displays": (
        "displays:\n  - {name: l, driver: ssd1306, bus: /dev/i2c-1, address: 0x3C}\n"
        "  - {name: m, driver: sh1106, bus: /dev/i2c-1}\n",
        "o.yaml:4:5: displays[1].address: two devices are at 0x3c on /dev/i2c-1;"
        " the first is at o.yaml:3:58",
    ),
    "sensor with a fixed address and inputs": (
        "io:\n  - {name: p, driver: pcf8574, bus: /dev/i2c-1, address: 0x38}\n"
        "sensors:\n  - {number: 1, driver: aht20, bus: /dev/i2c-1}\n",
        "io[0].address: two devices are at 0x38 on /dev/i2c-1; the first is at o.yaml:5:5",
    ),
    "meter and a fan": (
        "meters:\n  - {name: m, driver: ina219, bus: /dev/i2c-1, address: 0x4C,"
        " channels: {dc: inlet 1}}\n"
        "fans:\n  - {number: 1, driver: emc2101, bus: /dev/i2c-1}\n",
        "o.yaml:5:5: fans[0].address: two devices are at 0x4c on /dev/i2c-1;"
        " the first is at o.yaml:3:57",
    ),
    "two fans at one output": (
        "fans:\n  - {number: 1, driver: hwmon, chip: pwmfan, pwm: 2}\n"
        "  - {number: 2, driver: hwmon, chip: pwmfan, pwm: 2}\n",
        "o.yaml:4:51: fans[1].pwm: two devices are at pwm2 of pwmfan; the first is at o.yaml:3:51",
    ),
    "two converters on a chip select": (
        "meters:\n"
        "  - {name: m, driver: ads130e08, bus: /dev/spidev0.0, voltage: {channel: 1,"
        " divider: 500}}\n"
        "  - {name: n, driver: ads131e08, bus: /dev/spidev0.0, voltage: {channel: 1,"
        " divider: 500}}\n",
        "o.yaml:4:39: meters[1].bus: two devices are at /dev/spidev0.0;"
        " the first is at o.yaml:3:39",
    ),
    "data ready and a relay on a line": (
        GPIO + "meters:\n  - {name: m, driver: ads131e08, rate_sps: 1000, bus: /dev/spidev0.0,"
        " data_ready_chip: /dev/gpiochip0, data_ready_line: 6, voltage: {channel: 1,"
        " divider: 500}}\n",
        "meters[0].data_ready_line: two devices are at line 6 of /dev/gpiochip0",
    ),
    "lamp and a relay on a line": (
        GPIO + "io: [{name: p, driver: gpio, chip: /dev/gpiochip0}]\n"
        "outlets: [{number: 1, relay: a.0}]\n"
        "leds:\n  - {output: p.6, outlet: 1}\n",
        "o.yaml:6:14: leds[0].output: two devices are at line 6 of /dev/gpiochip0",
    ),
    "two units of one number": (
        OUTLETS + f"meters:\n  - {{name: m, {MODBUS}, address: 3, channels: {{main: outlet 1}}}}\n"
        f"  - {{name: n, {MODBUS}, address: 3, channels: {{main: outlet 2}}}}\n",
        "o.yaml:5:78: meters[1].address: two meters are unit 3 on /dev/ttyUSB0;"
        " the first is at o.yaml:4:5",
    ),
    "relays and a meter on a serial port": (
        "relays: [{name: a, driver: lcus, bus: /dev/ttyUSB0}]\n"
        f"meters:\n  - {{name: m, {MODBUS}, channels: {{main: inlet 1}}}}\n",
        "o.yaml:4:37: meters[0].port: two devices are at /dev/ttyUSB0; the first is at o.yaml:2:39",
    ),
    "sensor at a bus that is none": (
        "sensors:\n  - {number: 1, driver: sht3x, bus: i2c-1}\n",
        "o.yaml:3:37: sensors[0].bus: 'i2c-1' is no bus; expected a device such as /dev/i2c-1,"
        " or sim",
    ),
    "meter at a port that is none": (
        "meters:\n  - {name: m, driver: ecm1240, port: ttyUSB0, channels: {ch1: inlet 1}}\n",
        "o.yaml:3:38: meters[0].port: 'ttyUSB0' is no port; expected a device such as"
        " /dev/ttyUSB0, or sim",
    ),
}


@pytest.mark.parametrize(("text", "message"), ERRORS.values(), ids=ERRORS.keys())
def test_what_the_file_contradicts_is_an_error_with_its_line(
    tmp_path: Path, board: Path, text: str, message: str
) -> None:
    (found,) = told(tmp_path, text)
    assert message in found


WARNINGS = {
    "I2C bus": (
        "sensors:\n  - {number: 1, driver: sht3x, bus: /dev/i2c-9}\n",
        "o.yaml:3:37: warning: sensors[0].bus: there is no /dev/i2c-9 now; `openpdu doctor` tells",
    ),
    "bus of relays": (
        "relays:\n  - {name: a, driver: mcp23008, bus: /dev/i2c-9, address: 0x20}\n",
        "o.yaml:3:38: warning: relays[0].bus: there is no /dev/i2c-9 now",
    ),
    "SPI bus": (
        "meters:\n  - {name: m, driver: ads130e08, bus: /dev/spidev1.0, voltage: {channel: 1,"
        " divider: 500}}\n",
        "o.yaml:3:39: warning: meters[0].bus: there is no /dev/spidev1.0 now",
    ),
    "GPIO chip": (
        "relays:\n  - {name: a, driver: gpio, bus: /dev/gpiochip4, lines: [5]}\n",
        "o.yaml:3:34: warning: relays[0].bus: there is no /dev/gpiochip4 now",
    ),
    "serial port": (
        "meters:\n  - {name: m, driver: ecm1240, port: /dev/ttyACM7, channels: {ch1: inlet 1}}\n",
        "o.yaml:3:38: warning: meters[0].port: there is no /dev/ttyACM7 now",
    ),
}


@pytest.mark.parametrize(("text", "message"), WARNINGS.values(), ids=WARNINGS.keys())
def test_device_that_is_not_there_is_a_warning_at_its_first_setting(
    tmp_path: Path, board: Path, text: str, message: str
) -> None:
    (found,) = told(tmp_path, text)
    assert message in found
    settings = load_settings(tmp_path / "o.yaml", {})  # a unit with a meter unplugged starts
    assert any(message in line for line in settings.warnings)


def test_devices_that_are_there_are_no_complaint(tmp_path: Path, board: Path) -> None:
    assert told(tmp_path, RELAYS) == []
    assert told(tmp_path, "relays: [{name: a, driver: lcus, bus: 'sim:usb'}]\n") == []


def test_absent_bus_of_many_devices_is_told_once(tmp_path: Path, board: Path) -> None:
    text = "relays:\n" + "".join(
        f"  - {{name: b{n}, driver: mcp23008, bus: /dev/i2c-9, address: 0x2{n}}}\n"
        for n in range(3)
    )
    assert len(told(tmp_path, text)) == 1


PORT_OF_METER = (
    "meters:\n  - {name: m, driver: ecm1240, port: /dev/ttyUSB0, channels: {ch1: inlet 1}}\n"
)


def opened_by(root: Path, process: int, name: str, node: str) -> None:
    folder = root / "proc" / str(process)
    (folder / "fd").mkdir(parents=True)
    (folder / "fd" / "3").symlink_to((root / "dev" / node).resolve())
    (folder / "comm").write_text(name + "\n", encoding="ascii")


def test_serial_port_in_use_is_told_with_who_has_it(tmp_path: Path, board: Path) -> None:
    opened_by(board, 4_000_001, "minicom", "ttyUSB0")
    opened_by(board, 4_000_002, "openpdu", "ttyUSB0")  # a check beside the running agent
    opened_by(board, 4_000_003, "other", "ttyUSB1")
    assert told(tmp_path, PORT_OF_METER) == [
        "o.yaml:3:38: warning: meters[0].port: /dev/ttyUSB0 is in use by minicom (4000001);"
        " stop that program"
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_real_port_that_another_process_has_open_is_seen(tmp_path: Path, terminals: None) -> None:
    device_end, host_end = os.openpty()
    name = os.ttyname(host_end)
    os.set_inheritable(host_end, True)
    child = os.posix_spawn("/bin/sleep", ["sleep", "60"], {})
    try:
        text = PORT_OF_METER.replace("/dev/ttyUSB0", name)
        (found,) = told(tmp_path, text)
        assert f"meters[0].port: {name} is in use by sleep ({child})" in found
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
        os.close(host_end)
        os.close(device_end)


def channels_of_a_multiplexer(root: Path, tree: dict[int, str]) -> None:
    """Adapters as the kernel shows them; a channel's folder is in that of the bus it hangs on."""
    listed = root / "sys/bus/i2c/devices"
    listed.mkdir(parents=True)
    for number, folder in tree.items():
        (root / "dev" / f"i2c-{number}").touch()
        (root / "sys/devices" / folder).mkdir(parents=True, exist_ok=True)
        (listed / f"i2c-{number}").symlink_to(f"../../../devices/{folder}")


TREE = {
    1: "platform/soc/fe804000.i2c/i2c-1",
    3: "platform/soc/fe804000.i2c/i2c-1/i2c-3",
    4: "platform/soc/fe804000.i2c/i2c-1/i2c-4",
    5: "platform/soc/fe804000.i2c/i2c-1/i2c-4/i2c-5",
    11: "platform/soc/fe805000.i2c/i2c-11",
}


def board_and_panel(first: int, second: int, address: int = 0x20) -> str:
    return (
        f"relays:\n  - {{name: a, driver: mcp23017, bus: /dev/i2c-{first}, address: 0x20}}\n"
        f"io:\n  - {{name: p, driver: pcf8574, bus: /dev/i2c-{second}, address: {address}}}\n"
    )


@pytest.mark.parametrize(("above", "behind"), [(1, 3), (1, 5), (4, 5)])
@pytest.mark.parametrize("swapped", [False, True])
def test_one_address_on_a_bus_and_behind_its_multiplexer_is_told(
    tmp_path: Path, board: Path, above: int, behind: int, swapped: bool
) -> None:
    channels_of_a_multiplexer(board, TREE)
    first, second = (behind, above) if swapped else (above, behind)
    places = {first: "relays[0].address", second: "io[0].address"}
    lines = {first: "o.yaml:3:59", second: "o.yaml:5:58"}
    assert told(tmp_path, board_and_panel(first, second)) == [
        f"{lines[behind]}: warning: {places[behind]}: 0x20 on /dev/i2c-{behind} and 0x20 on"
        f" /dev/i2c-{above} at {lines[above]} answer together now, as /dev/i2c-{behind} is a"
        " channel of a multiplexer on the other bus; change the address of one"
    ]


@pytest.mark.parametrize(
    ("first", "second", "address"), [(3, 4, 0x20), (3, 5, 0x20), (1, 11, 0x20), (1, 3, 0x21)]
)
def test_channels_side_by_side_and_other_buses_are_no_complaint(
    tmp_path: Path, board: Path, first: int, second: int, address: int
) -> None:
    channels_of_a_multiplexer(board, TREE)
    assert told(tmp_path, board_and_panel(first, second, address)) == []


def test_two_names_of_one_serial_port_are_told(tmp_path: Path, board: Path) -> None:
    by_id = board / "dev" / "serial" / "by-id"
    by_id.mkdir(parents=True)
    (by_id / "usb-1").symlink_to("../../ttyUSB0")
    (by_id / "usb-2").symlink_to("../../ttyUSB1")
    text = (
        "meters:\n"
        "  - {name: m, driver: ecm1240, port: /dev/ttyUSB0, channels: {ch1: inlet 1}}\n"
        "  - {name: n, driver: cse7766, port: /dev/serial/by-id/usb-1, channels: {main: inlet 2}}\n"
        "inlets: [{number: 1}, {number: 2}]\n"
    )
    assert told(tmp_path, text) == [
        "o.yaml:4:38: warning: meters[1].port: /dev/serial/by-id/usb-1 and /dev/ttyUSB0 at"
        " o.yaml:3:38 are one device now; only one of the two will work"
    ]
    assert told(tmp_path, text.replace("usb-1", "usb-2")) == []


def test_two_names_of_one_bus_are_told_where_the_address_is_the_same(
    tmp_path: Path, board: Path
) -> None:
    (board / "dev" / "i2c-header").symlink_to("i2c-1")
    text = RELAYS + "io:\n  - {name: p, driver: pcf8574, bus: /dev/i2c-header, address: 0x20}\n"
    (found,) = told(tmp_path, text)
    assert "io[0].address: /dev/i2c-header and /dev/i2c-1 at o.yaml:2:64 are one device" in found
    assert told(tmp_path, text.replace("header, address: 0x20", "header, address: 0x21")) == []


def test_overlap_in_a_register_map_is_told_at_its_line_in_the_map(
    tmp_path: Path, board: Path
) -> None:
    (tmp_path / "my.yaml").write_text(
        "name: x\nfunction: 4\nvalues:\n"
        "  active_power: {register: 12, type: f32, unit: W}\n"
        "  current: {register: 13, type: f32, unit: A}\n",
        encoding="utf-8",
    )
    text = (
        f"meters:\n  - {{name: m, driver: modbus, port: /dev/ttyUSB0, map: {tmp_path}/my.yaml,"
        " channels: {main: inlet 1}}\n"
    )
    assert told(tmp_path, text) == [
        "my.yaml:5:12: values.current overlaps values.active_power (line 4) in register 0x000d"
    ]
