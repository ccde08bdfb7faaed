# SPDX-License-Identifier: Apache-2.0
"""Are the device nodes and files there that the configuration names, and may we use them?"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from pdu_agent.app.doctor import cures
from pdu_agent.app.doctor.finding import Finding, note, ok, problem
from pdu_agent.app.doctor.machine import Machine, named

WHOLE_BLOCK = 65536
"""Of spidev's buffer: 60 ms of samples are one message then (see hw/ads130e08)."""
_SPI_DEFAULT_BYTES = 4096
_LOGINS = ("agetty", "getty", "login")


def check_i2c(machine: Machine, subject: str, bus: str) -> Iterator[Finding]:
    if not machine.exists(bus):
        yield problem(subject, f"there is no {bus}", _cure_of_missing_i2c(machine))
    else:
        yield _permission(machine, subject, bus, cures.I2C)


def _cure_of_missing_i2c(machine: Machine) -> str:
    others = machine.found("/dev/i2c-*")
    if others:
        there = f"there is {', '.join(others)}: name that one as `bus`, or enable the other one"
        return f"{there}: {cures.enable(machine, 'i2c')}"
    if machine.found("/sys/class/i2c-adapter/i2c-*"):
        return cures.LOAD_I2C_DEV
    return cures.enable(machine, "i2c")


def check_spi(machine: Machine, subject: str, device: str) -> Iterator[Finding]:
    if not machine.exists(device):
        others = machine.found("/dev/spidev*")
        there = f"there is {', '.join(others)}: name that one as `bus`, or " if others else ""
        yield problem(subject, f"there is no {device}", there + cures.enable(machine, "spi"))
        return
    yield _permission(machine, subject, device, cures.SPI)
    yield from _library(machine, subject, "spidev")
    text = machine.text("/sys/module/spidev/parameters/bufsiz")
    size = int(text) if text.isdigit() else _SPI_DEFAULT_BYTES
    if size < WHOLE_BLOCK:
        yield note(
            subject,
            f"spidev moves {size} bytes in one message: samples are lost between messages",
            f"put spidev.bufsiz={WHOLE_BLOCK} on the kernel command line",
        )


def check_gpio(machine: Machine, subject: str, chip: str) -> Iterator[Finding]:
    if not machine.exists(chip):
        chips = ", ".join(machine.found("/dev/gpiochip*")) or "none"
        cure = f"name one of those that are there: {chips}; gpiodetect tells what they are"
        yield problem(subject, f"there is no {chip}", cure)
    else:
        yield _permission(machine, subject, chip, cures.GPIO)
        yield from _library(machine, subject, "gpiod")


def check_iio(machine: Machine, subject: str, device: str) -> Iterator[Finding]:
    if not machine.exists(device):
        cure = "a device tree overlay has to name the converter to the kernel: see dmesg"
        yield problem(subject, f"there is no {device}", cure)
    else:
        yield _permission(machine, subject, device, cures.IIO)


def check_serial(
    machine: Machine, subject: str, port: str, parity: str, agents: Collection[int]
) -> Iterator[Finding]:
    """parity: none, even or odd, as the device on the line wants it. agents: processes that may
    have it.
    """
    if not machine.exists(port):
        adapters = ", ".join(machine.found("/dev/serial/by-id/*"))
        there = f"there is {adapters}" if adapters else "no USB adapter is plugged in"
        yield problem(subject, f"there is no {port}", f"{there}; is it the right path?")
        return
    tty = machine.at(port).resolve().name
    holders = [holder for holder in machine.holders(port) if holder[1] not in agents]
    logins = [holder for holder in holders if holder[0] in _LOGINS]
    if _is_console(machine, tty) or logins:
        yield problem(
            subject,
            f"{port} is the kernel's console or a login: their texts go to the device",
            cures.stop_console(machine, tty),
        )
    elif holders:
        yield problem(
            subject, f"{port} is in use by {named(iter(holders))}", "stop that program for good"
        )
    if parity != "none" and machine.is_raspberry_pi and tty == "ttyS0":
        yield problem(
            subject,
            f"{port} is the mini-UART of the Raspberry Pi, which knows no parity",
            "use a USB adapter, or dtoverlay=disable-bt in config.txt and /dev/ttyAMA0",
        )
    yield _permission(machine, subject, port, cures.SERIAL)


def _is_console(machine: Machine, tty: str) -> bool:
    return re.search(rf"\bconsole={re.escape(tty)}\b", machine.text("/proc/cmdline")) is not None


def check_file(machine: Machine, subject: str, pattern: str) -> Iterator[Finding]:
    """A file of the kernel, such as a sensor's; * stands for any."""
    found = machine.found(pattern)
    if found:
        yield ok(subject, f"{found[0]} is there")
    elif "/w1/" in pattern:
        yield problem(subject, f"there is no {pattern}", _cure_of_missing_w1(machine))
    else:
        yield problem(
            subject,
            f"there is no {pattern}",
            "is its module loaded, and does a device tree overlay name the chip? see dmesg;"
            " openpdu scan lists the kernel's sensors",
        )


def _cure_of_missing_w1(machine: Machine) -> str:
    others = machine.found("/sys/bus/w1/devices/28-*")
    if others:
        return f"there is {', '.join(others)}: name one of them"
    if machine.found("/sys/bus/w1/devices/w1_bus_master*"):
        return "no sensor answers: look at data, ground and the pull-up of 4.7 kohm to 3.3 V"
    return cures.enable(machine, "1-wire")


def _permission(machine: Machine, subject: str, node: str, kind: cures.Nodes) -> Finding:
    if machine.may_use(machine.at(node)):
        return ok(subject, f"{node} is there and may be used")
    group = machine.group_of(node)
    cure = cures.give(machine, kind) if group == "root" else cures.join(machine, group)
    return problem(subject, f"{node} may not be used by user {machine.user.name}", cure)


def _library(machine: Machine, subject: str, name: str) -> Iterator[Finding]:
    if not machine.has_library(name):
        text = f"the Python package {name} is not installed"
        yield problem(subject, text, cures.install(machine, name))
