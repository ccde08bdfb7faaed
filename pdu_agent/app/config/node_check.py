# SPDX-License-Identifier: Apache-2.0
"""What this machine shows of the devices that the file names: one that is not there, one with two
names, a serial port that another program has open, an I2C bus that is part of another.

All of these are warnings: hardware may come later, and a unit with a meter unplugged has to start.
No device is opened, since opening its serial port makes many a board reset.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from pdu_agent.app.config.checker import Checker
from pdu_agent.app.config.place_check import Use, uses
from pdu_agent.app.config.tree import Problems
from pdu_agent.app.doctor.machine import Machine, named

_SETTINGS = (
    "relays#.bus",
    "meters#.bus",
    "meters#.port",
    "meters#.data_ready_chip",
    "sensors#.bus",
    "fans#.bus",
    "displays#.bus",
    "io#.bus",
    "io#.chip",
)
_I2C_BUS = re.compile(r"\bi2c-\d+$")
_OUR_NAME = "openpdu"
_SHARED_NODES = ("/dev/i2c-", "/dev/spidev", "/dev/gpiochip")
"""The kernel lets several programs use them."""


def node_check(checker: Checker, problems: Problems, machine: Machine | None = None) -> None:
    """Warn of each device once, at the first setting that names it."""
    machine = machine or Machine()
    first: dict[str, str] = {}
    for pattern in _SETTINGS:
        for path, node in checker.found(pattern):
            if node.startswith("/"):
                first.setdefault(node, path)
    for node, path in first.items():
        trouble = _trouble(node, machine)
        if trouble:
            problems.warn(checker.place(path), f"{path}: {trouble}")
    _warn_of_aliases(checker, problems, machine)
    _warn_behind_multiplexers(checker, problems, machine)


def _trouble(node: str, machine: Machine) -> str:
    if not machine.exists(node):
        return f"there is no {node} now; `openpdu doctor` tells what to enable or plug in"
    if node.startswith(_SHARED_NODES):
        return ""
    holders = [
        (name, process)
        for name, process in machine.holders(node)
        if not name.startswith(_OUR_NAME) and process != os.getpid()
    ]
    return f"{node} is in use by {named(iter(holders))}; stop that program" if holders else ""


def _warn_of_aliases(checker: Checker, problems: Problems, machine: Machine) -> None:
    """Such as /dev/serial/by-id/... and the /dev/ttyUSB0 that it leads to."""
    first: dict[tuple[str, str], Use] = {}
    for use in uses(checker):
        if not use.node.startswith("/"):
            continue
        other = first.setdefault((str(machine.at(use.node).resolve()), use.part), use)
        same_chip = use.part and use.sharer and use.sharer == other.sharer
        if other.place != use.place and not same_chip:
            problems.warn(
                checker.place(use.path),
                f"{use.path}: {use.node} and {other.node} at {checker.place(other.path)} are one"
                " device now; only one of the two will work",
            )


def _warn_behind_multiplexers(checker: Checker, problems: Problems, machine: Machine) -> None:
    """What is on a bus answers on every channel of its multiplexers too."""
    at = {
        (match[0], use.part): use
        for use in uses(checker)
        if use.node.startswith("/dev/")
        and (match := _I2C_BUS.search(str(machine.at(use.node).resolve())))
    }
    for (bus, part), use in at.items():
        for above in _buses_above(bus, machine):
            other = at.get((above, part))
            if other is not None:
                problems.warn(
                    checker.place(use.path),
                    f"{use.path}: {use.place} and {other.place} at {checker.place(other.path)}"
                    f" answer together now, as {use.node} is a channel of a multiplexer on the"
                    " other bus; change the address of one",
                )


def _buses_above(bus: str, machine: Machine) -> Iterator[str]:
    """Those that an I2C bus is a channel of: the kernel shows its folder inside theirs (kernel:
    Linux I2C Sysfs).
    """
    folder = machine.at(f"/sys/bus/i2c/devices/{bus}").resolve()
    return (above.name for above in folder.parents if _I2C_BUS.fullmatch(above.name))
