# SPDX-License-Identifier: Apache-2.0
"""Which addresses of an I2C bus answer, and what they probably are.

Nothing is written where a port expander or an EEPROM may be: a PCF8574 takes any byte for its
outputs, and relays may hang on them. There a single byte is read, which moves nothing on any
chip. Where sensors and meters usually are, a chip is asked for its identity.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from pdu_agent.hw.crc8 import crc8
from pdu_agent.hw.i2c import SmBus, bus_error

FIRST_ADDRESS, LAST_ADDRESS = 0x08, 0x77  # the others are reserved by the I2C specification


@dataclass(frozen=True, slots=True)
class Answer:
    """What answers at an address: parts that it may be, the likeliest first.

    drivers: names of the drivers that may serve it, empty when none does. has_told: it told by
    its identity what it is; otherwise `parts` is what usually has this address. claimed_by: the
    kernel's driver that has it, "" for none; then it was not asked.
    """

    address: int
    parts: tuple[str, ...]
    drivers: tuple[str, ...]
    has_told: bool = False
    claimed_by: str = ""


Ask = Callable[[SmBus, int], bool]


def scan(bus: SmBus, claimed: Mapping[int, str]) -> Iterator[Answer]:
    """claimed: addresses that belong to a driver of the kernel, with its name.

    Raises BusTimeout for a bus that is stuck: to ask on would take a second for each address.
    """
    for address in range(FIRST_ADDRESS, LAST_ADDRESS + 1):
        if address in claimed:
            yield Answer(address, (claimed[address],), (), claimed_by=claimed[address])
        elif _answers(bus, address):
            yield _identify(bus, address)


def _answers(bus: SmBus, address: int) -> bool:
    try:
        bus.read_byte(address)
    except OSError as exc:
        if exc.errno == errno.ETIMEDOUT:
            raise bus_error("i2c", f"ask 0x{address:02X}", exc) from exc
        return address in _SENSIRION and (_is_sht3x(bus, address) or _is_sht4x(bus, address))
    return True


def _identify(bus: SmBus, address: int) -> Answer:
    for part, drivers, addresses, ask in _KNOWN:
        if address in addresses and ask(bus, address):
            return Answer(address, (part,), drivers, has_told=True)
    usual = [(part, drivers) for part, drivers, addresses in _USUAL if address in addresses]
    return Answer(
        address,
        tuple(part for part, _ in usual),
        tuple(dict.fromkeys(driver for _, drivers in usual for driver in drivers)),
    )


def _register(bus: SmBus, address: int, register: int, length: int) -> int | None:
    try:
        return int.from_bytes(bus.read_i2c_block_data(address, register, length), "big")
    except OSError:
        return None


def _has(register: int, length: int, *values: int) -> Ask:
    return lambda bus, address: _register(bus, address, register, length) in values


_BOSCH_ID = 0xD0


def _bosch(value: int) -> Ask:
    """A TCA9548A may have the address too. It takes the register's number for the channels to
    open and reads it back: they are closed again, or chips behind it would join the bus.
    """

    def ask(bus: SmBus, address: int) -> bool:
        try:
            before = bus.read_byte(address)
            found = _register(bus, address, _BOSCH_ID, 1)
            if found == _BOSCH_ID:
                bus.write_byte(address, before)
        except OSError:
            return False
        return found == value

    return ask


def _is_silent(bus: SmBus, address: int) -> bool:
    """Does it not acknowledge a read, as a Sensirion sensor that has nothing (more) to tell?

    Only then is it asked by commands, which on another chip might be a register and a value.
    """
    try:
        bus.read_byte(address)
    except OSError:
        return True
    return False


def _is_sht3x(bus: SmBus, address: int) -> bool:
    """Its status comes with a checksum, which nothing else gives by chance."""
    try:
        return _is_silent(bus, address) and _has_checksums(bus.exchange(address, b"\xf3\x2d", 3), 1)
    except OSError:
        return False


_SHT4X_SERIAL = b"\x89"
_SHT4X_SERIAL_S = 0.002  # the data sheet names no time; libraries in the field wait up to 10 ms


def _is_sht4x(bus: SmBus, address: int) -> bool:
    """Its serial number is two words, each with a checksum."""
    if not _is_silent(bus, address):
        return False
    try:
        bus.exchange(address, _SHT4X_SERIAL, 0)
        time.sleep(_SHT4X_SERIAL_S)
        return _has_checksums(bus.exchange(address, b"", 6), 2)
    except OSError:
        return False


def _has_checksums(answer: bytes, words: int) -> bool:
    parts = [answer[at : at + 3] for at in range(0, len(answer), 3)]
    return len(answer) == 3 * words and all(crc8(part[:2]) == part[2] for part in parts)


_SENSIRION = range(0x44, 0x47)

_KNOWN: tuple[tuple[str, tuple[str, ...], range, Ask], ...] = (
    ("INA3221", ("ina3221",), range(0x40, 0x44), _has(0xFF, 2, 0x3220)),
    ("INA226", ("ina226",), range(0x40, 0x50), _has(0xFF, 2, 0x2260)),
    ("SHT3x", ("sht3x",), _SENSIRION, _is_sht3x),
    ("SHT4x", ("sht4x",), _SENSIRION, _is_sht4x),
    ("EMC2101", ("emc2101",), range(0x4C, 0x4D), _has(0xFD, 1, 0x16, 0x28)),
    (
        "ADS1115 or ADS1015",
        ("ads1115", "ads1015"),
        range(0x48, 0x4C),
        _has(0x01, 2, 0x8583, 0x0583),
    ),
    ("INA219", ("ina219",), range(0x40, 0x50), _has(0x00, 2, 0x399F)),
    ("BME280", ("bme280",), range(0x76, 0x78), _bosch(0x60)),
    ("BMP280", ("bme280",), range(0x76, 0x78), _bosch(0x58)),
)
"""Identities by the data sheets' register values; INA219 and ADS1115 are told by what their
configuration is after power-on. None of these addresses is one of a port expander (0x20 to 0x27,
0x38 to 0x3F) or an EEPROM (0x50 to 0x57).
"""

ALWAYS_TELL = frozenset({"ina3221", "ina226", "sht3x", "sht4x", "emc2101", "bme280"})
"""Drivers whose chips tell their identity at any time, and not only after power-on."""

_USUAL: tuple[tuple[str, tuple[str, ...], range], ...] = (
    ("MCP23008", ("mcp23008",), range(0x20, 0x28)),
    ("MCP23017", ("mcp23017",), range(0x20, 0x28)),
    ("AHT20", ("aht20",), range(0x38, 0x39)),
    ("SSD1306", ("ssd1306",), range(0x3C, 0x3E)),
    ("SH1106", ("sh1106",), range(0x3C, 0x3E)),
    ("PCF8574", ("pcf8574", "hd44780"), range(0x20, 0x28)),
    ("PCF8574A", ("pcf8574", "hd44780"), range(0x38, 0x40)),
    ("ADS1115 or ADS1015", ("ads1115", "ads1015"), range(0x48, 0x4C)),
    ("INA219", ("ina219",), range(0x40, 0x50)),
    ("real-time clock", (), range(0x68, 0x69)),
    ("EEPROM", (), range(0x50, 0x58)),
    ("TCA9548A multiplexer", (), range(0x70, 0x78)),
)
