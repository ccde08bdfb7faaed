# SPDX-License-Identifier: Apache-2.0
"""The I2C bus as drivers see it, and how its failures are told apart.

Error numbers as in the kernel's "I2C/SMBus Fault Codes" (Documentation/i2c/fault-codes):
ENXIO for an address that is not acknowledged, ETIMEDOUT for a line held low, EAGAIN for
lost arbitration; some adapters say EREMOTEIO or EIO for a missing acknowledge.
"""

from __future__ import annotations

import errno
import grp
import os
import pwd
from collections.abc import Sequence
from typing import Protocol

from pdu_agent.model.errors import BusTimeout, ChipNotFound, HardwareError


class SmBus(Protocol):
    """The part of smbus2.SMBus that drivers use. Every method may raise OSError.

    Registers and values are 0..255; a block is 1..32 bytes and moves through consecutive
    registers.
    """

    def read_byte(self, i2c_addr: int, /) -> int: ...

    def write_byte(self, i2c_addr: int, value: int, /) -> None: ...

    def read_byte_data(self, i2c_addr: int, register: int, /) -> int: ...

    def write_byte_data(self, i2c_addr: int, register: int, value: int, /) -> None: ...

    def read_i2c_block_data(self, i2c_addr: int, register: int, length: int, /) -> list[int]: ...

    def write_i2c_block_data(
        self, i2c_addr: int, register: int, data: Sequence[int], /
    ) -> None: ...

    def exchange(self, i2c_addr: int, data: bytes, length: int, /) -> bytes:
        """Send `data`, then read `length` bytes, without letting the bus go in between.

        Either may be empty: a plain write, a plain read. For chips without registers.
        """
        ...

    def close(self) -> None: ...


def open_smbus(bus: str | int) -> SmBus:
    """Open "/dev/i2c-1", or bus 1 given as a number.

    Raises ChipNotFound saying what to enable or whom to let in. Whether a chip answers, or
    a kernel driver owns its address, shows at the first transfer (see `bus_error`).
    """
    # Loaded here so that an agent without I2C boards does not carry it.
    from pdu_agent.hw.linux_smbus import LinuxSmBus

    path = f"/dev/i2c-{int(bus)}" if str(bus).isdigit() else str(bus)
    smbus = LinuxSmBus()
    try:
        smbus.open(path)
    except OSError as exc:
        smbus.close()
        raise ChipNotFound("i2c", f"open {path}", _why_not_opened(path, exc)) from exc
    return smbus


def bus_error(driver: str, operation: str, exc: OSError) -> HardwareError:
    """The error that tells a failed transfer apart: nobody there, not ours, or no answer."""
    if exc.errno in (errno.ENXIO, errno.EREMOTEIO, errno.ENODEV):
        return ChipNotFound(driver, operation, "nothing answers at this address")
    if exc.errno == errno.EBUSY:
        return ChipNotFound(
            driver,
            operation,
            "a kernel driver owns this address (or the bus stays busy); unbind the driver"
            " or remove its device tree overlay",
        )
    if exc.errno == errno.ETIMEDOUT:
        return BusTimeout(driver, operation, "the bus is stuck or the chip holds it")
    return BusTimeout(driver, operation, _words(exc))


def _why_not_opened(path: str, exc: OSError) -> str:
    if exc.errno in (errno.ENOENT, errno.ENXIO, errno.ENODEV):
        return (
            "no such bus; load i2c-dev and enable the bus (Raspberry Pi: dtparam=i2c_arm=on"
            " in config.txt; Armbian: overlays=i2c0 in armbianEnv.txt)"
        )
    if exc.errno in (errno.EACCES, errno.EPERM):
        return f"user {_user_name()} may not use it; {_who_may(path)}"
    if exc.errno == errno.EBUSY:
        return "busy: a kernel driver owns it"
    if exc.errno == errno.ENOTTY:
        return "this is not an I2C bus"
    return _words(exc)


def _who_may(path: str) -> str:
    try:
        group_id = os.stat(path).st_gid
        group = grp.getgrgid(group_id).gr_name
    except (OSError, KeyError):
        group = "root"
    if group == "root":
        return "give the node to group i2c with a udev or mdev rule and join that group"
    return f"add the user to group {group} and log in again"


def _user_name() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def _words(exc: OSError) -> str:
    return exc.strerror or str(exc) or type(exc).__name__
