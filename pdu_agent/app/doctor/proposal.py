# SPDX-License-Identifier: Apache-2.0
"""A configuration made from what was found on the buses, for a person to complete.

What told by its identity what it is stands as an entry. What only has an address that several
parts have stands as a comment with an entry for each: the wrong driver would write to a port
expander with relays on it.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from pdu_agent.app.doctor.chips import claimed_by_kernel, in_use, tell_in_use
from pdu_agent.app.doctor.machine import Machine
from pdu_agent.core.settings import MAX_SENSORS
from pdu_agent.hw.i2c_scan import Answer, scan
from pdu_agent.hw.site import Connections
from pdu_agent.model.errors import HardwareError

_SENSOR_KINDS: dict[str, tuple[str, ...]] = {
    "SHT3x": ("temperature", "humidity"),
    "SHT4x": ("temperature", "humidity"),
    "BME280": ("temperature", "humidity", "pressure"),
    "BMP280": ("temperature", "pressure"),
}
_DC_METERS = ("ina219", "ina226", "ina3221")
_MAX_METERS = 16  # as many as the checker takes


@dataclass(frozen=True, slots=True)
class Found:
    """What there is on this board. i2c: bus -> what answers, or why it is not asked."""

    i2c: dict[str, tuple[Answer, ...] | str]
    spi: list[str]
    serial: list[str]
    gpio: list[str]
    files: list[tuple[str, str]]
    """Sensors of the kernel: (what it is, its file)."""


def look(machine: Machine, connections: Connections, agents: Collection[int] = ()) -> Found:
    """Ask every bus of the board that nobody uses. Writes nothing to what may be a port expander.

    agents: processes that run an agent.
    """
    buses = machine.found("/dev/i2c-*")
    return Found(
        {bus: _asked(machine, connections, bus, agents) for bus in buses},
        machine.found("/dev/spidev*"),
        _serial(machine),
        machine.found("/dev/gpiochip*"),
        [*_hwmon(machine), *_w1(machine)],
    )


def _asked(
    machine: Machine, connections: Connections, bus: str, agents: Collection[int]
) -> tuple[Answer, ...] | str:
    if users := in_use(machine, bus, agents):
        finding = tell_in_use(machine, bus, users)
        return f"{finding.text}; {finding.cure}"
    try:
        opened = connections.i2c(bus)
    except HardwareError as exc:
        return str(exc)
    try:
        return tuple(scan(opened, claimed_by_kernel(machine, bus)))
    except HardwareError as exc:
        return str(exc)
    finally:
        opened.close()


def _serial(machine: Machine) -> list[str]:
    """Serial adapters by names that stay; by others where there are none, as mdev makes none."""
    named = machine.found("/dev/serial/by-id/*")
    there = {machine.at(path).resolve() for path in named}
    bare = [*machine.found("/dev/ttyUSB*"), *machine.found("/dev/ttyACM*")]
    return [*named, *(path for path in bare if machine.at(path).resolve() not in there)]


def _hwmon(machine: Machine) -> Iterator[tuple[str, str]]:
    for file in machine.found("/sys/class/hwmon/hwmon*/temp*_input"):
        name = machine.text(file.rsplit("/", 1)[0] + "/name") or "hwmon"
        yield name, file
    for file in machine.found("/sys/class/thermal/thermal_zone*/temp"):
        yield machine.text(file.rsplit("/", 1)[0] + "/type") or "thermal zone", file


def _w1(machine: Machine) -> Iterator[tuple[str, str]]:
    for folder in machine.found("/sys/bus/w1/devices/28-*"):
        yield "DS18B20", f"{folder}/w1_slave"


@dataclass(slots=True)
class _Draft:
    """The lines of each section. More than a section takes become comments."""

    relays: list[str] = field(default_factory=list)
    meters: list[str] = field(default_factory=list)
    sensors: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def sensor(self, options: str) -> None:
        number = next(self.numbers)
        mark = "# " if number > MAX_SENSORS else ""
        self.sensors.append(f"  {mark}- {{number: {number}, {options}}}")

    def meter(self, what: str, options: str) -> None:
        entries = sum(line.startswith("  - ") for line in self.meters)
        mark = "# " if entries >= _MAX_METERS else ""
        self.meters += [f"  # {what}: say what its channels feed", f"  {mark}- {{{options}}}"]

    def text(self) -> str:
        lines = ["# Proposed from what was found. Complete it, then: openpdu check FILE"]
        lines.append("schema: 1")
        for name in ("relays", "meters", "sensors"):
            entries = getattr(self, name)
            is_empty = not any(entry.startswith("  - ") for entry in entries)
            head = f"{name}: []" if is_empty else f"{name}:"
            hint = "  # without [] when an entry below loses its #" if is_empty and entries else ""
            lines += [head + hint, *entries]
        return "\n".join([*lines, *self.others]) + "\n"


def propose(found: Found) -> str:
    """YAML for openpdu.yaml: relays, meters and sensors, each with what to look at first."""
    draft = _Draft()
    for bus, answers in found.i2c.items():
        if isinstance(answers, str):
            draft.others.append(f"# {bus}: {_one_line(answers)}")
            continue
        for answer in answers:
            _add(draft, bus, answer)
    for device in found.spi:
        draft.others.append(
            f"# {device}: a converter (ads130e08, ads131e08) if one is wired; see meters"
        )
    for port in found.serial:
        draft.others.append(f"# {port}: a serial device; what it is cannot be told without asking")
    for chip in found.gpio:
        draft.others.append(f"# {chip}: lines for relays, buttons and lamps; gpioinfo tells which")
    if not (found.i2c or found.spi or found.serial or found.gpio):
        draft.others.append(
            "# There is no I2C or SPI bus, USB serial device or GPIO chip on this machine:"
            " docs/boards.md tells\n# how to enable them, openpdu doctor what a configuration lacks"
        )
    for what, file in found.files:
        driver = "ds18b20" if what == "DS18B20" else "hwmon"
        draft.sensor(
            f"name: {_quoted(what)}, kind: temperature, driver: {driver}, path: {_quoted(file)}"
        )
    return draft.text()


def _add(draft: _Draft, bus: str, answer: Answer) -> None:
    place = f"bus: {bus}, address: 0x{answer.address:02x}"
    part = " or ".join(answer.parts)
    if answer.has_told and part in _SENSOR_KINDS:
        for kind in _SENSOR_KINDS[part]:
            draft.sensor(f"kind: {kind}, driver: {answer.drivers[0]}, {place}")
    elif answer.has_told and answer.drivers[0] in _DC_METERS:
        driver = answer.drivers[0]
        name = f"{driver}-{bus.rsplit('-', 1)[-1]}-{answer.address:02x}"
        draft.meter(part, f"name: {name}, driver: {driver}, {place}, channels: {{}}")
    elif "mcp23008" in answer.drivers:
        draft.relays += _expander(bus, answer)
    else:
        draft.others.append(_other(bus, answer))


def _expander(bus: str, answer: Answer) -> list[str]:
    place = f"bus: {bus}, address: 0x{answer.address:02x}"
    name = f"board-{bus.rsplit('-', 1)[-1]}-{answer.address:02x}"
    return [
        f"  # 0x{answer.address:02x} on {bus}: {' or '.join(answer.parts)}, by what is printed on"
        " it;",
        "  # the driver of another part moves the outputs of a PCF8574. For relays one of:",
        f"  # - {{name: {name}, driver: mcp23008, {place}}}",
        f"  # - {{name: {name}, driver: mcp23017, {place}}}",
    ]


def _other(bus: str, answer: Answer) -> str:
    what = " or ".join(answer.parts) or "unknown"
    if answer.claimed_by:
        what += ", driven by the kernel"
    elif answer.drivers:
        what += f" (drivers: {', '.join(answer.drivers)}; see etc/openpdu.yaml)"
    return f"# 0x{answer.address:02x} on {bus}: {what}"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _quoted(text: str) -> str:
    kept = "".join(letter for letter in text if letter.isprintable() and letter not in '\\"')
    return f'"{kept}"'
