# SPDX-License-Identifier: Apache-2.0
"""Are the device nodes there that the configuration names, and may we use them?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pdu_agent.app.doctor.finding import Finding, note, ok, problem
from pdu_agent.app.doctor.machine import Machine

WHOLE_BLOCK = 65536
"""Of spidev's buffer: 60 ms of samples are one message then (see hw/ads130e08)."""
_SPI_DEFAULT_BYTES = 4096
_USUAL_GROUP = {"i2c": "i2c", "spidev": "spi", "gpiochip": "gpio", "tty": "dialout"}


def check_i2c(machine: Machine, subject: str, bus: str) -> Iterator[Finding]:
    if not machine.exists(bus):
        yield problem(subject, f"there is no {bus}", _cure_of_missing_i2c(machine))
    else:
        yield from _permission(machine, subject, bus)


def _cure_of_missing_i2c(machine: Machine) -> str:
    others = machine.found("/dev/i2c-*")
    if others:
        return f"there is {', '.join(others)}: name that one as `bus`, or enable the other one"
    if machine.found("/sys/class/i2c-adapter/i2c-*"):
        return "modprobe i2c-dev, and add i2c-dev to /etc/modules"
    return _enable(machine, "dtparam=i2c_arm=on", "overlays=i2c0")


def check_spi(machine: Machine, subject: str, device: str) -> Iterator[Finding]:
    if not machine.exists(device):
        cure = _enable(machine, "dtparam=spi=on", "overlays=spi-spidev, param_spidev_spi_bus=0")
        yield problem(subject, f"there is no {device}", cure)
        return
    yield from _permission(machine, subject, device)
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
        yield from _permission(machine, subject, chip)


def check_serial(machine: Machine, subject: str, port: str, parity: str) -> Iterator[Finding]:
    """parity: none, even or odd, as the device on the line wants it."""
    if "://" in port:
        return
    if not machine.exists(port):
        adapters = ", ".join(machine.found("/dev/serial/by-id/*"))
        there = f"there is {adapters}" if adapters else "no USB adapter is plugged in"
        yield problem(subject, f"there is no {port}", f"{there}; is it the right path?")
        return
    if _is_console(machine, port):
        yield problem(
            subject,
            f"{port} is the kernel's console: its messages go to the device",
            "take console=... for it off the kernel command line, and disable its getty",
        )
    holders = [who for who in machine.holders(port) if not who.startswith("openpdu")]
    if holders:
        yield problem(subject, f"{port} is in use by {', '.join(holders)}", "stop that program")
    if parity != "none" and machine.is_raspberry_pi and port == "/dev/ttyS0":
        yield problem(
            subject,
            f"{port} is the mini-UART of the Raspberry Pi, which knows no parity",
            "use a USB adapter, or dtoverlay=disable-bt and /dev/ttyAMA0",
        )
    yield from _permission(machine, subject, port)


def _is_console(machine: Machine, port: str) -> bool:
    name = re.escape(machine.at(port).resolve().name)
    return re.search(rf"\bconsole={name}\b", machine.text("/proc/cmdline")) is not None


def _permission(machine: Machine, subject: str, node: str) -> Iterator[Finding]:
    if machine.may_use(machine.at(node)):
        yield ok(subject, f"{node} is there and may be used")
        return
    group = machine.group_of(node)
    if group == "root":
        usual = next(
            (group for name, group in _USUAL_GROUP.items() if name in node.rsplit("/", 1)[-1]),
            "dialout",
        )
        cure = f"give the node to group {usual} with a udev or mdev rule, and join that group"
    else:
        cure = f"add the agent's user to group {group} (usermod -aG {group} openpdu)"
    yield problem(subject, f"{node} may not be used by this user", cure)


def _enable(machine: Machine, raspberry: str, armbian: str) -> str:
    if machine.is_raspberry_pi:
        return f"put {raspberry} into config.txt and restart the board"
    return (
        f"enable the bus (Armbian: {armbian} in armbianEnv.txt;"
        f" Raspberry Pi: {raspberry} in config.txt) and restart the board"
    )
