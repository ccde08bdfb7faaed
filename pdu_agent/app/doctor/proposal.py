# SPDX-License-Identifier: Apache-2.0
"""A configuration made from what was found on the buses, for a person to complete."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pdu_agent.app.doctor.chips import claimed_by_kernel
from pdu_agent.app.doctor.machine import Machine
from pdu_agent.hw.i2c_scan import Answer, scan
from pdu_agent.hw.site import Connections
from pdu_agent.model.errors import HardwareError

_SENSOR_KINDS: dict[str, tuple[str, ...]] = {
    "sht3x": ("temperature", "humidity"),
    "sht4x": ("temperature", "humidity"),
    "aht20": ("temperature", "humidity"),
    "bme280": ("temperature", "humidity"),
}
_DC_METERS = ("ina219", "ina226", "ina3221")
_RELAYS = "mcp23008"


@dataclass(frozen=True, slots=True)
class Found:
    """What there is on this board. i2c: bus -> what answers, or why it cannot be asked."""

    i2c: dict[str, tuple[Answer, ...] | str]
    spi: list[str]
    serial: list[str]
    gpio: list[str]
    files: list[tuple[str, str]]
    """Sensors of the kernel: (what it is, its file)."""


def look(machine: Machine, connections: Connections) -> Found:
    """Ask every bus of the board. Writes nothing to what may be a port expander."""
    i2c: dict[str, tuple[Answer, ...] | str] = {}
    for bus in machine.found("/dev/i2c-*"):
        try:
            opened = connections.i2c(bus)
        except HardwareError as exc:
            i2c[bus] = str(exc)
            continue
        try:
            i2c[bus] = tuple(scan(opened, claimed_by_kernel(machine, bus)))
        except HardwareError as exc:
            i2c[bus] = str(exc)
        finally:
            opened.close()
    return Found(
        i2c,
        machine.found("/dev/spidev*"),
        machine.found("/dev/serial/by-id/*"),
        machine.found("/dev/gpiochip*"),
        [*_hwmon(machine), *_w1(machine)],
    )


def _hwmon(machine: Machine) -> Iterator[tuple[str, str]]:
    for file in machine.found("/sys/class/hwmon/hwmon*/temp*_input"):
        name = machine.text(file.rsplit("/", 1)[0] + "/name") or "hwmon"
        yield name, file
    for file in machine.found("/sys/class/thermal/thermal_zone*/temp"):
        yield machine.text(file.rsplit("/", 1)[0] + "/type") or "thermal zone", file


def _w1(machine: Machine) -> Iterator[tuple[str, str]]:
    for folder in machine.found("/sys/bus/w1/devices/28-*"):
        yield "DS18B20", folder


def propose(found: Found) -> str:
    """YAML for openpdu.yaml: relays, meters and sensors, each with what to look at first."""
    relays: list[str] = []
    meters: list[str] = []
    sensors: list[str] = []
    others: list[str] = []
    for bus, answers in found.i2c.items():
        if isinstance(answers, str):
            others.append(f"# {bus}: {answers}")
            continue
        for answer in answers:
            if _RELAYS in answer.drivers:
                relays.append(_relay_board(bus, answer, len(relays) + 1))
            elif entry := _sensors(bus, answer, len(sensors) + 1):
                sensors += entry
            elif answer.drivers and answer.drivers[0] in _DC_METERS:
                meters += _dc_meter(bus, answer)
            else:
                others += _other(bus, answer)
    for device in found.spi:
        others.append(f"# {device}: a converter (ads130e08, ads131e08) if one is wired; see meters")
    for port in found.serial:
        others.append(f"# {port}: a serial device; what it is cannot be told without asking it")
    for what, file in found.files:
        sensors += _kernel_sensor(what, file, len(sensors) + 1)
    lines = ["# Proposed from what was found. Complete it, then: openpdu check FILE", "schema: 1"]
    for section, entries in (("relays", relays), ("meters", meters), ("sensors", sensors)):
        lines += [f"{section}:", *entries] if entries else [f"{section}: []"]
    return "\n".join([*lines, *others]) + "\n"


def _relay_board(bus: str, answer: Answer, number: int) -> str:
    return (
        f"  - {{name: board{number}, driver: {_RELAYS}, bus: {bus},"
        f" address: 0x{answer.address:02x}}}  # if it is no mcp23017, and no PCF8574"
    )


def _sensors(bus: str, answer: Answer, number: int) -> list[str]:
    driver = answer.drivers[0] if answer.drivers else ""
    kinds = _SENSOR_KINDS.get(driver, ())
    if "BMP280" in answer.parts:
        kinds = kinds[:1]
    return [
        f"  - {{number: {number + place}, kind: {kind}, driver: {driver}, bus: {bus},"
        f" address: 0x{answer.address:02x}}}"
        for place, kind in enumerate(kinds)
    ]


def _dc_meter(bus: str, answer: Answer) -> list[str]:
    driver = answer.drivers[0]
    return [
        f"  # {' or '.join(answer.parts)}: say what its channels feed",
        f"  - {{name: {driver}-{answer.address:02x}, driver: {driver}, bus: {bus},"
        f" address: 0x{answer.address:02x}, channels: {{}}}}",
    ]


def _other(bus: str, answer: Answer) -> list[str]:
    what = " or ".join(answer.parts) or "unknown"
    by = f", driven by the kernel ({answer.claimed_by})" if answer.claimed_by else ""
    return [f"# 0x{answer.address:02x} on {bus}: {what}{by}"]


def _kernel_sensor(what: str, file: str, number: int) -> list[str]:
    driver = "ds18b20" if what == "DS18B20" else "hwmon"
    return [
        f"  - {{number: {number}, name: {_quoted(what)}, kind: temperature, driver: {driver},"
        f" path: {_quoted(file)}}}"
    ]


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "").replace('"', "") + '"'
