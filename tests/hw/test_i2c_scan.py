# SPDX-License-Identifier: Apache-2.0
"""What answers on an I2C bus, found without moving anything."""

from __future__ import annotations

import pytest

from pdu_agent.hw.i2c_scan import scan
from pdu_agent.hw.sim.i2c import SimI2cBus
from pdu_agent.hw.sim.mcp23008 import SimMcp23008
from pdu_agent.hw.sim.sensor_faults import Air
from pdu_agent.hw.sim.sht import SimSht3x, SimSht4x
from pdu_agent.model.errors import BusTimeout


class Registers:
    """A chip with some registers; the others read 0."""

    def __init__(self, values: dict[int, bytes]) -> None:
        self._values = values

    def read(self, register: int, length: int) -> bytes:
        return self._values.get(register, b"")[:length].ljust(length, b"\0")

    def write(self, register: int, data: bytes) -> None:
        raise AssertionError(f"{data.hex()} written to register {register}")


class Raw:
    """A chip without registers: answers by command, None for no acknowledge."""

    def __init__(self, answers: dict[bytes, bytes]) -> None:
        self._answers = answers
        self.written: list[bytes] = []

    def exchange(self, data: bytes, length: int) -> bytes:
        if data not in self._answers:
            raise OSError(6, "No such device or address")
        if data:
            self.written.append(data)
        return self._answers[data][:length]


def test_relay_latches_and_outputs_are_not_touched():
    moved: list[tuple[int, int]] = []
    relays = SimMcp23008(on_outputs=lambda driven, levels: moved.append((driven, levels)))
    relays.write(0x0A, b"\x55")
    relays.write(0x00, b"\x00")
    quasi = Raw({b"": b"\x0f"})  # a PCF8574: any byte written goes to its outputs
    del moved[:]
    found = {answer.address: answer for answer in scan(SimI2cBus({0x20: relays, 0x27: quasi}), {})}
    assert sorted(found) == [0x20, 0x27]
    assert "mcp23008" in found[0x20].drivers
    assert "pcf8574" in found[0x27].drivers
    assert moved == []
    assert quasi.written == []
    assert relays.read(0x0A, 1) == b"\x55"


@pytest.mark.parametrize(
    ("address", "registers", "driver"),
    [
        (0x76, {0xD0: b"\x60"}, "bme280"),
        (0x77, {0xD0: b"\x58"}, "bme280"),
        (0x40, {0xFF: b"\x22\x60"}, "ina226"),
        (0x40, {0x00: b"\x39\x9f"}, "ina219"),
        (0x41, {0xFF: b"\x32\x20", 0x00: b"\x71\x27"}, "ina3221"),
        (0x4C, {0xFD: b"\x16"}, "emc2101"),
        (0x48, {0x01: b"\x85\x83"}, "ads1115"),
    ],
)
def test_part_is_told_by_its_identity(address: int, registers: dict[int, bytes], driver: str):
    (answer,) = scan(SimI2cBus({address: Registers(registers)}), {})
    assert answer.address == address
    assert answer.drivers[0] == driver
    assert answer.has_told


@pytest.mark.parametrize(
    ("address", "drivers"),
    [
        (0x20, {"mcp23008", "mcp23017", "pcf8574", "hd44780"}),
        (0x27, {"mcp23008", "mcp23017", "pcf8574", "hd44780"}),
        (0x38, {"aht20", "pcf8574", "hd44780"}),
        (0x3C, {"ssd1306", "sh1106", "pcf8574", "hd44780"}),
        (0x3F, {"pcf8574", "hd44780"}),
        (0x48, {"ads1115", "ads1015", "ina219"}),
        (0x50, set()),
    ],
)
def test_part_that_does_not_tell_may_be_all_that_have_its_address(address: int, drivers: set[str]):
    (answer,) = scan(SimI2cBus({address: Registers({})}), {})
    assert set(answer.drivers) == drivers
    assert not answer.has_told


class Wary:
    """A chip at any address that notes what is written to it."""

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def exchange(self, data: bytes, length: int) -> bytes:
        if data:
            self.written.append(data)
        return b"\0" * length


def test_nothing_is_written_where_expanders_clocks_and_memories_are():
    chips = {address: Wary() for address in range(0x08, 0x78)}
    assert len(list(scan(SimI2cBus(chips), {}))) == len(chips)
    asked = {address for address, chip in chips.items() if chip.written}
    assert asked <= {*range(0x40, 0x50), 0x76, 0x77}
    assert all(len(data) <= 2 for address in asked for data in chips[address].written)


class Multiplexer:
    """A TCA9548A: its one register takes any byte for the channels that are open."""

    def __init__(self, channels: int) -> None:
        self.channels = channels

    def exchange(self, data: bytes, length: int) -> bytes:
        if data:
            self.channels = data[-1]
        return bytes([self.channels]) * length


@pytest.mark.parametrize("channels", [0, 0b0100])
def test_channels_of_a_multiplexer_are_as_they_were(channels: int):
    multiplexer = Multiplexer(channels)
    (answer,) = scan(SimI2cBus({0x76: multiplexer}), {})
    assert answer.parts == ("TCA9548A multiplexer",)
    assert multiplexer.channels == channels


def test_sensirion_sensors_tell_what_they_are_before_they_ever_measured():
    chips = {
        0x44: SimSht3x(Air(lambda: 20.0), lambda: 0.0),
        0x45: SimSht4x(Air(lambda: 20.0), lambda: 0.0),
    }
    first, second = scan(SimI2cBus(chips), {})
    assert (first.drivers, second.drivers) == (("sht3x",), ("sht4x",))
    assert first.has_told
    assert second.has_told


def test_sensirion_that_has_measured_nothing_is_told_by_the_checksum_of_its_status():
    (answer,) = scan(SimI2cBus({0x44: Raw({b"\xf3\x2d": b"\xbe\xef\x92"})}), {})
    assert answer.drivers == ("sht3x",)
    assert not list(scan(SimI2cBus({0x44: Raw({b"\xf3\x2d": b"\xbe\xef\x93"})}), {}))


def test_address_of_a_kernel_driver_is_not_asked():
    chip = Raw({})
    (answer,) = scan(SimI2cBus({0x68: chip}), {0x68: "ds1307"})
    assert answer.claimed_by == "ds1307"
    assert answer.drivers == ()


def test_empty_bus_gives_no_answers():
    assert list(scan(SimI2cBus({}), {})) == []


def test_stuck_bus_is_told_at_the_first_address():
    bus = SimI2cBus({0x20: SimMcp23008()})
    bus.faults.stuck = True
    with pytest.raises(BusTimeout, match="stuck"):
        list(scan(bus, {}))
