# SPDX-License-Identifier: Apache-2.0
"""SPI as the converter drivers see it, and the same over Linux' spidev.

Structures and limits: the kernel's include/uapi/linux/spi/spidev.h and drivers/spi/spidev.c.
py-spidev sets the device up; a message of several paced transfers, which it cannot
express, goes to the kernel's ioctl directly.
"""

from __future__ import annotations

import errno
import fcntl
import importlib
import struct
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from pdu_agent.model.clock import Clock, SystemClock
from pdu_agent.model.errors import BusTimeout, ChipNotFound, HardwareError

MODE_CLOCK_LOW_SECOND_EDGE = 1
MAX_TRANSFERS = 511
"""Per message: the ioctl number has 14 bits for its size, a transfer takes 32 bytes."""

BUFSIZ_FILE = Path("/sys/module/spidev/parameters/bufsiz")
BUFSIZ_DEFAULT = 4096

# spidev starts each transfer of a message on a DMA-aligned place of its bounce buffer.
# The alignment is 128 on 64-bit ARM, less elsewhere; the largest one is safe everywhere.
TRANSFER_ALIGNMENT = 128

_TRANSFER = struct.Struct("=QQIIHBBBBBx")  # struct spi_ioc_transfer
_IOC_WRITE = 1
_SPI_IOC_MAGIC = ord("k")


class SpiPort(Protocol):
    """One chip on one bus. All methods raise HardwareError for trouble with the bus."""

    def transfer(self, data: bytes) -> bytes:
        """Clock `data` out while chip select stays low; returns as many bytes as came in."""
        ...

    def max_frames(self, frame_bytes: int) -> int:
        """How many transfers of `frame_bytes` fit into one message (at least 1)."""
        ...

    def read_frames(self, request: bytes, count: int, delay_us: int) -> tuple[bytes, float, float]:
        """One message of `count` transfers of `request`, `delay_us` after each of them.

        Chip select goes high between two transfers. count: 1..max_frames(len(request)),
        delay_us: 0..65535. Returns count * len(request) bytes as they came in, and the
        monotonic time in seconds at which the message began and ended.
        """
        ...

    def close(self) -> None: ...


def message_request(count: int) -> int:
    """SPI_IOC_MESSAGE(count), the ioctl number, as on ARM, RISC-V and x86."""
    return (_IOC_WRITE << 30) | (count * _TRANSFER.size << 16) | (_SPI_IOC_MAGIC << 8)


def pack_message(
    tx_address: int, rx_address: int, length: int, count: int, speed_hz: int, delay_us: int
) -> bytearray:
    """`count` spi_ioc_transfer structures that send the same bytes again and again.

    What comes in lies back to back from rx_address on. cs_change is set on all but the
    last: there it would mean the opposite, to leave the chip selected.
    """
    message = bytearray(count * _TRANSFER.size)
    for index in range(count):
        _TRANSFER.pack_into(
            message,
            index * _TRANSFER.size,
            tx_address,
            rx_address + index * length,
            length,
            speed_hz,
            delay_us,
            8,  # bits_per_word
            1 if index < count - 1 else 0,  # cs_change
            0,  # tx_nbits
            0,  # rx_nbits
            0,  # word_delay_usecs
        )
    return message


class SpidevPort:
    """/dev/spidev<bus>.<device>, SPI mode 1; opened by the first use, and anew after `close`.

    That use raises ChipNotFound when the package, the node or the permission is missing.
    """

    def __init__(
        self, bus: int, device: int, speed_hz: int = 4_096_000, clock: Clock | None = None
    ) -> None:
        self._name = f"spidev{bus}.{device}"
        self._speed_hz = speed_hz
        self._clock = clock or SystemClock()
        self._place = (bus, device)
        self._opened: Any = None
        self._bufsiz = _kernel_bufsiz()
        self._plan: tuple[bytes, int, int] | None = None
        self._message = bytearray()
        self._tx = np.empty(0, np.uint8)
        self._rx = np.empty(0, np.uint8)

    @property
    def _device(self) -> Any:
        if self._opened is None:
            self._opened = self._open(*self._place)
        return self._opened

    def _open(self, bus: int, device: int) -> Any:
        try:
            spi = importlib.import_module("spidev").SpiDev()
        except ImportError as exc:
            raise ChipNotFound(
                self._name, "load", "Python package 'spidev' is missing: install openpdu[hw]"
            ) from exc
        try:
            spi.open(bus, device)
            spi.mode = MODE_CLOCK_LOW_SECOND_EDGE
            spi.max_speed_hz = self._speed_hz
            spi.bits_per_word = 8
        except OSError as exc:
            spi.close()
            raise ChipNotFound(self._name, "open", _open_advice(self._name, exc)) from exc
        return spi

    def transfer(self, data: bytes) -> bytes:
        try:
            return bytes(self._device.xfer2(list(data)))
        except OSError as exc:
            raise self._bus_error("transfer", exc) from exc

    def max_frames(self, frame_bytes: int) -> int:
        aligned = -(-frame_bytes // TRANSFER_ALIGNMENT) * TRANSFER_ALIGNMENT
        return max(1, min(MAX_TRANSFERS, self._bufsiz // aligned))

    def read_frames(self, request: bytes, count: int, delay_us: int) -> tuple[bytes, float, float]:
        self._prepare(request, count, delay_us)
        start_s = self._clock.monotonic_s()
        try:
            # A mutable argument: only then ioctl() takes more than 1024 bytes and lets
            # other threads run meanwhile.
            fcntl.ioctl(self._device.fileno(), message_request(count), self._message, True)
        except OSError as exc:
            raise self._bus_error(f"message of {count} transfers", exc) from exc
        end_s = self._clock.monotonic_s()
        return self._rx.tobytes(), start_s, end_s

    def _prepare(self, request: bytes, count: int, delay_us: int) -> None:
        """Pack the message unless it is the same as last time, as it nearly always is."""
        plan = (request, count, delay_us)
        if plan == self._plan:
            return
        limit = self.max_frames(len(request))
        if not 1 <= count <= limit:
            raise HardwareError(
                self._name, "message", f"{count} transfers of {len(request)} bytes, 1..{limit} fit"
            )
        self._tx = np.frombuffer(request, np.uint8).copy()
        self._rx = np.zeros(count * len(request), np.uint8)
        self._message = pack_message(
            self._tx.ctypes.data,
            self._rx.ctypes.data,
            len(request),
            count,
            self._speed_hz,
            delay_us,
        )
        self._plan = plan

    def close(self) -> None:
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def _bus_error(self, operation: str, exc: OSError) -> HardwareError:
        kind = BusTimeout if exc.errno == errno.ETIMEDOUT else HardwareError
        return kind(self._name, operation, str(exc))


def _kernel_bufsiz() -> int:
    try:
        return int(BUFSIZ_FILE.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return BUFSIZ_DEFAULT


def _open_advice(name: str, exc: OSError) -> str:
    if isinstance(exc, PermissionError):
        return f"no permission for /dev/{name}: add the user to the group 'spi'"
    if isinstance(exc, FileNotFoundError):
        return (
            f"there is no /dev/{name}: enable SPI (Raspberry Pi: dtparam=spi=on in config.txt; "
            "Armbian: overlay spi-spidev)"
        )
    return str(exc)
