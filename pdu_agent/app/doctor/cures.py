# SPDX-License-Identifier: Apache-2.0
"""Cures as commands of the system that the board runs: Raspberry Pi OS, Armbian, Orange Pi's own
images, other Debians, Alpine.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Literal

from pdu_agent.app.doctor.machine import Machine

Bus = Literal["i2c", "spi", "1-wire"]

_RPI_CONFIGS = ("/boot/firmware/config.txt", "/boot/usercfg.txt", "/boot/config.txt")
"""Raspberry Pi OS since Debian 12, Alpine, and Raspberry Pi OS before."""
_RPI_LINES: dict[Bus, str] = {
    "i2c": "dtparam=i2c_arm=on",
    "spi": "dtparam=spi=on",
    "1-wire": "dtoverlay=w1-gpio",
}
_RASPI_CONFIG: dict[Bus, str] = {"i2c": "do_i2c", "spi": "do_spi", "1-wire": "do_onewire"}
_OVERLAYS: dict[Bus, str] = {
    "i2c": "overlays=i2c0",
    "spi": "overlays=spi-spidev and param_spidev_spi_bus=0",
    "1-wire": "overlays=w1-gpio",
}
"""Of Armbian; the numbers are the board's, see docs/boards.md."""


@dataclass(frozen=True, slots=True)
class Nodes:
    """One kind of device node. pattern: of its name, as mdev has it."""

    group: str
    subsystem: str
    pattern: str


I2C = Nodes("i2c", "i2c-dev", "i2c-[0-9]+")
SPI = Nodes("spi", "spidev", "spidev.*")
GPIO = Nodes("gpio", "gpio", "gpiochip.*")
SERIAL = Nodes("dialout", "tty", "tty(USB|ACM|AMA|S)[0-9]+")
IIO = Nodes("iio", "iio", "iio:device.*")


def enable(machine: Machine, bus: Bus) -> str:
    """What switches the bus on in the device tree."""
    if machine.is_raspberry_pi and machine.exists("/usr/bin/raspi-config"):
        return f"raspi-config nonint {_RASPI_CONFIG[bus]} 0, and restart the board"
    if machine.is_raspberry_pi:
        file = next(filter(machine.exists, _RPI_CONFIGS), "config.txt of the boot partition")
        file = "usercfg.txt of the boot partition" if machine.is_alpine else file
        return f"put {_RPI_LINES[bus]} into {file}, and restart the board"
    if machine.exists("/boot/orangepiEnv.txt"):
        return (
            f"orangepi-config: System, Hardware, tick the {bus} of your pins (docs/boards.md),"
            " save, and restart the board"
        )
    if machine.exists("/boot/armbianEnv.txt"):
        return (
            f"put {_OVERLAYS[bus]} into /boot/armbianEnv.txt (the number is that of your pins,"
            " docs/boards.md), and restart the board"
        )
    return (
        f"enable it in the device tree and restart the board (Raspberry Pi: {_RPI_LINES[bus]} in"
        f" config.txt; Armbian: {_OVERLAYS[bus]} in armbianEnv.txt); a PC has none"
    )


LOAD_I2C_DEV = "modprobe i2c-dev && echo i2c-dev >> /etc/modules"
"""The module that makes the nodes, now and at each start."""


def join(machine: Machine, group: str) -> str:
    """adduser knows this form on Debian and with busybox."""
    who = machine.user.name
    return f"adduser {who} {group}, then restart the agent; a person logs in again"


def give(machine: Machine, nodes: Nodes) -> str:
    """Make a group for nodes that only root may use, and join it."""
    if machine.is_alpine and not machine.exists("/etc/udev"):
        rule = f"put '{nodes.pattern} root:{nodes.group} 660' on top of /etc/mdev.conf; mdev -s"
    else:
        rule = (
            f'put SUBSYSTEM=="{nodes.subsystem}", GROUP="{nodes.group}", MODE="0660" into'
            " /etc/udev/rules.d/60-openpdu.rules; udevadm control --reload; udevadm trigger"
        )
    group = f"addgroup {'-S' if machine.is_alpine else '--system'} {nodes.group}"
    return f"{group}; {rule}; {join(machine, nodes.group)}"


def stop_console(machine: Machine, tty: str) -> str:
    getty = f"systemctl disable --now serial-getty@{tty}"
    if machine.is_alpine:
        getty = f"remove the line with {tty} from /etc/inittab, then: kill -HUP 1"
    return f"take console={tty} (or serial0) off the kernel's command line; {getty}; restart"


def set_clock(machine: Machine) -> str:
    if machine.is_alpine:
        return "setup-ntp chrony (a time server); or fit a clock chip (DS3231)"
    return "timedatectl set-ntp true (a time server); or fit a clock chip (DS3231)"


def stop_agent(machine: Machine) -> str:
    return "rc-service openpdu stop" if machine.is_alpine else "systemctl stop openpdu"


def stop_snmpd(machine: Machine) -> str:
    if machine.is_alpine:
        return "rc-service snmpd stop; rc-update del snmpd"
    return "systemctl disable --now snmpd"


def install(machine: Machine, library: str) -> str:
    """library: gpiod or spidev. Where the agent has a Python environment of its own, in there."""
    if sys.prefix != sys.base_prefix:
        return f"{sys.prefix}/bin/pip install {library}"
    package = "libgpiod" if library == "gpiod" else library
    return f"apk add py3-{package}" if machine.is_alpine else f"apt install python3-{package}"
