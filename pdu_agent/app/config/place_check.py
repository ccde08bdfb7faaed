# SPDX-License-Identifier: Apache-2.0
"""Two devices in one place: an I2C address, a GPIO line, a serial port, an SPI bus.

Drivers tell where they are by their settings `bus` and `address`, `chip`, `port`; a relay
board by its `bus`. That two paths lead to one device shows on the machine only, see node_check.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from pdu_agent.app.config.checker import Checker
from pdu_agent.app.config.meter_check import can_share_its_port
from pdu_agent.app.config.tree import Problems
from pdu_agent.hw import registry
from pdu_agent.model.io_line import IoLine

LCD_BACKPACK_ADDRESS = 0x27  # default of nearly all HD44780 backpacks


@dataclass(frozen=True, slots=True)
class Use:
    """path: of the setting that says so. node: the device that it is at. part: which part of that,
    "0x21 on" or "line 5 of"; "" for all of it.

    sharer: uses with the same one may share the place; "" shares with none.
    """

    path: str
    node: str
    part: str = ""
    sharer: str = ""

    @property
    def place(self) -> str:
        """As messages call it: one spelling for /dev//i2c-1 and /dev/i2c-1."""
        node = posixpath.normpath(self.node) if self.node.startswith("/") else self.node
        return f"{self.part} {node}" if self.part else node


def uses(checker: Checker) -> list[Use]:
    """Of whatever `checker` could read."""
    return [*_relays(checker), *_meters(checker), *_sensors(checker), *_panel(checker)]


def place_check(checker: Checker, problems: Problems) -> None:
    """Report every place that is used twice; works on whatever `checker` could read."""
    first: dict[str, Use] = {}
    for use in uses(checker):
        other = first.setdefault(use.place, use)
        if other is not use and (not use.sharer or use.sharer != other.sharer):
            text = f"{use.path}: two devices are at {use.place}"
            problems.error(
                checker.place(use.path), f"{text}; the first is at {checker.place(other.path)}"
            )
    for path, board in checker.found("relays#"):
        if getattr(board.options, "address", None) == LCD_BACKPACK_ADDRESS:
            problems.warn(
                checker.place(f"{path}.address"),
                f"{path}.address: 0x27 is where LCD backpacks usually answer too",
            )


def _relays(checker: Checker) -> Iterator[Use]:
    for path, board in checker.found("relays#"):
        address = getattr(board.options, "address", None)
        lines = getattr(board.options, "lines", None)
        if address is not None:
            yield Use(f"{path}.address", board.bus, f"0x{address:02x} on")
        elif lines is not None:
            for position, line in enumerate(lines):
                yield Use(f"{path}.lines[{position}]", board.bus, f"line {line} of")
        else:
            sharer = _board_with_meter(board.driver, board.options)
            yield Use(f"{path}.bus", board.bus, sharer=sharer)


def _meters(checker: Checker) -> Iterator[Use]:
    for path, meter in checker.found("meters#"):
        options = meter.options
        bus, port = getattr(meter.wiring, "bus", None), getattr(options, "port", None)
        address = getattr(options, "address", None)
        if bus is not None and address is not None:
            yield Use(f"{path}.address", bus, f"0x{address:02x} on")
        elif bus is not None:
            yield Use(f"{path}.bus", bus)
        elif port is not None:
            several = f"meters by {meter.driver}" if can_share_its_port(meter) else ""
            sharer = several or _board_with_meter(meter.driver, options)
            yield Use(f"{path}.port", port, sharer=sharer)
        else:
            yield from _on_i2c(path, options)
        ready_chip = getattr(options, "data_ready_chip", "")
        if ready_chip:
            line = f"line {options.data_ready_line} of"
            yield Use(f"{path}.data_ready_line", ready_chip, line)


def _sensors(checker: Checker) -> Iterator[Use]:
    """One chip may be several sensors, of temperature and humidity."""
    for path, sensor in checker.found("sensors#"):
        yield from _on_i2c(path, sensor.options, f"sensor {sensor.driver}")


def _panel(checker: Checker) -> Iterator[Use]:
    for kind in ("fans", "displays", "io"):
        for path, entry in checker.found(f"{kind}#"):
            yield from _on_i2c(path, entry.options)
            pwm = getattr(entry.options, "pwm", None)
            if pwm is not None:
                yield Use(f"{path}.pwm", entry.options.chip, f"pwm{pwm} of")
    chips = {board.name: getattr(board.options, "chip", "") for _, board in checker.found("io#")}
    lines = checker.found("buttons#.input") + checker.found("leds#.output")
    for path, line in lines + checker.found("sensors#.input"):
        if isinstance(line, IoLine) and chips.get(line.board):
            yield Use(path, chips[line.board], f"line {line.line} of")


def _on_i2c(path: str, options: object, sharer: str = "") -> Iterator[Use]:
    bus, address = getattr(options, "bus", None), getattr(options, "address", None)
    if isinstance(bus, str) and address is not None:
        yield Use(f"{path}.address", bus, f"0x{address:02x} on", sharer)


def _board_with_meter(driver: str, options: object) -> str:
    """A board that is relays and a meter has one port for both, and one firmware."""
    both = driver in registry.known("relays") and driver in registry.known("meters")
    return f"{driver} {getattr(options, 'firmware', '')}" if both else ""
