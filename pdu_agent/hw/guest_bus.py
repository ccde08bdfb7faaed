# SPDX-License-Identifier: Apache-2.0
"""An I2C bus for drivers that do not own it: the owner's thread carries each transfer out.

Relays come first there; between two of a guest's transfers anything may happen on the bus,
so a sensor that needs 80 ms to measure keeps nobody waiting.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from pdu_agent.hw.i2c import SmBus

T = TypeVar("T")


class Owner(Protocol):
    """The thread that owns the bus."""

    def call(self, transfer: Callable[[], T], /) -> T:
        """Have `transfer` done there and return, or raise, what it gives. OSError with
        ETIMEDOUT when the bus is too busy or stuck.
        """
        ...


class GuestBus:
    """An `SmBus`. open_bus makes the guest's own handle, in the owner's thread, at the first
    transfer and again at the first one after `close`; its HardwareError goes to the caller.
    """

    def __init__(self, owner: Owner, open_bus: Callable[[], SmBus]) -> None:
        self._owner = owner
        self._open_bus = open_bus
        self._bus: SmBus | None = None

    def read_byte(self, i2c_addr: int, /) -> int:
        return self._owner.call(lambda: self._opened().read_byte(i2c_addr))

    def write_byte(self, i2c_addr: int, value: int, /) -> None:
        self._owner.call(lambda: self._opened().write_byte(i2c_addr, value))

    def read_byte_data(self, i2c_addr: int, register: int, /) -> int:
        return self._owner.call(lambda: self._opened().read_byte_data(i2c_addr, register))

    def write_byte_data(self, i2c_addr: int, register: int, value: int, /) -> None:
        self._owner.call(lambda: self._opened().write_byte_data(i2c_addr, register, value))

    def read_i2c_block_data(self, i2c_addr: int, register: int, length: int, /) -> list[int]:
        return self._owner.call(
            lambda: self._opened().read_i2c_block_data(i2c_addr, register, length)
        )

    def write_i2c_block_data(self, i2c_addr: int, register: int, data: Sequence[int], /) -> None:
        self._owner.call(lambda: self._opened().write_i2c_block_data(i2c_addr, register, data))

    def exchange(self, i2c_addr: int, data: bytes, length: int, /) -> bytes:
        return self._owner.call(lambda: self._opened().exchange(i2c_addr, data, length))

    def close(self) -> None:
        bus, self._bus = self._bus, None
        if bus is not None:
            bus.close()  # a handle that nobody uses any more; no transfer

    def _opened(self) -> SmBus:
        if self._bus is None:
            self._bus = self._open_bus()
        return self._bus
